-- A party: someone who is or may become a client of the bank.
CREATE TABLE client (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    kind TEXT NOT NULL,            -- person, organisation, sole_trader
    status TEXT NOT NULL,          -- prospect, client, former
    name TEXT NOT NULL,            -- as shown
    name_key TEXT COLLATE "C" NOT NULL, -- folded for search and order
    given_name TEXT NOT NULL,
    patronymic TEXT NOT NULL,
    family_name TEXT NOT NULL,
    tax_number TEXT,
    registration_number TEXT,
    birth_day BIGINT,              -- days since 1970-01-01
    language TEXT NOT NULL,
    segment TEXT NOT NULL,
    vip SMALLINT NOT NULL,
    manager_id UUID REFERENCES app_user (id),
    branch_id UUID REFERENCES branch (id),
    human_id UUID REFERENCES client (id), -- the person behind a sole trader
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    merged_into_id UUID REFERENCES client (id)
);
CREATE INDEX client_name ON client (name_key, id);
CREATE INDEX client_tax_number ON client (tax_number);
CREATE INDEX client_manager ON client (manager_id);

-- An address, number or place. Several clients may share one.
CREATE TABLE contact_point (
    id UUID PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES client (id),
    medium TEXT NOT NULL,          -- email, phone, fax, post
    value TEXT NOT NULL,           -- as shown
    match_key TEXT NOT NULL,       -- normalised, compared on arrival
    label TEXT NOT NULL,
    preferred SMALLINT NOT NULL,
    verified_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX contact_point_match ON contact_point (medium, match_key, client_id);
CREATE INDEX contact_point_client ON contact_point (client_id);

-- Whom an agent chose where an address belongs to several clients.
CREATE TABLE contact_choice (
    medium TEXT NOT NULL,
    match_key TEXT NOT NULL,
    client_id UUID NOT NULL REFERENCES client (id),
    chosen_by UUID NOT NULL REFERENCES app_user (id),
    chosen_at BIGINT NOT NULL,
    PRIMARY KEY (medium, match_key)
);

-- Mirror of what the client holds at the bank.
CREATE TABLE holding (
    id UUID PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES client (id),
    kind TEXT NOT NULL,            -- current, deposit, loan, card
    number TEXT NOT NULL,          -- IBAN, or the last four digits of a card
    currency TEXT NOT NULL,
    balance_minor BIGINT NOT NULL,
    opened_day BIGINT NOT NULL,
    closed_day BIGINT
);
CREATE INDEX holding_client ON holding (client_id);
CREATE INDEX holding_number ON holding (number);

-- Folded words of a client's name, numbers and addresses, for search by prefix.
CREATE TABLE client_word (
    word TEXT COLLATE "C" NOT NULL, -- compared by bytes, as in SQLite
    client_id UUID NOT NULL REFERENCES client (id),
    PRIMARY KEY (word, client_id)
);
CREATE INDEX client_word_client ON client_word (client_id, word);
