use serde::{Deserialize, Serialize};

use super::Problem;

/// Whose contact centre it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CentreConfig {
    /// Name of this installation, shown beside the product's: `Rozmova`.
    pub name: String,
    /// Name of the bank, shown to staff and in acknowledgements.
    pub bank_name: String,
    /// IANA name of the time zone in which days begin: reports, "today" on the wallboard.
    pub time_zone: String,
    /// Calling code for telephone numbers written without one. ITU-T E.164 annex A.
    pub calling_code: String,
    /// Language of new users: `uk` or `en`.
    pub language: String,
}

impl Default for CentreConfig {
    fn default() -> Self {
        Self {
            name: "Rozmova".to_owned(),
            bank_name: String::new(),
            time_zone: "Europe/Kyiv".to_owned(),
            calling_code: "380".to_owned(),
            language: "uk".to_owned(),
        }
    }
}

impl CentreConfig {
    pub(super) fn problems(&self, found: &mut Vec<Problem>) {
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            let message =
                format!("\"{}\" is no time zone; write for example Europe/Kyiv", self.time_zone);
            found.push(Problem::new("centre.time_zone", message));
        }
        let digits = self.calling_code.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(1..=3).contains(&self.calling_code.len()) {
            let message = format!(
                "\"{}\" is no calling code; write one to three digits such as 380",
                self.calling_code
            );
            found.push(Problem::new("centre.calling_code", message));
        }
        if !crate::auth::LANGUAGES.contains(&self.language.as_str()) {
            let message = format!("\"{}\" is not spoken here; write uk or en", self.language);
            found.push(Problem::new("centre.language", message));
        }
    }
}
