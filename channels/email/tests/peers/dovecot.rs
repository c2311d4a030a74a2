//! A Dovecot of our own: IMAP and LMTP on free loopback ports, mail in a scratch folder.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::support::{PATIENCE, Scratch, certificate, free_port, run};

pub(crate) const USER: &str = "olena";
pub(crate) const PASSWORD: &str = "secret";

pub(crate) struct Dovecot {
    pub(crate) imap_port: u16,
    pub(crate) imaps_port: u16,
    pub(crate) certificate: PathBuf,
    pub(crate) lmtp_port: u16,
    /// POP3 in the clear and with STLS, when this Dovecot has it.
    pub(crate) pop3_port: Option<u16>,
    pub(crate) scratch: Scratch,
    process: Option<Child>,
}

/// The lines of the configuration that let it speak POP3.
fn pop3_service(port: u16) -> String {
    format!(
        "protocols = imap lmtp pop3\nservice pop3-login {{\n inet_listener pop3 {{\n \
         port = {port}\n }}\n inet_listener pop3s {{\n port = 0\n }}\n}}\n"
    )
}

impl Dovecot {
    pub(crate) async fn start() -> Self {
        let scratch = Scratch::new("dovecot");
        let (imap_port, imaps_port, lmtp_port) = (free_port(), free_port(), free_port());
        // A package of its own: dovecot-pop3d.
        let has_pop3 = std::path::Path::new("/usr/lib/dovecot/pop3").exists();
        let pop3_port = has_pop3.then(free_port);
        let pop3 = pop3_port.map_or_else(String::new, pop3_service);
        let (certificate, key) = certificate(scratch.path()).await;
        let root = run("coreutils", "id", &["-u"]).await.stdout.trim_ascii() == b"0";
        let file = |name: &str| scratch.path().join(name).display().to_string();
        let own = |output: std::process::Output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        let (internal, login, mail, group) = if root {
            // The users that the Debian package makes, and one that may own mail.
            ["dovecot", "dovenull", "nobody", "nogroup"].map(str::to_owned).into()
        } else {
            let name = own(run("coreutils", "id", &["-un"]).await);
            let group = own(run("coreutils", "id", &["-gn"]).await);
            (name.clone(), name.clone(), name, group)
        };
        let chroot = match (root, has_pop3) {
            (true, _) => "",
            (false, false) => "service imap-login {\n chroot =\n}\n",
            (false, true) => {
                "service imap-login {\n chroot =\n}\nservice pop3-login {\n chroot =\n}\n"
            }
        };
        let config = format!(
            "base_dir = {base}\nstate_dir = {base}\nlog_path = {log}\nprotocols = imap lmtp\n\
             listen = 127.0.0.1\nssl = yes\nssl_cert = <{cert}\nssl_key = <{key}\nssl_dh =\n\
             disable_plaintext_auth = no\n\
             default_internal_user = {internal}\ndefault_login_user = {login}\n\
             first_valid_uid = 1\nmail_location = maildir:{mail_dir}/%n\n\
             mailbox_idle_check_interval = 1 secs\nmail_max_userip_connections = 50\n\
             passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
             userdb {{\n driver = static\n args = uid={mail} gid={group} home={mail_dir}/%n \
             allow_all_users=yes\n}}\n\
             namespace inbox {{\n inbox = yes\n mailbox Done {{\n auto = create\n }}\n}}\n\
             protocol lmtp {{\n postmaster_address = postmaster@bank.example\n}}\n\
             service imap-login {{\n inet_listener imap {{\n port = {imap_port}\n }}\n \
             inet_listener imaps {{\n port = {imaps_port}\n ssl = yes\n }}\n}}\n\
             service lmtp {{\n inet_listener lmtp {{\n address = 127.0.0.1\n port = {lmtp_port}\n \
             }}\n}}\nservice stats {{\n client_limit = 100\n}}\n{pop3}{chroot}",
            base = file("run"),
            log = file("log"),
            mail_dir = file("mail"),
            cert = certificate.display(),
            key = key.display(),
        );
        std::fs::create_dir_all(scratch.path().join("mail")).unwrap();
        if root {
            let owner = format!("{mail}:{group}");
            assert!(run("coreutils", "chown", &[&owner, &file("mail")]).await.status.success());
            open_to_all(scratch.path());
        }
        std::fs::write(scratch.path().join("dovecot.conf"), config).unwrap();
        let mut dovecot = Self {
            imap_port,
            imaps_port,
            certificate,
            lmtp_port,
            pop3_port,
            scratch,
            process: None,
        };
        dovecot.resume().await;
        dovecot
    }

    /// Starts it, again after [`Dovecot::stop`].
    pub(crate) async fn resume(&mut self) {
        let config = self.scratch.path().join("dovecot.conf");
        let mut process = Command::new("/usr/sbin/dovecot")
            .args(["-F", "-c"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "cannot run dovecot ({error}); install the Debian packages dovecot-imapd and \
                     dovecot-lmtpd"
                )
            });
        let mut waited = Duration::ZERO;
        while !(listens(self.imap_port) && listens(self.lmtp_port)) {
            if let Ok(Some(status)) = process.try_wait() {
                panic!("dovecot ended ({status}); {}", self.log());
            }
            assert!(waited < PATIENCE, "dovecot does not listen; {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
            waited += Duration::from_millis(50);
        }
        self.process = Some(process);
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The master ends its children when it is asked to; a kill would orphan them.
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let _ = process.wait();
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// Puts a mail into a folder as a delivery agent does: written aside, then renamed.
    pub(crate) fn put(&self, mail: &[u8]) {
        self.put_into("", mail);
    }

    /// The same into a folder: `.Done`.
    pub(crate) fn put_into(&self, folder: &str, mail: &[u8]) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let maildir = self.maildir().join(folder);
        let aside = maildir.join(format!("tmp/{number}.test"));
        std::fs::write(&aside, mail).unwrap();
        let owner = std::fs::metadata(&maildir).unwrap();
        let _ = std::os::unix::fs::chown(
            &aside,
            Some(std::os::unix::fs::MetadataExt::uid(&owner)),
            Some(std::os::unix::fs::MetadataExt::gid(&owner)),
        );
        std::fs::rename(aside, maildir.join(format!("new/{number}.test"))).unwrap();
    }

    pub(crate) fn maildir(&self) -> PathBuf {
        self.scratch.path().join("mail").join(USER)
    }

    /// Files in a folder of the Maildir: names with flags.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.maildir().join(folder)) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

fn listens(port: u16) -> bool {
    // A port that cannot be bound is taken.
    TcpListener::bind(("127.0.0.1", port)).is_err()
}

fn open_to_all(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
