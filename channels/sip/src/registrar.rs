//! Where the phones of agents can be reached. RFC 3261 §10.3, RFC 5626.
//!
//! 1. Only who has proved his password is asked about: the caller has compared the proved user
//!    with the one of `To`.
//! 2. A registration is done as a whole or not at all.
//! 3. A phone is rung over the very flow over which it registered: behind a router no other way
//!    leads to it. A flow over a connection ends with the connection.
//!
//! Absent: passwords ([`crate::digest`]), sockets, and which users there are.

use std::collections::BTreeMap;

use channel_contract::base::Timestamp;

use crate::message::essentials::Essentials;
use crate::message::fields::{self, Contacts};
use crate::message::scan::FieldError;
use crate::message::{HeaderName, NameAddr, Request, Status, Uri};
use crate::transaction::Flow;

/// Shortest registration: shorter ones cost more than they give. RFC 3261 §10.3 step 7.
pub const MIN_EXPIRES_SECONDS: u32 = 60;
/// Longest, and what a phone gets that names none.
pub const MAX_EXPIRES_SECONDS: u32 = 3_600;
/// Phones of one user at the same time: a desk phone, a soft phone, one at home, one spare.
pub const MAX_PHONES: usize = 4;
/// Registered phones in all.
pub const MAX_BINDINGS: usize = 20_000;
/// How often a phone is asked to show that its flow is alive. RFC 5626 §5.
pub const FLOW_TIMER_SECONDS: u32 = 120;

/// One phone of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it says it is.
    pub contact: NameAddr,
    /// Over what it is reached.
    pub flow: Flow,
    /// Until when.
    pub expires_at: Timestamp,
    /// What makes it the same phone after a restart: `+sip.instance` and `reg-id`. RFC 5626 §4.2.
    instance: Option<(String, String)>,
    call_id: String,
    cseq: u32,
}

/// What becomes of a REGISTER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status of the answer.
    pub status: Status,
    /// Its headers besides those that are copied.
    pub headers: Vec<(HeaderName, String)>,
}

impl Outcome {
    const fn refused(status: Status) -> Self {
        Self { status, headers: Vec::new() }
    }
}

/// All registered phones.
#[derive(Debug, Default)]
pub struct Registrar {
    users: BTreeMap<String, Vec<Binding>>,
}

impl Registrar {
    /// Takes a REGISTER of a user whose password was proved.
    pub fn register(
        &mut self,
        user: &str,
        request: &Request,
        essentials: &Essentials,
        flow: Flow,
        now: Timestamp,
    ) -> Outcome {
        self.expire(user, now);
        let Ok(wanted) = wanted(request) else { return Outcome::refused(Status::BAD_REQUEST) };
        let mut bindings = self.users.get(user).cloned().unwrap_or_default();
        let outcome = match wanted {
            Wanted::Nothing => Ok(()),
            Wanted::RemoveAll => remove_all(&mut bindings, essentials),
            Wanted::Change(contacts) => {
                let others = self.users.values().map(Vec::len).sum::<usize>() - bindings.len();
                change(&mut bindings, &contacts, essentials, flow, now).and_then(|()| {
                    let is_full = others + bindings.len() > MAX_BINDINGS;
                    if is_full {
                        Err(Outcome::refused(Status::SERVICE_UNAVAILABLE))
                    } else {
                        Ok(())
                    }
                })
            }
        };
        if let Err(refused) = outcome {
            return refused;
        }
        let headers = answer(&bindings, request, now);
        if bindings.is_empty() {
            self.users.remove(user);
        } else {
            self.users.insert(user.to_owned(), bindings);
        }
        Outcome { status: Status::OK, headers }
    }

    /// The phones of a user, last registered first.
    pub fn phones(&self, user: &str, now: Timestamp) -> Vec<&Binding> {
        let bindings = self.users.get(user).into_iter().flatten();
        let mut alive: Vec<&Binding> = bindings.filter(|one| one.expires_at > now).collect();
        alive.sort_by_key(|one| std::cmp::Reverse(one.expires_at));
        alive
    }

