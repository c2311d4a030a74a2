//! The ring of recent events and those who read it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rozmova_base::id::{AgentId, QueueId, UserId};
use rozmova_base::{Clock, Timestamp};
use tokio::sync::Notify;

use super::{Audience, LiveEvent, Viewer};

/// Events kept for those who were away: at 50 a second, more than five minutes.
const RING_EVENTS_MAX: usize = 16_384;
/// Memory of the ring: an event may carry a whole message.
const RING_BYTES_MAX: usize = 64 << 20;
/// For so long after the last viewer went, events are made for his return.
const AWAY_MS: i64 = 120_000;
/// Frames handed to a connection at once; others get their turn in between.
const FRAMES_AT_ONCE: usize = 128;

/// Sends live events. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    epoch: String,
    /// Number of the last event.
    sequence: u64,
    ring: VecDeque<Kept>,
    ring_bytes: usize,
    next_reader: u64,
    readers: BTreeMap<u64, Reader>,
    /// When the last reader went.
    left_at: Timestamp,
}

/// One event as it goes out: shared, never copied.
pub type Frame = Arc<str>;

#[derive(Debug)]
struct Kept {
    audience: Audience,
    frame: Frame,
}

#[derive(Debug)]
struct Reader {
    viewer: Viewer,
    wake: Arc<Notify>,
    /// Number of the last event looked at.
    after: u64,
    /// The viewer must begin anew.
    is_lost: bool,
}

/// Where a viewer wants to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The run of the server he knows.
    pub epoch: String,
    /// The last number he has applied.
    pub after: u64,
}

/// What comes next for a viewer.
#[derive(Debug)]
pub enum Next {
    /// These frames, in order.
    Frames(Vec<Frame>),
    /// He has fallen behind, or the stream has a hole: he must connect and fetch anew.
    Lost,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    /// An empty stream; `epoch` tells this run of the server from others.
    pub fn new(clock: Arc<dyn Clock>, epoch: String) -> Self {
        let state = State {
            epoch,
            sequence: 0,
            ring: VecDeque::new(),
            ring_bytes: 0,
            next_reader: 0,
            readers: BTreeMap::new(),
            left_at: Timestamp(i64::MIN),
        };
        Self(Arc::new(Shared { clock, state: Mutex::new(state) }))
    }

    /// Numbers an event and makes it visible to its audience. What it speaks of must be committed.
    #[expect(clippy::needless_pass_by_value, reason = "an event is sent once")]
    pub fn publish(&self, event: LiveEvent, audience: Audience) {
        let at = self.0.clock.now();
        let mut state = self.lock();
        state.sequence += 1;
        let frame = frame(state.sequence, at, &event);
        state.keep(Kept { audience, frame });
        for reader in state.readers.values() {
            if reader.viewer.sees(audience) {
                reader.wake.notify_one();
            }
        }
    }

    /// Number of the last event.
    pub fn sequence(&self) -> u64 {
        self.lock().sequence
    }

    /// Whether anybody listens or may come back for what he missed. If not, costly events need not
    /// be made; then say [`Hub::leave_out`].
    pub fn is_watched(&self) -> bool {
        let now = self.0.clock.now();
        let state = self.lock();
        !state.readers.is_empty() || now.millis_since(state.left_at) < AWAY_MS
    }

    /// Events were not made: whoever comes now cannot go on where he was.
    pub fn leave_out(&self) {
        let mut state = self.lock();
        state.sequence += 1;
        state.ring.clear();
        state.ring_bytes = 0;
    }

    /// Events could not be made: everybody must fetch anew.
    pub fn break_stream(&self, epoch: String) {
        let mut state = self.lock();
        state.epoch = epoch;
        state.ring.clear();
        state.ring_bytes = 0;
        for reader in state.readers.values_mut() {
            reader.is_lost = true;
            reader.wake.notify_one();
        }
    }

    /// Begins to listen; with `resumed`, where the viewer was, if the ring goes back so far.
    pub fn subscribe(&self, viewer: Viewer, resumed: Option<&Resumed>) -> Subscription {
        let mut state = self.lock();
        let from = resumed.filter(|resumed| state.can_resume(resumed)).map(|resumed| resumed.after);
        let after = from.unwrap_or(state.sequence);
        let wake = Arc::new(Notify::new());
        wake.notify_one();
        state.next_reader += 1;
        let id = state.next_reader;
        let reader = Reader { viewer, wake: Arc::clone(&wake), after, is_lost: false };
        state.readers.insert(id, reader);
        Subscription {
            epoch: state.epoch.clone(),
            after,
            is_resumed: from.is_some(),
            id,
            wake,
            hub: self.clone(),
        }
    }

