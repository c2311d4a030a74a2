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

/// Whether a domain is easily mistaken for one of ours, which it is not: the same after characters
/// that look alike are made equal, a slip of one key apart, ours as its beginning
/// (`bank.example.evil.example`), or the same name elsewhere (`bank.example` and `bank.test`).
fn looks_like(domain: &str, own: &str) -> bool {
    /// Shorter names are one character apart from half the world.
    const MIN_CHARS: usize = 6;
    /// Shorter names mean something else in another country.
    const MIN_NAME_CHARS: usize = 4;
    if domain == own || domain.ends_with(&format!(".{own}")) || domain.is_empty() {
        return false;
    }
    let readable = idna::domain_to_unicode(domain).0;
    if readable.starts_with(&format!("{own}.")) || readable.starts_with(&format!("{own}-")) {
        return true;
    }
    // Of `mail.shop.example` the last two labels are compared with `bank.example`.
    let labels = own.split('.').count();
    let mut tail: Vec<&str> = readable.rsplit('.').take(labels).collect();
    tail.reverse();
    let (one, two) = (skeleton(&tail.join(".")), skeleton(own));
    let (name, own_name) = (tail.first().copied(), own.split('.').next());
    let elsewhere = tail.len() == labels
        && name.zip(own_name).is_some_and(|(name, own)| {
            own.chars().count() >= MIN_NAME_CHARS && skeleton(name) == skeleton(own)
        });
    one == two || elsewhere || (two.len() >= MIN_CHARS && one_slip_apart(&one, &two))
}

/// The domain with look-alike characters replaced by one of their kind.
fn skeleton(domain: &str) -> String {
    let mut plain = String::with_capacity(domain.len());
    for character in domain.chars().take(253).flat_map(char::to_lowercase) {
        plain.push(match character {
            '0' | 'о' | 'ο' | 'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ō' | 'ọ' | 'ơ' => {
                'o'
            }
            '1' | 'і' | 'l' | '|' | 'ї' | 'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ι' | 'ł' | 'ӏ' => {
                'i'
            }
            'а' | 'α' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' | 'ā' | 'ɑ' | 'ạ' => {
                'a'
            }
            'е' | 'є' | 'ε' | 'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ē' | 'ё' | 'ẹ' => 'e',
            'р' | 'ρ' | 'þ' => 'p',
            'с' | 'ç' | 'ć' | 'č' | 'ϲ' => 'c',
            'х' | 'χ' => 'x',
            'у' | 'γ' | 'ý' | 'ÿ' | 'ү' => 'y',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'т' | 'τ' => 't',
            'в' | 'ь' | 'ß' | 'β' => 'b',
            'н' | 'һ' => 'h',
            'п' | 'ñ' | 'ń' | 'ո' => 'n',
            'ѕ' | 'ś' | 'š' | '5' => 's',
            'ј' => 'j',
            'ԁ' | 'đ' | 'ď' => 'd',
            'ԛ' => 'q',
            'ѡ' | 'ω' => 'w',
            'ź' | 'ż' | 'ž' => 'z',
            'ü' | 'ú' | 'ù' | 'û' | 'ū' | 'υ' => 'u',
            'ɡ' | 'ğ' => 'g',
            other => other,
        });
    }
    plain.replace("rn", "m").replace("vv", "w")
}

/// One character more, less or other, or two neighbours exchanged.
fn one_slip_apart(one: &str, two: &str) -> bool {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let (short, long) = if one.len() <= two.len() { (&one, &two) } else { (&two, &one) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    if short.len() == long.len() {
        let exchanged = short.get(same) == long.get(same + 1)
            && short.get(same + 1) == long.get(same)
            && short.get(same + 2..) == long.get(same + 2..);
        return exchanged || short.get(same + 1..) == long.get(same + 1..);
    }
    short.get(same..) == long.get(same + 1..)
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
        for domain in [
            "bаnk.example",
            "bamk.example",
            "bnak.example",
            "bank.exarnple",
            "bannk.example",
            "mail.bаnk.example",
            "xn--bnk-6cd.example",
            "bank.example.evil.test",
            "bank.test",
        ] {
            assert_eq!(codes(&format!("From: a@{domain}")), ["domain_looks_like_ours"], "{domain}");
        }
        for domain in [
            "bank.example",
            "mail.bank.example",
            "bank-online.example",
            "shop.example",
            "riverbank.example",
            "example",
            "bank",
        ] {
            assert_eq!(codes(&format!("From: a@{domain}")), [""; 0], "{domain}");
        }
    }
}