    /// A connection is gone, and with it the way to whoever registered over it. RFC 5626 §5.3.
    pub fn connection_lost(&mut self, connection: u64) {
        for bindings in self.users.values_mut() {
            bindings.retain(|one| {
                one.flow.connection != connection || !one.flow.transport.is_reliable()
            });
        }
        self.users.retain(|_, bindings| !bindings.is_empty());
    }

    /// Forgets everybody whose time is over. Cheap enough for once a minute.
    pub fn sweep(&mut self, now: Timestamp) {
        for bindings in self.users.values_mut() {
            bindings.retain(|one| one.expires_at > now);
        }
        self.users.retain(|_, bindings| !bindings.is_empty());
    }

    /// Whether a phone is reached over this flow.
    pub fn has_flow(&self, flow: Flow) -> bool {
        self.users.values().flatten().any(|one| one.flow == flow)
    }

    /// How many phones there are, those included whose time has just ended.
    pub fn len(&self) -> usize {
        self.users.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    fn expire(&mut self, user: &str, now: Timestamp) {
        if let Some(bindings) = self.users.get_mut(user) {
            bindings.retain(|one| one.expires_at > now);
        }
    }
}

enum Wanted {
    /// A question only.
    Nothing,
    RemoveAll,
    /// Contacts with the seconds each asks for.
    Change(Vec<(NameAddr, u32)>),
}

fn wanted(request: &Request) -> Result<Wanted, FieldError> {
    let expires = request.headers.text(&HeaderName::Expires);
    let expires = expires.map(|text| fields::delta_seconds(&text)).transpose()?;
    let mut contacts = Vec::new();
    let mut is_all = false;
    for line in request.headers.texts(&HeaderName::Contact) {
        match Contacts::parse(&line)? {
            Contacts::All(_) => is_all = true,
            Contacts::Some(some) => contacts.extend(some),
        }
    }
    if is_all {
        // RFC 3261 §10.3 step 6.
        if contacts.is_empty() && expires == Some(0) {
            return Ok(Wanted::RemoveAll);
        }
        return Err(FieldError("* stands alone and with Expires: 0"));
    }
    if contacts.is_empty() {
        return Ok(Wanted::Nothing);
    }
    let with_times = contacts.into_iter().map(|contact| {
        let own = contact.parameters.get("expires").map(fields::delta_seconds).transpose()?;
        Ok((contact, own.or(expires).unwrap_or(MAX_EXPIRES_SECONDS)))
    });
    with_times.collect::<Result<_, _>>().map(Wanted::Change)
}

/// A request that was overtaken by a later one of the same phone. RFC 3261 §10.3 step 7.
fn is_overtaken(known: &Binding, essentials: &Essentials) -> bool {
    known.call_id == essentials.call_id && known.cseq >= essentials.cseq.number
}

fn remove_all(bindings: &mut Vec<Binding>, essentials: &Essentials) -> Result<(), Outcome> {
    if bindings.iter().any(|known| is_overtaken(known, essentials)) {
        return Err(Outcome::refused(Status::SERVER_ERROR));
    }
    bindings.clear();
    Ok(())
}

fn change(
    bindings: &mut Vec<Binding>,
    contacts: &[(NameAddr, u32)],
    essentials: &Essentials,
    flow: Flow,
    now: Timestamp,
) -> Result<(), Outcome> {
    for (contact, seconds) in contacts {
        if *seconds > 0 && *seconds < MIN_EXPIRES_SECONDS {
            let header = (HeaderName::MinExpires, MIN_EXPIRES_SECONDS.to_string());
            return Err(Outcome { status: Status::INTERVAL_TOO_BRIEF, headers: vec![header] });
        }
        let Uri::Sip(uri) = &contact.uri else {
            return Err(Outcome::refused(Status::BAD_REQUEST));
        };
        let instance = instance(contact);
        let is_this = |known: &Binding| match (&known.instance, &instance) {
            (Some(known), Some(new)) => known == new,
            _ => known.contact.uri.as_sip().is_some_and(|known| known.is_equivalent(uri)),
        };
        if bindings.iter().any(|known| is_this(known) && is_overtaken(known, essentials)) {
            return Err(Outcome::refused(Status::SERVER_ERROR));
        }
        bindings.retain(|known| !is_this(known));
        if *seconds == 0 {
            continue;
        }
        if bindings.len() == MAX_PHONES {
            return Err(Outcome::refused(Status::FORBIDDEN));
        }
        let seconds = (*seconds).min(MAX_EXPIRES_SECONDS);
        bindings.push(Binding {
            contact: contact.clone(),
            flow,
            expires_at: now.plus_millis(i64::from(seconds) * 1_000),
            instance,
            call_id: essentials.call_id.clone(),
            cseq: essentials.cseq.number,
        });
    }
    Ok(())
}

fn instance(contact: &NameAddr) -> Option<(String, String)> {
    let instance = contact.parameters.get("+sip.instance").filter(|text| !text.is_empty())?;
    let number = contact.parameters.get("reg-id").unwrap_or_default();
    Some((instance.to_owned(), number.to_owned()))
}

/// All bindings with the seconds that are left. RFC 3261 §10.3 step 8, RFC 5626 §6.
fn answer(bindings: &[Binding], request: &Request, now: Timestamp) -> Vec<(HeaderName, String)> {
    let mut headers = Vec::new();
    for one in bindings {
        let mut contact = one.contact.clone();
        let seconds = one.expires_at.millis_since(now) / 1_000;
        contact.parameters.set("expires", Some(&seconds.to_string()));
        headers.push((HeaderName::Contact, contact.to_string()));
    }
    let supports_outbound = request
        .headers
        .texts(&HeaderName::Supported)
        .any(|line| fields::tokens(&line).iter().any(|word| word.eq_ignore_ascii_case("outbound")));
    if supports_outbound && bindings.iter().any(|one| one.contact.parameters.has("reg-id")) {
        headers.push((HeaderName::Require, "outbound".to_owned()));
        headers.push((HeaderName::FlowTimer, FLOW_TIMER_SECONDS.to_string()));
    }
    headers
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::message::Message;
    use crate::message::essentials::essentials;
    use crate::message::parse::{Parsed, parse};
    use crate::transaction::Transport;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn flow(transport: Transport, connection: u64) -> Flow {
        let peer = "192.0.2.9:5060".parse().expect("an address");
        Flow { transport, connection, peer }
    }

    /// Registers by these headers; status and headers of the answer in one line.
    fn register(registrar: &mut Registrar, cseq: u32, headers: &str, now: Timestamp) -> String {
        register_over(registrar, cseq, headers, now, flow(Transport::Udp, 1))
    }

    fn register_over(
        registrar: &mut Registrar,
        cseq: u32,
        headers: &str,
        now: Timestamp,
        flow: Flow,
    ) -> String {
        let text = format!(
            "REGISTER sip:bank SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
             From: <sip:olena@bank>;tag=1\r\nTo: <sip:olena@bank>\r\nCall-ID: 1\r\n\
             CSeq: {cseq} REGISTER\r\n{headers}\r\n"
        );
        let Ok(Parsed::Message(message, _)) = parse(&Bytes::from(text)) else { panic!("refused") };
        let known = essentials(&message).expect("complete");
        let Message::Request(request) = message else { panic!("a response") };
        let outcome = registrar.register("olena", &request, &known, flow, now);
        let headers =
            outcome.headers.iter().map(|(name, value)| format!(" {}: {value}", name.as_str()));
        format!("{}{}", outcome.status.code(), headers.collect::<String>())
    }

    #[test]
    fn a_phone_registers_refreshes_and_leaves() {
        let mut registrar = Registrar::default();
        let here = "Contact: <sip:olena@192.0.2.9>\r\nExpires: 600\r\n";
        let answer = register(&mut registrar, 1, here, NOW);
        assert_eq!(answer, "200 Contact: <sip:olena@192.0.2.9>;expires=600");
        let later = NOW.plus_millis(60_000);
        assert_eq!(
            register(&mut registrar, 2, "", later),
            "200 Contact: <sip:olena@192.0.2.9>;expires=540"
        );
        assert_eq!(registrar.phones("olena", NOW.plus_millis(599_999)).len(), 1);
        assert_eq!(registrar.phones("olena", NOW.plus_millis(600_000)).len(), 0);
        let gone = "Contact: <sip:olena@192.0.2.9>;expires=0\r\n";
        assert_eq!(register(&mut registrar, 3, gone, later), "200");
        assert!(registrar.is_empty());
    }

    #[test]
    fn times_have_bounds() {
        let mut registrar = Registrar::default();
        let brief = "Contact: <sip:a@h>;expires=59\r\n";
        assert_eq!(register(&mut registrar, 1, brief, NOW), "423 Min-Expires: 60");
        let long = "Contact: <sip:a@h>;expires=999999999999\r\n";
        let answer = register(&mut registrar, 2, long, NOW);
        assert_eq!(answer, "200 Contact: <sip:a@h>;expires=3600");
        registrar.sweep(NOW.plus_millis(3_600_000));
        assert!(registrar.is_empty());
    }

    #[test]
    fn everything_is_removed_by_a_star_that_stands_alone() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 1, "Contact: <sip:a@h>, <sip:b@h>\r\n", NOW);
        for wrong in ["Contact: *\r\n", "Contact: *\r\nContact: <sip:a@h>\r\nExpires: 0\r\n"] {
            assert_eq!(register(&mut registrar, 2, wrong, NOW), "400");
        }
        assert_eq!(registrar.len(), 2);
        assert_eq!(register(&mut registrar, 2, "Contact: *\r\nExpires: 0\r\n", NOW), "200");
        assert!(registrar.is_empty());
    }

    #[test]
    fn what_was_overtaken_changes_nothing() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 5, "Contact: <sip:a@h>\r\n", NOW);
        for late in ["Contact: <sip:A@h>, <sip:a@h>;expires=0\r\n", "Contact: *\r\nExpires: 0\r\n"]
        {
            assert_eq!(register(&mut registrar, 5, late, NOW), "500");
        }
        assert_eq!(registrar.phones("olena", NOW).len(), 1);
    }

    #[test]
    fn a_user_has_so_many_phones_and_no_more() {
        let mut registrar = Registrar::default();
        for number in 0..MAX_PHONES {
            let contact = format!("Contact: <sip:a{number}@h>\r\n");
            assert!(register(&mut registrar, 1, &contact, NOW).starts_with("200"));
        }
        assert_eq!(register(&mut registrar, 1, "Contact: <sip:more@h>\r\n", NOW), "403");
        // One whose time is over makes room.
        let later = NOW.plus_millis(3_600_000);
        assert!(register(&mut registrar, 2, "Contact: <sip:more@h>\r\n", later).starts_with("200"));
    }

    #[test]
    fn a_phone_that_moved_is_the_same_phone_and_goes_with_its_connection() {
        let mut registrar = Registrar::default();
        let contact = |place: &str| {
            format!(
                "Contact: <sip:a@{place}>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n\
                 Supported: outbound\r\n"
            )
        };
        register(&mut registrar, 1, &contact("one"), NOW);
        let tcp = flow(Transport::Tcp, 7);
        let answer = register_over(&mut registrar, 2, &contact("two"), NOW, tcp);
        assert!(answer.ends_with(" Require: outbound Flow-Timer: 120"), "{answer}");
        let phones = registrar.phones("olena", NOW);
        assert_eq!(phones.len(), 1);
        assert_eq!(phones[0].flow, tcp);
        registrar.connection_lost(8);
        assert_eq!(registrar.len(), 1);
        registrar.connection_lost(7);
        assert!(registrar.is_empty());
    }

    #[test]
    fn only_sip_addresses_are_phones() {
        let mut registrar = Registrar::default();
        for wrong in ["Contact: <tel:+4312>\r\n", "Contact: <sip:a@h>;expires=x\r\n"] {
            assert_eq!(register(&mut registrar, 1, wrong, NOW), "400");
        }
        assert!(registrar.is_empty());
    }
}
