//! The verdict of the bank's own mail server: `Authentication-Results`. RFC 8601.
//!
//! Only the topmost field of the trusted authserv-id counts: anyone can write one further down
//! (RFC 8601 §5), and our server puts its own on top.

use channel_contract::{Authentication, AuthenticationResult};

use super::Policy;
use crate::mime::Mail;

pub(super) fn results(mail: &Mail<'_>, policy: &Policy) -> Authentication {
    let mut authentication = Authentication::default();
    if policy.trusted_authserv_id.is_empty() {
        return authentication;
    }
    let trusted = mail
        .headers("Authentication-Results")
        .find(|value| authserv_id(value).eq_ignore_ascii_case(&policy.trusted_authserv_id));
    let Some(value) = trusted else { return authentication };
    let value = without_comments(&value);
    for statement in value.split(';').skip(1) {
        let Some((method, result)) = statement.trim().split_once('=') else { continue };
        let result = result.split_whitespace().next().unwrap_or_default();
        let slot = match method.trim().to_ascii_lowercase().as_str() {
            "spf" => &mut authentication.spf,
            "dkim" => &mut authentication.dkim,
            "dmarc" => &mut authentication.dmarc,
            _ => continue,
        };
        // One good DKIM signature is enough; others may be of forwarders. RFC 6376 §6.1.
        if *slot != AuthenticationResult::Pass {
            *slot = result_of(result);
        }
    }
    authentication
}

fn authserv_id(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().split_whitespace().next().unwrap_or_default()
}

/// RFC 8601 §2.7.
fn result_of(word: &str) -> AuthenticationResult {
    match word.to_ascii_lowercase().as_str() {
        "pass" => AuthenticationResult::Pass,
        "fail" | "softfail" | "policy" => AuthenticationResult::Fail,
        "none" => AuthenticationResult::None,
        _ => AuthenticationResult::Neutral,
    }
}

/// Comments in brackets may hold semicolons.
fn without_comments(value: &str) -> String {
    let mut depth = 0_usize;
    value
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' if depth > 0 => {
                    depth -= 1;
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::policy;
    use super::*;

    #[test]
    fn only_the_topmost_of_the_trusted_server_counts() {
        let raw = "Authentication-Results: evil.example; dmarc=pass\r\n\
                   Authentication-Results: MX.bank.example 1;\r\n spf=softfail (a; b) \
                   smtp.mailfrom=x; dkim=fail; dkim=pass header.d=y; dmarc=temperror\r\n\
                   Authentication-Results: mx.bank.example; dmarc=pass\r\nFrom: a@b\r\n\r\n";
        let mail = crate::mime::read(raw.as_bytes());
        let found = results(&mail, &policy());
        assert_eq!(found.spf, AuthenticationResult::Fail);
        assert_eq!(found.dkim, AuthenticationResult::Pass);
        assert_eq!(found.dmarc, AuthenticationResult::Neutral);
        let nobody = Policy { trusted_authserv_id: String::new(), ..policy() };
        assert_eq!(results(&mail, &nobody), Authentication::default());
    }
}
