//! The command line as an operator meets it: results, messages, exit codes.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A working folder with a configuration file, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, settings: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("rozmova-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a scratch folder");
        std::fs::write(folder.join("rozmova.toml"), settings).expect("a configuration");
        Self(folder)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rozmova"));
        command.current_dir(&self.0).args(["--config", "rozmova.toml"]).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    fn run_with_input(&self, words: &[&str], input: &str) -> Output {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().expect("it runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("written");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_wrong_configuration_names_file_key_and_remedy_and_exits_with_2() {
    let place = Place::new("wrong", "[http]\nlisten = 8080\n\n[auth]\nsession_idel_minutes = 5\n");
    for words in [&["check-config"][..], &["serve"], &["migrate"], &["user", "list"]] {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let said = text(&output.stderr);
        assert!(said.contains("rozmova.toml: "), "{said}");
        assert!(said.contains("http.listen") || said.contains("auth.session_idel"), "{said}");
    }
    let output = place.command(&["check-config"]).env("ROZMOVA_HTTP__LISTEN", "x").output();
    let said = text(&output.expect("it runs").stderr);
    assert!(said.contains("ROZMOVA_HTTP__LISTEN") || said.contains("session_idel"), "{said}");
}

#[test]
fn a_missing_file_and_an_unknown_command_exit_with_2() {
    let place = Place::new("missing", "");
    let output = place.command(&["check-config", "--config", "elsewhere.toml"]).output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(place.run(&["dance"]).status.code(), Some(2));
    assert_eq!(place.run(&["check-config"]).status.code(), Some(0));
}

#[test]
fn people_are_added_listed_and_disabled_and_a_token_is_printed() {
    let place = Place::new("people", "");
    let added = place.run_with_input(
        &["user", "add", "admin", "--role", "administrator"],
        "correct horse battery\n",
    );
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    assert!(!text(&added.stdout).contains("horse"), "a given password is not shown");
    let added = place.run(&["user", "add", "olena", "--role", "agent", "--name", "Олена"]);
    assert!(text(&added.stdout).contains("Password (shown this once): "));
    let short = place.run_with_input(&["user", "set-password", "olena"], "short\n");
    assert_eq!(short.status.code(), Some(1));
    assert!(text(&short.stderr).contains("at least 12 characters"));
    let taken = place.run(&["user", "add", "olena", "--role", "agent"]);
    assert!(text(&taken.stderr).contains("the login \"olena\" is taken"));
    let token = place.run(&["token", "create", "olena"]);
    assert!(text(&token.stdout).starts_with("rzm_") && text(&token.stdout).lines().count() == 1);
    assert_eq!(place.run(&["token", "create", "nobody"]).status.code(), Some(1));
    assert_eq!(place.run(&["user", "disable", "olena"]).status.code(), Some(0));
    let last = place.run(&["user", "disable", "admin"]);
    assert!(text(&last.stderr).contains("last administrator"), "{}", text(&last.stderr));
    let list = text(&place.run(&["user", "list"]).stdout);
    assert_eq!(list, "admin\tadministrator\tadmin\tactive\nolena\tagent\tОлена\tdisabled\n");
}

#[test]
fn the_server_says_where_it_answers_and_stops_in_order_on_sigterm() {
    let settings = "[http]\nlisten = \"127.0.0.1:0\"\n\
                    [channels.email]\nsmtp_listen = \"\"\nlmtp_listen = \"\"\n";
    let place = Place::new("serve", settings);
    let mut server = place.command(&["serve"]).spawn().expect("it runs");
    let mut stdout = server.stdout.take().expect("a pipe");
    let mut said = String::new();
    while !said.contains('\n') {
        let mut byte = [0];
        assert_eq!(stdout.read(&mut byte).expect("readable"), 1, "ended after {said:?}");
        said.push(char::from(byte[0]));
    }
    assert!(said.starts_with("Rozmova answers at http://127.0.0.1:"), "{said}");
    let stopped = Command::new("kill").arg(server.id().to_string()).status();
    assert!(stopped.expect("kill runs").success());
    assert_eq!(server.wait().expect("it ends").code(), Some(0));
}

#[test]
fn the_documents_that_are_generated_are_printed_without_a_store() {
    let place = Place::new("documents", "[wrong");
    let openapi = place.run(&["openapi"]);
    let document: serde_json::Value =
        serde_json::from_slice(&openapi.stdout).expect("a JSON document");
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let Some(name) = operation["operationId"].as_str() else { continue };
            assert!(names.insert(name.to_owned()), "{method} {path}: {name} is named twice");
        }
    }
    assert!(names.len() > 20, "{names:?}");
    assert!(text(&place.run(&["config-docs"]).stdout).contains("ROZMOVA_HTTP__LISTEN"));
}

#[test]
fn the_dns_record_of_a_signing_key_is_printed_and_the_key_is_not() {
    let pem = include_str!("../../channels/email/tests/keys/rsa2048.pem");
    let key = std::env::temp_dir().join(format!("rozmova-dkim-{}.pem", std::process::id()));
    std::fs::write(&key, pem).expect("a key file");
    let config = format!(
        "[[channels.email.dkim]]\ndomain = \"bank.example\"\nselector = \"mail1\"\n\
         key_file = \"{}\"\n",
        key.display()
    );
    let place = Place::new("dkim", &config);
    let output = place.run(&["dkim"]);
    let said = text(&output.stdout);
    assert!(said.starts_with("mail1._domainkey.bank.example. IN TXT ( \"v=DKIM1; k=rsa; p="));
    let secret: &str = pem.lines().nth(5).expect("a line of the key");
    assert!(!said.contains(secret), "the private key stays where it is");
    std::fs::write(&key, "no key").expect("a damaged file");
    let output = place.run(&["dkim"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("mail1._domainkey.bank.example"));
    std::fs::remove_file(&key).expect("removed");
}

#[test]
fn a_sip_message_is_shown_as_the_listeners_read_it() {
    let place = Place::new("inspect-sip", "");
    let message = "BYE sip:a@[::1] SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
        f: <sip:a@b>;tag=1\r\nt: <sip:c@d>;tag=2\r\ni: 7\r\nCSeq: 3 BYE\r\n\r\n";
    std::fs::write(place.0.join("bye.sip"), message).expect("a file");
    std::fs::write(place.0.join("bad.sip"), message.replace("3 BYE", "3 ACK")).expect("a file");
    let output = place.run(&["inspect", "sip", "bye.sip", "bad.sip"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    let objects: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    assert_eq!(objects.len(), 2);
    assert_eq!((&objects[0]["file"], &objects[0]["accepted"]), (&"bye.sip".into(), &true.into()));
    assert_eq!(objects[0]["headers"]["Call-ID"], "7");
    assert_eq!(objects[1]["refusal"]["status"], 400);
}

#[test]
fn a_reader_who_has_enough_ends_a_command_quietly() {
    let place = Place::new("pipe", "");
    let scenario = include_str!("../../config/scenarios/branch.toml");
    std::fs::write(place.0.join("scenario.toml"), scenario).expect("a file");
    for words in [&["openapi"][..], &["simulate", "scenario.toml"]] {
        let mut child = place.command(words).spawn().expect("it runs");
        // Nobody reads any of it.
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{words:?}");
    }
}
