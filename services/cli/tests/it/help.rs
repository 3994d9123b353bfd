//! The help texts, word by word.

use crate::shell::{Base, run};

#[track_caller]
fn check(name: &str, args: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut args: Vec<&str> = args.split_whitespace().collect();
    args.push("--help");
    let ran = run(folder.path(), &args, b"");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    insta::assert_snapshot!(name, ran.stdout);
}

#[test]
fn help_of_the_program() {
    check("help", "");
}

#[test]
fn help_of_the_commands_on_files() {
    for name in [
        "demo", "init", "validate", "train", "evaluate", "score", "explain",
    ] {
        check(&format!("help_{name}"), name);
    }
}

#[test]
fn help_of_models_and_the_rest() {
    check("help_models", "models");
    for name in [
        "list", "show", "activate", "rollback", "export", "import", "verify",
    ] {
        check(&format!("help_models_{name}"), &format!("models {name}"));
    }
    for name in ["list", "show", "compare"] {
        check(&format!("help_runs_{name}"), &format!("runs {name}"));
    }
    check("help_reproduce", "reproduce");
    check("help_synth_snapshot", "synth snapshot");
    check("help_user", "user");
    check("help_user_list", "user list");
    check("help_user_key", "user key");
    check("help_jobs", "jobs");
    check("help_serve", "serve");
    check("help_migrate", "migrate");
    check("help_health", "health");
}

#[test]
fn the_first_session_of_the_help_works() {
    let base = Base::new();
    let folder = base.folder();
    let help = run(folder.path(), &["--help"], b"").stdout;
    std::fs::rename(
        folder.path().join("good.csv"),
        folder.path().join("customers.csv"),
    )
    .unwrap();
    let session: Vec<&str> = help
        .lines()
        .map(str::trim)
        .filter_map(|line| line.strip_prefix("churn "))
        .filter_map(|line| line.split("   ").next())
        .collect();
    assert_eq!(session.len(), 4, "{session:?}");
    std::fs::remove_file(folder.path().join("spec.yaml")).unwrap();
    for line in session {
        let mut args: Vec<&str> = line.split_whitespace().collect();
        if args[0] == "train" {
            args.extend(["--algorithms", "logistic", "--selection", "easy.yaml"]);
        }
        let ran = run(folder.path(), &args, b"");
        assert_eq!(ran.code, Some(0), "churn {line}\n{}", ran.stderr);
    }
}
