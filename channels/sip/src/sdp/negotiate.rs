//! Offer and answer for calls: one stream of sound. RFC 3264 §5–§8.

use std::net::{IpAddr, SocketAddr};

use super::{Direction, Media, SessionDescription};

/// Key presses as events. RFC 4733 §7.1.1.
const TELEPHONE_EVENT: &str = "telephone-event";
/// What is offered for key presses.
const EVENTS: &str = "0-16";
/// The payload type that nearly everybody uses for them.
const TELEPHONE_EVENT_PAYLOAD: u8 = 101;

/// How sound is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 A-law, Europe. RFC 3551 §4.5.14.
    Pcma,
    /// G.711 µ-law. RFC 3551 §4.5.14.
    Pcmu,
    /// RFC 7587.
    Opus,
}

impl Codec {
    /// The static payload type; Opus has none.
    const fn static_payload(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::Opus => None,
        }
    }

    const fn encoding(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA/8000",
            Self::Pcmu => "PCMU/8000",
            Self::Opus => "opus/48000/2",
        }
    }

    /// The rate by which its time stamps count.
    pub const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8_000,
            Self::Opus => 48_000,
        }
    }
}

/// One codec under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// Its payload type in this call.
    pub payload: u8,
}

/// Our side of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Where we receive.
    pub address: SocketAddr,
    /// Codecs that we take, most wanted first; in an offer with these payload types.
    pub formats: Vec<Format>,
    /// The payload type for key presses in an offer of ours; `None`: no key presses.
    pub events: Option<u8>,
    /// Which way, as we see it.
    pub direction: Direction,
    /// `o=`: the session, chance once for each leg.
    pub session_id: u64,
    /// Counts our changes.
    pub version: u64,
}

impl Local {
    /// G.711 with key presses, both ways.
    pub fn g711(address: SocketAddr, session_id: u64) -> Self {
        let format = |codec: Codec| codec.static_payload().map(|payload| Format { codec, payload });
        Self {
            address,
            formats: [Codec::Pcma, Codec::Pcmu].into_iter().filter_map(format).collect(),
            events: Some(TELEPHONE_EVENT_PAYLOAD),
            direction: Direction::SendReceive,
            session_id,
            version: 1,
        }
    }

    /// An offer.
    pub fn offer(&self) -> SessionDescription {
        self.describe(vec![self.stream(&self.formats, self.events, self.direction)])
    }

    fn describe(&self, media: Vec<Media>) -> SessionDescription {
        SessionDescription {
            session_id: self.session_id,
            version: self.version,
            connection: Some(self.address.ip()),
            direction: Direction::default(),
            media,
        }
    }

    fn stream(&self, formats: &[Format], events: Option<u8>, direction: Direction) -> Media {
        let mut numbers: Vec<String> = formats.iter().map(|one| one.payload.to_string()).collect();
        let map = |one: &Format| format!("rtpmap:{} {}", one.payload, one.codec.encoding());
        let mut attributes: Vec<String> = formats.iter().map(map).collect();
        if let Some(payload) = events {
            numbers.push(payload.to_string());
            let clock_hz = formats.first().map_or(8_000, |one| one.codec.clock_hz());
            attributes.push(format!("rtpmap:{payload} {TELEPHONE_EVENT}/{clock_hz}"));
            attributes.push(format!("fmtp:{payload} {EVENTS}"));
        }
        attributes.push("ptime:20".to_owned());
        Media {
            kind: "audio".to_owned(),
            port: self.address.port(),
            protocol: "RTP/AVP".to_owned(),
            formats: numbers,
            connection: None,
            direction: Some(direction),
            attributes,
        }
    }
}

/// What both sides have agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// How sound is coded.
    pub format: Format,
    /// The payload type of key presses.
    pub events: Option<u8>,
    /// Where the other side receives; `None` while it wants nothing or names a host.
    pub remote: Option<SocketAddr>,
    /// Which way, as we see it.
    pub direction: Direction,
}

/// Why there is no agreement: 488. RFC 3261 §21.4.26.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
    /// No stream of sound over plain RTP.
    #[error("no sound over RTP/AVP is offered")]
    NoAudio,
    /// No codec that both know.
    #[error("no codec in common")]
    NoCodec,
    /// The answer has not as many streams as the offer. RFC 3264 §6.
    #[error("the answer does not fit the offer")]
    NotAnAnswer,
}

