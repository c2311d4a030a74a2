//! Mails out of files, by the command line, into a running server and into a store at rest. How
//! many: `ROZMOVA_IMPORT_COUNT`, 300 when it is not set.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rozmova::bench::{ScratchServer, ServerOptions};
use serde_json::Value;
use tokio::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rozmova");

fn count() -> usize {
    let count = std::env::var("ROZMOVA_IMPORT_COUNT").ok().and_then(|text| text.parse().ok());
    count.unwrap_or(300)
}

fn mail(number: usize) -> String {
    let answers = if number.is_multiple_of(5) && number > 0 {
        format!("In-Reply-To: <{}@example.ua>\n", number - 1)
    } else {
        String::new()
    };
    let year = 2010 + number % 10;
    format!(
        "From: Client {sender} <client{sender}@example.ua>\nTo: info@bank.example\n\
         Subject: Matter {number}\nMessage-ID: <{number}@example.ua>\n{answers}\
         Date: Mon, 05 Jul {year} 10:00:00 +0300\n\nFrom the client, number {number}.\n{text}",
        sender = number / 5 % 97,
        text = "Добрий день, прошу пояснити виписку.\n".repeat(60),
    )
}

/// A Maildir, an mbox and a folder of `.eml` with a third of the mails each; one of each is in the
/// next one too.
fn write_files(folder: &Path, count: usize) -> [PathBuf; 3] {
    let paths = ["box", "old.mbox", "files"].map(|name| folder.join(name));
    let [maildir, mbox, files] = &paths;
    for part in [maildir.join("cur"), maildir.join("new"), files.clone()] {
        std::fs::create_dir_all(part).expect("a folder");
    }
    let mut all = String::new();
    for number in 0..count {
        let text = mail(number);
        let third = number * 3 / count;
        if third == 0 || number == count / 3 {
            let name = format!("cur/{number:010}.x:2,S");
            std::fs::write(maildir.join(name), &text).expect("written");
        }
        if third == 1 || number == count * 2 / 3 {
            let quoted = text.replace("\nFrom ", "\n>From ");
            all.push_str("From client@example.ua Mon Jul  5 10:00:00 2010\n");
            all.push_str(&quoted);
            all.push('\n');
        }
        if third == 2 {
            let name = format!("{number:010}.eml");
            std::fs::write(files.join(name), text.replace('\n', "\r\n")).expect("written");
        }
    }
    std::fs::write(mbox, all).expect("written");
    paths
}

async fn rozmova(server: &ScratchServer, words: &[&str], token: bool) -> (bool, Value) {
    let mut command = Command::new(PROGRAM);
    command.arg("--config").arg(server.configuration()).args(words).arg("--json");
    if token {
        let authorization = server.administrator.authorization();
        let token = authorization.strip_prefix("Bearer ").expect("a token").to_owned();
        command.env("ROZMOVA_TOKEN", token);
    }
    let output = command.output().await.expect("it runs");
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    });
    (output.status.success(), value)
}

fn numbers(value: &Value) -> [u64; 4] {
    ["found", "stored", "repeated", "failed"].map(|name| value[name].as_u64().expect("a number"))
}

async fn start(name: &str) -> ScratchServer {
    let options = ServerOptions {
        program: Some(PathBuf::from(PROGRAM)),
        folder: std::env::temp_dir().join(format!("rozmova-{name}-{}", std::process::id())),
        postgres: None,
        mailbox: "info@bank.example".to_owned(),
    };
    ScratchServer::start(&options).await.expect("a server")
}

#[expect(clippy::disallowed_methods, reason = "measures")]
#[expect(clippy::print_stderr, reason = "prints what it measures")]
async fn import_and_reconcile(server: &ScratchServer, paths: &[PathBuf; 3], is_running: bool) {
    let count = count() as u64;
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().expect("text")).collect();
    let mut words = vec!["import", "mail", "--mailbox", "info@bank.example"];
    words.extend(&paths);
    let started = Instant::now();
    let (well, result) = rozmova(server, &words, is_running).await;
    let seconds = started.elapsed().as_secs_f64();
    assert!(well, "{result}");
    assert_eq!(numbers(&result), [count + 2, count, 2, 0]);
    let (well, again) = rozmova(server, &words, is_running).await;
    assert!(well, "{again}");
    assert_eq!(numbers(&again), [count + 2, 0, count + 2, 0]);
    let started = Instant::now();
    let (well, report) = rozmova(server, &["reconcile", "mail", "--contents"], false).await;
    assert!(well, "{report}");
    assert_eq!(report["mails"], count);
    assert_eq!(report["received"], count + 2, "the second run found every mail at its old place");
    assert_eq!(report["places"], serde_json::json!({ "interaction": count }));
    assert_eq!(report["differences_count"], 0);
    eprintln!(
        "{count} mails imported in {seconds:.1} s ({}), reconciled with contents in {:.1} s",
        if is_running { "running server" } else { "store at rest" },
        started.elapsed().as_secs_f64()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_into_a_running_server_reconciles_to_the_last_mail() {
    let server = start("import-running").await;
    let folder = server.configuration().parent().expect("a folder").to_owned();
    let paths = write_files(&folder, count());
    import_and_reconcile(&server, &paths, true).await;
    let waiting = server.administrator.get("/interactions?state=queued").await.expect("a list");
    assert_eq!(waiting["items"], serde_json::json!([]), "history makes no work");
    let closed = server.administrator.get("/interactions?limit=1").await.expect("a list");
    assert!(closed["items"][0]["received_at"].as_i64() < Some(1_600_000_000_000_000), "{closed}");
    let outbox = server.administrator.get("/health").await.expect("health");
    assert_eq!(outbox["outbox"]["waiting"], 0, "and is not acknowledged");
    server.stop().await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_into_a_store_at_rest_reconciles_and_the_server_goes_on() {
    let mut server = start("import-resting").await;
    let folder = server.configuration().parent().expect("a folder").to_owned();
    let paths = write_files(&folder, count());
    // A running server is not gone round.
    let words = ["import", "mail", "--mailbox", "info@bank.example", "x"];
    let mut command = Command::new(PROGRAM);
    command.arg("--config").arg(server.configuration()).args(words).env_remove("ROZMOVA_TOKEN");
    let refused = command.output().await.expect("it runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("ROZMOVA_TOKEN"), "{said}");
    server.halt().await.expect("it stops");
    let (well, dry) = {
        let path = paths[0].to_str().expect("text");
        let words = ["import", "mail", "--mailbox", "info@bank.example", "--dry-run", path];
        rozmova(&server, &words, false).await
    };
    assert!(well, "{dry}");
    import_and_reconcile(&server, &paths, false).await;
    // Treated as new, mail waits in the queue of the server that starts afterwards.
    let new = folder.join("new.eml");
    std::fs::write(&new, mail(1_000_001)).expect("written");
    let words = ["import", "mail", "--mailbox", "info@bank.example", "--queue"];
    let words: Vec<&str> = words.into_iter().chain([new.to_str().expect("text")]).collect();
    let (well, result) = rozmova(&server, &words, false).await;
    assert!(well, "{result}");
    server.kill_and_restart().await.expect("it starts");
    let waiting = server.administrator.get("/interactions?state=queued").await.expect("a list");
    assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1), "{waiting}");
    server.stop().await.expect("it stops");
}
