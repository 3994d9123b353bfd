//! What every page shows around its content.

use churn_engine::users::{LiveSession, Role};

use super::assets::Assets;

/// A place of the navigation.
pub(super) struct Place {
    pub(super) href: &'static str,
    pub(super) name: &'static str,
    /// Path of a drawing of 24 by 24.
    pub(super) icon: &'static str,
}

const fn place(href: &'static str, name: &'static str, icon: &'static str) -> Place {
    Place { href, name, icon }
}

const PLACES: [Place; 7] = [
    place(
        "/dashboard",
        "Dashboard",
        "M4 20V11M10 20V4M16 20v-7M21 20H3",
    ),
    place(
        "/customers",
        "Customers",
        "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8M2 21c0-4 3-6 7-6s7 2 7 6M17 4a4 4 0 0 1 0 7M19 15c2 .8 3 2.8 3 6",
    ),
    place(
        "/predictions",
        "Predict",
        "M12 3v4M12 17v4M3 12h4M17 12h4M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
    ),
    place(
        "/explanations",
        "Explain",
        "M3 6h9M3 12h15M3 18h6M16 6h5M13 18h8",
    ),
    place(
        "/models",
        "Models",
        "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
    ),
    place("/monitoring", "Monitor", "M3 12h4l3-8 4 16 3-8h4"),
    place(
        "/settings",
        "Settings",
        "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
    ),
];

/// What surrounds a page.
pub(super) struct Frame {
    /// Path of the page.
    pub(super) here: String,
    pub(super) user: String,
    pub(super) role: &'static str,
    pub(super) is_admin: bool,
    /// What the account may do.
    pub(super) scopes: Vec<&'static str>,
    /// The session's token against forged requests; empty before the sign-in.
    pub(super) csrf: String,
    pub(super) assets: Assets,
    pub(super) places: &'static [Place],
}

impl Frame {
    pub(super) fn new(here: &str, session: &LiveSession, assets: Assets) -> Self {
        let identity = &session.identity;
        Self {
            here: here.to_owned(),
            user: identity.name.clone(),
            role: identity.role.as_str(),
            is_admin: identity.role == Role::Admin,
            scopes: identity.scopes.iter().map(|scope| scope.as_str()).collect(),
            csrf: session.csrf_token.clone(),
            assets,
            places: &PLACES,
        }
    }

    /// Before anybody has signed in.
    pub(super) fn of_stranger(assets: Assets) -> Self {
        Self {
            here: "/login".to_owned(),
            user: String::new(),
            role: "",
            is_admin: false,
            scopes: Vec::new(),
            csrf: String::new(),
            assets,
            places: &[],
        }
    }
}
