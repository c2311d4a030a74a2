//! `rozmova user …` and `rozmova token …`: they work on the store, whether the server runs or not.

use std::io::{IsTerminal, Read};

use anyhow::bail;
use clap::Subcommand;

use crate::app::{self, Outside};
use crate::auth::users::{self, By, Change, NewUser};
use crate::auth::{Passwords, Role, Token, User, check_length, generate, store};
use crate::config::Config;
use crate::store::Db;

/// Passwords are one line; more is a mistake.
const STDIN_MAX_BYTES: u64 = 4_096;
/// Rows read at a time by `user list`.
const LIST_ROWS: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a person. The password is read from standard input when that is no terminal;
    /// else one is made up and printed.
    Add {
        /// What is typed at sign-in.
        login: String,
        /// As shown to others; absent: the login.
        #[arg(long)]
        name: Option<String>,
        /// agent, supervisor, analyst or administrator.
        #[arg(long)]
        role: Role,
    },
    /// List people: login, role, name, state.
    List,
    /// Set a password, read or made up as in `add`. Ends the person's sessions.
    SetPassword {
        /// Whose.
        login: String,
    },
    /// Keep a person from signing in; ends their sessions and revokes their tokens.
    Disable {
        /// Whose.
        login: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Print a new token for `Authorization: Bearer`. It acts in the person's name.
    Create {
        /// In whose name: a login.
        user: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
    },
}

pub(super) async fn run_user(command: UserCommand, config: Config) -> anyhow::Result<()> {
    let (db, outside) = (app::open_store(&config).await?, Outside::system());
    let by = by(&outside);
    match command {
        UserCommand::Add { login, name, role } => {
            let name = name.unwrap_or_else(|| login.clone());
            let (password, is_made_up) = new_password(&config, &outside)?;
            let hash = hash(&config, &outside, &password).await;
            let language = config.centre.language.clone();
            let new = NewUser { login, name, role, language };
            let user = users::add(&db, &by, new, Some(&hash)).await?;
            println!("Added {} ({}).", user.login, user.role);
            say_password(&password, is_made_up);
        }
        UserCommand::List => list(&db).await?,
        UserCommand::SetPassword { login } => {
            let user = users::by_login(&db, &login).await?;
            let (password, is_made_up) = new_password(&config, &outside)?;
            let password_hash = Some(hash(&config, &outside, &password).await);
            let change = Change { password_hash, ..Change::default() };
            users::change(&db, &by, user.id, change).await?;
            println!("The password of {} is set; their sessions have ended.", user.login);
            say_password(&password, is_made_up);
        }
        UserCommand::Disable { login } => {
            let user = users::by_login(&db, &login).await?;
            let change = Change { disabled: Some(true), ..Change::default() };
            users::change(&db, &by, user.id, change).await?;
            println!("{} can no longer sign in.", user.login);
        }
    }
    db.close().await;
    Ok(())
}

pub(super) async fn run_token(command: TokenCommand, config: Config) -> anyhow::Result<()> {
    let TokenCommand::Create { user, name } = command;
    let (db, outside) = (app::open_store(&config).await?, Outside::system());
    let user = users::by_login(&db, &user).await?;
    let secret = Token::api(outside.random.as_ref());
    users::add_token(&db, &by(&outside), user.id, &name, None, &secret).await?;
    println!("{}", secret.text);
    db.close().await;
    Ok(())
}

fn by(outside: &Outside) -> By<'_> {
    let now = outside.clock.now();
    By { actor: None, peer: "command line", now, ids: outside.ids.as_ref() }
}

async fn hash(config: &Config, outside: &Outside, password: &str) -> String {
    let random = outside.random.as_ref();
    let passwords = Passwords::new(config.auth.password_checks_at_once, random);
    passwords.hash(password.to_owned(), random).await
}

/// From standard input when that is a pipe or a file with something in it; else made up.
fn new_password(config: &Config, outside: &Outside) -> anyhow::Result<(String, bool)> {
    let mut text = String::new();
    let mut stdin = std::io::stdin();
    if !stdin.is_terminal() {
        stdin.by_ref().take(STDIN_MAX_BYTES).read_to_string(&mut text)?;
    }
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Ok((generate(outside.random.as_ref()), true));
    }
    if password.contains('\n') {
        bail!("standard input has more than one line; a password is one line");
    }
    check_length(password, config.auth.password_min_chars)?;
    Ok((password.to_owned(), false))
}

fn say_password(password: &str, is_made_up: bool) {
    if is_made_up {
        println!("Password (shown this once): {password}");
    }
}

async fn list(db: &Db) -> anyhow::Result<()> {
    let mut after = String::new();
    loop {
        let mut connection = db.read().await?;
        let users = store::list_users(&mut connection.sql(), &after, LIST_ROWS).await?;
        let Some(last) = users.last() else { return Ok(()) };
        after.clone_from(&last.login);
        for User { login, role, name, disabled_at, .. } in &users {
            let state = if disabled_at.is_some() { "disabled" } else { "active" };
            println!("{login}\t{role}\t{name}\t{state}");
        }
    }
}