/// Codecs of a stream that are known here, in the order of its sender.
pub fn formats(media: &Media) -> Vec<Format> {
    let of = |number: &String| {
        let payload: u8 = number.parse().ok().filter(|number| *number < 128)?;
        let codec = codec_of(media, payload)?;
        Some(Format { codec, payload })
    };
    media.formats.iter().filter_map(of).collect()
}

fn codec_of(media: &Media, payload: u8) -> Option<Codec> {
    let codecs = [Codec::Pcma, Codec::Pcmu, Codec::Opus];
    let Some(name) = encoding_of(media, payload) else {
        return codecs.into_iter().find(|codec| codec.static_payload() == Some(payload));
    };
    // A channel count of one may be written or left out. RFC 8866 §6.6.
    let name = name.strip_suffix("/1").unwrap_or(name);
    codecs.into_iter().find(|codec| codec.encoding().eq_ignore_ascii_case(name))
}

fn encoding_of(media: &Media, payload: u8) -> Option<&str> {
    media.attribute_values("rtpmap").find_map(|value| {
        let (number, name) = value.split_once(' ')?;
        (number.parse() == Ok(payload)).then(|| name.trim())
    })
}

/// The payload type of key presses that go with a codec.
fn events_of(media: &Media, clock_hz: u32) -> Option<u8> {
    let wanted = format!("{TELEPHONE_EVENT}/{clock_hz}");
    media.attribute_values("rtpmap").find_map(|value| {
        let (number, name) = value.split_once(' ')?;
        let is_it = name.trim().trim_end_matches("/1").eq_ignore_ascii_case(&wanted);
        number.parse().ok().filter(|_| is_it)
    })
}

/// The first stream of sound that is open and plain, with its place.
pub fn audio(description: &SessionDescription) -> Option<(usize, &Media)> {
    description.media.iter().enumerate().find(|(_, media)| {
        media.kind == "audio" && media.port != 0 && media.protocol.eq_ignore_ascii_case("RTP/AVP")
    })
}

fn remote(description: &SessionDescription, media: &Media) -> Option<SocketAddr> {
    let address: IpAddr = description.address_of(media)?;
    let is_somebody = !address.is_unspecified() && !address.is_multicast();
    is_somebody.then(|| SocketAddr::new(address, media.port))
}

/// Answers an offer: the first codec of the offer that we take, under the number of the offer.
pub fn answer(
    offer: &SessionDescription,
    local: &Local,
) -> Result<(SessionDescription, Agreed), Disagreement> {
    let (place, audio) = audio(offer).ok_or(Disagreement::NoAudio)?;
    let is_taken = |one: &Format| local.formats.iter().any(|known| known.codec == one.codec);
    let format = formats(audio).into_iter().find(is_taken).ok_or(Disagreement::NoCodec)?;
    let events = local.events.and(events_of(audio, format.codec.clock_hz()));
    let offered = offer.direction_of(audio);
    let direction = offered.mirrored().and(local.direction);
    let media = offer.media.iter().enumerate().map(|(at, media)| {
        if at == place {
            return local.stream(&[format], events, direction);
        }
        let attributes = Vec::new();
        Media { port: 0, connection: None, direction: None, attributes, ..media.clone() }
    });
    let described = local.describe(media.collect());
    let remote = remote(offer, audio);
    Ok((described, Agreed { format, events, remote, direction }))
}

