//! Media on the network and on disk: ports, the 20 ms clock, the writer of recordings.
//!
//! Each leg has a pair of ports (sound even, reports above: RFC 3550 §11) with a task for each that
//! takes a datagram, lets the conversation decide under a lock that is never held over a wait, and
//! sends what came out of it. One task ticks all conversations. Files are written by one thread of
//! their own, so that a slow disk delays no voice.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use channel_contract::base::{Clock, Timestamp};
use tokio::net::UdpSocket;
use tokio::sync::mpsc as channel;
use tokio::task::JoinHandle;

use crate::media::conversation::{Conversation, Outbox, Port};
use crate::media::leg::{Leg, Noticed};
use crate::media::recorder::{Chunk, RecordingSink};
use crate::media::rtp::DATAGRAM_MAX_BYTES;
use crate::media::{FRAME_MS, wav};

/// Events that wait for the call's task at most; a keypad makes a few a second.
const EVENTS_MAX: usize = 4_096;
/// Chunks of recordings that wait for the disk at most: 4 s of 500 calls.
const CHUNKS_MAX: usize = 1_000;

/// The ports that legs may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// Made even if it is odd.
    pub first: u16,
    /// The last one that may be used.
    pub last: u16,
}

/// Why a leg gets no ports.
#[derive(Debug, thiserror::Error)]
pub enum PortsError {
    /// All pairs are in use, by us or by others.
    #[error("no free pair of media ports between {first} and {last}: widen the range")]
    Exhausted {
        /// The range.
        first: u16,
        /// The range.
        last: u16,
    },
    /// The address is not this machine's.
    #[error("media ports on {address} cannot be opened: {source}")]
    Address {
        /// Where.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Gives out pairs of ports, round the range, so that one just given back rests: late packets of
/// the call before must not reach the next.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    range: PortRange,
    next: Mutex<u16>,
}

impl Ports {
    /// On one address of this machine.
    pub fn new(address: IpAddr, range: PortRange) -> Self {
        let first = range.first.saturating_add(range.first % 2);
        Self { address, range: PortRange { first, ..range }, next: Mutex::new(first) }
    }

    /// Opens a pair.
    pub fn open(&self) -> Result<(UdpSocket, UdpSocket), PortsError> {
        let PortRange { first, last } = self.range;
        let pairs = last.saturating_add(1).saturating_sub(first) / 2;
        let mut next = locked(&self.next);
        for _ in 0..pairs {
            let port = *next;
            let after = port.saturating_add(2);
            *next = if after >= last { first } else { after };
            let pair = bind(self.address, port)
                .and_then(|rtp| bind(self.address, port + 1).map(|rtcp| (rtp, rtcp)));
            match pair {
                Ok(pair) => return Ok(pair),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(source) => return Err(PortsError::Address { address: self.address, source }),
            }
        }
        Err(PortsError::Exhausted { first, last })
    }
}

fn bind(address: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((address, port))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happened in a call's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// A leg noticed something.
    Noticed {
        /// Which party's.
        party: usize,
        /// What.
        what: Noticed,
    },
    /// A piece was played, or ended by a key.
    Ended {
        /// To whom.
        party: usize,
        /// By the number it was given.
        id: u64,
    },
}

/// All conversations of this server.
pub struct MediaHub {
    clock: Arc<dyn Clock>,
    calls: Arc<Mutex<BTreeMap<u64, Arc<Call>>>>,
    next_id: AtomicU64,
    ticker: JoinHandle<()>,
    writer: mpsc::SyncSender<Writing>,
}

impl std::fmt::Debug for MediaHub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MediaHub").finish_non_exhaustive()
    }
}