    /// The routing has changed: `place` says what each who listens sees from now on, the queues
    /// that he serves and his team.
    pub fn renew_viewers(&self, place: impl Fn(UserId) -> (BTreeSet<QueueId>, BTreeSet<AgentId>)) {
        let users: BTreeSet<UserId> =
            self.lock().readers.values().map(|reader| reader.viewer.user).collect();
        // Not under the lock: a team is sought among thousands of agents.
        let places: BTreeMap<UserId, _> =
            users.into_iter().map(|user| (user, place(user))).collect();
        for reader in self.lock().readers.values_mut() {
            if let Some((queues, team)) = places.get(&reader.viewer.user) {
                reader.viewer.queues.clone_from(queues);
                reader.viewer.team.clone_from(team);
            }
        }
    }

    /// No code that holds the lock can panic, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, kept: Kept) {
        self.ring_bytes += kept.frame.len();
        self.ring.push_back(kept);
        while self.ring.len() > RING_EVENTS_MAX || self.ring_bytes > RING_BYTES_MAX {
            let Some(gone) = self.ring.pop_front() else { break };
            self.ring_bytes -= gone.frame.len();
        }
    }

    /// Number of the event before the oldest that is kept.
    fn before_ring(&self) -> u64 {
        self.sequence - self.ring.len() as u64
    }

    fn can_resume(&self, resumed: &Resumed) -> bool {
        resumed.epoch == self.epoch && (self.before_ring()..=self.sequence).contains(&resumed.after)
    }
}

/// A viewer's place in the stream; given up when dropped.
#[derive(Debug)]
pub struct Subscription {
    /// The run of the server.
    pub epoch: String,
    /// The number after which he gets everything.
    pub after: u64,
    /// Whether he goes on where he was.
    pub is_resumed: bool,
    id: u64,
    wake: Arc<Notify>,
    hub: Hub,
}

impl Subscription {
    /// Waits for frames. Safe to drop while it waits.
    pub async fn next(&mut self) -> Next {
        loop {
            let next = self.take();
            match next {
                Next::Frames(frames) if frames.is_empty() => self.wake.notified().await,
                Next::Frames(_) | Next::Lost => return next,
            }
        }
    }

    fn take(&mut self) -> Next {
        let mut state = self.hub.lock();
        let (before_ring, last) = (state.before_ring(), state.sequence);
        let state = &mut *state;
        let Some(reader) = state.readers.get_mut(&self.id) else { return Next::Lost };
        if reader.is_lost || reader.after < before_ring {
            return Next::Lost;
        }
        let mut frames = Vec::new();
        while reader.after < last && frames.len() < FRAMES_AT_ONCE {
            let index = (reader.after - before_ring) as usize;
            reader.after += 1;
            let Some(kept) = state.ring.get(index) else { return Next::Lost };
            if reader.viewer.sees(kept.audience) {
                frames.push(Arc::clone(&kept.frame));
            }
        }
        Next::Frames(frames)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let now = self.hub.0.clock.now();
        let mut state = self.hub.lock();
        state.readers.remove(&self.id);
        state.left_at = now;
    }
}

fn frame(sequence: u64, at: Timestamp, event: &LiveEvent) -> Frame {
    let mut text = String::with_capacity(event.data.len() + 96);
    let _ = write!(
        text,
        r#"{{"seq":{sequence},"at":{},"type":"{}","data":{}}}"#,
        at.as_micros(),
        event.name,
        event.data
    );
    text.into()
}

#[cfg(test)]
mod tests {
    use rozmova_base::time::MockClock;

    use super::*;

    fn hub() -> Hub {
        Hub::new(Arc::new(MockClock::at(Timestamp(7))), "e1".to_owned())
    }

    fn viewer(user: u128) -> Viewer {
        let user = UserId::from_u128(user);
        Viewer { user, supervises: false, queues: BTreeSet::new(), team: BTreeSet::new() }
    }

    fn numbers(next: Next) -> Vec<u64> {
        let Next::Frames(frames) = next else { panic!("lost") };
        let number = |frame: &Frame| {
            let value: serde_json::Value = serde_json::from_str(frame).expect("JSON");
            value["seq"].as_u64().expect("a number")
        };
        frames.iter().map(number).collect()
    }

    fn say(hub: &Hub, user: u128) {
        let audience = Audience::User(UserId::from_u128(user));
        hub.publish(LiveEvent::new("draft.changed", &serde_json::json!({})), audience);
    }

