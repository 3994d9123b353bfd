//! `churn health` and `churn migrate`.

use std::{path::Path, process::ExitCode};

use churn_config::find_xgboost_library;
use churn_engine::Home;
use churn_registry::CHAMPION;

use crate::ui::Ui;

/// One thing looked at.
#[derive(serde::Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

pub(crate) fn run(path: &Path, ui: &Ui) -> anyhow::Result<ExitCode> {
    let mut checks = Vec::new();
    match Home::open(path) {
        Err(fault) => {
            checks.push(Check {
                name: "home",
                ok: false,
                detail: fault.to_string(),
            });
        }
        Ok(home) => {
            checks.push(Check {
                name: "home",
                ok: true,
                detail: path.display().to_string(),
            });
            let database = home.registry().database();
            checks.push(Check {
                name: "database",
                ok: true,
                detail: database.place().to_owned(),
            });
            checks.push(Check {
                name: "objects",
                ok: home.registry().blobs().list().is_ok(),
                detail: home.registry().blobs().place().to_owned(),
            });
            checks.push(cache(&home));
            let library = find_xgboost_library(home.settings());
            checks.push(Check {
                name: "xgboost",
                ok: library.is_ok(),
                detail: library.map_or_else(|fault| fault.to_string(), |p| p.display().to_string()),
            });
            let champion = home.registry().load(CHAMPION);
            checks.push(Check {
                name: "champion",
                ok: champion.is_ok(),
                detail: champion
                    .map_or_else(|fault| fault.to_string(), |(v, _)| v.version.to_string()),
            });
        }
    }
    for check in &checks {
        ui.say(format!(
            "{:<4} {:<9} {}",
            if check.ok { "ok" } else { "FAIL" },
            check.name,
            check.detail
        ));
    }
    let ok = checks.iter().all(|check| check.ok);
    ui.emit(&serde_json::json!({ "ok": ok, "checks": checks }))?;
    Ok(if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Whether Redis answers, when it is configured. Everything goes on without it, only slower.
fn cache(home: &Home) -> Check {
    let (ok, detail) = match Home::open_cache(home.settings()) {
        Err(fault) => (false, fault.to_string()),
        Ok(cache) => match cache.blocking_health() {
            Some(health) if health.is_up => (true, health.backend.to_owned()),
            _ => (false, format!("{} does not answer", cache.backend())),
        },
    };
    Check {
        name: "cache",
        ok,
        detail,
    }
}

pub(crate) fn migrate(home: &Home, ui: &Ui) -> anyhow::Result<ExitCode> {
    // Opening a home migrates its database; this command exists to do so on its own.
    let database = home.registry().database();
    let migrated = database.migrated();
    let done = if migrated.applied.is_empty() {
        format!("nothing to do, the schema is at {}", migrated.current)
    } else {
        format!("applied {}", migrated.applied.join(", "))
    };
    ui.say(format!("{}: {done}", database.place()));
    ui.emit(&serde_json::json!({
        "database": database.place(),
        "applied": migrated.applied,
        "current": migrated.current,
    }))?;
    Ok(ExitCode::SUCCESS)
}
