//! Who writes what and when. Answers of the bank are read, and some are answered in the thread.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rozmova_base::Clock;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::letter::{self, Form, Letter, Mailbox, Received};
use super::smtp::{self, Delivered};
use crate::demo::chance::Chance;
use crate::demo::names;
use crate::demo::texts::{self, Filling};

/// Of a hundred answers so many are answered by the client.
const FOLLOW_UP_PERCENT: u64 = 30;
/// Of a hundred first mails so many come from somebody whom the bank does not know.
const STRANGER_PERCENT: u64 = 15;
/// Of a hundred mails so many come from domains that publish nothing: nobody vouches for them.
const UNVOUCHED_PERCENT: u64 = 8;
/// Answers kept as files for people who want to see the client's side.
const KEPT_ANSWERS: u64 = 500;
/// Follow-ups under way at once; more answers than that stay unanswered.
const FOLLOW_UPS_MAX: usize = 100;

/// What the outside world is told.
#[derive(Debug)]
pub struct World {
    /// The bank's SMTP listener.
    pub bank: SocketAddr,
    /// The bank's addresses with the key of the queue that their mail comes to.
    pub mailboxes: Vec<(String, texts::QueueKey)>,
    /// Clients who may write.
    pub clients: Vec<Mailbox>,
    /// Time between two first mails, on average.
    pub mean_gap_ms: f64,
    /// Answers that arrive are kept there.
    pub folder: PathBuf,
}

/// The outside world at work.
pub struct Traffic {
    world: World,
    chance: Mutex<Chance>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    follow_ups: tokio::sync::Semaphore,
}

impl std::fmt::Debug for Traffic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Traffic").field("world", &self.world).finish_non_exhaustive()
    }
}

impl Traffic {
    /// Nothing happens before [`Traffic::write`] and [`Traffic::read`].
    pub fn new(world: World, seed: u64, clock: Arc<dyn Clock>, stop: CancellationToken) -> Self {
        let follow_ups = tokio::sync::Semaphore::new(FOLLOW_UPS_MAX);
        Self { world, chance: Mutex::new(Chance::new(seed)), clock, stop, follow_ups }
    }

    /// Writes mails until it is told to stop.
    pub async fn write(self: Arc<Self>) {
        loop {
            let gap_ms = self.chance().exponential_ms(self.world.mean_gap_ms).clamp(200, 60_000);
            if self.pause(Duration::from_millis(gap_ms.unsigned_abs())).await.is_err() {
                return;
            }
            let (envelope_from, letter) = self.first_letter();
            self.post(&envelope_from, &letter.to, &letter.bytes()).await;
        }
    }

    /// Reads the bank's answers until there are no more.
    pub async fn read(self: Arc<Self>, mut delivered: mpsc::Receiver<Delivered>) {
        let mut count = 0;
        while let Some(mail) = delivered.recv().await {
            self.keep(count % KEPT_ANSWERS, &mail.raw).await;
            count += 1;
            for recipient in &mail.recipients {
                let received = Received::read(&mail.mail_from, recipient, &mail.raw);
                let traffic = Arc::clone(&self);
                tokio::spawn(async move { traffic.react(received).await });
            }
        }
    }

    fn first_letter(&self) -> (String, Letter) {
        let weights: Vec<u64> = texts::QUEUES.iter().map(|(_, share)| *share).collect();
        let mut chance = self.chance();
        let queue = texts::QUEUES[chance.weighted(&weights)].0;
        let topic = texts::topic(&mut chance, queue);
        let from = self.sender(&mut chance);
        let is_uk = !chance.percent(12);
        let in_language = if is_uk { &topic.uk } else { &topic.en };
        let day = format!("{:02}.{:02}", chance.between(1, 28), chance.between(1, 12));
        let filling = Filling::new(&mut chance, &from.name, "", "", day);
        let form = match chance.below(100) {
            0..12 => Form::Html,
            12..20 => Form::WithFile,
            20..28 => Form::Windows1251,
            _ => Form::Plain,
        };
        let mut letter = Letter {
            to: self.address_of(queue),
            subject: filling.fill(chance.pick(in_language.subjects)),
            text: filling.fill(in_language.question),
            form,
            message_id: message_id(&mut chance),
            references: Vec::new(),
            more_headers: String::new(),
            at: self.clock.now(),
            from,
        };
        let mut envelope_from = letter.from.address.clone();
        if chance.percent(2) {
            envelope_from = spoof(&mut letter);
            letter.more_headers.push_str(&letter::verdict("fail"));
        } else if !chance.percent(UNVOUCHED_PERCENT) {
            letter.more_headers.push_str(&letter::verdict("pass"));
        }
        (envelope_from, letter)
    }

    fn sender(&self, chance: &mut Chance) -> Mailbox {
        if self.world.clients.is_empty() || chance.percent(STRANGER_PERCENT) {
            let human = names::human(chance);
            let local = format!("{}{}", names::latin(&human.family), chance.between(1, 99_999));
            let name = format!("{} {}", human.given, human.family);
            return Mailbox { name, address: format!("{local}@mail.example") };
        }
        chance.pick_ref(&self.world.clients).clone()
    }

