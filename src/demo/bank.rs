//! Clients of the demo bank: persons, sole traders with the human being behind them, organisations;
//! with identifiers whose check digits are right, addresses in reserved domains (RFC 2606) and
//! telephone numbers of an area code that is not assigned.

use rozmova_base::Timestamp;
use rozmova_base::id::{ClientId, ContactPointId, IdMaker};

use super::chance::{Chance, SeededIds};
use super::names::{self, Human};
use crate::client::identifier::{Edrpou, Rnokpp, UkrainianIban};
use crate::client::model::{
    Client, ContactMedium, ContactPoint, Holding, HoldingKind, Kind, PersonName,
};
use crate::client::store::Record;

/// Code of the demo bank in account numbers: not one of the central bank's register.
const BANK_CODE: u32 = 399_999;
/// No operator has this code.
const AREA_CODE: &str = "+38040";
const MAIL_DOMAINS: [&str; 4] = ["example.com", "example.net", "example.org", "mail.example"];
/// Of a hundred persons so many use the address of somebody else at home beside their own.
const SHARED_MAIL_PERCENT: u64 = 3;
const DAY_MS: i64 = 86_400_000;
/// The bank opened so long ago.
const BANK_AGE_DAYS: i64 = 3_000;

/// Makes clients one after the other; the same seed and time make the same clients.
#[derive(Debug)]
pub struct Bank {
    chance: Chance,
    ids: SeededIds,
    today: Timestamp,
    next_number: i64,
}

impl Bank {
    /// A bank as of `today` whose first client has `first_number`.
    pub const fn new(seed: u64, today: Timestamp, first_number: i64) -> Self {
        Self {
            chance: Chance::new(seed),
            ids: SeededIds::new(seed ^ 0xb4_4c, today),
            today,
            next_number: first_number,
        }
    }

    /// So many clients, or one more: a sole trader comes with the human being.
    pub fn clients(&mut self, count: usize) -> Vec<Record> {
        let mut records = Vec::with_capacity(count + 1);
        while records.len() < count {
            match self.chance.below(100) {
                0..10 => self.sole_trader(&mut records),
                10..22 => records.push(self.organisation()),
                _ => {
                    let human = names::human(&mut self.chance);
                    let mut person = self.person(&human);
                    if self.chance.percent(SHARED_MAIL_PERCENT) {
                        person.contact_points.extend(self.shared_mail(records.last(), &person));
                    }
                    records.push(person);
                }
            }
        }
        records
    }

    /// The address of somebody else at home.
    fn shared_mail(&mut self, other: Option<&Record>, person: &Record) -> Option<ContactPoint> {
        let is_mail = |point: &&ContactPoint| point.key.medium == ContactMedium::Email;
        let other = other.filter(|other| other.client.kind == Kind::Person)?;
        let address = other.contact_points.iter().find(is_mail)?.value.clone();
        self.point(&person.client, ContactMedium::Email, &address)
    }

    fn person(&mut self, human: &Human) -> Record {
        let opened = self.opened_day();
        let mut client = self.client(Kind::Person, opened);
        client.person = person_name(human);
        client.name = client.person.display();
        let birth_day = self.day() - self.chance.between(18 * 365, 82 * 365);
        // The ninth digit is odd for men.
        let running = self.chance.below(5_000) as u16 * 2 + u16::from(!human.woman);
        client.tax_number = Some(Rnokpp::complete(birth_day, running).as_str().to_owned());
        client.birth_day = Some(birth_day);
        client.vip = self.chance.percent(3);
        "affluent".clone_into(&mut client.segment);
        if client.vip {
            "private".clone_into(&mut client.segment);
        } else if self.chance.percent(85) {
            "mass".clone_into(&mut client.segment);
        }
        if self.chance.percent(5) {
            "en".clone_into(&mut client.language);
        }
        let local = format!(
            "{}.{}{}",
            names::latin(human.given),
            names::latin(&human.family),
            client.number
        );
        let email = format!("{local}@{}", self.chance.pick(&MAIL_DOMAINS));
        let mut contact_points = vec![self.email(&client, &email), self.phone(&client)];
        if self.chance.percent(35) {
            let address = names::postal_address(&mut self.chance);
            contact_points.extend(self.point(&client, ContactMedium::Post, &address));
        }
        let holdings = self.holdings_of_person(opened);
        Record { client, contact_points, holdings }
    }

