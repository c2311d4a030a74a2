//! Access tokens for mailboxes that take no passwords (XOAUTH2): from a command of the operator's.
//!
//! How a token is had differs with each provider (client secret, certificate, device code, managed
//! identity) and changes there; the provider's own tool knows it. The command prints the token, and
//! a refresh token or a key never has to be known here.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the command may take: it asks a provider over the network.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest token. Those of the large providers have up to 4 KB.
const TOKEN_BYTES_MAX: u64 = 16 * 1024;

/// Runs the command (program and arguments, no shell) and takes the first line that it prints.
pub(crate) async fn fetch(command: &[String]) -> Result<String, String> {
    let (program, arguments) = command.split_first().ok_or("token_command is empty")?;
    let running = async {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the token command {program} cannot be run: {error}"))?;
        let mut printed = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let read = stdout.take(TOKEN_BYTES_MAX).read_to_end(&mut printed).await;
            read.map_err(|error| format!("the token command {program} broke off: {error}"))?;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if status.success() {
            Ok(printed)
        } else {
            Err(format!("the token command {program} failed ({status}); run it by hand"))
        }
    };
    let printed = timeout(PATIENCE, running)
        .await
        .map_err(|_| format!("the token command {program} took over {} s", PATIENCE.as_secs()))??;
    let token = String::from_utf8_lossy(&printed);
    let token = token.lines().next().unwrap_or_default().trim().to_owned();
    // A control character would end the field of the exchange in which the token stands.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("the token command {program} printed no token"));
    }
    Ok(token)
}

/// What is sent for the SASL mechanism XOAUTH2, before base64. The mechanism has no RFC; it is
/// described by Google and Microsoft alike.
pub(crate) fn xoauth2(user: &str, token: &str) -> String {
    format!("user={user}\x01auth=Bearer {token}\x01\x01")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn the_first_line_is_the_token_and_everything_else_is_a_fault() {
        assert_eq!(fetch(&shell("echo ya29.abc; echo more")).await.as_deref(), Ok("ya29.abc"));
        for (script, expected) in [
            ("exit 3", "failed"),
            ("true", "printed no token"),
            ("printf 'a\\001b'", "printed no token"),
            ("echo a b", "printed no token"),
        ] {
            let fault = fetch(&shell(script)).await.expect_err(script);
            assert!(fault.contains(expected), "{script}: {fault}");
        }
        let absent = fetch(&["/no/such/program".to_owned()]).await.expect_err("no program");
        assert!(absent.contains("cannot be run"), "{absent}");
    }
}
