//! Settings from files and environment.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::path::{Path, PathBuf};

use churn_config::{Error, Settings, env_vars, find_xgboost_library};

fn no_variables(_: &str) -> Option<String> {
    None
}

/// A configuration folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn nothing_needs_to_be_set() {
    let home = Path::new("var");
    let settings = Settings::load_with(home, None, no_variables).unwrap();
    assert_eq!(settings, Settings::defaults(home));
    assert_eq!(settings.database_url().expose(), "sqlite:var/churn.db");
    assert_eq!(settings.default_blob_folder(), Path::new("var/objects"));
}

#[test]
fn environment_beats_profile_beats_default() {
    let files = folder(&[
        (
            "default.yaml",
            "database: {pool: 8}\nblobs: {region: r0}\nthreads: null\n",
        ),
        ("development.yaml", "database: {pool: 4}\n"),
        (
            "production.yaml",
            "database: {pool: 16}\nblobs: {region: r1}\n",
        ),
    ]);
    let load = |set: &[(&str, &str)]| {
        Settings::load_with(Path::new("var"), Some(files.path()), |name| {
            set.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    };
    let plain = load(&[]);
    assert_eq!(
        (plain.database.pool, plain.blobs.region.as_str()),
        (4, "r0")
    );
    let production = load(&[
        (env_vars::CHURN_PROFILE, "production"),
        ("CHURN_THREADS", ""),
    ]);
    assert_eq!(
        (production.database.pool, production.blobs.region.as_str()),
        (16, "r1")
    );
    assert_eq!(production.threads, None);
    let set = load(&[
        (env_vars::CHURN_PROFILE, "production"),
        (
            env_vars::CHURN_DATABASE_URL,
            "postgres://me:s3cret@db/churn",
        ),
        (env_vars::CHURN_DATABASE_POOL, "32"),
        (env_vars::AWS_ALLOW_HTTP, "true"),
        (env_vars::CHURN_THREADS, "2"),
    ]);
    assert_eq!(
        (set.database.pool, set.blobs.allow_http, set.threads),
        (32, true, Some(2))
    );
    assert_eq!(set.database_url().expose(), "postgres://me:s3cret@db/churn");
    assert!(!format!("{set:?}").contains("s3cret"));
}

#[test]
fn the_files_of_the_repository_are_good_in_every_profile() {
    let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config");
    for profile in ["development", "staging", "production"] {
        let variable = |name: &str| (name == env_vars::CHURN_PROFILE).then(|| profile.to_owned());
        let settings = Settings::load_with(Path::new("var"), Some(&config), variable).unwrap();
        assert_eq!(settings.database.url, None, "{profile}");
        assert!(settings.database.pool >= 4, "{profile}");
    }
}

#[test]
fn every_fault_is_named_at_once_with_its_origin() {
    let files = folder(&[(
        "default.yaml",
        "database: {pool: 0, pol: 3}\nthreads: many\nblobs: {allow_http: perhaps}\n",
    )]);
    let fault = Settings::load_with(Path::new("var"), Some(files.path()), |name| {
        (name == env_vars::AWS_SECRET_ACCESS_KEY).then(|| "s3cret".to_owned())
    })
    .unwrap_err();
    let Error::Invalid { faults } = &fault else {
        panic!("{fault}")
    };
    assert_eq!(faults.len(), 5, "{faults:?}");
    let text = fault.to_string();
    for part in [
        "database.pool (set in ",
        "default.yaml): expected a whole number from 1 to 256, found \"0\"",
        "database.pol (set in ",
        "there is no such setting",
        "threads (set in ",
        "found \"many\"",
        "blobs.allow_http",
        "blobs.access_key, blobs.secret_key",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn files_that_cannot_be_read_and_unknown_profiles_are_named() {
    let files = folder(&[
        ("default.yaml", "threads: 1\n"),
        ("staging.yaml", "threads: 2\n"),
    ]);
    let load = |folder: &Path, profile: &str| {
        Settings::load_with(Path::new("var"), Some(folder), |name| {
            (name == env_vars::CHURN_PROFILE).then(|| profile.to_owned())
        })
    };
    let text = load(files.path(), "prod").unwrap_err().to_string();
    assert!(
        text.contains("prod.yaml") && text.contains("known profiles: staging"),
        "{text}"
    );
    let empty = folder(&[]);
    let text = load(empty.path(), "").unwrap_err().to_string();
    assert!(text.contains("default.yaml"), "{text}");
    let broken = folder(&[("default.yaml", "threads: [1\n")]);
    let text = load(broken.path(), "").unwrap_err().to_string();
    assert!(text.contains("default.yaml"), "{text}");
}

#[test]
fn the_xgboost_library_is_found_where_it_is_set_or_its_absence_is_explained() {
    let files = folder(&[("libxgboost.so", "")]);
    let path = files.path().join("libxgboost.so");
    let mut settings = Settings::defaults(Path::new("var"));
    settings.xgboost.library = Some(path.clone());
    assert_eq!(find_xgboost_library(&settings).unwrap(), path);
    settings.xgboost.library = Some(files.path().join("other.so"));
    let text = find_xgboost_library(&settings).unwrap_err().to_string();
    for part in [
        "other.so",
        "cargo xtask setup",
        env_vars::CHURN_XGBOOST_LIBRARY,
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

/// Settings of a profile from the environment alone.
fn of_profile(set: &[(&str, &str)]) -> Result<Settings, Error> {
    Settings::load_with(Path::new("var"), None, |name| {
        let found = set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn only_the_development_profile_lets_anybody_score() {
    assert!(of_profile(&[]).unwrap().scoring.open);
    for profile in ["staging", "production"] {
        let settings = of_profile(&[(env_vars::CHURN_PROFILE, profile)]).unwrap();
        assert!(!settings.scoring.open, "{profile}");
        assert!(settings.limits.requests_per_second > 0, "{profile}");
    }
    let text = of_profile(&[(env_vars::CHURN_PROFILE, "prod")])
        .unwrap_err()
        .to_string();
    assert!(text.contains("production"), "{text}");
}

#[test]
fn a_secret_comes_from_the_environment_or_a_file_that_it_names() {
    let key = "0123456789abcdef0123456789abcdef";
    let files = folder(&[
        ("key", &format!("{key}\n")),
        ("default.yaml", &format!("auth: {{secret: {key}}}\n")),
    ]);
    let path = files.path().join("key").display().to_string();
    let settings = of_profile(&[("CHURN_AUTH_SECRET_FILE", &path)]).unwrap();
    assert_eq!(settings.auth.secret.unwrap().expose(), key);
    let text = of_profile(&[("CHURN_AUTH_SECRET_FILE", "/nowhere")])
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("/nowhere") && text.contains("CHURN_AUTH_SECRET_FILE"),
        "{text}"
    );
    let text = of_profile(&[(env_vars::CHURN_AUTH_SECRET, "short")])
        .unwrap_err()
        .to_string();
    assert!(text.contains("at least 32 characters"), "{text}");
    let committed = Settings::load_with(Path::new("var"), Some(files.path()), no_variables);
    let text = committed.unwrap_err().to_string();
    assert!(
        text.contains("auth.secret") && text.contains("default.yaml"),
        "{text}"
    );
    assert!(!text.contains(key), "{text}");
}

#[test]
fn settings_of_the_service_are_checked_with_the_rest() {
    let files = folder(&[(
        "default.yaml",
        "server: {port: 70000, docs: perhaps}\ntelemetry: {level: loud}\nlimits: {burst: 0}\n",
    )]);
    let fault = Settings::load_with(Path::new("var"), Some(files.path()), no_variables);
    let text = fault.unwrap_err().to_string();
    for part in [
        "server.port (set in ",
        "server.docs (set in ",
        "expected one of error, warn, info, debug, trace, found \"loud\"",
        "expected a whole number from 1 to 1000000, found \"0\"",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}
