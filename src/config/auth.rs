use serde::{Deserialize, Serialize};

use super::Problem;

/// No shorter password is ever taken. NIST SP 800-63B §5.1.1.1 (revision 3).
const PASSWORD_MIN_CHARS: usize = 8;

/// Passwords and sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Minutes without a request after which a browser must sign in again.
    pub session_idle_minutes: u32,
    /// Hours after which a browser must sign in again in any case.
    pub session_max_hours: u32,
    /// Shortest password in characters.
    pub password_min_chars: usize,
    /// Passwords checked at the same time; each takes 19 MiB and a processor core.
    pub password_checks_at_once: usize,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            session_idle_minutes: 60,
            session_max_hours: 12,
            password_min_chars: 12,
            password_checks_at_once: 2,
        }
    }
}

impl AuthConfig {
    pub(super) fn problems(&self, found: &mut Vec<Problem>) {
        if self.session_idle_minutes == 0 {
            found.push(Problem::new("auth.session_idle_minutes", "must be 1 minute or more"));
        }
        if self.session_max_hours == 0 {
            found.push(Problem::new("auth.session_max_hours", "must be 1 hour or more"));
        }
        if self.password_min_chars < PASSWORD_MIN_CHARS {
            let message = format!("must be {PASSWORD_MIN_CHARS} or more");
            found.push(Problem::new("auth.password_min_chars", message));
        }
        if self.password_checks_at_once == 0 {
            found.push(Problem::new("auth.password_checks_at_once", "must be 1 or more"));
        }
    }
}
