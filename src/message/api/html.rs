//! A message as its sender meant it to look, in a frame that can do nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use channel_contract::Channel;
use channel_email::EmailChannel;
use rozmova_base::id::MessageId;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

use super::super::store;
use super::files::load_raw;
use crate::app::App;
use crate::auth::{Right, SignedIn};
use crate::http::error::{ApiError, ErrorEnvelope};
use crate::http::extract::{Path, Query};
use crate::http::routes::routes;

/// Pictures within one message, all together: a long thread of signatures has a few hundred KB.
const PICTURES_MAX_BYTES: usize = 8 * 1024 * 1024;

/// Nothing may be loaded but pictures that are in the page; links open in a tab of their own.
const POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                      style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";
/// The same with pictures from elsewhere.
const POLICY_WITH_PICTURES: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
                                    default-src 'none'; style-src 'unsafe-inline'; \
                                    img-src data: https: http:; frame-ancestors 'self'";

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What to show.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct HtmlQuery {
    /// `1`: pictures from elsewhere too. Their servers learn that the message was read.
    pub pictures: Option<u8>,
}

/// A message as HTML, for a sandboxed frame
#[utoipa::path(get, path = "/messages/{id}/html", tag = "messages", operation_id = "html",
    params(("id" = MessageId, Path), HtmlQuery),
    responses((status = 200, content_type = "text/html", body = String),
        (status = 404, body = ErrorEnvelope)))]
async fn show(
    State(app): State<Arc<App>>,
    signed_in: SignedIn,
    Path(id): Path<MessageId>,
    Query(query): Query<HtmlQuery>,
) -> Result<Response, ApiError> {
    signed_in.require(Right::ViewClients)?;
    let with_pictures = query.pictures == Some(1);
    let (raw, text) = load_raw(&app, &signed_in, id).await?;
    let mut connection = app.db.read().await?;
    let parts = store::inline_parts(&mut connection.sql(), id).await?;
    drop(connection);
    let email = Arc::clone(&app.channels.email);
    let page = tokio::task::spawn_blocking(move || {
        let rendered = raw.as_ref().and_then(|raw| {
            let rendered = email.render_html(raw)?;
            let html = if with_pictures { release(&rendered.html) } else { rendered.html };
            Some(with_inline(&html, &email, raw, &parts))
        });
        page(&rendered.unwrap_or_else(|| preformatted(&text)))
    })
    .await
    .map_err(ApiError::internal)?;
    let policy = if with_pictures { POLICY_WITH_PICTURES } else { POLICY };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, page).into_response())
}

fn page(body: &str) -> String {
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><base target=\"_blank\">\
         <style>body{{font:14px/1.45 system-ui,sans-serif;margin:12px;overflow-wrap:anywhere;\
         color:#1b1b1f;background:#fff}}img{{max-width:100%;height:auto}}\
         pre{{white-space:pre-wrap;font:inherit}}</style></head><body>{body}</body></html>"
    )
}

fn preformatted(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<pre>{escaped}</pre>")
}

/// Gives held-back pictures their addresses back.
fn release(html: &str) -> String {
    html.replace(" data-src=\"http", " src=\"http")
}

/// Puts pictures that came with the message into the page: a sandboxed frame has no session with
/// which it could ask for them.
fn with_inline(
    html: &str,
    email: &EmailChannel,
    raw: &[u8],
    parts: &[(String, i64, String)],
) -> String {
    let by_id: BTreeMap<&str, &(String, i64, String)> =
        parts.iter().map(|part| (part.0.as_str(), part)).collect();
    let mut left_bytes = PICTURES_MAX_BYTES;
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find("src=\"cid:") {
        let (before, found) = rest.split_at(start);
        out.push_str(before);
        let reference = &found["src=\"cid:".len()..];
        let Some(end) = reference.find('"') else { break };
        let picture = by_id
            .get(&reference[..end])
            .filter(|(_, _, media_type)| is_picture(media_type))
            .and_then(|(_, part, media_type)| {
                let part = email.open_part(raw, u32::try_from(*part).ok()?)?;
                left_bytes = left_bytes.checked_sub(part.content.len())?;
                Some(format!("src=\"data:{media_type};base64,{}\"", STANDARD.encode(&part.content)))
            });
        out.push_str(&picture.unwrap_or_default());
        rest = &reference[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Kinds that browsers only draw. SVG can hold scripts and is not among them.
fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp")
}

#[cfg(test)]
mod tests {
    use channel_email::config::EmailConfig;

    use super::*;

    #[test]
    fn pictures_of_the_message_are_put_in_and_others_left_out() {
        let raw = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:logo@x\">\r\n\
            --b\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\n\
            Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";
        let email = EmailChannel::new(EmailConfig::default(), b"a secret of some length");
        let inspected = email.inspect(raw);
        let part = i64::from(inspected.attachments[0].part);
        let parts = [("logo@x".to_owned(), part, "image/png".to_owned())];
        let html = "<p>1<img src=\"cid:logo@x\"> 2<img src=\"cid:none@x\"> 3";
        let shown = with_inline(html, &email, raw, &parts);
        assert_eq!(shown, "<p>1<img src=\"data:image/png;base64,aGVsbG8=\"> 2<img > 3");
        let parts = [("logo@x".to_owned(), part, "image/svg+xml".to_owned())];
        assert!(!with_inline(html, &email, raw, &parts).contains("data:"));
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(preformatted("a<b>&c"), "<pre>a&lt;b&gt;&amp;c</pre>");
        assert_eq!(release("<img data-src=\"https://x\">"), "<img src=\"https://x\">");
    }
}