impl Drop for MediaHub {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

enum Writing {
    Begin(u64, Box<dyn RecordingSink>),
    Append(u64, Chunk),
    /// The last bytes, and who waits for the end.
    Finish(u64, Chunk, tokio::sync::oneshot::Sender<io::Result<()>>),
}

/// The media of one call on the network.
pub struct Call {
    id: u64,
    clock: Arc<dyn Clock>,
    shared: Mutex<Shared>,
    events: channel::Sender<MediaEvent>,
    writer: mpsc::SyncSender<Writing>,
    calls: Arc<Mutex<BTreeMap<u64, Arc<Self>>>>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Call").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    conversation: Conversation,
    out: Outbox,
    sockets: BTreeMap<usize, Sockets>,
}

struct Sockets {
    rtp: Arc<UdpSocket>,
    rtcp: Arc<UdpSocket>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl MediaHub {
    /// Starts the clock of the frames and the thread of the recordings.
    pub fn start(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let calls: Arc<Mutex<BTreeMap<u64, Arc<Call>>>> = Arc::default();
        let ticking = Arc::clone(&calls);
        let ticker = tokio::spawn(async move {
            let mut interval = tokio::time::interval(Duration::from_millis(u64::from(FRAME_MS)));
            loop {
                interval.tick().await;
                let now: Vec<Arc<Call>> = locked(&ticking).values().map(Arc::clone).collect();
                for call in now {
                    call.tick();
                }
            }
        });
        let (writer, chunks) = mpsc::sync_channel(CHUNKS_MAX);
        std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || write_recordings(&chunks))?;
        Ok(Self { clock, calls, next_id: AtomicU64::new(1), ticker, writer })
    }

    /// A call without parties, and what happens in it.
    pub fn open(&self) -> (Arc<Call>, channel::Receiver<MediaEvent>) {
        let (events, receiver) = channel::channel(EVENTS_MAX);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let call = Arc::new(Call {
            id,
            clock: Arc::clone(&self.clock),
            shared: Mutex::default(),
            events,
            writer: self.writer.clone(),
            calls: Arc::clone(&self.calls),
        });
        locked(&self.calls).insert(id, Arc::clone(&call));
        (call, receiver)
    }

    /// How many calls are open.
    pub fn open_calls(&self) -> usize {
        locked(&self.calls).len()
    }
}

impl Call {
    /// Lets `act` change the conversation; what it makes to be sent leaves at the next tick.
    pub fn with<T>(&self, act: impl FnOnce(&mut Conversation, Timestamp) -> T) -> T {
        let now = self.clock.now();
        act(&mut locked(&self.shared).conversation, now)
    }

    /// Brings a leg in through its ports; its place, or `None` when the call is full.
    pub fn join(self: &Arc<Self>, leg: Leg, ports: (UdpSocket, UdpSocket)) -> Option<usize> {
        let (rtp, rtcp) = (Arc::new(ports.0), Arc::new(ports.1));
        let mut shared = locked(&self.shared);
        let place = shared.conversation.join(leg)?;
        let tasks = [&rtp, &rtcp]
            .map(|socket| tokio::spawn(receive(Arc::downgrade(self), place, Arc::clone(socket))));
        shared.sockets.insert(place, Sockets { rtp, rtcp, tasks });
        Some(place)
    }

    /// Takes a leg out and gives its ports back.
    pub fn leave(&self, party: usize) -> Option<Leg> {
        let mut shared = locked(&self.shared);
        shared.sockets.remove(&party);
        shared.conversation.leave(party)
    }

    /// Begins to record into `sink`, with `caller` on the left.
    pub fn record(&self, caller: usize, sink: Box<dyn RecordingSink>) {
        self.write(Writing::Begin(self.id, sink));
        self.with(|conversation, now| conversation.record(caller, now));
    }

    /// Ends the recording; returns when its last byte is written, or `None` when there is none.
    pub async fn finish_recording(&self) -> Option<io::Result<()>> {
        let chunk = self.with(Conversation::finish_recording)?;
        let (done, written) = tokio::sync::oneshot::channel();
        self.write(Writing::Finish(self.id, chunk, done));
        let gone = |_| Err(io::Error::other("the writer of recordings has ended"));
        Some(written.await.unwrap_or_else(gone))
    }

    /// Ends all legs and forgets the call.
    pub fn close(&self) {
        locked(&self.shared).sockets.clear();
        locked(&self.calls).remove(&self.id);
    }

    fn datagram(&self, party: usize, datagram: &[u8], from: SocketAddr) {
        let now = self.clock.now();
        let mut shared = locked(&self.shared);
        let Shared { conversation, out, .. } = &mut *shared;
        conversation.receive(party, datagram, from, now, out);
        self.flush(&mut shared);
    }

