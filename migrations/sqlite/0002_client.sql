-- A party: someone who is or may become a client of the bank.
CREATE TABLE client (
    id BLOB PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    kind TEXT NOT NULL,            -- person, organisation, sole_trader
    status TEXT NOT NULL,          -- prospect, client, former
    name TEXT NOT NULL,            -- as shown
    name_key TEXT NOT NULL,        -- folded for search and order
    given_name TEXT NOT NULL,
    patronymic TEXT NOT NULL,
    family_name TEXT NOT NULL,
    tax_number TEXT,
    registration_number TEXT,
    birth_day INTEGER,              -- days since 1970-01-01
    language TEXT NOT NULL,
    segment TEXT NOT NULL,
    vip INTEGER NOT NULL,
    manager_id BLOB REFERENCES app_user (id),
    branch_id BLOB REFERENCES branch (id),
    human_id BLOB REFERENCES client (id), -- the person behind a sole trader
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    merged_into_id BLOB REFERENCES client (id)
) STRICT;
CREATE INDEX client_name ON client (name_key, id);
CREATE INDEX client_tax_number ON client (tax_number);
CREATE INDEX client_manager ON client (manager_id);

-- An address, number or place. Several clients may share one.
CREATE TABLE contact_point (
    id BLOB PRIMARY KEY,
    client_id BLOB NOT NULL REFERENCES client (id),
    medium TEXT NOT NULL,          -- email, phone, fax, post
    value TEXT NOT NULL,           -- as shown
    match_key TEXT NOT NULL,       -- normalised, compared on arrival
    label TEXT NOT NULL,
    preferred INTEGER NOT NULL,
    verified_at INTEGER,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX contact_point_match ON contact_point (medium, match_key, client_id);
CREATE INDEX contact_point_client ON contact_point (client_id);

-- Whom an agent chose where an address belongs to several clients.
CREATE TABLE contact_choice (
    medium TEXT NOT NULL,
    match_key TEXT NOT NULL,
    client_id BLOB NOT NULL REFERENCES client (id),
    chosen_by BLOB NOT NULL REFERENCES app_user (id),
    chosen_at INTEGER NOT NULL,
    PRIMARY KEY (medium, match_key)
) STRICT;

-- Mirror of what the client holds at the bank.
CREATE TABLE holding (
    id BLOB PRIMARY KEY,
    client_id BLOB NOT NULL REFERENCES client (id),
    kind TEXT NOT NULL,            -- current, deposit, loan, card
    number TEXT NOT NULL,          -- IBAN, or the last four digits of a card
    currency TEXT NOT NULL,
    balance_minor INTEGER NOT NULL,
    opened_day INTEGER NOT NULL,
    closed_day INTEGER
) STRICT;
CREATE INDEX holding_client ON holding (client_id);
CREATE INDEX holding_number ON holding (number);

-- Folded words of a client's name, numbers and addresses, for search by prefix.
CREATE TABLE client_word (
    word TEXT NOT NULL,
    client_id BLOB NOT NULL REFERENCES client (id),
    PRIMARY KEY (word, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_word_client ON client_word (client_id, word);
