//! `churn user`: accounts and keys.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use chrono::TimeDelta;
use churn_engine::Home;
use churn_engine::users::{NewKey, NewUser, Scope, UserParams, UserView, Users};
use churn_store::{Clock, SystemClock, Timestamp};

use super::WHO;
use crate::{
    service_args::{KeyCommand, PasswordArgs, UserCommand},
    table::TextTable,
    ui::Ui,
};

pub(crate) fn run(home: &Home, command: &UserCommand, ui: &Ui) -> anyhow::Result<ExitCode> {
    let database = home.registry().database().clone();
    let users = Users::new(database, Arc::new(SystemClock), UserParams::default());
    match command {
        UserCommand::Add {
            name,
            role,
            password,
        } => {
            let password = read_password(password)?;
            let new = NewUser {
                name,
                role: *role,
                password: password.as_deref(),
            };
            let (user, made_up) = users.add(&new, WHO)?;
            tell(ui, &user, "added", made_up.as_deref())?;
        }
        UserCommand::Passwd { name, password } => {
            let password = read_password(password)?;
            let made_up = users.reset_password(name, password.as_deref(), false, WHO)?;
            tell(
                ui,
                &users.show(name)?,
                "changed the password of",
                made_up.as_deref(),
            )?;
        }
        UserCommand::List => list(&users.list()?, ui)?,
        UserCommand::Role { name, role } => {
            tell(
                ui,
                &users.set_role(name, *role, WHO)?,
                "changed the role of",
                None,
            )?;
        }
        UserCommand::Disable { name } => {
            tell(ui, &users.set_disabled(name, true, WHO)?, "disabled", None)?;
        }
        UserCommand::Enable { name } => {
            tell(ui, &users.set_disabled(name, false, WHO)?, "enabled", None)?;
        }
        UserCommand::Key(command) => key(&users, command, ui)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(ui: &Ui, user: &UserView, done: &str, made_up: Option<&str>) -> anyhow::Result<()> {
    ui.say(format!("{done} {} ({})", user.name, user.role));
    if let Some(password) = made_up {
        ui.say(format!(
            "password, shown once, to be changed at the first login: {password}"
        ));
    }
    ui.emit(&serde_json::json!({ "user": user, "password": made_up }))
}

/// The password; none when one is to be made up. Never from the command line, which other users of
/// the machine can read.
fn read_password(args: &PasswordArgs) -> anyhow::Result<Option<String>> {
    if args.generate {
        return Ok(None);
    }
    if args.password_stdin {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .context("can't read the password from stdin")?;
        return Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Some(password) = churn_config::password_from_environment() {
        return Ok(Some(password.expose().to_owned()));
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "no password: give --generate, pipe it in with --password-stdin, or set {}",
            churn_config::env_vars::CHURN_PASSWORD
        );
    }
    let ask = |prompt: &str| rpassword::prompt_password(prompt).context("can't read the password");
    let password = ask("password: ")?;
    ensure!(password == ask("once more: ")?, "the two passwords differ");
    Ok(Some(password))
}

fn list(users: &[UserView], ui: &Ui) -> anyhow::Result<()> {
    if users.is_empty() {
        ui.say("no users yet; add one with: churn user add NAME --role admin");
    } else {
        let mut table = TextTable::new(&["name", "role", "state", "created"]);
        for user in users {
            let state = match (user.disabled_at, user.must_change_password) {
                (Some(_), _) => "disabled",
                (None, true) => "must change password",
                (None, false) => "open",
            };
            table.row(vec![
                user.name.clone(),
                user.role.to_owned(),
                state.to_owned(),
                user.created_at.to_string(),
            ]);
        }
        ui.say(table.render());
    }
    ui.emit(&serde_json::json!({ "users": users }))
}

fn key(users: &Users, command: &KeyCommand, ui: &Ui) -> anyhow::Result<()> {
    match command {
        KeyCommand::Add {
            user,
            label,
            scopes,
            days,
        } => {
            let now = SystemClock.now();
            let end = |days: &u16| Timestamp::new(now.to_utc() + TimeDelta::days(i64::from(*days)));
            let new = NewKey {
                user,
                label,
                scopes: scopes.iter().copied().collect::<BTreeSet<Scope>>(),
                expires_at: days.as_ref().map(end),
            };
            let (view, secret) = users.add_key(&new, WHO)?;
            ui.say(format!(
                "key {} of {}, shown once: {secret}",
                view.id, view.user
            ));
            ui.emit(&serde_json::json!({ "key": view, "secret": secret }))
        }
        KeyCommand::List { user } => {
            let keys = users.list_keys(user.as_deref())?;
            let mut table = TextTable::new(&["id", "user", "label", "key", "scopes", "state"]);
            for key in &keys {
                let state = match (key.revoked_at, key.expires_at) {
                    (Some(at), _) => format!("revoked {at}"),
                    (None, Some(at)) => format!("until {at}"),
                    (None, None) => "works".to_owned(),
                };
                table.row(vec![
                    key.id.clone(),
                    key.user.clone(),
                    key.label.clone(),
                    format!("{}...", key.hint),
                    key.scopes.join(", "),
                    state,
                ]);
            }
            if keys.is_empty() {
                ui.say("no keys yet; make one with: churn user key add USER --label TEXT --scopes score");
            } else {
                ui.say(table.render());
            }
            ui.emit(&serde_json::json!({ "keys": keys }))
        }
        KeyCommand::Revoke { id } => {
            let revoked = users.revoke_key(id, WHO)?;
            ui.say(if revoked {
                format!("revoked {id}")
            } else {
                format!("{id} was revoked before")
            });
            ui.emit(&serde_json::json!({ "id": id, "revoked_now": revoked }))
        }
    }
}
