//! [`Message`] → bytes. RFC 3261 §7.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::header::Headers;
use super::{Message, Request, Response};

/// Room for a usual message, so that the buffer grows once at most.
const USUAL_BYTES: usize = 1_024;

/// The bytes of a message, with the `Content-Length` of its body.
pub fn write(message: &Message) -> Bytes {
    match message {
        Message::Request(request) => write_request(request),
        Message::Response(response) => write_response(response),
    }
}

/// The bytes of a request.
pub fn write_request(request: &Request) -> Bytes {
    let mut out = BytesMut::with_capacity(USUAL_BYTES + request.body.len());
    out.put_slice(request.method.as_str().as_bytes());
    out.put_u8(b' ');
    out.put_slice(request.uri.to_string().as_bytes());
    out.put_slice(b" SIP/2.0\r\n");
    write_rest(&mut out, &request.headers, &request.body);
    out.freeze()
}

/// The bytes of a response.
pub fn write_response(response: &Response) -> Bytes {
    let mut out = BytesMut::with_capacity(USUAL_BYTES + response.body.len());
    out.put_slice(b"SIP/2.0 ");
    out.put_slice(response.status.code().to_string().as_bytes());
    out.put_u8(b' ');
    put_value(&mut out, &response.reason);
    out.put_slice(b"\r\n");
    write_rest(&mut out, &response.headers, &response.body);
    out.freeze()
}

fn write_rest(out: &mut BytesMut, headers: &Headers, body: &Bytes) {
    for (name, value) in headers.iter() {
        out.put_slice(name.as_str().as_bytes());
        out.put_slice(b": ");
        put_value(out, value);
        out.put_slice(b"\r\n");
    }
    out.put_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.put_slice(body);
}

/// A value made of somebody's data must never end its line: line ends become spaces.
fn put_value(out: &mut BytesMut, value: &[u8]) {
    if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        let safe =
            value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte });
        out.extend(safe);
    } else {
        out.put_slice(value);
    }
}