    fn tick(&self) {
        let now = self.clock.now();
        let mut shared = locked(&self.shared);
        let Shared { conversation, out, .. } = &mut *shared;
        conversation.tick(now, out);
        self.flush(&mut shared);
    }

    fn flush(&self, shared: &mut Shared) {
        let Shared { out, sockets, .. } = shared;
        for (party, port, to, datagram) in out.datagrams() {
            let Some(sockets) = sockets.get(&party) else { continue };
            let socket = match port {
                Port::Rtp => &sockets.rtp,
                Port::Rtcp => &sockets.rtcp,
            };
            // A full buffer or a phone that is gone loses this packet, as the network might.
            let _ = socket.try_send_to(datagram, to);
        }
        let noticed = out
            .noticed
            .iter()
            .map(|(party, what)| MediaEvent::Noticed { party: *party, what: *what });
        let ended =
            out.ended.iter().map(|(party, id)| MediaEvent::Ended { party: *party, id: *id });
        for event in noticed.chain(ended) {
            // Nobody listens any more, or thousands of events were not read: it is lost.
            let _ = self.events.try_send(event);
        }
        if let Some(chunk) = out.chunk.take() {
            self.write(Writing::Append(self.id, chunk));
        }
        out.clear();
    }

    fn write(&self, writing: Writing) {
        if self.writer.try_send(writing).is_err() {
            tracing::error!(call = self.id, "The disk is too slow: part of a recording is lost");
        }
    }
}

/// Takes datagrams until the call is gone.
async fn receive(call: std::sync::Weak<Call>, party: usize, socket: Arc<UdpSocket>) {
    // One byte more than is taken, so that longer ones are seen to be too long.
    let mut buffer = [0; DATAGRAM_MAX_BYTES + 1];
    loop {
        // An error is the other side's port being closed (ICMP), not ours: go on.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let Some(call) = call.upgrade() else { return };
        call.datagram(party, &buffer[..length], from);
    }
}

/// The thread of the recordings; ends with the last sender.
fn write_recordings(chunks: &mpsc::Receiver<Writing>) {
    let mut sinks: BTreeMap<u64, Box<dyn RecordingSink>> = BTreeMap::new();
    while let Ok(writing) = chunks.recv() {
        match writing {
            Writing::Begin(id, sink) => {
                sinks.insert(id, sink);
            }
            Writing::Append(id, chunk) => {
                let Some(sink) = sinks.get_mut(&id) else { continue };
                if let Err(error) = chunk.write_to(sink.as_mut()) {
                    tracing::error!(call = id, %error, "A recording cannot be written");
                }
            }
            Writing::Finish(id, chunk, done) => {
                let written = match sinks.remove(&id) {
                    Some(mut sink) => chunk.write_to(sink.as_mut()),
                    None => Err(io::Error::other("the recording was never begun")),
                };
                let _ = done.send(written);
            }
        }
    }
}

/// A recording in a file of its own, unencrypted: for a folder that is encrypted itself, and for
/// the time until the store takes it over.
#[derive(Debug)]
pub struct WavFile(std::fs::File);

impl WavFile {
    /// A file that must not exist yet.
    pub fn create(path: &std::path::Path) -> io::Result<Self> {
        Ok(Self(std::fs::File::create_new(path)?))
    }
}

impl RecordingSink for WavFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};
        self.0.seek(SeekFrom::End(0))?;
        self.0.write_all(bytes)
    }

    fn flush(&mut self, header: &[u8; wav::HEADER_BYTES]) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        self.0.write_all_at(header, 0)?;
        self.0.sync_data()
    }
}

/// Mends the headers of recordings that a crash cut off; tells how many. Call it at the start.
pub fn mend_recordings(folder: &std::path::Path) -> io::Result<usize> {
    use std::io::Read;
    use std::os::unix::fs::FileExt;
    let mut mended = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "wav") {
            continue;
        }
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path)?;
        let length = file.metadata()?.len();
        let mut found = Vec::new();
        file.by_ref().take(wav::HEADER_BYTES as u64).read_to_end(&mut found)?;
        if let Some(header) = wav::mended(&found, length) {
            file.write_all_at(&header, 0)?;
            file.sync_data()?;
            mended += 1;
        }
    }
    Ok(mended)
}

#[cfg(test)]
mod tests;