    fn address_of(&self, queue: texts::QueueKey) -> String {
        let found = self.world.mailboxes.iter().find(|(_, key)| *key == queue);
        found
            .or(self.world.mailboxes.first())
            .map_or_else(String::new, |(address, _)| address.clone())
    }

    /// Some answer, one in fifty is away, an address in a hundred is gone.
    async fn react(&self, received: Received) {
        let Ok(_permit) = self.follow_ups.try_acquire() else { return };
        if is_gone(&received.recipient) {
            let id = message_id(&mut self.chance());
            let to = received.mail_from.clone();
            let raw = letter::bounce(&to, &received.recipient, &received, &id, self.clock.now());
            if !to.is_empty() {
                self.post("", &to, &raw).await;
            }
            return;
        }
        // Robots do not answer robots (RFC 3834 §2).
        if received.automatic || received.from.is_empty() {
            return;
        }
        let dice = self.chance().below(100);
        let is_away = dice < 2;
        if !is_away && dice >= 2 + FOLLOW_UP_PERCENT {
            return;
        }
        let wait_ms = if is_away { 1_500 } else { self.chance().handling_ms(45_000.0) };
        if self.pause(Duration::from_millis(wait_ms.unsigned_abs())).await.is_err() {
            return;
        }
        let letter = if is_away { self.away(&received) } else { self.follow_up(&received) };
        let envelope_from = if is_away { "" } else { received.recipient.as_str() };
        self.post(envelope_from, &received.from, &letter.bytes()).await;
    }

    fn follow_up(&self, received: &Received) -> Letter {
        let mut chance = self.chance();
        // English subjects are plain ASCII.
        let is_uk = received.raw_subject.contains("=?");
        let text = if is_uk {
            chance.pick(&texts::FOLLOW_UPS_UK)
        } else {
            chance.pick(&texts::FOLLOW_UPS_EN)
        };
        self.answer(&mut chance, received, text)
    }

    fn away(&self, received: &Received) -> Letter {
        let text = "Дякую за лист. Я у відпустці до кінця місяця й відповім після повернення.";
        let mut letter = self.answer(&mut self.chance(), received, text);
        letter
            .more_headers
            .push_str("Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n");
        letter
    }

    fn answer(&self, chance: &mut Chance, received: &Received, text: &str) -> Letter {
        let is_reply = received.raw_subject.get(..3).is_some_and(|s| s.eq_ignore_ascii_case("re:"));
        let known = self.world.clients.iter().find(|known| known.address == received.recipient);
        let quoted = format!("{text}\n\nOn {} bank wrote:\n> …\n", received.from);
        Letter {
            from: known.cloned().unwrap_or_else(|| Mailbox {
                name: String::new(),
                address: received.recipient.clone(),
            }),
            to: received.from.clone(),
            subject: if is_reply {
                received.raw_subject.clone()
            } else {
                format!("Re: {}", received.raw_subject)
            },
            text: quoted,
            form: Form::Plain,
            message_id: message_id(chance),
            references: received.thread(),
            more_headers: letter::verdict("pass"),
            at: self.clock.now(),
        }
    }

    async fn post(&self, mail_from: &str, to: &str, raw: &[u8]) {
        if let Err(error) = smtp::send(self.world.bank, mail_from, to, raw).await {
            tracing::debug!("A client's mail was not taken: {error}");
        }
    }

    async fn keep(&self, number: u64, raw: &[u8]) {
        let path = self.world.folder.join(format!("{number:03}.eml"));
        if let Err(error) = tokio::fs::write(&path, raw).await {
            tracing::debug!("An answer was not kept in {}: {error}", path.display());
        }
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error: it is time to stop.
    async fn pause(&self, time: Duration) -> Result<(), ()> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = self.stop.cancelled() => Err(()),
        }
    }
}

fn message_id(chance: &mut Chance) -> String {
    format!("{:016x}@client.example", chance.bits())
}

/// One address in a hundred no longer exists; always the same ones.
fn is_gone(address: &str) -> bool {
    address.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 100
        == 7
}

/// The mail claims to be from the bank itself and came from elsewhere.
fn spoof(letter: &mut Letter) -> String {
    "Служба безпеки банку".clone_into(&mut letter.from.name);
    letter.from.address = format!("security@{}", letter.to.rsplit('@').next().unwrap_or_default());
    "Підтвердьте ваші дані".clone_into(&mut letter.subject);
    "Ваш рахунок буде заблоковано. Терміново перейдіть за посиланням \
                   https://bank-verify.example/login та введіть пароль."
        .clone_into(&mut letter.text);
    letter.form = Form::Html;
    letter.more_headers.push_str("Reply-To: collect@phish.example\r\n");
    "bulk@phish.example".to_owned()
}
