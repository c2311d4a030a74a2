//! A name server on loopback that knows some texts and addresses and denies everything else.
//! RFC 1035 §4.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::net::UdpSocket;

const TXT: u16 = 16;

/// Name → text.
pub(crate) type Zone = BTreeMap<String, String>;

/// Opens one; it answers until the test ends.
pub(crate) async fn start(zone: Zone) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    serve(socket, zone);
    address
}

/// Answers on a socket that was silent so far.
pub(crate) fn serve(socket: UdpSocket, zone: Zone) {
    tokio::spawn(async move {
        let mut buffer = [0; 1_500];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            let Some(answer) = answer(&buffer[..length], &zone) else { continue };
            let _ = socket.send_to(&answer, peer).await;
        }
    });
}

fn answer(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let mut name = String::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        name.push_str(&String::from_utf8_lossy(label).to_lowercase());
        name.push('.');
        at += length;
    }
    let kind = u16::from_be_bytes(query.get(at..at + 2)?.try_into().ok()?);
    let question_end = at + 4;
    let text = zone.get(name.trim_end_matches('.')).filter(|_| kind == TXT);
    let mut answer = query.get(..2)?.to_vec();
    // Response, recursion desired and available; 3 is NXDOMAIN.
    answer.extend([0x81, if text.is_some() { 0x80 } else { 0x83 }]);
    answer.extend([0, 1, 0, u8::from(text.is_some()), 0, 0, 0, 0]);
    answer.extend(query.get(12..question_end)?);
    if let Some(text) = text {
        answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(255) {
            data.push(piece.len() as u8);
            data.extend(piece);
        }
        answer.extend((data.len() as u16).to_be_bytes());
        answer.extend(data);
    }
    Some(answer)
}
