//! Ten connections bring a mail of 50 MB each at the same time; the real process stays small.

use std::path::PathBuf;

use rozmova::bench::{ScratchServer, ServerOptions};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 10;
const MAIL_BYTES: usize = 50_000_000;
/// What the process may take: two such mails on their way, and what it is without them.
const MEMORY_MB: f64 = 200.0;
const LINE: &[u8] = b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm\r\n";

async fn bring(address: std::net::SocketAddr, number: usize) -> String {
    let (reader, mut writer) = TcpStream::connect(address).await.expect("open").into_split();
    let mut replies = BufReader::new(reader).lines();
    let head = "LHLO test.example\r\nMAIL FROM:<a@example.ua>\r\nRCPT TO:<info@bank.example>\r\n\
                DATA\r\n";
    writer.write_all(head.as_bytes()).await.expect("written");
    loop {
        let line = replies.next_line().await.expect("readable").expect("an answer");
        if line.starts_with("354") {
            break;
        }
    }
    let header = format!(
        "From: a@example.ua\r\nTo: info@bank.example\r\nMessage-ID: <{number}@example.ua>\r\n\
         MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    writer.write_all(header.as_bytes()).await.expect("written");
    let piece = LINE.repeat(1_000);
    let mut sent = header.len();
    while sent + piece.len() < MAIL_BYTES {
        writer.write_all(&piece).await.expect("written");
        sent += piece.len();
    }
    writer.write_all(b".\r\n").await.expect("written");
    replies.next_line().await.expect("readable").expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_mails_of_fifty_megabytes_at_once_fit_into_little_memory() {
    let server = ScratchServer::start(&ServerOptions {
        program: Some(PathBuf::from(env!("CARGO_BIN_EXE_rozmova"))),
        folder: std::env::temp_dir().join(format!("rozmova-memory-{}", std::process::id())),
        postgres: None,
        mailbox: "info@bank.example".to_owned(),
    })
    .await
    .expect("a server");
    let mails: Vec<_> =
        (0..CONNECTIONS).map(|number| tokio::spawn(bring(server.lmtp, number))).collect();
    let mut stored = 0;
    for mail in mails {
        let answer = mail.await.expect("a connection");
        // One that waited too long for its turn is told to come again: that is no loss.
        assert!(answer.starts_with("250") || answer.starts_with("452"), "{answer}");
        stored += usize::from(answer.starts_with("250"));
    }
    let peak_mb = server.peak_memory_mb().expect("a figure");
    eprintln!("{stored} of {CONNECTIONS} mails of 50 MB stored, peak {peak_mb:.0} MB");
    assert!(stored > 0);
    assert!(peak_mb < MEMORY_MB, "{peak_mb:.0} MB in use");
    server.stop().await.expect("it stops");
}
