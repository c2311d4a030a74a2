//! What makes a sender look like somebody else. Warnings for a person, no verdicts.

use channel_contract::Defect;

use super::{Policy, defect};
use crate::mime::Mail;

pub(super) fn warnings(mail: &Mail<'_>, policy: &Policy) -> Vec<Defect> {
    let mut warnings = Vec::new();
    let Some(from) = &mail.from else { return warnings };
    let from_domain = domain_of(&from.address);
    if mail.from_count > 1 {
        warnings.push(defect("several_senders", "From names several addresses."));
    }
    if let Some(elsewhere) =
        mail.reply_to.iter().find(|reply| domain_of(&reply.address) != from_domain)
    {
        let detail = format!(
            "Answers would go to {}, which is not where it claims to come from ({}).",
            elsewhere.address, from.address
        );
        warnings.push(defect("reply_to_elsewhere", detail));
    }
    if let Some(shown) = address_in(&from.name)
        && !shown.eq_ignore_ascii_case(&from.address)
    {
        let detail = format!("The name shows {shown}; the address is {}.", from.address);
        warnings.push(defect("name_holds_address", detail));
    }
    if let Some(own) = policy.own_domains().find(|own| looks_like(&from_domain, own)) {
        let detail = format!("The domain {from_domain} looks like {own} but is another.");
        warnings.push(defect("domain_looks_like_ours", detail));
    }
    warnings
}

fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_lowercase())
}

/// An e-mail address within a display name.
fn address_in(name: &str) -> Option<&str> {
    name.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ','))
        .find(|word| {
            word.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && !domain.ends_with('.')
            })
        })
}

/// Whether two different domains are easily mistaken for each other: the same after characters
/// that look alike are made equal, or one character apart.
fn looks_like(domain: &str, own: &str) -> bool {
    /// Shorter names are one character apart from half the world.
    const MIN_CHARS: usize = 6;
    if domain == own || domain.ends_with(&format!(".{own}")) || domain.is_empty() {
        return false;
    }
    let (one, two) = (skeleton(domain), skeleton(own));
    one == two || (two.len() >= MIN_CHARS && one_edit_apart(one.as_bytes(), two.as_bytes()))
}

/// The domain with look-alike characters replaced by one of their kind.
fn skeleton(domain: &str) -> String {
    let mut plain = String::with_capacity(domain.len());
    for character in domain.chars().take(253) {
        plain.push(match character {
            '0' | 'о' => 'o',
            '1' | 'і' | 'l' | '|' => 'i',
            'а' => 'a',
            'е' => 'e',
            'р' => 'p',
            'с' => 'c',
            'х' => 'x',
            'у' => 'y',
            'к' => 'k',
            'м' => 'm',
            'т' => 't',
            'в' => 'b',
            other => other,
        });
    }
    plain.replace("rn", "m").replace("vv", "w")
}

fn one_edit_apart(one: &[u8], two: &[u8]) -> bool {
    let (short, long) = if one.len() <= two.len() { (one, two) } else { (two, one) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let rest = if short.len() == long.len() { (same + 1).min(short.len()) } else { same };
    short.get(rest..) == long.get(same + 1..)
}

#[cfg(test)]
mod tests {
    use super::super::testing::policy;
    use super::*;

    fn codes(headers: &str) -> Vec<String> {
        let raw = format!("{headers}\r\n\r\nx\r\n");
        let mail = crate::mime::read(raw.as_bytes());
        warnings(&mail, &policy()).into_iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn senders_who_look_like_others() {
        assert_eq!(
            codes("From: a@shop.example\r\nReply-To: b@evil.example"),
            ["reply_to_elsewhere"]
        );
        assert_eq!(codes("From: a@shop.example\r\nReply-To: b@SHOP.example"), [""; 0]);
        assert_eq!(codes("From: \"info@bank.example\" <a@evil.example>"), ["name_holds_address"]);
        assert_eq!(codes("From: a@b.example, c@d.example"), ["several_senders"]);
        for domain in ["bаnk.example", "bamk.example", "bank.exarnple", "bannk.example"] {
            assert_eq!(codes(&format!("From: a@{domain}")), ["domain_looks_like_ours"], "{domain}");
        }
        for domain in ["bank.example", "mail.bank.example", "shop.example"] {
            assert_eq!(codes(&format!("From: a@{domain}")), [""; 0], "{domain}");
        }
    }
}
