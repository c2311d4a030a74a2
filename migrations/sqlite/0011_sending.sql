-- What became of a message of ours, for each recipient.
CREATE TABLE delivery (
    message_id BLOB NOT NULL REFERENCES message (id),
    address TEXT NOT NULL,         -- in lower case
    position INTEGER NOT NULL,
    state TEXT NOT NULL,           -- queued, delayed, sent, delivered, failed
    accepted_at INTEGER,            -- when the relay took it
    status TEXT NOT NULL,          -- enhanced status (RFC 3463), empty when nobody gave one
    detail TEXT NOT NULL,          -- what the other side said
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (message_id, address)
) STRICT;

-- How an address has taken our mail. Several contact points may have it.
CREATE TABLE address_failure (
    match_key TEXT PRIMARY KEY,
    hard INTEGER NOT NULL,          -- given up, the address is to blame
    soft INTEGER NOT NULL,          -- given up, for another reason
    complaints INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL,
    message_id BLOB              -- the message that was last reported on
) STRICT;

-- When a message that was written beforehand is to leave.
CREATE TABLE scheduled_sending (
    message_id BLOB PRIMARY KEY REFERENCES message (id),
    send_at INTEGER NOT NULL,
    time_zone TEXT NOT NULL,       -- in which the writer named the time
    local_time TEXT NOT NULL       -- as the writer named it
) STRICT;

-- Texts that agents use: answers, and what stands under them.
CREATE TABLE text_template (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,            -- answer, signature
    queue_id BLOB,                -- none: every queue
    language TEXT NOT NULL,        -- uk, en, or empty: every language
    name TEXT NOT NULL,
    body TEXT NOT NULL,            -- template
    changed_at INTEGER NOT NULL,
    changed_by BLOB
) STRICT;
CREATE INDEX text_template_kind ON text_template (kind, name, id);

-- How often mail has opened closed interactions again: by sender and by interaction.
CREATE TABLE reopening (
    subject TEXT PRIMARY KEY,      -- sender:ADDRESS or interaction:ID
    window_began_at INTEGER NOT NULL,
    openings INTEGER NOT NULL
) STRICT;

-- An interaction that opens again later, because it had been opened too often.
CREATE TABLE held_reopening (
    interaction_id BLOB PRIMARY KEY REFERENCES interaction (id),
    open_at INTEGER NOT NULL
) STRICT;
CREATE INDEX held_reopening_time ON held_reopening (open_at);

-- How many acknowledgements went out lately.
CREATE INDEX acknowledgement_time ON acknowledgement (sent_at);
