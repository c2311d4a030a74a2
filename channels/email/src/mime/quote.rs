//! What the writer wrote: the text without the quoted mail under it and without the signature.
//!
//! 1. The first paragraph is never lost: when nothing else would remain, the whole text is the
//!    answer (a forwarded mail, a one-line "> ok").
//! 2. Answers between quotations stay; only the quoted lines go.
//! 3. Forwarded mail is content and stays.
//!
//! Shapes known: attribution lines (`… пише:`, `… wrote:`) in Ukrainian, Russian, English, German,
//! Polish and French; Outlook's header blocks and separators; `>` quotations; `-- ` (RFC 3676
//! §4.3), closing phrases and the lines that telephones add. Linear in the size of the text.

/// How an attribution line ends, before the colon.
const WROTE_ENDINGS: [&str; 17] = [
    "wrote",
    "writes",
    "пише",
    "написав",
    "написала",
    "написав(ла)",
    "написав(-ла)",
    "пишет",
    "написал",
    "написала",
    "написал(а)",
    "schrieb",
    "a écrit",
    "écrit",
    "pisze",
    "napisał",
    "napisał(a)",
];

/// An attribution that has the verb in the middle: `Am 1.2.2026 um 10:00 schrieb Max <max@…>:`.
const WROTE_INSIDE: [&str; 6] =
    [" schrieb ", " пише ", " пишет ", " написав ", " napisał", " a écrit "];

/// Separators under which a quoted mail begins (without dashes, underscores and spaces).
const SEPARATORS: [&str; 9] = [
    "original message",
    "оригінальне повідомлення",
    "початкове повідомлення",
    "вихідне повідомлення",
    "исходное сообщение",
    "ursprüngliche nachricht",
    "message d'origine",
    "oryginalna wiadomość",
    "wiadomość oryginalna",
];

/// First field of a quoted header block.
const FROM_FIELDS: [&str; 6] = ["from:", "від:", "от:", "von:", "de:", "od:"];

/// Fields of which two more must follow.
const OTHER_FIELDS: [&str; 27] = [
    "sent:",
    "date:",
    "to:",
    "cc:",
    "subject:",
    "надіслано:",
    "відправлено:",
    "дата:",
    "кому:",
    "копія:",
    "тема:",
    "отправлено:",
    "копия:",
    "gesendet:",
    "datum:",
    "an:",
    "betreff:",
    "envoyé:",
    "à:",
    "objet:",
    "wysłano:",
    "wysłane:",
    "do:",
    "dw:",
    "temat:",
    "data:",
    "reply-to:",
];

/// Phrases that begin a signature, at the start of a short line.
const CLOSINGS: [&str; 22] = [
    "з повагою",
    "із повагою",
    "з найкращими побажаннями",
    "щиро ваш",
    "с уважением",
    "с наилучшими пожеланиями",
    "best regards",
    "kind regards",
    "warm regards",
    "regards,",
    "sincerely",
    "yours sincerely",
    "yours faithfully",
    "best wishes",
    "mit freundlichen grüßen",
    "mit freundlichem gruß",
    "viele grüße",
    "cordialement",
    "bien à vous",
    "z poważaniem",
    "pozdrawiam",
    "sincères salutations",
];

/// Lines that devices and programs add under a mail.
const DEVICE_LINES: [&str; 16] = [
    "sent from my ",
    "sent from mail",
    "sent from outlook",
    "get outlook for ",
    "надіслано з ",
    "надіслано із ",
    "відправлено з ",
    "отправлено с ",
    "отправлено из ",
    "von meinem ",
    "gesendet von ",
    "envoyé de ",
    "envoyé depuis ",
    "wysłane z ",
    "wysłano z ",
    "отримати outlook",
];

/// A closing phrase with a name on its line is no longer than this, in bytes.
const MAX_CLOSING_LINE_BYTES: usize = 120;
/// Lines of a signature at most; more is text.
const MAX_SIGNATURE_LINES: usize = 15;
/// An attribution is no longer than this, in bytes, on at most three lines.
const MAX_ATTRIBUTION_BYTES: usize = 500;

/// The text without quotation and signature; the whole text when nothing would remain.
pub(super) fn reply_text(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').collect();
    let kept = without_quotation(&lines);
    let kept = without_signature(&kept);
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in kept {
        if line.trim().is_empty() {
            blank += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        blank = 0;
        out.push_str(line.trim_end());
    }
    if out.is_empty() { text.trim().to_owned() } else { out }
}

/// The lines that are not quoted.
fn without_quotation<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    let mut at = 0;
    let mut something = false;
    while at < lines.len() {
        let line = lines[at].trim();
        if line.starts_with('>') {
            at += 1;
            continue;
        }
        if let Some(length) = attribution(lines, at) {
            let next = lines[at + length..].iter().find(|line| !line.trim().is_empty());
            if next.is_some_and(|line| line.trim_start().starts_with('>')) {
                // The quotation is marked line by line: answers may follow it.
                at += length;
                continue;
            }
            if something {
                break;
            }
        } else if something && (is_separator(line) || is_header_block(lines, at)) {
            break;
        }
        something |= !line.is_empty();
        kept.push(lines[at]);
        at += 1;
    }
    // The rule of dashes or underscores over an Outlook quotation belongs to it.
    while at < lines.len() && kept.last().is_some_and(|line| is_rule_or_blank(line)) {
        kept.pop();
    }
    if kept.iter().all(|line| line.trim().is_empty()) { lines.to_vec() } else { kept }
}

