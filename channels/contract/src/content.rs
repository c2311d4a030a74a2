use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Somebody named in a header: `Olena Koval <olena@example.ua>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The display name without control characters; empty when there is none.
    pub name: String,
    /// The address as written, trimmed; empty when the header named none.
    pub address: String,
}

/// What is known of an attachment without opening it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentInfo {
    /// Its number among the parts of the message, for [`crate::Channel::open_part`].
    pub part: u32,
    /// A file name safe to show and to save: no path, no control or direction characters.
    pub name: String,
    /// The media type by declaration, `application/octet-stream` when there is none.
    pub media_type: String,
    /// Decoded size.
    pub size_bytes: u64,
    /// SHA-256 of the decoded content, hexadecimal.
    pub sha256: String,
    /// `Content-ID` without brackets.
    pub content_id: Option<String>,
    /// Shown within the text rather than beside it.
    pub inline: bool,
}

/// A decoded part of a stored message.
#[derive(Clone, Debug)]
pub struct PartContent {
    /// As in [`AttachmentInfo::name`].
    pub name: String,
    /// As in [`AttachmentInfo::media_type`].
    pub media_type: String,
    /// The decoded bytes.
    pub content: Bytes,
}

/// HTML that can be shown in a sandboxed frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedHtml {
    /// Cleaned; `cid:` references stay, addresses of remote pictures are moved to `data-src`.
    pub html: String,
    /// How many remote pictures were held back.
    pub remote_pictures: u32,
}

/// Something wrong with a message that was read all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// A stable word for programs: `too_deep`, `bad_charset`, `no_from`.
    pub code: String,
    /// What was wrong and what was done about it, for a person.
    pub detail: String,
}

/// Who vouches for the sender. RFC 8601.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// RFC 7208.
    pub spf: AuthenticationResult,
    /// RFC 6376.
    pub dkim: AuthenticationResult,
    /// RFC 7489.
    pub dmarc: AuthenticationResult,
    /// What passed (SPF or DKIM) speaks for the very domain of `From`: for domains that publish no
    /// DMARC policy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aligned: bool,
    /// What a person should look at: `Reply-To` elsewhere, a name that holds another address.
    pub warnings: Vec<Defect>,
}

impl Authentication {
    /// Whether anybody checked anything.
    pub fn is_verdict(&self) -> bool {
        [self.spf, self.dkim, self.dmarc].iter().any(|one| *one != AuthenticationResult::None)
    }

    /// What all results together say of the sender. The domain's own policy decides; without one,
    /// what speaks for the very domain of `From` does.
    pub fn standing(&self) -> Standing {
        use AuthenticationResult::{Fail, Pass};
        match self.dmarc {
            Pass => Standing::Authenticated,
            Fail => Standing::Refuted,
            AuthenticationResult::None | AuthenticationResult::Neutral if self.aligned => {
                Standing::Authenticated
            }
            AuthenticationResult::None | AuthenticationResult::Neutral => {
                let refuted = [self.spf, self.dkim].contains(&Fail);
                if refuted { Standing::Refuted } else { Standing::Unknown }
            }
        }
    }
}

/// Whether the sender is who the message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The domain of `From` vouches for it.
    Authenticated,
    /// It was checked, and what there is speaks against it.
    Refuted,
    /// Nobody checked, nobody answered, or there is nothing to check.
    Unknown,
}

/// One verdict. RFC 8601 §2.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationResult {
    /// Nobody checked.
    #[default]
    None,
    /// Vouched for.
    Pass,
    /// Disowned.
    Fail,
    /// Could not be decided.
    Neutral,
}

#[cfg(test)]
mod tests {
    use super::AuthenticationResult::{Fail, Neutral, None, Pass};
    use super::*;

    fn standing([spf, dkim, dmarc]: [AuthenticationResult; 3], aligned: bool) -> (Standing, bool) {
        let found = Authentication { spf, dkim, dmarc, aligned, warnings: Vec::new() };
        (found.standing(), found.is_verdict())
    }

    #[test]
    fn the_policy_of_the_domain_decides_and_then_what_speaks_for_that_very_domain() {
        use Standing::{Authenticated, Refuted, Unknown};
        for (results, aligned, expected) in [
            ([None, None, Pass], false, Authenticated),
            ([Pass, Pass, Fail], true, Refuted),
            ([None, Pass, None], true, Authenticated),
            ([Fail, Pass, Neutral], true, Authenticated),
            ([Pass, Pass, None], false, Unknown),
            ([Fail, None, None], false, Refuted),
            ([None, Fail, Neutral], false, Refuted),
            ([None, Neutral, Neutral], false, Unknown),
        ] {
            assert_eq!(standing(results, aligned), (expected, true), "{results:?} {aligned}");
        }
        assert_eq!(standing([None, None, None], false), (Unknown, false));
    }
}
