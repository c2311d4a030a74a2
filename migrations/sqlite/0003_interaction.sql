CREATE TABLE interaction (
    id BLOB PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    medium TEXT NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    subject TEXT NOT NULL,
    client_id BLOB REFERENCES client (id),
    identified_by TEXT NOT NULL,   -- email, phone, chosen, none
    candidates INTEGER NOT NULL,    -- how many clients the address fits
    from_name TEXT NOT NULL,
    from_address TEXT NOT NULL,
    from_key TEXT NOT NULL,
    mailbox TEXT NOT NULL,         -- our address it came to or goes from
    queue_id BLOB NOT NULL,
    agent_id BLOB,
    priority INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    waiting_since_at INTEGER,
    answered_at INTEGER,
    closed_at INTEGER,
    due_at INTEGER,
    last_message_at INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    readable INTEGER NOT NULL,
    disposition_id BLOB,
    disposition_note TEXT NOT NULL,
    -- Sequence number of the last engine event that this row shows.
    event_sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX interaction_client ON interaction (client_id, last_message_at, id);
CREATE INDEX interaction_agent ON interaction (agent_id, state);
CREATE INDEX interaction_queue ON interaction (queue_id, state, received_at, id);
CREATE INDEX interaction_time ON interaction (received_at, id);
CREATE INDEX interaction_from ON interaction (from_key, received_at);

-- One mail, note, call or fax within an interaction.
CREATE TABLE message (
    id BLOB PRIMARY KEY,
    interaction_id BLOB NOT NULL REFERENCES interaction (id),
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,       -- inbound, outbound, internal
    medium TEXT NOT NULL,
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    author_id BLOB,
    from_name TEXT NOT NULL,
    from_address TEXT NOT NULL,
    recipients TEXT NOT NULL,      -- JSON {to, cc, bcc, reply_to}
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    reply_length_bytes INTEGER,     -- the reply alone, when it is a beginning of the body
    reply TEXT,                    -- the reply alone, when it is not
    has_html INTEGER NOT NULL,
    raw_sha256 BLOB,              -- where the bytes are: spool or media store
    raw_bytes INTEGER NOT NULL,
    message_id TEXT,               -- RFC 5322 Message-ID without brackets
    reference_ids TEXT NOT NULL,   -- JSON array
    authentication TEXT NOT NULL,  -- JSON, empty when nobody checked
    defects TEXT NOT NULL,         -- JSON array, empty text when none
    readable INTEGER NOT NULL,
    automatic INTEGER NOT NULL
) STRICT;
CREATE INDEX message_interaction ON message (interaction_id, at, id);
CREATE INDEX message_message_id ON message (message_id);
CREATE INDEX message_unreadable ON message (readable, at, id);

CREATE TABLE attachment (
    id BLOB PRIMARY KEY,
    message_id BLOB REFERENCES message (id), -- none while it is an upload
    uploaded_by BLOB REFERENCES app_user (id),
    part INTEGER,                   -- part of the raw message, or none: an object of its own
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    content_id TEXT,
    inline INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_message ON attachment (message_id);

-- A half-written answer. One for each agent and interaction.
CREATE TABLE draft (
    interaction_id BLOB NOT NULL REFERENCES interaction (id),
    author_id BLOB NOT NULL REFERENCES app_user (id),
    content TEXT NOT NULL,         -- JSON {to, cc, subject, text, attachments}
    version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (interaction_id, author_id)
) STRICT;

-- Another interaction that this one seems to belong to, without proof enough to join them.
CREATE TABLE interaction_hint (
    interaction_id BLOB NOT NULL REFERENCES interaction (id),
    may_belong_to_id BLOB NOT NULL REFERENCES interaction (id),
    reason TEXT NOT NULL,          -- references, subject_number, follows
    PRIMARY KEY (interaction_id, may_belong_to_id)
) STRICT;
