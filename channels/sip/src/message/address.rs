//! Name and address: `"Olena" <sip:olena@example.com>;tag=1`. RFC 3261 §20.10.

use serde::Serialize;

use super::parameters::Parameters;
use super::scan::{self, FieldError};
use super::uri::Uri;

/// One address of `From`, `To`, `Contact`, `Route`, …
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameAddr {
    /// The name to be shown; empty when there is none. Free of control characters.
    pub display_name: String,
    /// The address.
    pub uri: Uri,
    /// What stands behind it: `tag`, `expires`, `q`.
    pub parameters: Parameters,
}

impl NameAddr {
    /// An address alone.
    pub fn new(uri: impl Into<Uri>) -> Self {
        Self { display_name: String::new(), uri: uri.into(), parameters: Parameters::default() }
    }

    /// Takes one address, with or without brackets. Without brackets what follows a semicolon
    /// belongs to the header, and a URI with a comma, question mark or semicolon is wrong.
    /// RFC 3261 §20.10.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = scan::trim(text);
        if let Some((name, rest)) = scan::quoted(text)? {
            let uri = scan::trim(rest)
                .strip_prefix('<')
                .ok_or(FieldError("no address in brackets follows the name"))?;
            return Self::bracketed(&name, uri);
        }
        if let Some(open) = scan::find_bracket(text) {
            let name = scan::trim(&text[..open]);
            // Strictly tokens and spaces. Raw UTF-8 is often sent and hurts nobody; these marks
            // would mean that the name is cut out of something else.
            if name.contains([',', ';', ':', '"', '@', '>']) {
                return Err(FieldError("a name with such characters stands in quotes"));
            }
            return Self::bracketed(name, &text[open + 1..]);
        }
        let (uri, rest) = scan::cut(text, b';')?;
        if uri.contains([',', '?']) {
            return Err(FieldError("a URI with a comma or question mark stands in brackets"));
        }
        let parameters = Parameters::parse_rest(rest)?;
        Ok(Self { display_name: String::new(), uri: Uri::parse(uri)?, parameters })
    }

    fn bracketed(name: &str, after: &str) -> Result<Self, FieldError> {
        let (uri, rest) =
            after.split_once('>').ok_or(FieldError("an angle bracket is not closed"))?;
        let rest = scan::trim(rest);
        let parameters = match rest.strip_prefix(';') {
            Some(parameters) => Parameters::parse(parameters)?,
            None if rest.is_empty() => Parameters::default(),
            None => return Err(FieldError("something stands behind the address")),
        };
        let display_name = name.chars().filter(|character| !character.is_control()).collect();
        Ok(Self { display_name, uri: Uri::parse(uri)?, parameters })
    }

    /// Takes a comma list.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FieldError> {
        scan::list(text)?.into_iter().map(Self::parse).collect()
    }

    /// The tag that makes it an end of a dialog.
    pub fn tag(&self) -> Option<&str> {
        self.parameters.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The same with a tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.parameters.set("tag", Some(tag));
        self
    }
}

/// Always with brackets, so that the URI's parameters stay its own.
impl std::fmt::Display for NameAddr {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        if !self.display_name.is_empty() {
            scan::write_quoted(&mut out, &self.display_name);
            out.push(' ');
        }
        out.push('<');
        out.push_str(&self.uri.to_string());
        out.push('>');
        self.parameters.write(&mut out);
        formatter.write_str(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_form() {
        for (text, written) in [
            ("sip:a@b;tag=1", "<sip:a@b>;tag=1"),
            ("caller<sip:a@b;x=1>;tag=1", "\"caller\" <sip:a@b;x=1>;tag=1"),
            ("\"a, <b> \\\"c\\\"\"  <sip:a@b> ; tag = 1", "\"a, <b> \\\"c\\\"\" <sip:a@b>;tag=1"),
            ("Олена Коваль <tel:+4312>", "\"Олена Коваль\" <tel:+4312>"),
            ("<sip:a,b@c?x=y>", "<sip:a,b@c?x=y>"),
            ("\"\" <urn:service:sos>", "<urn:service:sos>"),
            ("sip:a@b;+sip.instance=\"<urn:x:1>\"", "<sip:a@b>;+sip.instance=\"<urn:x:1>\""),
        ] {
            let read = NameAddr::parse(text).expect(text);
            assert_eq!(read.to_string(), written);
            assert_eq!(NameAddr::parse(written).expect(written), read);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "<>",
            "<sip:a@b",
            "sip:a@b>",
            "\"a <sip:a@b>",
            "\"a\" sip:a@b",
            "<sip:a@b> x",
            "Bell, Alexander <sip:a@b>",
            "sip:a@b?Route=x",
            "<sip:a@b>;;",
            "<<sip:a@b>>",
            "\"a\" < sip:a@b >",
        ] {
            assert!(NameAddr::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn lists_are_cut_outside_of_quotes_and_brackets() {
        let list = NameAddr::parse_list("\"x,y\" <sip:a@b>;q=0.5, sip:c@d").expect("a list");
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].parameters.get("q"), Some("0.5"));
        assert!(NameAddr::parse_list("<sip:a@b>,").is_err());
    }
}
