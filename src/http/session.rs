//! Who makes a request: cookie or token → [`SignedIn`]; and the defence against requests that
//! other sites make a browser send.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::app::App;
use crate::auth::{SignedIn, login};
use crate::config::{Config, HttpConfig};

/// Address of the client: that of the connection, or the one that a trusted proxy names.
#[derive(Clone, Debug)]
pub struct Peer(pub String);

impl FromRequestParts<Arc<App>> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self(peer(connected, &parts.headers, &app.config.http)))
    }
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let now = app.clock.now();
        let found = if let Some(secret) = bearer(&parts.headers) {
            login::by_token(&app.db, secret, now).await?
        } else if let Some(secret) = cookie(&parts.headers, cookie_name(&app.config)) {
            login::by_session(&app.db, &app.config.auth, secret, now).await?
        } else {
            None
        };
        let (user, credential) = found.ok_or_else(ApiError::not_signed_in)?;
        let Peer(peer) = Peer::from_request_parts(parts, app).await?;
        Ok(Self { user, credential, peer })
    }
}

/// The rightmost address of `X-Forwarded-For` that is not a proxy of ours; what stands left of it
/// was written by the client.
fn peer(connected: Option<IpAddr>, headers: &HeaderMap, config: &HttpConfig) -> String {
    let Some(connected) = connected else { return "unknown".to_owned() };
    if !config.trusted_proxies.contains(&connected) {
        return connected.to_string();
    }
    let forwarded = headers.get_all("x-forwarded-for").iter();
    let forwarded = forwarded.filter_map(|value| value.to_str().ok());
    let addresses: Vec<IpAddr> = forwarded
        .flat_map(|value| value.split(','))
        .filter_map(|address| address.trim().parse().ok())
        .collect();
    let client = addresses.iter().rev().find(|address| !config.trusted_proxies.contains(address));
    client.unwrap_or(&connected).to_string()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// `__Host-` makes browsers insist on `Secure`, `Path=/` and no `Domain`, so that no other host of
/// the bank's domain can plant a session. RFC 6265bis §4.1.3.2. It needs https.
fn cookie_name(config: &Config) -> &'static str {
    if config.http.is_https() { "__Host-rozmova" } else { "rozmova" }
}

/// `Set-Cookie` that signs a browser in. Without `Max-Age`: it ends with the browser, the server
/// ends it earlier.
pub fn cookie_header(config: &Config, secret: &str) -> String {
    let secure = if config.http.is_https() { "; Secure" } else { "" };
    format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}", cookie_name(config))
}

/// `Set-Cookie` that makes a browser forget.
pub fn no_cookie_header(config: &Config) -> String {
    format!("{}; Max-Age=0", cookie_header(config, ""))
}

/// Refuses with 403 `cross_site` what another site made a browser send: every request that may
/// change something, and the opening of the live socket.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site` (Fetch Metadata) and `Origin`
/// (RFC 6454 §7); a request with neither does not come from a browser, and one with
/// `Authorization` carries no cookie's power.
pub async fn same_origin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let is_socket = headers.contains_key(header::UPGRADE);
    let is_watched = (!is_safe || is_socket) && !headers.contains_key(header::AUTHORIZATION);
    if is_watched && is_cross_site(headers, &app.config.http) {
        let message = "this request comes from another site; use the desk at http.public_url";
        return ApiError::new(StatusCode::FORBIDDEN, "cross_site", message).into_response();
    }
    next.run(request).await
}

fn is_cross_site(headers: &HeaderMap, config: &HttpConfig) -> bool {
    let text = |value: Option<&HeaderValue>| value.and_then(|v| v.to_str().ok()).map(str::to_owned);
    if let Some(site) = text(headers.get("sec-fetch-site")) {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let Ok(origin) = origin.to_str() else { return true };
    let host = text(headers.get(header::HOST));
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    let is_ours = origin == config.public_url.trim_end_matches('/')
        || (origin_host.is_some() && origin_host == host.as_deref());
    !is_ours
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).expect("a header");
        pairs.iter().map(|(name, text)| (name.parse().expect("a name"), value(text))).collect()
    }

    #[test]
    fn other_sites_are_told_from_ours() {
        let config = HttpConfig {
            public_url: "https://desk.bank.example".to_owned(),
            ..HttpConfig::default()
        };
        for (pairs, expected) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("origin", "https://desk.bank.example")], false),
            (&[("origin", "https://evil.example"), ("host", "desk.bank.example")], true),
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], false),
            (&[("origin", "null"), ("host", "desk.bank.example")], true),
        ] {
            assert_eq!(is_cross_site(&headers(pairs), &config), expected, "{pairs:?}");
        }
    }

    #[test]
    fn only_trusted_proxies_name_the_client() {
        let proxy: IpAddr = "10.0.0.1".parse().expect("an address");
        let other: IpAddr = "192.0.2.7".parse().expect("an address");
        let config = HttpConfig { trusted_proxies: vec![proxy], ..HttpConfig::default() };
        let forwarded = headers(&[("x-forwarded-for", "203.0.113.9, 198.51.100.4, 10.0.0.1")]);
        assert_eq!(peer(Some(proxy), &forwarded, &config), "198.51.100.4");
        assert_eq!(peer(Some(other), &forwarded, &config), "192.0.2.7");
        assert_eq!(peer(Some(proxy), &headers(&[]), &config), "10.0.0.1");
    }

    #[test]
    fn cookies_are_read_and_written() {
        let mut config = Config::default();
        assert_eq!(cookie_header(&config, "s"), "rozmova=s; Path=/; HttpOnly; SameSite=Strict");
        config.http.public_url = "https://desk.bank.example".to_owned();
        assert_eq!(
            cookie_header(&config, "s"),
            "__Host-rozmova=s; Path=/; HttpOnly; SameSite=Strict; Secure"
        );
        let sent = headers(&[("cookie", "a=1; __Host-rozmova=secret; b=2")]);
        assert_eq!(cookie(&sent, "__Host-rozmova"), Some("secret"));
        assert_eq!(cookie(&sent, "rozmova"), None);
    }
}
