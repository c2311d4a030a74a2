use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::app::{self, Outside};
use crate::auth::users::{self, By, NewUser};
use crate::auth::{Role, Token};
use crate::config::Config;
use crate::demo::robot::http::Api;
use crate::store::testing;

/// How long a server may take to answer; a cold disk is slow.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// The configuration, in the folder.
const FILE: &str = "rozmova.toml";
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// USER_HZ: what Linux counts processor time in, in `/proc/PID/stat`; 100 on every architecture
/// that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// How the server is set up.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The binary; `None`: this one.
    pub program: Option<PathBuf>,
    /// Folder for store, files and log; must be new.
    pub folder: PathBuf,
    /// A PostgreSQL server on which databases may be made; `None`: SQLite.
    pub postgres: Option<String>,
    /// The mailbox that takes mail.
    pub mailbox: String,
}

/// This binary as a server of its own, in a folder that goes with it.
#[derive(Debug)]
pub struct ScratchServer {
    child: Child,
    program: PathBuf,
    folder: PathBuf,
    /// Its store, for counting afterwards.
    pub store_url: String,
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// Where it takes mail.
    pub lmtp: SocketAddr,
    /// An administrator's access.
    pub administrator: Api,
}

impl ScratchServer {
    /// Makes a store with one administrator and one queue, and starts a server on it.
    pub async fn start(options: &ServerOptions) -> anyhow::Result<Self> {
        let folder = options.folder.clone();
        std::fs::create_dir_all(&folder)?;
        let program = match &options.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        let (http, lmtp) = (free_port()?, free_port()?);
        let store_url = match &options.postgres {
            Some(server) => testing::postgres_database(server).await?,
            None => format!("sqlite:{}", folder.join("rozmova.db").display()),
        };
        let file = folder.join(FILE);
        let text = configuration(&folder, http, lmtp, &store_url, &options.mailbox);
        std::fs::write(&file, text)?;
        let config = Config::load(Some(&file))?;
        let token = person(&config, "bench", Role::Administrator).await?;
        let child = spawn(&program, &folder)?;
        let administrator = Api::new(http, token);
        let server = Self { child, program, folder, store_url, http, lmtp, administrator };
        server.wait_until_it_answers().await?;
        let routing = json!({ "queue": [{ "name": "General" }] });
        server.administrator.put("/routing", &routing).await.context("setting up a queue")?;
        Ok(server)
    }

    /// Processor time so far, in ms: user and system. proc(5), fields 14 and 15.
    pub fn cpu_ms(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()?))?;
        // The second field is the name in brackets and may hold spaces.
        let (_, rest) = stat.rsplit_once(')').context("/proc/PID/stat has no name")?;
        let ticks: f64 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(ticks * 1_000.0 / TICKS_PER_SECOND)
    }

    /// Most memory it has had in use, in MB. proc(5), `VmHWM`.
    pub fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: f64 = line
            .and_then(|line| line.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .context("/proc/PID/status has no VmHWM")?;
        Ok(kib * 1_024.0 / 1e6)
    }

    /// Kills it (SIGKILL) as a power cut would, and starts it again on the same store.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        self.child = spawn(&self.program, &self.folder)?;
        self.wait_until_it_answers().await
    }

    /// Its process.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Waits for it to end by itself; gives its exit code.
    pub async fn wait(&mut self) -> anyhow::Result<Option<i32>> {
        Ok(self.child.wait().await?.code())
    }

    /// Stops it in order; its folder stays.
    pub async fn halt(&mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            // SIGTERM by the shell's own command: this crate sends no signals itself.
            Command::new("kill").arg(pid.to_string()).status().await?;
            self.child.wait().await?;
        }
        Ok(())
    }

    /// Its configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Adds a person and gives access in their name.
    pub async fn add_person(&self, login: &str, role: Role) -> anyhow::Result<Api> {
        let config = Config::load(Some(&self.folder.join(FILE)))?;
        Ok(Api::new(self.http, person(&config, login, role).await?))
    }

    /// Stops it in order and removes its folder.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.halt().await?;
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }

    async fn wait_until_it_answers(&self) -> anyhow::Result<()> {
        let answers = async {
            while self.administrator.get("/health").await.is_err() {
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        };
        if tokio::time::timeout(START_TIMEOUT, answers).await.is_err() {
            bail!("the server does not answer; see {}", self.folder.join("log").display());
        }
        Ok(())
    }
}

/// A port that was free a moment ago.
fn free_port() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn configuration(
    folder: &Path,
    http: SocketAddr,
    lmtp: SocketAddr,
    store_url: &str,
    mailbox: &str,
) -> String {
    let media = folder.join("media");
    let media = media.display();
    format!(
        "[http]\nlisten = \"{http}\"\n[store]\nurl = \"{store_url}\"\n[media]\nurl = \"{media}\"\n\
         [log]\nfilter = \"warn\"\n\
         [channels.email]\nsmtp_listen = \"\"\nlmtp_listen = \"{lmtp}\"\n\
         [[channels.email.mailboxes]]\naddress = \"{mailbox}\"\n"
    )
}

async fn person(config: &Config, login: &str, role: Role) -> anyhow::Result<String> {
    let db = app::open_store(config).await?;
    let outside = Outside::system();
    let by = By { actor: None, peer: "bench", now: outside.clock.now(), ids: outside.ids.as_ref() };
    let new = NewUser {
        login: login.to_owned(),
        name: login.to_owned(),
        role,
        language: "uk".to_owned(),
    };
    let user = users::add(&db, &by, new, None).await?;
    let token = Token::api(outside.random.as_ref());
    users::add_token(&db, &by, user.id, "bench", None, &token).await?;
    db.close().await;
    Ok(token.text)
}

fn spawn(program: &Path, folder: &Path) -> anyhow::Result<Child> {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log"))?;
    let child = Command::new(program)
        .arg("--config")
        .arg(folder.join(FILE))
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}
