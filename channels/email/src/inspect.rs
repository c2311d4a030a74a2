//! How a mail is read, as one JSON object for `rozmova inspect mail`.

use channel_contract::base::Timestamp;
use channel_contract::{
    AttachmentInfo, Authentication, Defect, DeliveryReport, Envelope, MessageKind, Origin, Party,
    RenderedHtml, ReportAction, ThreadKeys,
};
use serde::Serialize;

use crate::config::ReadingLimits;
use crate::filter::Policy;
use crate::reader::{self, Arrival};
use crate::{html, language, mime};

/// Everything that is read out of one mail.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Who wrote it.
    pub from: Option<Party>,
    /// Where answers go when not to `from`.
    pub reply_to: Vec<Party>,
    /// To whom.
    pub to: Vec<Party>,
    /// And to whom else.
    pub cc: Vec<Party>,
    /// One line.
    pub subject: String,
    /// RFC 3339, as the sender says.
    pub date: Option<String>,
    /// Without brackets.
    pub message_id: Option<String>,
    /// Message-IDs it answers.
    pub in_reply_to: Vec<String>,
    /// The chain, oldest first.
    pub references: Vec<String>,
    /// All thread keys, with what they prove.
    pub thread: ThreadKeys,
    /// The whole text.
    pub text: String,
    /// The text without quotation and signature.
    pub reply_text: String,
    /// Cleaned; `null` when there is none or it is over a limit.
    pub html: Option<String>,
    /// Remote pictures held back in `html`.
    pub remote_pictures: u32,
    /// Files.
    pub attachments: Vec<AttachmentInfo>,
    /// ISO 639-1; `null` when the text is too short to tell.
    pub language: Option<String>,
    /// What sort of message.
    pub kind: MessageKind,
    /// Why a program must not answer it.
    pub unanswerable: Option<String>,
    /// What became of which message of ours.
    pub bounces: Vec<BounceReport>,
    /// Who vouches for the sender.
    pub authentication: Authentication,
    /// What was wrong.
    pub defects: Vec<Defect>,
    /// `false`: not opened.
    pub readable: bool,
    /// Size of the mail.
    pub size_bytes: u64,
    /// SHA-256 of the mail, hexadecimal.
    pub sha256: String,
}

/// One delivery report with its weight.
#[derive(Clone, Debug, Serialize)]
pub struct BounceReport {
    /// Who did or did not get it.
    pub recipient: String,
    /// What was done.
    pub action: ReportAction,
    /// RFC 3463.
    pub status: String,
    /// `550`.
    pub reply_code: Option<u16>,
    /// What the other server said.
    pub reason: String,
    /// Whether the address is to blame.
    pub hard: bool,
    /// Which mail.
    pub original_message_id: Option<String>,
}

impl From<DeliveryReport> for BounceReport {
    fn from(report: DeliveryReport) -> Self {
        Self {
            hard: report.is_hard(),
            recipient: report.recipient,
            action: report.action,
            status: report.status,
            reply_code: report.reply_code,
            reason: report.reason,
            original_message_id: report.original_message_id,
        }
    }
}

/// Reads a mail as intake does, and cleans its HTML besides.
pub fn inspect(raw: &[u8], policy: &Policy) -> Inspection {
    let arrival = Arrival {
        channel: channel_contract::ChannelName("inspect".to_owned()),
        received_at: Timestamp::default(),
        envelope: Envelope::default(),
        origin: Origin::default(),
        raw: bytes::Bytes::copy_from_slice(raw),
        cut_from_bytes: None,
    };
    let message = reader::read(arrival, policy);
    let language = language::detect(&message.reply_text).map(str::to_owned);
    let rendered = render_html(raw, &policy.reading);
    let remote_pictures = rendered.as_ref().map_or(0, |html| html.remote_pictures);
    Inspection {
        from: message.from,
        reply_to: message.reply_to,
        to: message.to,
        cc: message.cc,
        subject: message.subject,
        date: message.date.map(|date| date.to_string()),
        message_id: message.thread.message_id.clone(),
        in_reply_to: message.thread.in_reply_to.clone(),
        references: message.thread.references.clone(),
        thread: message.thread,
        text: message.text,
        reply_text: message.reply_text,
        html: rendered.map(|html| html.html),
        remote_pictures,
        attachments: message.attachments,
        language,
        kind: message.kind,
        unanswerable: message.unanswerable,
        bounces: message.reports.into_iter().map(BounceReport::from).collect(),
        authentication: message.authentication,
        defects: message.defects,
        readable: message.readable,
        size_bytes: raw.len() as u64,
        sha256: mime::hex(&message.raw_sha256),
    }
}

/// The cleaned HTML of a mail; `None` when it has none or is over a limit.
pub(crate) fn render_html(raw: &[u8], limits: &ReadingLimits) -> Option<RenderedHtml> {
    let found = mime::html(raw, limits)?;
    // The cleaner is a library and this is the internet: its panic costs one picture of a mail.
    std::panic::catch_unwind(|| html::clean(&found, limits)).ok().flatten()
}
