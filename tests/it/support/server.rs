use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use channel_email::config::MailboxConfig;
use rozmova::app::{self, App, Outside, Running, SystemIds};
use rozmova::auth::users::{self, By, NewUser};
use rozmova::auth::{Role, Token, User};
use rozmova::config::Config;
use rozmova::store::testing;
use rozmova_base::Timestamp;
use rozmova_base::id::InteractionId;
use rozmova_base::time::MockClock;
use serde_json::json;

use super::Client;

/// The password of everyone whom tests add.
pub(crate) const PASSWORD: &str = "correct horse battery";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A server on a free port with a store and a folder of its own.
pub(crate) struct TestServer {
    running: Running,
    config: Config,
    folder: PathBuf,
    outside: Outside,
}

impl TestServer {
    /// On SQLite, with the machine's clock.
    pub(crate) async fn start() -> Self {
        Self::start_with(Outside::system(), |_| {}).await
    }

    /// On SQLite, with a clock that the test moves.
    pub(crate) async fn with_clock(clock: Arc<MockClock>) -> Self {
        let mut outside = Outside::system();
        outside.ids = Arc::new(SystemIds::new(Arc::clone(&clock) as Arc<_>));
        outside.clock = clock;
        Self::start_with(outside, |_| {}).await
    }

    /// On PostgreSQL, when there is one to test with.
    pub(crate) async fn on_postgres() -> Option<Self> {
        let url = testing::postgres_database(&postgres_server()?).await.expect("a database");
        Some(Self::start_with(Outside::system(), |config| config.store.url = url).await)
    }

    /// With settings of the test's own.
    pub(crate) async fn start_with(outside: Outside, settings: impl FnOnce(&mut Config)) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("rozmova-it-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        let mut config = Config::default();
        config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.http.web_dist = folder.join("web");
        config.store.url = format!("sqlite:{}", folder.join("test.db").display());
        config.media.url = folder.join("media").display().to_string();
        config.channels.email.smtp_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.channels.email.lmtp_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        settings(&mut config);
        let running = app::start(config.clone(), outside.clone()).await.expect("the server starts");
        Self { running, config, folder, outside }
    }

    /// Stops it in order and starts it on the same store.
    pub(crate) async fn restart(self) -> Self {
        let Self { running, config, folder, outside } = self;
        running.stop().await;
        let started = app::start(config.clone(), outside.clone()).await;
        let running = started.expect("the server starts again");
        Self { running, config, folder, outside }
    }

    /// Where its store is.
    pub(crate) fn store_url(&self) -> String {
        self.running.app.config.store.url.clone()
    }

    /// What the server's handlers share.
    pub(crate) fn app(&self) -> &App {
        &self.running.app
    }

    /// The folder in which the server's files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Someone who is not signed in.
    pub(crate) fn anybody(&self) -> Client {
        Client::new(self.running.address)
    }

    /// The same person after a restart, which has given the server another port.
    pub(crate) fn reconnected(&self, client: &Client) -> Client {
        client.at(self.running.address)
    }

    /// Adds a person whose password is [`PASSWORD`].
    pub(crate) async fn add_user(&self, login: &str, role: Role) -> User {
        let app = self.app();
        let hash = app.passwords.hash(PASSWORD.to_owned(), app.random.as_ref()).await;
        let (login, language) = (login.to_owned(), "uk".to_owned());
        let new = NewUser { name: login.clone(), login, role, language };
        users::add(&app.db, &self.by(), new, Some(&hash)).await.expect("a new person")
    }

    /// Adds a person and signs their browser in.
    pub(crate) async fn browser(&self, login: &str, role: Role) -> Client {
        self.add_user(login, role).await;
        let body = json!({ "login": login, "password": PASSWORD });
        let answer = self.anybody().post("/api/v1/session", &body).await.expect(201);
        let cookie = answer.header("set-cookie").expect("a cookie");
        let pair = cookie.split(';').next().unwrap_or_default().to_owned();
        self.anybody().with_header("cookie", &pair)
    }

    /// Adds a person and gives a program that acts in their name.
    pub(crate) async fn program(&self, login: &str, role: Role) -> Client {
        let user = self.add_user(login, role).await;
        let app = self.app();
        let secret = Token::api(app.random.as_ref());
        let added = users::add_token(&app.db, &self.by(), user.id, "test", None, &secret).await;
        added.expect("a token");
        self.anybody().with_header("authorization", &format!("Bearer {}", secret.text))
    }

    /// Where mail is taken over LMTP.
    pub(crate) fn lmtp(&self) -> SocketAddr {
        self.listener("lmtp")
    }

    /// Where mail is taken over SMTP.
    pub(crate) fn smtp(&self) -> SocketAddr {
        self.listener("smtp")
    }

    fn listener(&self, wanted: &str) -> SocketAddr {
        let listening = self.app().channels.email.listening();
        let found = listening.iter().find(|(name, _)| name.0 == wanted);
        found.unwrap_or_else(|| panic!("no {wanted} listener")).1
    }

    /// Sets up one queue and nothing else.
    pub(crate) async fn add_queue(&self, name: &str) {
        let administrator = self.program("routing", Role::Administrator).await;
        let routing = json!({ "queue": [{ "name": name }] });
        administrator.put("/api/v1/routing", &routing).await.expect(200);
    }

    /// The interaction of the message with this Message-ID.
    pub(crate) async fn interaction_of(&self, message_id: &str) -> String {
        let mut connection = self.app().db.read().await.expect("a connection");
        let row = rozmova::fetch_one!(
            &mut connection.sql(),
            (InteractionId,),
            "SELECT interaction_id FROM message WHERE message_id = $1",
            message_id
        );
        row.await.expect("a message").0.to_string()
    }

    /// Stops the server and removes what it left.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
        std::fs::remove_dir_all(&self.folder).expect("the scratch folder");
    }

    fn by(&self) -> By<'_> {
        let app = self.app();
        let now: Timestamp = app.clock.now();
        By { actor: None, peer: "test", now, ids: app.ids.as_ref() }
    }
}

/// The PostgreSQL server to test with. Without one a test checks nothing, and says so; where one is
/// demanded it fails.
#[expect(clippy::print_stderr, reason = "says why a test checked nothing")]
pub(crate) fn postgres_server() -> Option<String> {
    let url = testing::postgres_url();
    if url.is_none() {
        assert!(
            std::env::var_os("ROZMOVA_TEST_REQUIRE_POSTGRES").is_none(),
            "ROZMOVA_TEST_POSTGRES_URL is not set"
        );
        eprintln!("skipped: ROZMOVA_TEST_POSTGRES_URL names no PostgreSQL server");
    }
    url
}

/// A mailbox whose mail goes to the first queue.
pub(crate) fn mailbox(address: &str) -> MailboxConfig {
    MailboxConfig {
        address: address.to_owned(),
        display_name: "Bank Example".to_owned(),
        ..MailboxConfig::default()
    }
}
