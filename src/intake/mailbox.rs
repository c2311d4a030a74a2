//! The bank's own addresses.

/// One of the bank's own addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The address, in lower case.
    pub address: String,
    /// The name shown to clients.
    pub display_name: String,
    /// Name of the queue to which its mail goes; empty: the first queue.
    pub queue: String,
    /// What stands under answers from this address.
    pub signature: String,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailboxes {
    list: Vec<Mailbox>,
    bounce_address: String,
}

impl Mailboxes {
    /// The mailboxes in the order of the configuration, and where delivery reports go (may be
    /// empty).
    pub fn new(list: Vec<Mailbox>, bounce_address: &str) -> Self {
        let fold =
            |mailbox: Mailbox| Mailbox { address: mailbox.address.to_lowercase(), ..mailbox };
        Self {
            list: list.into_iter().map(fold).collect(),
            bounce_address: bounce_address.to_lowercase(),
        }
    }

    /// The mailbox of an address: `info+anything@bank.example` is `info@bank.example`.
    pub fn find(&self, address: &str) -> Option<&Mailbox> {
        let wanted = without_tag(address);
        self.list.iter().find(|mailbox| mailbox.address == wanted)
    }

    /// The address whose mail goes to this queue; empty: none does.
    pub fn address_of_queue(&self, queue: &str) -> &str {
        let found = self.list.iter().find(|mailbox| mailbox.queue == queue);
        found.map_or("", |mailbox| mailbox.address.as_str())
    }

    /// All of them, in the order of the configuration.
    pub fn all(&self) -> &[Mailbox] {
        &self.list
    }

    /// The mailbox that takes what names none.
    pub fn first(&self) -> Option<&Mailbox> {
        self.list.first()
    }

    /// Whether mail for this address is ours.
    pub fn is_own(&self, address: &str) -> bool {
        self.find(address).is_some() || self.is_bounce_address(address)
    }

    /// Whether the address is the one for delivery reports.
    pub fn is_bounce_address(&self, address: &str) -> bool {
        !self.bounce_address.is_empty() && without_tag(address) == self.bounce_address
    }
}

/// Lower case, and without `+tag` in the local part (RFC 5233).
fn without_tag(address: &str) -> String {
    let address = address.trim().to_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let local = local.split_once('+').map_or(local, |(before, _)| before);
            format!("{local}@{domain}")
        }
        None => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_does_not_change_whose_mailbox_it_is() {
        let mailbox = Mailbox { address: "Info@bank.example".to_owned(), ..Mailbox::default() };
        let all = Mailboxes::new(vec![mailbox], "bounces@bank.example");
        for address in ["info@bank.example", "INFO+abc@Bank.Example", " info+a+b@bank.example"] {
            assert!(all.find(address).is_some(), "{address}");
        }
        for address in ["info@other.example", "info", "informer@bank.example", ""] {
            assert!(!all.is_own(address), "{address}");
        }
        assert!(all.is_bounce_address("bounces+key@bank.example"));
        assert!(all.find("bounces+key@bank.example").is_none());
        assert!(!Mailboxes::default().is_own("@"));
    }
}
