//! Where `libxgboost.so` lies.

use std::path::PathBuf;

use crate::env_vars;
use crate::error::Error;
use crate::settings::Settings;

const FILE: &str = "libxgboost.so";

/// Finds the XGBoost library: the setting; else `../lib/churn/` beside this program, with or
/// without the folders of its package; else the cache that `cargo xtask setup` fills,
/// `$XDG_CACHE_HOME` or `~/.cache`, then `churn/xgboost-3.4.1/xgboost/lib/`.
///
/// # Errors
///
/// [`Error::NoXgboost`] with every path that was tried. A setting that names a file that is
/// not there is not passed over.
pub fn find_xgboost_library(settings: &Settings) -> Result<PathBuf, Error> {
    let candidates = match &settings.xgboost.library {
        Some(path) => vec![path.clone()],
        None => usual_places(),
    };
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => Ok(path.clone()),
        None => Err(Error::NoXgboost {
            looked_at: candidates,
        }),
    }
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    let beside = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.parent()?.parent()?.join("lib/churn")));
    if let Some(folder) = beside {
        places.push(folder.join("xgboost/lib").join(FILE));
        places.push(folder.join(FILE));
    }
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let cache =
        folder(env_vars::XDG_CACHE_HOME).or_else(|| Some(folder(env_vars::HOME)?.join(".cache")));
    if let Some(cache) = cache {
        places.push(cache.join("churn/xgboost-3.4.1/xgboost/lib").join(FILE));
    }
    places
}