/// Reads the answer to an offer of ours.
pub fn read_answer(local: &Local, answer: &SessionDescription) -> Result<Agreed, Disagreement> {
    // We offer one stream.
    if answer.media.len() != 1 {
        return Err(Disagreement::NotAnAnswer);
    }
    let (_, audio) = audio(answer).ok_or(Disagreement::NoAudio)?;
    let is_offered = |one: &Format| local.formats.iter().any(|known| known.codec == one.codec);
    let format = formats(audio).into_iter().find(is_offered).ok_or(Disagreement::NoCodec)?;
    let events = local.events.and(events_of(audio, format.codec.clock_hz()));
    let direction = answer.direction_of(audio).mirrored().and(local.direction);
    Ok(Agreed { format, events, remote: remote(answer, audio), direction })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SessionDescription {
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
        SessionDescription::parse(format!("{head}{text}").as_bytes()).expect("a description")
    }

    fn local() -> Local {
        Local::g711("198.51.100.1:30000".parse().expect("an address"), 7)
    }

    #[test]
    fn the_first_codec_in_common_is_taken_under_its_number() {
        let offer = read(
            "m=audio 4000 RTP/AVP 9 0 8 97\r\na=rtpmap:9 G722/8000\r\n\
             a=rtpmap:97 telephone-event/8000\r\n",
        );
        let (described, agreed) = answer(&offer, &local()).expect("agreed");
        assert_eq!(agreed.format, Format { codec: Codec::Pcmu, payload: 0 });
        assert_eq!(agreed.events, Some(97));
        assert_eq!(agreed.remote, "192.0.2.9:4000".parse().ok());
        assert_eq!(described.media[0].formats, ["0", "97"]);
        // The other side understands it the same way.
        let theirs = Local {
            formats: formats(&offer.media[0]),
            events: Some(97),
            ..Local::g711("192.0.2.9:4000".parse().expect("an address"), 1)
        };
        let heard = read_answer(&theirs, &described).expect("agreed");
        assert_eq!((heard.format, heard.events), (agreed.format, agreed.events));
        assert_eq!(heard.remote, "198.51.100.1:30000".parse().ok());
    }

    #[test]
    fn streams_that_are_not_ours_are_refused_in_their_places() {
        let offer = read(
            "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 8\r\n\
             m=image 4002 udptl t38\r\nm=audio 4004 RTP/SAVP 0\r\n",
        );
        let (described, _) = answer(&offer, &local()).expect("agreed");
        let ports: Vec<u16> = described.media.iter().map(|media| media.port).collect();
        assert_eq!(ports, [0, 30_000, 0, 0]);
        assert_eq!(described.media[0].formats, ["96"]);
    }

    #[test]
    fn hold_is_answered_by_listening_and_taken_off_again() {
        for (offered, answered) in [
            ("sendrecv", Direction::SendReceive),
            ("sendonly", Direction::ReceiveOnly),
            ("recvonly", Direction::SendOnly),
            ("inactive", Direction::Inactive),
        ] {
            let offer = read(&format!("m=audio 4000 RTP/AVP 8\r\na={offered}\r\n"));
            let (described, agreed) = answer(&offer, &local()).expect("agreed");
            assert_eq!(agreed.direction, answered);
            assert_eq!(described.media[0].direction, Some(answered));
        }
        let held = Local { direction: Direction::SendOnly, ..local() };
        let offer = read("m=audio 4000 RTP/AVP 8\r\n");
        assert_eq!(answer(&offer, &held).expect("agreed").1.direction, Direction::SendOnly);
    }

    #[test]
    fn disagreements_are_told_apart() {
        for (text, why) in [
            ("m=audio 0 RTP/AVP 8\r\n", Disagreement::NoAudio),
            ("m=audio 4000 RTP/SAVP 8\r\n", Disagreement::NoAudio),
            ("m=video 4000 RTP/AVP 96\r\n", Disagreement::NoAudio),
            ("m=audio 4000 RTP/AVP 18\r\n", Disagreement::NoCodec),
            ("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 G726-32/8000\r\n", Disagreement::NoCodec),
        ] {
            assert_eq!(answer(&read(text), &local()), Err(why), "{text}");
        }
        let two = read("m=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/AVP 8\r\n");
        assert_eq!(read_answer(&local(), &two), Err(Disagreement::NotAnAnswer));
    }

    #[test]
    fn opus_is_known_by_its_name_alone() {
        let offer = read("m=audio 4000 RTP/AVP 111 8\r\na=rtpmap:111 OPUS/48000/2\r\n");
        let found = formats(&offer.media[0]);
        assert_eq!(found[0], Format { codec: Codec::Opus, payload: 111 });
        assert_eq!(found.len(), 2);
        let (_, agreed) = answer(&offer, &local()).expect("agreed");
        assert_eq!(agreed.format.codec, Codec::Pcma);
    }

    #[test]
    fn sound_is_never_sent_to_nobody_or_everybody() {
        for address in ["0.0.0.0", "239.1.1.1", "example.com"] {
            let offer = read(&format!("m=audio 4000 RTP/AVP 8\r\nc=IN IP4 {address}\r\n"));
            let (_, agreed) = answer(&offer, &local()).expect("agreed");
            // A name leaves that of the whole call.
            let whole = "192.0.2.9:4000".parse().ok();
            assert_eq!(agreed.remote, whole.filter(|_| address == "example.com"), "{address}");
        }
    }
}