    #[tokio::test]
    async fn a_viewer_gets_his_own_events_in_order() {
        let hub = hub();
        let mut ana = hub.subscribe(viewer(1), None);
        for user in [1, 2, 1] {
            say(&hub, user);
        }
        let Next::Frames(frames) = ana.next().await else { panic!("lost") };
        assert_eq!(&*frames[0], r#"{"seq":1,"at":7,"type":"draft.changed","data":{}}"#);
        assert_eq!(numbers(Next::Frames(frames)), [1, 3]);
    }

    #[tokio::test]
    async fn a_change_of_the_routing_reaches_open_connections() {
        let hub = hub();
        let mut ana = hub.subscribe(viewer(1), None);
        let (queue, colleague) = (QueueId::from_u128(7), AgentId::from_u128(2));
        let tell = |hub: &Hub| {
            for audience in [Audience::Queue(queue), Audience::Team(colleague)] {
                hub.publish(LiveEvent::new("queue.changed", &serde_json::json!({})), audience);
            }
        };
        tell(&hub);
        hub.renew_viewers(|_| (BTreeSet::from([queue]), BTreeSet::from([colleague])));
        say(&hub, 1);
        assert_eq!(
            numbers(ana.next().await),
            [1, 2, 3],
            "what he reads, he reads by his place now"
        );
        hub.renew_viewers(|_| (BTreeSet::new(), BTreeSet::new()));
        tell(&hub);
        say(&hub, 1);
        assert_eq!(numbers(ana.next().await), [6]);
    }

    #[tokio::test]
    async fn resuming_misses_and_doubles_nothing() {
        let hub = hub();
        for _ in 0..5 {
            say(&hub, 1);
        }
        let known = Resumed { epoch: "e1".to_owned(), after: 3 };
        let mut ana = hub.subscribe(viewer(1), Some(&known));
        assert!(ana.is_resumed);
        assert_eq!(numbers(ana.next().await), [4, 5]);
        let other = Resumed { epoch: "e0".to_owned(), after: 3 };
        let anew = hub.subscribe(viewer(1), Some(&other));
        assert_eq!((anew.is_resumed, anew.after), (false, 5));
        let future = Resumed { epoch: "e1".to_owned(), after: 6 };
        assert!(!hub.subscribe(viewer(1), Some(&future)).is_resumed);
    }

    #[tokio::test]
    async fn who_falls_behind_the_ring_is_told() {
        let hub = hub();
        let mut slow = hub.subscribe(viewer(1), None);
        for _ in 0..=RING_EVENTS_MAX {
            say(&hub, 1);
        }
        assert!(matches!(slow.next().await, Next::Lost));
        let late = Resumed { epoch: "e1".to_owned(), after: 0 };
        assert!(!hub.subscribe(viewer(1), Some(&late)).is_resumed);
        let known = Resumed { epoch: "e1".to_owned(), after: 1 };
        assert!(hub.subscribe(viewer(1), Some(&known)).is_resumed);
    }

    #[tokio::test]
    async fn a_broken_stream_sends_everybody_away() {
        let hub = hub();
        let mut ana = hub.subscribe(viewer(1), None);
        hub.break_stream("e2".to_owned());
        assert!(matches!(ana.next().await, Next::Lost));
    }

    #[tokio::test]
    async fn what_nobody_watches_is_left_out_and_cannot_be_resumed() {
        let clock = Arc::new(MockClock::at(Timestamp(7)));
        let hub = Hub::new(Arc::clone(&clock) as Arc<dyn Clock>, "e1".to_owned());
        assert!(!hub.is_watched());
        let ana = hub.subscribe(viewer(1), None);
        assert!(hub.is_watched());
        drop(ana);
        assert!(hub.is_watched(), "she may come back");
        clock.advance_millis(AWAY_MS);
        assert!(!hub.is_watched());
        hub.leave_out();
        let known = Resumed { epoch: "e1".to_owned(), after: 0 };
        assert!(!hub.subscribe(viewer(1), Some(&known)).is_resumed);
    }

    #[test]
    fn the_ring_is_limited_in_bytes() {
        let hub = hub();
        let text = "x".repeat(1 << 20);
        for _ in 0..80 {
            hub.publish(LiveEvent::new("message.added", &text), Audience::Everyone);
        }
        assert!(hub.lock().ring_bytes <= RING_BYTES_MAX);
        assert!(hub.lock().ring.len() < 80);
    }
}
