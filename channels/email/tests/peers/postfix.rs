//! A Postfix of our own: configuration, queue and log in a scratch folder, one loopback port.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::dovecot::Dovecot;
use crate::support::{PATIENCE, Running, Scratch, free_port, run};

pub(crate) struct Postfix {
    pub(crate) port: u16,
    scratch: Scratch,
    process: Child,
}

impl Postfix {
    /// `shop.example` is delivered to Dovecot, `bank.example` to our LMTP listener,
    /// `refused.example` to our SMTP listener, which refuses it.
    pub(crate) async fn start(dovecot: &Dovecot, bank: &Running) -> Self {
        let root = run("coreutils", "id", &["-u"]).await.stdout.trim_ascii() == b"0";
        assert!(root, "Postfix only starts for root; run this test as root");
        let scratch = Scratch::new("postfix");
        let port = free_port();
        let etc = scratch.path().join("etc");
        for folder in ["etc", "queue", "data"] {
            std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
        }
        let file = |name: &str| scratch.path().join(name).display().to_string();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n\
             maillog_file = {log}\nmaillog_file_prefixes = {root}\nmyhostname = mx.relay.example\n\
             mydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nalias_maps =\nalias_database =\nlocal_recipient_maps =\n\
             smtpd_relay_restrictions = permit_mynetworks, reject\n\
             transport_maps = inline:{{ {{ shop.example = lmtp:inet:127.0.0.1:{dovecot} }}, \
             {{ bank.example = lmtp:inet:127.0.0.1:{lmtp} }}, \
             {{ refused.example = smtp:[127.0.0.1]:{smtp} }} }}\n\
             disable_dns_lookups = yes\nsmtp_host_lookup = native\nrecipient_delimiter = +\n\
             bounce_notice_recipient = postmaster@bank.example\n",
            queue = file("queue"),
            data = file("data"),
            log = file("log"),
            root = scratch.path().display(),
            dovecot = dovecot.lmtp_port,
            lmtp = bank.address("lmtp").port(),
            smtp = bank.address("smtp").port(),
        );
        std::fs::write(etc.join("main.cf"), main).unwrap();
        std::fs::write(etc.join("master.cf"), master(port)).unwrap();
        let owner = run("coreutils", "chown", &["postfix", &file("data")]).await;
        assert!(owner.status.success(), "no user postfix; install the Debian package postfix");
        for folder in ["", "etc", "queue", "data"] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(scratch.path().join(folder), mode).unwrap();
        }
        let etc = file("etc");
        // `start-fg` ends with its last child, and makes the folders of the queue.
        let process = Command::new("/usr/sbin/postfix")
            .args(["-c", &etc, "start-fg"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot run postfix ({error}); install the Debian package postfix")
            });
        let mut postfix = Self { port, scratch, process };
        postfix.wait_until_it_listens().await;
        postfix
    }

    async fn wait_until_it_listens(&mut self) {
        let mut waited = Duration::ZERO;
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if let Ok(Some(status)) = self.process.try_wait() {
                panic!("postfix ended ({status}); {}", self.log());
            }
            assert!(waited < PATIENCE, "postfix does not listen; {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
            waited += Duration::from_millis(50);
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// Hands it a mail as a mail program would.
    pub(crate) async fn submit(&self, from: &str, to: &str, mail: &str) {
        let data = self.scratch.path().join("mail.eml");
        std::fs::write(&data, mail).unwrap();
        let data = format!("@{}", data.display());
        let port = self.port.to_string();
        let arguments =
            ["--server", "127.0.0.1", "--port", &port, "--from", from, "--to", to, "--data", &data];
        let output = run("swaks", "swaks", &arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let etc = self.scratch.path().join("etc");
        let _ = Command::new("/usr/sbin/postfix")
            .args(["-c", &etc.display().to_string(), "stop"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = self.process.wait();
    }
}

/// The services that a relay needs, none of them in a jail of its own.
fn master(port: u16) -> String {
    let mut text = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for line in [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "smtp unix - - n - - smtp",
        "lmtp unix - - n - - lmtp",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "proxymap unix - - n - - proxymap",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ] {
        text.push_str(line);
        text.push('\n');
    }
    text
}