    /// The business is a party of its own and shares the telephone of the human being, which makes
    /// that number ambiguous, as in life.
    fn sole_trader(&mut self, records: &mut Vec<Record>) {
        let human = names::human(&mut self.chance);
        let person = self.person(&human);
        let opened = self.opened_day();
        let mut client = self.client(Kind::SoleTrader, opened);
        client.person.clone_from(&person.client.person);
        client.name = format!("ФОП {}", person.client.name);
        client.human_id = Some(person.client.id);
        client.tax_number.clone_from(&person.client.tax_number);
        "micro".clone_into(&mut client.segment);
        let email = format!("office@fop{}.example", client.number);
        let mut contact_points = vec![self.email(&client, &email)];
        let phones = person.contact_points.iter().filter(|p| p.key.medium == ContactMedium::Phone);
        for phone in phones {
            let id = ContactPointId::make(&self.ids);
            contact_points.push(ContactPoint { id, ..phone.clone() });
        }
        let balance = self.chance.between(0, 90_000_000);
        let holdings = vec![self.account(HoldingKind::Current, "UAH", balance, opened)];
        records.push(person);
        records.push(Record { client, contact_points, holdings });
    }

    fn organisation(&mut self) -> Record {
        let opened = self.opened_day();
        let mut client = self.client(Kind::Organisation, opened);
        let (name, word) = names::firm(&mut self.chance);
        client.name = name;
        let mut head = [0; 7];
        for (place, digit) in head.iter_mut().enumerate() {
            *digit = if place == 0 { self.chance.between(1, 4) } else { self.chance.between(0, 9) }
                as u8;
        }
        client.tax_number = Some(Edrpou::complete(head).as_str().to_owned());
        client.vip = self.chance.percent(8);
        "business".clone_into(&mut client.segment);
        if client.vip {
            "corporate".clone_into(&mut client.segment);
        }
        let domain = format!("{}{}.example", names::latin(&word), client.number);
        let mut contact_points =
            vec![self.email(&client, &format!("buh@{domain}")), self.phone(&client)];
        "бухгалтерія".clone_into(&mut contact_points[0].label);
        let office = format!("office@{domain}");
        contact_points.extend(self.point(&client, ContactMedium::Email, &office));
        if self.chance.percent(60) {
            let number = self.number();
            contact_points.extend(self.point(&client, ContactMedium::Fax, &number));
        }
        let address = names::postal_address(&mut self.chance);
        contact_points.extend(self.point(&client, ContactMedium::Post, &address));
        let currencies: &[&str] =
            if self.chance.percent(30) { &["UAH", "USD", "EUR"] } else { &["UAH"] };
        let mut holdings = Vec::new();
        for currency in currencies {
            let balance = self.chance.between(1_000, 2_000_000_000);
            holdings.push(self.account(HoldingKind::Current, currency, balance, opened));
        }
        Record { client, contact_points, holdings }
    }

    fn holdings_of_person(&mut self, opened: i64) -> Vec<Holding> {
        let balance = self.chance.between(0, 12_000_000);
        let mut holdings = vec![self.account(HoldingKind::Current, "UAH", balance, opened)];
        if self.chance.percent(80) {
            let last_four = format!("{:04}", self.chance.below(10_000));
            let mut card = self.account(HoldingKind::Card, "UAH", balance, opened);
            card.number = last_four;
            holdings.push(card);
        }
        if self.chance.percent(25) {
            let currency = self.chance.pick(&["UAH", "UAH", "USD", "EUR"]);
            let balance = self.chance.between(1_000_000, 90_000_000);
            let since = opened.max(self.day() - 720);
            holdings.push(self.account(HoldingKind::Deposit, currency, balance, since));
        }
        if self.chance.percent(18) {
            let owed = -self.chance.between(500_000, 60_000_000);
            let since = opened.max(self.day() - 1_400);
            holdings.push(self.account(HoldingKind::Loan, "UAH", owed, since));
        }
        holdings
    }

    fn account(
        &mut self,
        kind: HoldingKind,
        currency: &str,
        balance_minor: i64,
        from: i64,
    ) -> Holding {
        let account = 26_000_000_000_000 + self.chance.below(99_999_999_999);
        Holding {
            id: self.ids.next_uuid(),
            kind,
            number: UkrainianIban::complete(BANK_CODE, account).as_str().to_owned(),
            contract_number: Some(contract_number(kind, account)),
            currency: currency.to_owned(),
            balance_minor,
            opened_day: self.chance.between(from, self.day()),
            closed_day: None,
        }
    }

