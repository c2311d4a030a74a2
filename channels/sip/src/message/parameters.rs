//! Parameters behind a semicolon: `;lr;branch=z9hG4bK77;expires=60`. RFC 3261 §7.3.1.

use serde::{Serialize, Serializer};

use super::scan::{self, FieldError};

/// Parameters of one URI or header value; more are nobody's.
const MAX_PARAMETERS: usize = 64;

/// Parameters in order. Names compare without case; a value in quotes is kept without them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Parameter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    value: Option<String>,
    is_quoted: bool,
}

impl Parameters {
    /// Takes what stands behind the first semicolon. An empty parameter (`;;`) is wrong.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let pieces = scan::split(text, b';')?;
        if pieces.len() > MAX_PARAMETERS {
            return Err(FieldError("too many parameters"));
        }
        pieces.into_iter().map(Parameter::parse).collect::<Result<_, _>>().map(Self)
    }

    /// As [`Self::parse`] for what stood behind a semicolon, if there was one.
    pub(crate) fn parse_rest(rest: Option<&str>) -> Result<Self, FieldError> {
        rest.map_or_else(|| Ok(Self::default()), Self::parse)
    }

    /// The value; `Some("")` for a parameter without one, `None` when there is no such parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name));
        found.map(|parameter| parameter.value.as_deref().unwrap_or_default())
    }

    /// Whether there is such a parameter.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a parameter that is a token; without a value if `None`.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.set_as(name, value, false);
    }

    /// Sets a parameter whose value is a quoted string.
    pub fn set_quoted(&mut self, name: &str, value: &str) {
        self.set_as(name, Some(value), true);
    }

    fn set_as(&mut self, name: &str, value: Option<&str>, is_quoted: bool) {
        let value = value.map(str::to_owned);
        let known = self.0.iter_mut().find(|known| known.name.eq_ignore_ascii_case(name));
        match known {
            Some(known) => (known.value, known.is_quoted) = (value, is_quoted),
            None => self.0.push(Parameter { name: name.to_owned(), value, is_quoted }),
        }
    }

    /// Removes a parameter.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|parameter| !parameter.name.eq_ignore_ascii_case(name));
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|parameter| (parameter.name.as_str(), parameter.value.as_deref()))
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes them, each behind its semicolon.
    pub(crate) fn write(&self, out: &mut String) {
        for parameter in &self.0 {
            out.push(';');
            out.push_str(&parameter.name);
            let Some(value) = &parameter.value else { continue };
            out.push('=');
            if parameter.is_quoted {
                scan::write_quoted(out, value);
            } else {
                out.push_str(value);
            }
        }
    }
}

impl Parameter {
    fn parse(piece: &str) -> Result<Self, FieldError> {
        let (name, value) = scan::cut(piece, b'=')?;
        // URI parameters may have escapes and brackets in their names; white space none of them.
        if name.is_empty() || name.contains([' ', '\t', '"', '<', '>', ',', '@']) {
            return Err(FieldError("a parameter has no name"));
        }
        let Some(value) = value else {
            return Ok(Self { name: name.to_owned(), value: None, is_quoted: false });
        };
        if let Some((content, rest)) = scan::quoted(value)? {
            if !rest.is_empty() {
                return Err(FieldError("something stands behind a quoted parameter"));
            }
            return Ok(Self { name: name.to_owned(), value: Some(content), is_quoted: true });
        }
        if value.is_empty() {
            // `;rport=` is seen, and means `;rport`.
            return Ok(Self { name: name.to_owned(), value: None, is_quoted: false });
        }
        if value.contains([' ', '\t', '"', '<', '>', ',']) {
            return Err(FieldError("a parameter's value is neither a token nor quoted"));
        }
        Ok(Self { name: name.to_owned(), value: Some(value.to_owned()), is_quoted: false })
    }
}

/// As a map: a parameter without a value is `null`.
impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_with_white_space_and_quotes() {
        let read = Parameters::parse("lr ; Tag = x1;+sip.instance=\"<urn:uuid:1>\"").expect("ok");
        assert_eq!(read.get("LR"), Some(""));
        assert_eq!(read.get("tag"), Some("x1"));
        assert_eq!(read.get("+sip.instance"), Some("<urn:uuid:1>"));
        let mut out = String::new();
        read.write(&mut out);
        assert_eq!(out, ";lr;Tag=x1;+sip.instance=\"<urn:uuid:1>\"");
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        for text in ["", ";", "a;;b", "=x", "a=b c", "a=\"b\"c", "a b"] {
            assert!(Parameters::parse(text).is_err(), "{text:?}");
        }
        assert!(Parameters::parse(&"a;".repeat(MAX_PARAMETERS + 1)).is_err());
        let most = vec!["a"; MAX_PARAMETERS].join(";");
        assert!(Parameters::parse(&most).is_ok());
    }
}
