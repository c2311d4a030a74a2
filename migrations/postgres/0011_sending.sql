-- What became of a message of ours, for each recipient.
CREATE TABLE delivery (
    message_id UUID NOT NULL REFERENCES message (id),
    address TEXT NOT NULL,         -- in lower case
    position BIGINT NOT NULL,
    state TEXT NOT NULL,           -- queued, delayed, sent, delivered, failed
    accepted_at BIGINT,            -- when the relay took it
    status TEXT NOT NULL,          -- enhanced status (RFC 3463), empty when nobody gave one
    detail TEXT NOT NULL,          -- what the other side said
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (message_id, address)
);

-- How an address has taken our mail. Several contact points may have it.
CREATE TABLE address_failure (
    match_key TEXT PRIMARY KEY,
    hard BIGINT NOT NULL,          -- given up, the address is to blame
    soft BIGINT NOT NULL,          -- given up, for another reason
    complaints BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL,
    message_id UUID              -- the message that was last reported on
);

-- When a message that was written beforehand is to leave.
CREATE TABLE scheduled_sending (
    message_id UUID PRIMARY KEY REFERENCES message (id),
    send_at BIGINT NOT NULL,
    time_zone TEXT NOT NULL,       -- in which the writer named the time
    local_time TEXT NOT NULL       -- as the writer named it
);

-- Texts that agents use: answers, and what stands under them.
CREATE TABLE text_template (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,            -- answer, signature
    queue_id UUID,                -- none: every queue
    language TEXT NOT NULL,        -- uk, en, or empty: every language
    name TEXT NOT NULL,
    body TEXT NOT NULL,            -- template
    changed_at BIGINT NOT NULL,
    changed_by UUID
);
CREATE INDEX text_template_kind ON text_template (kind, name, id);

-- How often mail has opened closed interactions again: by sender and by interaction.
CREATE TABLE reopening (
    subject TEXT PRIMARY KEY,      -- sender:ADDRESS or interaction:ID
    window_began_at BIGINT NOT NULL,
    openings BIGINT NOT NULL
);

-- An interaction that opens again later, because it had been opened too often.
CREATE TABLE held_reopening (
    interaction_id UUID PRIMARY KEY REFERENCES interaction (id),
    open_at BIGINT NOT NULL
);
CREATE INDEX held_reopening_time ON held_reopening (open_at);

-- How many acknowledgements went out lately.
CREATE INDEX acknowledgement_time ON acknowledgement (sent_at);
