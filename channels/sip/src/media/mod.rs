//! The media of a call: packets, codecs, tones, mixing and recording. Sockets are opened by `io`.
//!
//! Invariant: nothing here knows SIP or SDP; a stream is described by plain values.
