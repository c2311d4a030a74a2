//! One SMTP or LMTP session as a state machine without input or output. RFC 5321, RFC 2033.
//!
//! [`Session::advance`] takes bytes as they come and says what the outside must do next; replies
//! gather in [`Session::replies`], so that pipelined commands (RFC 2920) are answered at once.
//!
//! 1. Only `CRLF . CRLF` ends a mail: anything looser lets one mail be passed off as two.
//! 2. Nothing is relayed: a recipient is accepted only if the outside says that it is the bank's.
//! 3. A mail over the size limit is read to its end and refused; it is never kept.
//! 4. `250` is said only by [`Session::delivered`].
//!
//! Invariant: memory is bounded by the size limit; above [`LARGE_BYTES`] the outside is asked
//! first.

use std::slice::Iter;

use bytes::Bytes;
use smtp_proto::request::receiver::{
    BdatReceiver, DataReceiver, DummyDataReceiver, RequestReceiver,
};
use smtp_proto::{Error, MailFrom, Request};

/// Above this size the outside must agree before more is kept.
pub const LARGE_BYTES: usize = 256 * 1024;
/// Room for an ordinary mail, so that it is not copied while it grows.
const INITIAL_BYTES: usize = 16 * 1024;

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 2033: one reply for each recipient.
    Lmtp,
}

/// What a session may do.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Which protocol.
    pub protocol: Protocol,
    /// Our name in greetings.
    pub host_name: String,
    /// Largest mail in bytes.
    pub message_bytes: usize,
    /// Recipients of one mail.
    pub recipients: usize,
    /// Refused or senseless commands after which the session ends.
    pub errors: u32,
    /// Whether STARTTLS is offered.
    pub starttls: bool,
}

/// What the outside must do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the replies, then come back with more input.
    NeedInput,
    /// Find out whether this address is ours, then call [`Session::recipient`].
    Recipient(String),
    /// Find so many bytes of memory, then call [`Session::reserved`].
    Reserve(usize),
    /// Store this mail, then call [`Session::delivered`].
    Deliver(ReceivedMail),
    /// Send the replies, throw away the rest of the input, secure the connection, then call
    /// [`Session::secured`].
    StartTls,
    /// Send the replies and close.
    Close,
}

/// A complete mail.
#[derive(Debug, PartialEq, Eq)]
pub struct ReceivedMail {
    /// `MAIL FROM`; empty: the null return path.
    pub mail_from: String,
    /// `RCPT TO`, those that were accepted.
    pub recipients: Vec<String>,
    /// Every byte, dots unstuffed.
    pub raw: Bytes,
}

/// What the outside says of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientAnswer {
    /// Ours.
    Accepted,
    /// Not ours.
    Unknown,
    /// Cannot be found out now.
    Unavailable,
    /// The peer names too many in too short a time.
    TooMany,
}

enum State {
    Command,
    /// `DATA`. The buffer starts with the CRLF that ended the command, so that a mail that begins
    /// with its terminating dot is recognised.
    Data(DataReceiver),
    /// `BDAT` (RFC 3030).
    Chunk(BdatReceiver),
    /// Reading on without keeping anything; then this reply.
    Skip {
        receiver: DummyDataReceiver,
        reply: &'static str,
        last: bool,
    },
}

/// One session.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of one session")]
pub struct Session {
    config: SessionConfig,
    requests: RequestReceiver,
    state: State,
    replies: Vec<u8>,
    errors: u32,
    greeted: bool,
    secure: bool,
    mail_from: Option<String>,
    declared_bytes: usize,
    recipients: Vec<String>,
    pending_recipient: Option<String>,
    content: Vec<u8>,
    /// Bytes at the start of `content` that are not of the mail.
    prefix: usize,
    chunked: bool,
    reserved: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Session").field("errors", &self.errors).finish_non_exhaustive()
    }
}

const TOO_LARGE: &str = "552 5.3.4 The message is larger than this server takes.";
const NO_MEMORY: &str = "452 4.3.1 Too many large messages are on their way in; try again later.";

impl Session {
    /// A new session with its greeting among the replies.
    pub fn new(config: SessionConfig) -> Self {
        let greeting = match config.protocol {
            Protocol::Smtp => format!("220 {} ESMTP Rozmova", config.host_name),
            Protocol::Lmtp => format!("220 {} LMTP Rozmova", config.host_name),
        };
        let mut session = Self {
            config,
            requests: RequestReceiver::default(),
            state: State::Command,
            replies: Vec::with_capacity(512),
            errors: 0,
            greeted: false,
            secure: false,
            mail_from: None,
            declared_bytes: 0,
            recipients: Vec::new(),
            pending_recipient: None,
            content: Vec::new(),
            prefix: 0,
            chunked: false,
            reserved: false,
        };
        session.say(&greeting);
        session
    }

