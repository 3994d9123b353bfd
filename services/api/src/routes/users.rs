//! `/api/v1/users`, `/api/v1/keys` and `/api/v1/audit`: who may use the service, and who did what.

use std::collections::BTreeSet;

use actix_web::web::{Data, Json, Path, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::users::{KeyView, NewKey, NewUser, Role, Scope, UserView};
use churn_registry::AuditEntry;
use churn_store::Timestamp;
use churn_store::tables::audit::{self, AuditFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auth::Done;
use super::block;
use super::page::{self, Page};
use super::predictions::{read_moment, write_moment};
use crate::error::{ApiError, Code};
use crate::extract::{Administer, Allowed, JsonBody, Own};
use crate::state::AppState;

/// An account.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct UserBody {
    /// Name of the account.
    name: String,
    /// `viewer`, `analyst` or `admin`.
    role: &'static str,
    /// Whether nothing is allowed before the password is changed.
    must_change_password: bool,
    /// When it was made.
    created_at: String,
    /// When the password was last set.
    password_changed_at: String,
    /// Since when it is shut; null while it is open.
    disabled_at: Option<String>,
}

/// An account that was made, and its password when one was made up.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct NewUserBody {
    user: UserBody,
    /// Shown once; it must be changed at the first sign-in.
    password: Option<String>,
}

/// An account to make.
#[derive(Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddUserBody {
    /// 1 to 64 of a-z, 0-9, `.`, `_`, `-` and `@`.
    name: String,
    /// `viewer`, `analyst` or `admin`.
    role: String,
    /// Without it one is made up.
    password: Option<String>,
}

/// What to change about an account.
#[derive(Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeUserBody {
    /// The new role.
    role: Option<String>,
    /// Whether it is shut.
    disabled: Option<bool>,
    /// Whether a new password is made up; it must be changed at the next sign-in.
    #[serde(default)]
    reset_password: bool,
}

/// A key of a program.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct KeyBody {
    /// How it is named for revoking.
    id: String,
    /// The account it acts for.
    user: String,
    /// What it is for.
    label: String,
    /// Its first characters.
    hint: String,
    /// What it may do.
    scopes: Vec<String>,
    /// When it was made.
    created_at: String,
    /// When it ends; null = never.
    expires_at: Option<String>,
    /// Since when it is not taken any more.
    revoked_at: Option<String>,
}

/// A key that was made.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct NewKeyBody {
    key: KeyBody,
    /// The key itself, shown once.
    secret: String,
}

/// A key to make for one's own account.
#[derive(Deserialize, JsonSchema, ApiComponent)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddKeyBody {
    /// What it is for, 1 to 100 characters.
    label: String,
    /// What it may do; no more than the account.
    scopes: Vec<String>,
    /// When it ends, ISO 8601; without it never.
    expires_at: Option<String>,
}

/// How much of the audit trail is wanted.
#[derive(Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct AuditQuery {
    /// Only what this account did.
    who: Option<String>,
    /// Only this action, as in `models.activate`.
    action: Option<String>,
    /// Only what was done to this: an alias, a user, the id of a job.
    subject: Option<String>,
    /// `next` of the part before.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 without it.
    limit: Option<u32>,
}

/// One thing somebody did.
#[derive(Serialize, JsonSchema, ApiComponent)]
pub(crate) struct AuditBody {
    id: String,
    at: String,
    /// Name of the account, or `shell`.
    who: String,
    /// What was done, as in `models.activate`.
    action: String,
    /// To what.
    subject: String,
    /// State before, JSON.
    before: Option<String>,
    /// State after, JSON.
    after: Option<String>,
}

impl From<UserView> for UserBody {
    fn from(user: UserView) -> Self {
        Self {
            name: user.name,
            role: user.role,
            must_change_password: user.must_change_password,
            created_at: user.created_at.to_string(),
            password_changed_at: user.password_changed_at.to_string(),
            disabled_at: user.disabled_at.map(|at| at.to_string()),
        }
    }
}

fn parse_role(word: &str) -> Result<Role, ApiError> {
    let known = Role::ALL.into_iter().find(|role| role.as_str() == word);
    known.ok_or_else(|| {
        let message = format!("there is no role {word:?}");
        ApiError::new(Code::BadBody, message, "viewer, analyst or admin")
    })
}

/// List all accounts
#[api_operation(tag = "users", operation_id = "list_users")]
pub(crate) async fn list_users(
    _may: Allowed<Administer>,
    state: Data<AppState>,
) -> Result<Json<Page<UserBody>>, ApiError> {
    let users = state.users.clone();
    let items = block(move || Ok(users.list()?)).await?;
    let items = items.into_iter().map(UserBody::from).collect();
    Ok(Json(Page { items, next: None }))
}

/// Make an account
#[api_operation(tag = "users", operation_id = "add_user")]
pub(crate) async fn add_user(
    may: Allowed<Administer>,
    state: Data<AppState>,
    body: JsonBody<AddUserBody>,
) -> Result<Json<NewUserBody>, ApiError> {
    let (users, who, body) = (state.users.clone(), may.who(), body.0);
    let role = parse_role(&body.role)?;
    let made = block(move || {
        let new = NewUser {
            name: &body.name,
            role,
            password: body.password.as_deref(),
        };
        Ok(users.add(&new, &who)?)
    });
    let (user, password) = made.await?;
    Ok(Json(NewUserBody {
        user: user.into(),
        password,
    }))
}

