//! The verdict of the bank's own mail server: `Authentication-Results`. RFC 8601.
//!
//! Only the topmost field of the trusted authserv-id counts: anyone can write one further down
//! (RFC 8601 §5), and our server puts its own on top.
//!
//! Where the sender's domain publishes no policy, a pass counts for it when it speaks for that very
//! domain: `header.d` of DKIM, `smtp.mailfrom` of SPF (RFC 8601 §2.7).

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
    let author = mail.from.as_ref().map_or("", |from| domain_of(&from.address));
    for statement in value.split(';').skip(1) {
        let Some((method, rest)) = statement.trim().split_once('=') else { continue };
        let mut words = rest.split_whitespace();
        let result = words.next().unwrap_or_default();
        let slot = match method.trim().to_ascii_lowercase().as_str() {
            "spf" => &mut authentication.spf,
            "dkim" => &mut authentication.dkim,
            "dmarc" => &mut authentication.dmarc,
            _ => continue,
        };
        authentication.aligned |= result_of(result) == AuthenticationResult::Pass
            && words.filter_map(vouching_domain).any(|domain| is_aligned(domain, author));
        // One good DKIM signature is enough; others may be of forwarders. RFC 6376 §6.1.
        if *slot != AuthenticationResult::Pass {
            *slot = result_of(result);
        }
    }
    authentication
}

/// The domain for which a passed statement speaks, out of one of its properties.
fn vouching_domain(property: &str) -> Option<&str> {
    let (name, value) = property.split_once('=')?;
    let value = value.trim_matches('"');
    match name.to_ascii_lowercase().as_str() {
        "header.d" => Some(value),
        "header.i" | "smtp.mailfrom" => Some(domain_of(value)),
        _ => None,
    }
}

/// Whether what speaks for one domain speaks for the author's: it is the same, or above it. (Who
/// has a subdomain is not to speak for what stands above it: `evil.host.example` may be a
/// stranger's.)
pub(crate) fn is_aligned(vouching: &str, author: &str) -> bool {
    let vouching = vouching.trim_end_matches('.').to_lowercase();
    let author = author.trim_end_matches('.').to_lowercase();
    let above = || author.strip_suffix(&vouching).is_some_and(|rest| rest.ends_with('.'));
    vouching.contains('.') && (vouching == author || above())
}

/// What stands after the `@`; the whole when there is none (`smtp.mailfrom=example.ua`).
fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
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
    fn a_pass_counts_for_the_author_when_it_speaks_for_his_domain() {
        let aligned = |statements: &str| {
            let raw = format!(
                "Authentication-Results: mx.bank.example; {statements}\r\n\
                 From: Olena <olena@mail.Shop.example>\r\n\r\n"
            );
            results(&crate::mime::read(raw.as_bytes()), &policy()).aligned
        };
        assert!(aligned("dkim=pass header.d=shop.example; dmarc=none"));
        assert!(aligned(
            "dkim=fail header.d=x.example; spf=pass smtp.mailfrom=a@mail.shop.example"
        ));
        assert!(aligned("dkim=pass header.i=@mail.shop.example header.s=k1"));
        assert!(!aligned("dkim=fail header.d=shop.example"));
        assert!(!aligned("dkim=pass header.d=lists.example; spf=pass smtp.mailfrom=lists.example"));
        assert!(!aligned("dkim=pass header.d=evil.mail.shop.example"));
        assert!(!aligned("dkim=pass header.d=hop.example"));
        assert!(!aligned("dkim=pass header.d=example"));
    }

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