    fn client(&mut self, kind: Kind, opened_day: i64) -> Client {
        let at = Timestamp::from_millis(opened_day * DAY_MS + 9 * 3_600_000);
        self.ids.set_time(at);
        let number = self.next_number;
        self.next_number += 1;
        Client::new(ClientId::make(&self.ids), number, kind, String::new(), at)
    }

    fn email(&mut self, client: &Client, address: &str) -> ContactPoint {
        let at = client.created_at;
        let key = crate::client::model::MatchKey {
            medium: ContactMedium::Email,
            value: address.to_owned(),
        };
        ContactPoint {
            id: ContactPointId::make(&self.ids),
            value: key.value.clone(),
            key,
            label: String::new(),
            preferred: true,
            verified_at: self.chance.percent(70).then_some(at),
            created_at: at,
        }
    }

    fn phone(&mut self, client: &Client) -> ContactPoint {
        let number = self.number();
        let mut point = self.email(client, &number);
        point.key.medium = ContactMedium::Phone;
        point
    }

    fn point(
        &mut self,
        client: &Client,
        medium: ContactMedium,
        text: &str,
    ) -> Option<ContactPoint> {
        let id = ContactPointId::make(&self.ids);
        ContactPoint::new(id, medium, text, client.created_at).ok()
    }

    fn number(&mut self) -> String {
        format!("{AREA_CODE}{:07}", self.chance.below(10_000_000))
    }

    fn opened_day(&mut self) -> i64 {
        self.day() - self.chance.between(1, BANK_AGE_DAYS)
    }

    const fn day(&self) -> i64 {
        self.today.as_millis().div_euclid(DAY_MS)
    }
}

/// As the bank writes them: a letter for the kind and eight digits.
fn contract_number(kind: HoldingKind, account: u64) -> String {
    let letter = match kind {
        HoldingKind::Current => 'R',
        HoldingKind::Deposit => 'D',
        HoldingKind::Loan => 'K',
        HoldingKind::Card => 'C',
    };
    format!("{letter}-{:08}", account % 100_000_000)
}

fn person_name(human: &Human) -> PersonName {
    PersonName {
        given: human.given.to_owned(),
        patronymic: human.patronymic.to_owned(),
        family: human.family.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Timestamp {
        Timestamp::from_seconds(1_790_000_000)
    }

    #[test]
    fn the_same_seed_gives_the_same_bank() {
        let first = Bank::new(5, today(), 1).clients(200);
        let second = Bank::new(5, today(), 1).clients(200);
        let key = |records: &[Record]| -> Vec<(ClientId, String)> {
            records.iter().map(|r| (r.client.id, r.client.name.clone())).collect()
        };
        assert_eq!(key(&first), key(&second));
    }

    #[test]
    fn every_identifier_is_valid_and_every_address_reserved() {
        let records = Bank::new(1, today(), 1).clients(2_000);
        for record in &records {
            let client = &record.client;
            let number = client.tax_number.as_deref().expect("a number");
            crate::client::model::verify_tax_number(client.kind, number).expect(&client.name);
            if let Some(birth_day) = client.birth_day {
                let stated = Rnokpp::parse(number).expect("a number").birth_day();
                assert_eq!(stated, birth_day, "{}", client.name);
            }
            for holding in &record.holdings {
                match holding.kind {
                    HoldingKind::Card => assert_eq!(holding.number.len(), 4),
                    HoldingKind::Current | HoldingKind::Deposit | HoldingKind::Loan => {
                        UkrainianIban::parse(&holding.number).expect("an account");
                    }
                }
            }
            for point in &record.contact_points {
                let parsed = crate::client::model::MatchKey::parse(point.key.medium, &point.value);
                assert_eq!(parsed.as_ref(), Ok(&point.key), "{}", point.value);
                if point.key.medium == ContactMedium::Email {
                    let (_, domain) = point.value.rsplit_once('@').expect("an address");
                    let is_reserved = domain.ends_with(".example")
                        || ["example.com", "example.net", "example.org"].contains(&domain);
                    assert!(is_reserved, "{domain}");
                }
            }
        }
        let count = |kind| records.iter().filter(|r| r.client.kind == kind).count();
        assert!(count(Kind::Organisation) > 150 && count(Kind::SoleTrader) > 100);
        assert!(records.iter().any(|r| r.client.kind == Kind::SoleTrader
            && records.iter().any(|human| Some(human.client.id) == r.client.human_id)));
    }
}