/// How many lines an attribution that starts at `at` takes (it may be wrapped).
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    let first = lines[at].trim();
    if first.is_empty() || first.len() > MAX_ATTRIBUTION_BYTES || !may_be_attribution(first) {
        return None;
    }
    let mut joined = String::new();
    for length in 1..=3 {
        let line = lines.get(at + length - 1)?.trim();
        if line.is_empty() || line.starts_with('>') {
            return None;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(line);
        if joined.len() > MAX_ATTRIBUTION_BYTES {
            return None;
        }
        if line.ends_with(':') {
            return is_attribution(&joined).then_some(length);
        }
    }
    None
}

/// A quick look that spares most lines the long one: an attribution names a time or an address.
fn may_be_attribution(line: &str) -> bool {
    line.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@' || byte == b'<')
}

fn is_attribution(text: &str) -> bool {
    let lower = text.trim_end_matches(':').trim_end().to_lowercase();
    let says = WROTE_ENDINGS.iter().any(|ending| {
        lower.strip_suffix(ending).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    }) || WROTE_INSIDE.iter().any(|verb| lower.contains(verb));
    let digits = lower.bytes().filter(u8::is_ascii_digit).count();
    // mail.ru, Yandex and ukr.net leave the verb out: `23.11.2026, 10:00, \"Bank\" <info@…>:`.
    let dated_address = lower.ends_with('>') && lower.contains('@') && digits >= 8;
    dated_address || says && (lower.contains('@') || digits >= 3)
}

fn is_separator(line: &str) -> bool {
    if !line.starts_with(['-', '_']) {
        return false;
    }
    let inner = line.trim_matches(|c: char| c == '-' || c == '_' || c.is_whitespace());
    if inner.is_empty() || inner.len() > 60 {
        return false;
    }
    let inner = inner.to_lowercase();
    SEPARATORS.iter().any(|separator| inner == *separator)
}

/// `Від: … / Надіслано: … / Кому: … / Тема: …`, as Outlook writes it, also in bold (`*От:*`).
fn is_header_block(lines: &[&str], at: usize) -> bool {
    /// Lines in which the other fields must stand; long recipient lists wrap.
    const WINDOW: usize = 8;
    if !starts_with_field(lines[at], &FROM_FIELDS) {
        return false;
    }
    let others = lines[at + 1..]
        .iter()
        .take(WINDOW)
        .filter(|line| starts_with_field(line, &OTHER_FIELDS))
        .count();
    others >= 2
}

fn starts_with_field(line: &str, fields: &[&str]) -> bool {
    let line = line.trim_start_matches(['*', ' ', '\t', '\u{a0}']);
    let Some(colon) = line.find(':').filter(|colon| *colon <= 32) else { return false };
    let mut name = line[..colon].trim_end_matches(['*', ' ', '\u{a0}']).to_lowercase();
    name.push(':');
    fields.contains(&name.as_str())
}

fn is_rule_or_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || (line.len() >= 5 && line.bytes().all(|b| matches!(b, b'-' | b'_')))
}

/// The lines before the signature.
fn without_signature<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let end = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    let mut lines = &lines[..end];
    let Some(first) = lines.iter().position(|line| !line.trim().is_empty()) else { return lines };
    // Nothing of the first paragraph is taken for a signature.
    let body = lines[first..]
        .iter()
        .position(|line| line.trim().is_empty() || is_delimiter(line))
        .map_or(lines.len(), |length| first + length);
    if let Some(delimiter) = lines[body..].iter().rposition(|line| is_delimiter(line))
        && lines.len() - (body + delimiter) <= MAX_SIGNATURE_LINES + 1
    {
        lines = &lines[..body + delimiter];
    }
    let window = body.max(lines.len().saturating_sub(MAX_SIGNATURE_LINES));
    let tail = lines.get(window..).unwrap_or_default();
    if let Some(start) = tail.iter().position(|line| is_closing(line) || is_device_line(line)) {
        lines = &lines[..window + start];
    }
    lines
}

/// `-- ` on a line of its own; many programs drop the space. RFC 3676 §4.3.
fn is_delimiter(line: &str) -> bool {
    matches!(line.trim_end_matches('\r'), "-- " | "--" | "—")
}

