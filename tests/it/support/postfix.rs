//! A Postfix of our own that delivers into a folder: configuration, queue, log and mail in a
//! scratch folder, one loopback port.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = "/usr/sbin/postfix";
/// The user and group that may own mail: `nobody` and `nogroup` of Debian.
const OWNER: u32 = 65_534;
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// 30 s: the reply leaves after ten, when it can no longer be taken back.
const LOOKS: u32 = 400;

pub(crate) struct Postfix {
    /// Where it takes mail for `client.example`.
    pub(crate) port: u16,
    folder: PathBuf,
    process: Child,
}

impl Postfix {
    /// `None`, said on standard error, where it or swaks is not installed or we are not root, as it
    /// demands.
    #[expect(clippy::print_stderr, reason = "says why a test checked nothing")]
    pub(crate) async fn start() -> Option<Self> {
        let is_there = |program: &str| Path::new(program).exists();
        let is_root = std::fs::metadata("/proc/self")
            .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        if !(is_there(PROGRAM) && is_there("/usr/bin/swaks") && is_root) {
            assert!(
                std::env::var_os("ROZMOVA_TEST_REQUIRE_PEERS").is_none(),
                "install the Debian packages postfix and swaks, and run this as root"
            );
            eprintln!("skipped: needs postfix, swaks and root");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("rozmova-postfix-{}", std::process::id()));
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr());
        let port = port.expect("a port").port();
        configure(&folder, port);
        let process = Command::new(PROGRAM)
            .args(["-c", &folder.join("etc").display().to_string(), "start-fg"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postfix runs");
        let postfix = Self { port, folder, process };
        for _ in 0..LOOKS {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(postfix);
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        panic!("postfix does not listen; {}", postfix.log());
    }

    /// Waits for a delivered mail that holds this text; gives it with LF as line ends.
    pub(crate) async fn wait_for(&self, text: &str) -> String {
        for _ in 0..LOOKS {
            let files = std::fs::read_dir(self.folder.join("mail/olena/new"));
            let paths = files.into_iter().flatten().flatten().map(|entry| entry.path());
            let mails = paths.filter_map(|path| std::fs::read_to_string(path).ok());
            if let Some(mail) = mails.into_iter().find(|mail| mail.contains(text)) {
                return mail.replace("\r\n", "\n");
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        panic!("no mail with {text:?} was delivered; {}", self.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new(PROGRAM)
            .args(["-c", &self.folder.join("etc").display().to_string(), "stop"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn configure(folder: &Path, port: u16) {
    for name in ["etc", "queue", "data", "mail"] {
        let path = folder.join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        for path in [folder, &path] {
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(path, mode).expect("permissions");
        }
    }
    let file = |name: &str| folder.join(name).display().to_string();
    let chown = |owner: &str, name: &str| {
        let status = Command::new("chown").args([owner, &file(name)]).status();
        assert!(status.expect("chown runs").success(), "no user {owner}");
    };
    chown("postfix", "data");
    chown(&OWNER.to_string(), "mail");
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n\
         maillog_file = {log}\nmaillog_file_prefixes = {root}\nmyhostname = mx.client.example\n\
         mydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\nalias_maps =\nalias_database =\nlocal_recipient_maps =\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         virtual_mailbox_domains = client.example\nvirtual_mailbox_base = {mail}\n\
         virtual_mailbox_maps = inline:{{ {{ olena@client.example = olena/ }} }}\n\
         virtual_uid_maps = static:{OWNER}\nvirtual_gid_maps = static:{OWNER}\n\
         disable_dns_lookups = yes\nsmtp_host_lookup = native\n",
        queue = file("queue"),
        data = file("data"),
        log = file("log"),
        mail = file("mail"),
        root = folder.display(),
    );
    std::fs::write(folder.join("etc/main.cf"), main).expect("written");
    let mut master = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for line in [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "virtual unix - n n - - virtual",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "proxymap unix - - n - - proxymap",
        "anvil unix - - n - 1 anvil",
        "postlog unix-dgram n - n - 1 postlogd",
    ] {
        master.push_str(line);
        master.push('\n');
    }
    std::fs::write(folder.join("etc/master.cf"), master).expect("written");
}
