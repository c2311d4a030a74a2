use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Problem;

/// Smallest useful body: a reply of one page with its JSON.
const MIN_BODY_BYTES: usize = 16 * 1024;

/// The web server: API, live events, the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address in the browser's address line, without a path. With `https://` cookies are sent
    /// over TLS only.
    pub public_url: String,
    /// Folder with the built desk (`index.html`), when it is not in the binary.
    pub web_dist: PathBuf,
    /// Seconds after which an unanswered request is given up with 503.
    pub request_timeout_seconds: u64,
    /// Largest request body in bytes, uploads excepted.
    pub body_limit_bytes: usize,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: "http://127.0.0.1:8080".to_owned(),
            web_dist: PathBuf::from("web/dist"),
            request_timeout_seconds: 60,
            body_limit_bytes: 1024 * 1024,
            trusted_proxies: Vec::new(),
        }
    }
}

impl HttpConfig {
    /// Whether browsers reach the server over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    pub(super) fn problems(&self, found: &mut Vec<Problem>) {
        let host = self
            .public_url
            .strip_prefix("https://")
            .or_else(|| self.public_url.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.contains('/')) {
            let message = format!(
                "\"{}\" is no address of a site; write for example https://desk.bank.example",
                self.public_url
            );
            found.push(Problem::new("http.public_url", message));
        }
        if self.request_timeout_seconds == 0 {
            found.push(Problem::new("http.request_timeout_seconds", "must be 1 second or more"));
        }
        if self.body_limit_bytes < MIN_BODY_BYTES {
            let message = format!("must be {MIN_BODY_BYTES} bytes or more");
            found.push(Problem::new("http.body_limit_bytes", message));
        }
    }
}
