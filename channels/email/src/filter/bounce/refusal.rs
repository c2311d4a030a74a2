//! What a mail server means when it refuses: codes first, words when there are none.

/// Words of refusals in lower case and the status that they stand for (RFC 3463), the surest first.
const MEANINGS: [(&str, &[&str]); 9] = [
    (
        "5.2.2",
        &[
            "mailbox full",
            "mailbox is full",
            "quota",
            "over its storage",
            "insufficient storage",
            "exceeded storage",
            "out of storage",
            "переполнен",
            "переповнен",
            "ящик заполнен",
            "voll",
            "boîte pleine",
            "przepełnion",
        ],
    ),
    (
        "5.2.1",
        &[
            "disabled",
            "inactive",
            "suspended",
            "deactivated",
            "account is locked",
            "not active",
            "заблокирован",
            "заблокован",
            "отключен",
            "неактивн",
            "deaktiviert",
        ],
    ),
    (
        "5.1.2",
        &[
            "host unknown",
            "unknown host",
            "domain not found",
            "no such domain",
            "unrouteable",
            "unroutable",
            "couldn't find any host",
            "could not find any host",
            "name service error",
            "host not found",
            "domain does not exist",
            "invalid domain",
            "no mx",
            "bad destination",
            "домен не найден",
            "домен не існує",
            "host or domain name not found",
        ],
    ),
    (
        "5.1.1",
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "user not found",
            "does not exist",
            "doesn't exist",
            "address not found",
            "not found",
            "no mailbox",
            "mailbox unavailable",
            "mailbox not found",
            "unknown recipient",
            "recipient unknown",
            "recipient not found",
            "invalid recipient",
            "invalid mailbox",
            "no such recipient",
            "recipient address rejected",
            "does not like recipient",
            "unknown address",
            "no such address",
            "not a valid",
            "account has been deleted",
            "address couldn't be found",
            "не найден",
            "не существует",
            "нет такого",
            "не знайдено",
            "не існує",
            "немає такого",
            "unbekannt",
            "existiert nicht",
            "n'existe pas",
            "nie istnieje",
            "inconnu",
        ],
    ),
    (
        "5.3.4",
        &["too large", "too big", "size limit", "message size", "слишком большо", "завеликий"],
    ),
    ("5.4.6", &["too many hops", "mail loop", "loops back to", "hop count"]),
    (
        "5.7.1",
        &[
            "spam",
            "blocked",
            "blacklist",
            "blocklist",
            "policy",
            "not authorized",
            "access denied",
            "relay",
            "prohibited",
            "reputation",
            "dmarc",
            "спам",
            "отклонено",
            "відхилено",
        ],
    ),
    (
        "4.4.7",
        &[
            "retry timeout exceeded",
            "retry time not reached",
            "could not be delivered for",
            "queue too long",
            "expired",
        ],
    ),
    (
        "4.4.1",
        &[
            "timed out",
            "timeout",
            "connection refused",
            "no answer",
            "unable to connect",
            "temporarily",
            "try again later",
            "greylist",
            "unreachable",
        ],
    ),
];

/// Words that say that the other side goes on trying.
const DELAYS: [&str; 16] = [
    "delayed",
    "will be retried",
    "will keep trying",
    "still trying",
    "not yet been delivered",
    "has not yet been",
    "will continue to try",
    "no action is required",
    "warning message only",
    "do not need to resend",
    "delivery incomplete",
    "повторн",
    "отложен",
    "затриман",
    "verzögert",
    "opóźnion",
];

/// The status that a refusal names or means; empty when nothing can be told.
pub(super) fn status_of(text: &str) -> String {
    enhanced_status(text).or_else(|| meaning(text).map(str::to_owned)).unwrap_or_default()
}

/// Whether a text refuses at all.
pub(super) fn refuses(text: &str) -> bool {
    reply_code(text).is_some() || enhanced_status(text).is_some() || meaning(text).is_some()
}

/// Whether a text speaks of a delay.
pub(super) fn delays(text: &str) -> bool {
    let lower = text.to_lowercase();
    DELAYS.iter().any(|word| lower.contains(word))
}

fn meaning(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    MEANINGS
        .iter()
        .find(|(_, words)| words.iter().any(|word| lower.contains(word)))
        .map(|(status, _)| *status)
}

/// A three-digit SMTP reply that says no, as a word of its own. RFC 5321 §4.2.1.
pub(super) fn reply_code(text: &str) -> Option<u16> {
    text.split(|c: char| !c.is_alphanumeric() && c != '.')
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.len() == 3)
        .find_map(|word| word.parse().ok().filter(|code| (400..600).contains(code)))
}

/// `5.1.1` as a word of its own. RFC 3463 §2.
pub(super) fn enhanced_status(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '.').find_map(|word| {
        let word = word.trim_matches('.');
        let mut numbers = word.split('.');
        let class = numbers.next()?;
        let (subject, detail) = (numbers.next()?, numbers.next()?);
        let short =
            |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let right = matches!(class, "4" | "5")
            && short(subject)
            && short(detail)
            && numbers.next().is_none();
        right.then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_before_words() {
        for (text, status, code) in [
            ("550 5.1.1 <a@b.example>: mailbox full", "5.1.1", Some(550)),
            ("550-5.7.26 unauthenticated", "5.7.26", Some(550)),
            ("Sorry, no mailbox here by that name. (#5.1.1)", "5.1.1", None),
            ("552 Mailbox full", "5.2.2", Some(552)),
            ("SMTP error from remote mail server: 550 No such user", "5.1.1", Some(550)),
            ("Unrouteable address", "5.1.2", None),
            ("Пользователь не найден", "5.1.1", None),
            ("поштова скринька переповнена", "5.2.2", None),
            ("retry timeout exceeded", "4.4.7", None),
            ("host 10.0.0.1 said hello on 12.5.2026", "", None),
            ("Bank, 550m from here", "", None),
        ] {
            assert_eq!((status_of(text).as_str(), reply_code(text)), (status, code), "{text}");
        }
    }
}
