//! Mail from outside: a client that speaks LMTP, and a server that takes what we send.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Speaks LMTP (RFC 2033) to our listener.
pub(crate) struct Lmtp {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Lmtp {
    /// Connects and says hello; `None` when the server is gone.
    pub(crate) async fn connect(address: SocketAddr) -> Option<Self> {
        let (reader, writer) = TcpStream::connect(address).await.ok()?.into_split();
        let mut lmtp = Self { reader: BufReader::new(reader), writer };
        lmtp.reply().await?;
        lmtp.command("LHLO test.example\r\n").await?;
        Some(lmtp)
    }

    /// Hands one mail over; gives the server's last word on it, `None` when it went away before.
    pub(crate) async fn send(&mut self, from: &str, to: &str, mail: &str) -> Option<String> {
        let refused = |reply: &String| !reply.starts_with('2') && !reply.starts_with('3');
        for command in [
            format!("MAIL FROM:<{from}>\r\n"),
            format!("RCPT TO:<{to}>\r\n"),
            "DATA\r\n".to_owned(),
        ] {
            let reply = self.command(&command).await?;
            if refused(&reply) {
                self.command("RSET\r\n").await?;
                return Some(reply);
            }
        }
        // RFC 5321 §4.5.2: a line that begins with a dot gets another.
        let stuffed = mail.replace("\r\n.", "\r\n..");
        self.command(&format!("{stuffed}\r\n.\r\n")).await
    }

    async fn command(&mut self, text: &str) -> Option<String> {
        self.writer.write_all(text.as_bytes()).await.ok()?;
        self.reply().await
    }

    async fn reply(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Some(line.trim_end().to_owned());
            }
        }
    }
}

/// A mail that came to the sink.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) text: String,
}

impl Taken {
    /// The value of a header, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        let wanted = format!("{}:", name.to_lowercase());
        head.split("\r\n")
            .find(|line| line.to_lowercase().starts_with(&wanted))
            .map(|line| line[wanted.len()..].trim().to_owned())
    }
}

/// A mail server that takes everything.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    answers: Answers,
    task: JoinHandle<()>,
}

/// What is said to a recipient, and how often, before it is taken.
type Answers = Arc<Mutex<BTreeMap<String, (String, u32)>>>;

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// On a free port, or on this one.
    pub(crate) async fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let store = Arc::clone(&taken);
        let answers = Answers::default();
        let said = Arc::clone(&answers);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&store), Arc::clone(&said)));
            }
        });
        Self { address, taken, answers, task }
    }

    /// Says this to a recipient so many times before taking mail for it.
    pub(crate) fn answer(&self, recipient: &str, reply: &str, times: u32) {
        let mut answers = self.answers.lock().expect("no panic");
        answers.insert(recipient.to_owned(), (reply.to_owned(), times));
    }

    /// Waits until so many mails have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Taken> {
        for _ in 0..600 {
            let taken = self.taken.lock().expect("no panic").clone();
            if taken.len() >= count {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let taken = self.taken.lock().expect("no panic");
        panic!("{} mails instead of {count} after 30 s: {taken:?}", taken.len());
    }
}

fn refusal(answers: &Answers, recipient: &str) -> Option<String> {
    let mut answers = answers.lock().expect("no panic");
    let (reply, times) = answers.get_mut(recipient)?;
    *times = times.checked_sub(1)?;
    Some(format!("{reply}\r\n"))
}

async fn serve(stream: TcpStream, store: Arc<Mutex<Vec<Taken>>>, answers: Answers) -> Option<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 sink ESMTP\r\n").await.ok()?;
    let mut mail = Taken::default();
    while let Some(line) = lines.next_line().await.ok()? {
        let upper = line.to_uppercase();
        let path = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let reply: &[u8] = if upper.starts_with("MAIL FROM") {
            mail = Taken { from: path(&line), ..Taken::default() };
            b"250 ok\r\n"
        } else if upper.starts_with("RCPT TO") {
            let recipient = path(&line);
            if let Some(refusal) = refusal(&answers, &recipient) {
                writer.write_all(refusal.as_bytes()).await.ok()?;
                continue;
            }
            mail.recipients.push(recipient);
            b"250 ok\r\n"
        } else if upper == "DATA" {
            writer.write_all(b"354 go on\r\n").await.ok()?;
            loop {
                let line = lines.next_line().await.ok()??;
                if line == "." {
                    break;
                }
                mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                mail.text.push_str("\r\n");
            }
            store.lock().expect("no panic").push(std::mem::take(&mut mail));
            b"250 2.0.0 taken\r\n"
        } else if upper == "QUIT" {
            writer.write_all(b"221 bye\r\n").await.ok()?;
            return Some(());
        } else {
            b"250 sink\r\n"
        };
        writer.write_all(reply).await.ok()?;
    }
    Some(())
}
