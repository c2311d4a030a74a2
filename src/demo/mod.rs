//! A bank to try things on: clients, agents, ninety days of history, and the world outside that
//! writes mails and reads the answers.
//!
//! The server knows nothing of it: history goes in through the store functions of the domain, mail
//! through SMTP, the work of robot agents through the public API.

pub mod bank;
pub mod chance;
pub mod history;
pub mod names;
pub mod outside;
pub mod robot;
pub mod setup;
pub mod texts;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use channel_email::config::MailboxConfig;
use rozmova_base::id::IdMaker;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::outside::letter::{self, Mailbox};
use self::outside::smtp;
use self::outside::traffic::{Traffic, World};
use self::robot::Robot;
use self::robot::http::Api;
use self::setup::{MAILBOXES, PEOPLE, Person, SEED};
use crate::app::{self, Outside, Running};
use crate::auth::users::{self, By};
use crate::auth::{Role, Token, store};
use crate::config::Config;

/// Answers that wait to be read by the clients.
const ANSWERS_WAITING: usize = 256;
/// Time between two first mails of clients, on average. Nine robots answer one in about five
/// seconds, and a third of the answers is answered.
const MEAN_GAP_MS: f64 = 8_000.0;
/// Rows of clients asked for at once.
const PAGE_ROWS: usize = 200;

/// How the demo is run.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Where the bank is kept; created when it is not there.
    pub folder: PathBuf,
    /// Where the desk answers on this machine.
    pub port: u16,
    /// Folder with the built desk, when it is not in the binary.
    pub web_dist: PathBuf,
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    /// The server.
    pub running: Running,
    /// Where mail for the bank is taken.
    pub smtp: SocketAddr,
    /// Where the clients' side of the mail is kept.
    pub answers: PathBuf,
    stop: CancellationToken,
}

/// Makes the bank when it is not there, starts the server and the world outside it.
pub async fn start(options: &DemoOptions) -> anyhow::Result<Demo> {
    let answers = options.folder.join("answers");
    std::fs::create_dir_all(&answers)
        .with_context(|| format!("the folder {} cannot be made", answers.display()))?;
    let sink = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let config = config(options, sink.local_addr()?.port()).await?;
    let smtp = config.channels.email.smtp_listen.context("the SMTP listener is off")?;
    let outside = Outside::system();
    forget_half_made(options);
    let db = app::open_store(&config).await?;
    let is_new = setup::make(&db, &config, &outside).await?;
    db.close().await;
    if is_new {
        mark_made(options)?;
    }
    let running = app::start(config, outside).await?;
    let stop = CancellationToken::new();
    start_robots(&running, &stop).await?;
    start_outside(&running, sink, smtp, &answers, &stop).await?;
    Ok(Demo { running, smtp, answers, stop })
}

impl Demo {
    /// Sends the robots home, then stops the server in order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.stop().await;
    }

    /// What a person needs to look around.
    pub fn welcome(&self) -> String {
        let login = |role: Role| -> &str {
            let fits = |person: &&Person| person.role == role && !person.is_robot;
            PEOPLE.iter().find(fits).map_or("", |person| person.login)
        };
        format!(
            "\n  The demo bank is open:  http://{}\n\n  \
             agent          {:<12} (also andrii, sofiia)\n  \
             supervisor     {}\n  administrator  {}\n  analyst        {}\n  password       {}\n\n  \
             Write to the bank:      swaks --server {} --to cards@bank.example\n  \
             Its answers arrive in:  {}\n  Stop with Ctrl-C.\n",
            self.running.address,
            login(Role::Agent),
            login(Role::Supervisor),
            login(Role::Administrator),
            login(Role::Analyst),
            setup::PASSWORD,
            self.smtp,
            self.answers.display(),
        )
    }
}