    /// Replies that wait to be sent.
    pub fn replies(&self) -> &[u8] {
        &self.replies
    }

    /// Forgets the replies: they have been sent.
    pub fn clear_replies(&mut self) {
        self.replies.clear();
    }

    /// Whether the session is between mails, so that it can be ended without loss.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Command) && self.content.is_empty()
    }

    /// Refused or senseless commands so far.
    pub const fn errors(&self) -> u32 {
        self.errors
    }

    /// Says that the server ends the session. RFC 5321 §3.8.
    pub fn shut_down(&mut self) {
        self.say("421 4.3.2 The server is being restarted; try again in a moment.");
    }

    /// Says that nothing came for too long.
    pub fn time_out(&mut self) {
        self.say("421 4.4.2 Nothing was received for too long.");
    }

    /// Takes input until something must be done outside.
    pub fn advance(&mut self, input: &mut Iter<'_, u8>) -> Step {
        loop {
            if self.errors > self.config.errors {
                self.say("421 4.7.0 Too many errors.");
                return Step::Close;
            }
            let step = match self.state {
                State::Command => self.command(input),
                State::Data(_) | State::Chunk(_) => self.receive(input),
                State::Skip { .. } => self.skip(input),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// The answer to [`Step::Recipient`].
    pub fn recipient(&mut self, answer: RecipientAnswer) {
        let Some(recipient) = self.pending_recipient.take() else { return };
        match answer {
            RecipientAnswer::Accepted => {
                self.recipients.push(recipient);
                self.say("250 2.1.5 OK");
            }
            RecipientAnswer::Unknown => {
                self.errors += 1;
                self.say(
                    "550 5.7.1 This is no address of ours, and this server passes nothing on.",
                );
            }
            RecipientAnswer::Unavailable => {
                self.say("451 4.3.0 The address cannot be looked up now; try again later.");
            }
            RecipientAnswer::TooMany => {
                self.say("450 4.7.1 Too many recipients in a short time; try again later.");
            }
        }
    }

    /// The answer to [`Step::Reserve`].
    pub fn reserved(&mut self, granted: bool) {
        if granted {
            self.reserved = true;
            let expected = self.declared_bytes.min(self.config.message_bytes);
            self.content.reserve_exact(expected.saturating_sub(self.content.len()) + 2);
        } else {
            self.refuse_content(NO_MEMORY);
        }
    }

    /// The answer to [`Step::Deliver`]: whether the mail is stored. The mail it is about had so
    /// many recipients.
    pub fn delivered(&mut self, stored: bool, recipients: usize) {
        let reply = if stored {
            "250 2.6.0 Stored"
        } else {
            "451 4.3.0 The message cannot be stored now; try again later."
        };
        let replies = match self.config.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => recipients,
        };
        for _ in 0..replies {
            self.say(reply);
        }
    }

    /// The connection is encrypted now; everything said before is forgotten. RFC 3207 §4.2.
    pub fn secured(&mut self) {
        self.secure = true;
        self.greeted = false;
        self.requests = RequestReceiver::default();
        self.reset();
    }

    fn say(&mut self, reply: &str) {
        self.replies.extend_from_slice(reply.as_bytes());
        self.replies.extend_from_slice(b"\r\n");
    }

    fn refuse(&mut self, reply: &str) {
        self.errors += 1;
        self.say(reply);
    }

    fn reset(&mut self) {
        self.mail_from = None;
        self.declared_bytes = 0;
        self.recipients.clear();
        self.content = Vec::new();
        self.prefix = 0;
        self.chunked = false;
        self.reserved = false;
    }

    fn command(&mut self, input: &mut Iter<'_, u8>) -> Option<Step> {
        let mut requests = std::mem::take(&mut self.requests);
        let step = match requests.ingest(input) {
            Ok(request) => self.request(request),
            Err(Error::NeedsMoreData { .. }) => Some(Step::NeedInput),
            Err(error) => {
                self.bad_request(&error);
                None
            }
        };
        self.requests = requests;
        step
    }

    fn bad_request(&mut self, error: &Error) {
        match error {
            Error::UnknownCommand => self.refuse("500 5.5.1 Unknown command."),
            Error::InvalidSenderAddress => self.refuse("501 5.1.7 This is no sender's address."),
            Error::InvalidRecipientAddress => self.refuse("501 5.1.3 This is no address."),
            Error::SyntaxError { syntax } => {
                self.refuse(&format!("501 5.5.4 It is written: {syntax}"));
            }
            Error::ResponseTooLong => self.refuse("500 5.5.2 The line is too long."),
            Error::UnsupportedParameter { .. } => {
                self.refuse("555 5.5.4 A parameter is not supported.");
            }
            Error::InvalidParameter { .. }
            | Error::InvalidResponse { .. }
            | Error::NeedsMoreData { .. } => self.refuse("501 5.5.4 A parameter is wrong."),
        }
    }

    fn request<T: AsRef<str>>(&mut self, request: Request<T>) -> Option<Step> {
        match request {
            Request::Ehlo { .. } if self.config.protocol == Protocol::Smtp => self.hello(true),
            Request::Helo { .. } if self.config.protocol == Protocol::Smtp => self.hello(false),
            Request::Lhlo { .. } if self.config.protocol == Protocol::Lmtp => self.hello(true),
            Request::Mail { from } => self.mail(&from),
            Request::Rcpt { to } => return self.rcpt(to.address.as_ref()),
            Request::Data => self.data(),
            Request::Bdat { chunk_size, is_last } => self.bdat(chunk_size, is_last),
            Request::Rset => {
                self.reset();
                self.say("250 2.0.0 OK");
            }
            Request::Noop { .. } => self.say("250 2.0.0 OK"),
            Request::Quit => {
                self.say("221 2.0.0 Bye");
                return Some(Step::Close);
            }
            Request::StartTls => return self.starttls(),
            Request::Vrfy { .. } => {
                self.refuse("252 2.1.5 Not verified; send it and see (RFC 5321)");
            }
            Request::Help { .. } => {
                self.say("214 2.0.0 MAIL RCPT DATA BDAT RSET NOOP QUIT STARTTLS: RFC 5321");
            }
            Request::Ehlo { .. } | Request::Helo { .. } => {
                self.refuse("500 5.5.1 This port speaks LMTP: say LHLO.");
            }
            Request::Lhlo { .. } => self.refuse("500 5.5.1 This port speaks SMTP: say EHLO."),
            Request::Auth { .. }
            | Request::Expn { .. }
            | Request::Etrn { .. }
            | Request::Atrn { .. }
            | Request::Burl { .. } => self.refuse("502 5.5.1 Not implemented."),
        }
        None
    }

    fn hello(&mut self, extended: bool) {
        self.reset();
        self.greeted = true;
        if !extended {
            let line = format!("250 {}", self.config.host_name);
            self.say(&line);
            return;
        }
        let mut lines = vec![
            self.config.host_name.clone(),
            "PIPELINING".to_owned(),
            format!("SIZE {}", self.config.message_bytes),
            "8BITMIME".to_owned(),
            "SMTPUTF8".to_owned(),
            "CHUNKING".to_owned(),
        ];
        if self.config.starttls && !self.secure {
            lines.push("STARTTLS".to_owned());
        }
        for line in &lines {
            self.say(&format!("250-{line}"));
        }
        self.say("250 ENHANCEDSTATUSCODES");
    }

    fn mail<T: AsRef<str>>(&mut self, from: &MailFrom<T>) {
        if !self.greeted {
            self.refuse("503 5.5.1 Introduce yourself first.");
        } else if self.mail_from.is_some() {
            self.refuse("503 5.5.1 One message at a time: a sender has been given.");
        } else if from.size > self.config.message_bytes {
            self.refuse(TOO_LARGE);
        } else {
            self.mail_from = Some(from.address.as_ref().to_owned());
            self.declared_bytes = from.size;
            self.say("250 2.1.0 OK");
        }
    }

    fn rcpt(&mut self, address: &str) -> Option<Step> {
        if self.mail_from.is_none() {
            self.refuse("503 5.5.1 Name the sender first.");
        } else if address.is_empty() {
            self.refuse("501 5.1.3 This is no address.");
        } else if self.recipients.len() >= self.config.recipients {
            self.refuse("452 4.5.3 Too many recipients; send the rest in another message.");
        } else {
            self.pending_recipient = Some(address.to_owned());
            return Some(Step::Recipient(address.to_owned()));
        }
        None
    }

    fn data(&mut self) {
        if self.chunked {
            self.refuse("503 5.5.1 The message is being sent with BDAT.");
        } else if self.may_send_content() {
            self.content = Vec::with_capacity(self.expected_bytes());
            let mut receiver = DataReceiver::new();
            receiver.ingest(&mut b"\r\n".iter(), &mut self.content);
            self.prefix = self.content.len();
            self.state = State::Data(receiver);
            self.say("354 End with a dot on a line of its own.");
        }
    }

    fn bdat(&mut self, chunk_bytes: usize, is_last: bool) {
        let skipped = DummyDataReceiver::new_bdat(chunk_bytes);
        let refuse = |session: &mut Self, reply: &'static str| {
            session.errors += 1;
            session.state = State::Skip { receiver: skipped, reply, last: true };
        };
        if self.recipients.is_empty() {
            refuse(self, "503 5.5.1 Name sender and recipients first.");
        } else if self.content.len().saturating_add(chunk_bytes) > self.config.message_bytes {
            refuse(self, TOO_LARGE);
        } else {
            if self.content.is_empty() {
                self.content = Vec::with_capacity(self.expected_bytes().min(chunk_bytes));
            }
            self.chunked = true;
            self.state = State::Chunk(BdatReceiver::new(chunk_bytes, is_last));
        }
    }

    fn expected_bytes(&self) -> usize {
        if self.declared_bytes == 0 {
            INITIAL_BYTES
        } else {
            // Room for the leading CRLF and for servers that do not count line ends.
            (self.declared_bytes + self.declared_bytes / 32 + 64).min(LARGE_BYTES)
        }
    }

    fn may_send_content(&mut self) -> bool {
        if self.mail_from.is_none() {
            self.refuse("503 5.5.1 Name the sender first.");
            false
        } else if self.recipients.is_empty() {
            self.refuse("503 5.5.1 No recipient was accepted.");
            false
        } else {
            true
        }
    }

    fn starttls(&mut self) -> Option<Step> {
        if !self.config.starttls || self.secure {
            self.refuse("502 5.5.1 Not available.");
            return None;
        }
        self.say("220 2.0.0 Go ahead");
        Some(Step::StartTls)
    }

    fn receive(&mut self, input: &mut Iter<'_, u8>) -> Option<Step> {
        let coming = self.content.len() + input.as_slice().len();
        if coming > LARGE_BYTES && !self.reserved {
            let expected = self.declared_bytes.max(coming).min(self.config.message_bytes);
            let bytes = if self.declared_bytes == 0 { self.config.message_bytes } else { expected };
            return Some(Step::Reserve(bytes));
        }
        let complete = match &mut self.state {
            State::Data(receiver) => receiver.ingest(input, &mut self.content),
            State::Chunk(receiver) => receiver.ingest(input, &mut self.content),
            State::Command | State::Skip { .. } => return None,
        };
        let too_large = self.content.len() - self.prefix > self.config.message_bytes;
        match (&self.state, complete) {
            (State::Data(_), false) if too_large => {
                self.refuse_content(TOO_LARGE);
                None
            }
            (State::Data(_), true) if too_large => {
                self.state = State::Command;
                self.end_refused(TOO_LARGE);
                None
            }
            (_, false) => Some(Step::NeedInput),
            (State::Chunk(receiver), true) if !receiver.is_last => {
                self.state = State::Command;
                self.say("250 2.0.0 OK");
                None
            }
            (_, true) => Some(self.finish()),
        }
    }

    fn finish(&mut self) -> Step {
        self.state = State::Command;
        let content = std::mem::take(&mut self.content);
        let mail = ReceivedMail {
            mail_from: self.mail_from.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            raw: Bytes::from(content).slice(self.prefix..),
        };
        self.reset();
        Step::Deliver(mail)
    }

    /// Keeps nothing more of the mail that is coming in, and refuses it at its end.
    fn refuse_content(&mut self, reply: &'static str) {
        let (receiver, last) = match &self.state {
            State::Data(receiver) => (DummyDataReceiver::new_data(receiver), true),
            State::Chunk(_) | State::Command | State::Skip { .. } => {
                // The rest of a chunk cannot be told from its receiver: end the session instead.
                self.errors = self.config.errors + 1;
                return;
            }
        };
        self.content = Vec::new();
        self.state = State::Skip { receiver, reply, last };
    }

    fn skip(&mut self, input: &mut Iter<'_, u8>) -> Option<Step> {
        let State::Skip { receiver, reply, last } = &mut self.state else { return None };
        let (reply, last) = (*reply, *last);
        if !receiver.ingest(input) {
            return Some(Step::NeedInput);
        }
        self.state = State::Command;
        if last {
            self.end_refused(reply);
        }
        None
    }

    fn end_refused(&mut self, reply: &str) {
        let replies = match self.config.protocol {
            Protocol::Lmtp if !self.chunked => self.recipients.len().max(1),
            Protocol::Lmtp | Protocol::Smtp => 1,
        };
        self.reset();
        for _ in 0..replies {
            self.say(reply);
        }
    }
}

#[cfg(test)]
mod tests;