/// Change an account: role, shut or open, new password
#[api_operation(tag = "users", operation_id = "change_user")]
pub(crate) async fn change_user(
    may: Allowed<Administer>,
    state: Data<AppState>,
    name: Path<String>,
    body: JsonBody<ChangeUserBody>,
) -> Result<Json<NewUserBody>, ApiError> {
    let (users, who, body) = (state.users.clone(), may.who(), body.0);
    let role = body.role.as_deref().map(parse_role).transpose()?;
    let changed = block(move || {
        if let Some(role) = role {
            users.set_role(&name, role, &who)?;
        }
        if let Some(disabled) = body.disabled {
            users.set_disabled(&name, disabled, &who)?;
        }
        let password = if body.reset_password {
            users.reset_password(&name, None, true, &who)?
        } else {
            None
        };
        Ok((users.show(&name)?, password))
    });
    let (user, password) = changed.await?;
    state.known.forget();
    Ok(Json(NewUserBody {
        user: user.into(),
        password,
    }))
}

impl From<KeyView> for KeyBody {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id,
            user: key.user,
            label: key.label,
            hint: key.hint,
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
            revoked_at: key.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// List keys: one's own, or those of everybody for who may see users
#[api_operation(tag = "users", operation_id = "list_keys")]
pub(crate) async fn list_keys(
    may: Allowed<Own>,
    state: Data<AppState>,
) -> Result<Json<Page<KeyBody>>, ApiError> {
    let (users, identity) = (state.users.clone(), may.identity()?.clone());
    let items = block(move || {
        let only = (!identity.scopes.contains(&Scope::Users)).then_some(identity.name.as_str());
        Ok(users.list_keys(only)?)
    });
    let items = items.await?.into_iter().map(KeyBody::from).collect();
    Ok(Json(Page { items, next: None }))
}

/// Make a key for one's own account
#[api_operation(tag = "users", operation_id = "add_key")]
pub(crate) async fn add_key(
    may: Allowed<Own>,
    state: Data<AppState>,
    body: JsonBody<AddKeyBody>,
) -> Result<Json<NewKeyBody>, ApiError> {
    let (users, identity, body) = (state.users.clone(), may.identity()?.clone(), body.0);
    let bad_time = |_| {
        let message = "expires_at is no time";
        ApiError::new(Code::BadBody, message, "write it as 2027-01-31T00:00:00Z")
    };
    let expires_at = body
        .expires_at
        .map(|text| text.parse::<chrono::DateTime<chrono::Utc>>());
    let expires_at = expires_at
        .transpose()
        .map_err(bad_time)?
        .map(Timestamp::new);
    let made = block(move || {
        let scopes: Result<BTreeSet<Scope>, _> =
            body.scopes.iter().map(|word| Scope::parse(word)).collect();
        let scopes = scopes?;
        // A key makes no key that may do more than itself.
        for scope in &scopes {
            identity.require(*scope)?;
        }
        let new = NewKey {
            user: &identity.name,
            label: &body.label,
            scopes,
            expires_at,
        };
        Ok(users.add_key(&new, &identity.name)?)
    });
    let (key, secret) = made.await?;
    Ok(Json(NewKeyBody {
        key: key.into(),
        secret,
    }))
}

/// Revoke a key: one's own, or any for who may see users
#[api_operation(tag = "users", operation_id = "revoke_key")]
pub(crate) async fn revoke_key(
    may: Allowed<Own>,
    state: Data<AppState>,
    id: Path<String>,
) -> Result<Json<Done>, ApiError> {
    let (users, identity) = (state.users.clone(), may.identity()?.clone());
    block(move || {
        let is_admin = identity.scopes.contains(&Scope::Users);
        let own = users.list_keys((!is_admin).then_some(identity.name.as_str()))?;
        if !own.iter().any(|key| key.id == *id) {
            return Err(churn_engine::Error::UnknownKey {
                id: id.into_inner(),
            }
            .into());
        }
        Ok(users.revoke_key(&id, &identity.name)?)
    })
    .await?;
    state.known.forget();
    Ok(Done::new())
}

/// List what was done, the newest first
#[api_operation(tag = "users", operation_id = "list_audit")]
pub(crate) async fn list_audit(
    _may: Allowed<Administer>,
    state: Data<AppState>,
    query: Query<AuditQuery>,
) -> Result<Json<Page<AuditBody>>, ApiError> {
    let asked = query.into_inner();
    let place = asked.cursor.as_deref().map(read_moment).transpose()?;
    let limit = page::limit(asked.limit);
    let rows = block(move || {
        let filter = AuditFilter {
            who: asked.who.as_deref(),
            action: asked.action.as_deref(),
            subject: asked.subject.as_deref(),
            before: place.as_ref().map(|(at, id)| (*at, id.as_str())),
        };
        let database = state.desk.registry().database();
        let list = |connection: &mut _| audit::list(connection, &filter, limit + 1);
        Ok(database.read(list).map_err(churn_engine::Error::from)?)
    });
    let place = |last: &AuditEntry| write_moment(last.at, &last.id);
    Ok(Json(Page::cut(rows.await?, limit, place, AuditBody::from)))
}

impl From<AuditEntry> for AuditBody {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at.to_string(),
            who: entry.who,
            action: entry.action,
            subject: entry.subject,
            before: entry.before,
            after: entry.after,
        }
    }
}