/// The settings of the demo bank: everything on this machine, everything in its folder.
async fn config(options: &DemoOptions, relay_port: u16) -> anyhow::Result<Config> {
    let mut config = Config::default();
    "Rozmova demo".clone_into(&mut config.centre.name);
    "Банк Приклад".clone_into(&mut config.centre.bank_name);
    config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    config.http.public_url = format!("http://127.0.0.1:{}", options.port);
    config.http.web_dist.clone_from(&options.web_dist);
    config.store.url = format!("sqlite:{}", options.folder.join(STORE_FILE).display());
    config.media.url = options.folder.join("media").display().to_string();
    let email = &mut config.channels.email;
    email.smtp_listen = Some(listener(email.smtp_listen).await?);
    email.lmtp_listen = Some(listener(email.lmtp_listen).await?);
    "mx.bank.example".clone_into(&mut email.host_name);
    "bank.example".clone_into(&mut email.message_id_domain);
    "bounces@bank.example".clone_into(&mut email.bounce_address);
    // The mails of the world outside carry the verdict of the bank's own mail server.
    letter::OWN_SERVER.clone_into(&mut email.trusted_authserv_id);
    email.authentication.check = false;
    "127.0.0.1".clone_into(&mut email.relay.host);
    email.relay.port = relay_port;
    email.mailboxes = MAILBOXES
        .iter()
        .map(|(_, queue, address)| MailboxConfig {
            address: (*address).to_owned(),
            display_name: "Банк Приклад".to_owned(),
            queue: (*queue).to_owned(),
            signature: String::new(),
        })
        .collect();
    Ok(config)
}

/// The usual address if it is free, else another port.
async fn listener(usual: Option<SocketAddr>) -> anyhow::Result<SocketAddr> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = match TcpListener::bind(usual.unwrap_or(any)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind(any).await?,
    };
    Ok(listener.local_addr()?)
}

const STORE_FILE: &str = "rozmova.db";
/// Stands in the folder as soon as the bank is complete.
const MADE_FILE: &str = "bank-is-complete";

/// A bank whose making was interrupted is made anew.
fn forget_half_made(options: &DemoOptions) {
    if options.folder.join(MADE_FILE).exists() {
        return;
    }
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(options.folder.join(format!("{STORE_FILE}{ending}")));
    }
}

fn mark_made(options: &DemoOptions) -> std::io::Result<()> {
    std::fs::write(options.folder.join(MADE_FILE), "Remove this folder to begin anew.\n")
}

/// A token for one person; earlier ones of that person are revoked.
async fn token(running: &Running, login: &str) -> anyhow::Result<String> {
    let app = &running.app;
    let user = users::by_login(&app.db, login).await?;
    let now = app.clock.now();
    let ids: &dyn IdMaker = app.ids.as_ref();
    let mut tx = app.db.begin().await?;
    store::revoke_tokens(&mut tx.sql(), user.id, now).await?;
    tx.commit().await?;
    let secret = Token::api(app.random.as_ref());
    let by = By { actor: None, peer: "demo", now, ids };
    users::add_token(&app.db, &by, user.id, "demo", None, &secret).await?;
    Ok(secret.text)
}

async fn start_robots(running: &Running, stop: &CancellationToken) -> anyhow::Result<()> {
    for (seed, person) in (SEED..).zip(PEOPLE.iter().filter(|person| person.is_robot)) {
        let api = Api::new(running.address, token(running, person.login).await?);
        let robot = Robot::new(api, person.name.to_owned(), seed, stop.clone());
        tokio::spawn(Arc::new(robot).run());
    }
    Ok(())
}

async fn start_outside(
    running: &Running,
    sink: TcpListener,
    bank: SocketAddr,
    answers: &Path,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let (delivered, arriving) = mpsc::channel(ANSWERS_WAITING);
    tokio::spawn(smtp::serve(sink, delivered, stop.clone()));
    let analyst = PEOPLE.iter().find(|person| person.role == Role::Analyst);
    let login = analyst.context("nobody may read the directory")?.login;
    let api = Api::new(running.address, token(running, login).await?);
    let world = World {
        bank,
        mailboxes: MAILBOXES.iter().map(|(key, _, at)| ((*at).to_owned(), *key)).collect(),
        clients: directory(&api).await?,
        mean_gap_ms: MEAN_GAP_MS,
        folder: answers.to_owned(),
    };
    let clock = Arc::clone(&running.app.clock);
    let seed = clock.now().as_micros().unsigned_abs();
    let traffic = Arc::new(Traffic::new(world, seed, clock, stop.clone()));
    tokio::spawn(Arc::clone(&traffic).write());
    tokio::spawn(traffic.read(arriving));
    Ok(())
}

/// Names and addresses of the bank's clients, page by page.
async fn directory(api: &Api) -> anyhow::Result<Vec<Mailbox>> {
    let mut clients = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/clients?limit={PAGE_ROWS}&cursor={cursor}")).await?;
        for line in page["items"].as_array().into_iter().flatten() {
            if let (Some(name), Some(address)) = (line["name"].as_str(), line["email"].as_str()) {
                clients.push(Mailbox { name: name.to_owned(), address: address.to_owned() });
            }
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(clients),
        }
    }
}
