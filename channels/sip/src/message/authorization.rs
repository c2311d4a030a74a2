//! Challenges and credentials: `Digest realm="x", nonce="y"`. RFC 3261 §20.7, RFC 7616 §3.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::scan::{self, FieldError};

/// Fields of one challenge; more are nobody's.
const MAX_FIELDS: usize = 32;

/// A scheme and its fields, as in `WWW-Authenticate` and `Authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthFields {
    /// `Digest`, as written.
    pub scheme: String,
    fields: Vec<(String, String)>,
}

impl AuthFields {
    /// Takes the whole value of one header line.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = scan::trim(text);
        let (scheme, rest) = text.split_once([' ', '\t', '\r', '\n']).unwrap_or((text, ""));
        if !scan::is_token(scheme) {
            return Err(FieldError("the scheme of an authorization is not a token"));
        }
        let pieces = scan::list(rest)?;
        if pieces.len() > MAX_FIELDS {
            return Err(FieldError("an authorization has too many fields"));
        }
        let fields = pieces.into_iter().map(field).collect::<Result<_, _>>()?;
        Ok(Self { scheme: scheme.to_owned(), fields })
    }

    /// Whether it is for Digest.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    /// A field by its name, in any case, without quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

fn field(piece: &str) -> Result<(String, String), FieldError> {
    let (name, value) =
        piece.split_once('=').ok_or(FieldError("a field of an authorization has no value"))?;
    let (name, value) = (scan::trim(name), scan::trim(value));
    if !scan::is_token(name) {
        return Err(FieldError("a field of an authorization has no name"));
    }
    let content = match scan::quoted(value)? {
        Some((content, "")) => content,
        Some(_) => return Err(FieldError("something stands behind a quoted field")),
        None => value.to_owned(),
    };
    Ok((name.to_owned(), content))
}

/// As a map; what proves the password is not shown.
impl Serialize for AuthFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("scheme", &self.scheme)?;
        for (name, value) in &self.fields {
            let is_secret = name.eq_ignore_ascii_case("response");
            map.serialize_entry(name, if is_secret { "…" } else { value })?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_without_case_and_quotes() {
        let read = AuthFields::parse(
            "digest Realm=\"a, \\\"b\\\"\", nonce=\"n=1\" , algorithm=SHA-256,nc=0000000a, qop=auth",
        );
        let read = read.expect("credentials");
        assert!(read.is_digest());
        assert_eq!(read.get("realm"), Some("a, \"b\""));
        assert_eq!(read.get("nonce"), Some("n=1"));
        assert_eq!(read.get("nc"), Some("0000000a"));
        assert_eq!(read.get("opaque"), None);
    }

    #[test]
    fn what_is_no_authorization_is_refused() {
        for text in ["", "Digest", "Digest a", "Digest a=\"b", "Digest a=\"b\"c", "Digest a=1,,b=2"]
        {
            assert!(AuthFields::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_proof_is_not_shown() {
        let read = AuthFields::parse("Digest username=\"a\", response=\"secret\"").expect("ok");
        let shown = serde_json::to_string(&read).expect("JSON");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