fn is_closing(line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() || line.len() > MAX_CLOSING_LINE_BYTES {
        return false;
    }
    let lower = line.to_lowercase();
    CLOSINGS.iter().any(|closing| {
        lower.strip_prefix(closing).is_some_and(|rest| {
            // After the phrase: nothing, punctuation or a name, but not the rest of a sentence.
            rest.is_empty()
                || rest.starts_with([',', '.', '!', '\u{a0}', '-', '–'])
                || closing.ends_with(',')
                || (rest.starts_with(' ') && rest.split_whitespace().count() <= 3)
        })
    })
}

fn is_device_line(line: &str) -> bool {
    let line = line.trim().trim_matches('*');
    if line.is_empty() || line.len() > MAX_CLOSING_LINE_BYTES {
        return false;
    }
    let lower = line.to_lowercase();
    DEVICE_LINES.iter().any(|device| lower.starts_with(device))
        && lower.split_whitespace().count() <= 9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(reply_text(text), expected);
    }

    #[test]
    fn attributions_in_six_languages() {
        for attribution in [
            "пн, 2 лист. 2026 р. о 10:00 Bank <info@bank.example> пише:",
            "Понедельник, 2 ноября 2026, 10:00 +03:00 от Bank <info@bank.example>:",
            "2 листопада 2026, 10:00:00, від \"Bank\" <info@bank.example>:",
            "2 лист. 2026 р. о 10:00 Bank <info@bank.example>\nпише:",
            "02.11.2026 10:00, Bank пишет:",
            "On Mon, Nov 2, 2026 at 10:00 AM Bank <info@bank.example> wrote:",
            "On Mon, Nov 2, 2026 at 10:00 AM A Bank With A Long Name\n<info@bank.example> wrote:",
            "Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Bank <info@bank.example>:",
            "Le lun. 2 nov. 2026 à 10:00, Bank <info@bank.example> a écrit :",
            "pon., 2 lis 2026 o 10:00 Bank <info@bank.example> napisał(a):",
            "W dniu 2.11.2026 o 10:00, Bank pisze:",
        ] {
            check(
                &format!("Так, дякую.\n\n{attribution}\n\n> Чи підходить?\n> Bank\n"),
                "Так, дякую.",
            );
            check(&format!("Так, дякую.\n\n{attribution}\nЧи підходить?\n"), "Так, дякую.");
        }
    }

    #[test]
    fn outlook_blocks_and_separators() {
        for block in [
            "________________________________\nВід: Bank <info@bank.example>\nНадіслано: \
             2 листопада 2026 р. 10:00\nКому: Olena\nТема: Картка\n\nЧи підходить?",
            "From: Bank\nSent: Monday\nTo: Olena\nSubject: Card\n\nDoes it?",
            "*From:* Bank\n*Sent:* Monday\n*To:* Olena\n*Subject:* Card\n\nDoes it?",
            "-----Original Message-----\nFrom: Bank\n\nDoes it?",
            "-----Исходное сообщение-----\nОт: Bank\n\nПодходит?",
            "Von: Bank\nGesendet: Montag\nAn: Olena\nBetreff: Karte\n\nPasst es?",
            "De : Bank\nEnvoyé : lundi\nÀ : Olena\nObjet : Carte\n\nÇa va ?",
            "Od: Bank\nWysłano: poniedziałek\nDo: Olena\nTemat: Karta\n\nPasuje?",
        ] {
            check(&format!("Підходить.\n\n{block}"), "Підходить.");
        }
    }

    #[test]
    fn answers_between_quotations_stay() {
        check(
            "On 2026-11-02 10:00, info@bank.example wrote:\n> Which day?\nMonday.\n> Which hour?\nTen.",
            "Monday.\nTen.",
        );
    }

    #[test]
    fn the_first_paragraph_is_never_lost() {
        check("> only quoted\n> lines", "> only quoted\n> lines");
        check(
            "From: a\nSent: b\nTo: c\nSubject: d\n\nforwarded",
            "From: a\nSent: b\nTo: c\nSubject: d\n\nforwarded",
        );
        check("З повагою,\nОлена", "З повагою,\nОлена");
        check("-- \nsignature only", "-- \nsignature only");
        check("Он 3 раза пишет: да\nи ещё", "Он 3 раза пишет: да\nи ещё");
        check("", "");
    }

    #[test]
    fn signatures_go() {
        check("Прошу виписку.\n\nЗ повагою,\nОлена Коваль\n+380 44 123 45 67", "Прошу виписку.");
        check("Please send it.\n\n-- \nOlena Koval\nExample Ltd", "Please send it.");
        check("Добре\n\nНадіслано з iPhone", "Добре");
        check("OK\n\nGet Outlook for iOS", "OK");
        check("Bitte.\n\nMit freundlichen Grüßen\nMax", "Bitte.");
        check(
            "Привіт\n\nЗ повагою ставлюся до вашої роботи і хочу спитати про кредит.\n\nДякую",
            "Привіт\n\nЗ повагою ставлюся до вашої роботи і хочу спитати про кредит.\n\nДякую",
        );
    }

    #[test]
    fn forwarded_mail_stays() {
        let text = "Дивіться.\n\n---------- Forwarded message ---------\nТекст";
        check(text, text);
    }
}
