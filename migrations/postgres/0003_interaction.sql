CREATE TABLE interaction (
    id UUID PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    medium TEXT NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    subject TEXT NOT NULL,
    client_id UUID REFERENCES client (id),
    identified_by TEXT NOT NULL,   -- email, phone, chosen, none
    candidates BIGINT NOT NULL,    -- how many clients the address fits
    from_name TEXT NOT NULL,
    from_address TEXT NOT NULL,
    from_key TEXT NOT NULL,
    mailbox TEXT NOT NULL,         -- our address it came to or goes from
    queue_id UUID NOT NULL,
    agent_id UUID,
    priority BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    waiting_since_at BIGINT,
    answered_at BIGINT,
    closed_at BIGINT,
    due_at BIGINT,
    last_message_at BIGINT NOT NULL,
    unread BIGINT NOT NULL,
    readable SMALLINT NOT NULL,
    disposition_id UUID,
    disposition_note TEXT NOT NULL,
    -- Sequence number of the last engine event that this row shows.
    event_sequence BIGINT NOT NULL
);
CREATE INDEX interaction_client ON interaction (client_id, last_message_at, id);
CREATE INDEX interaction_agent ON interaction (agent_id, state);
CREATE INDEX interaction_queue ON interaction (queue_id, state, received_at, id);
CREATE INDEX interaction_time ON interaction (received_at, id);
CREATE INDEX interaction_from ON interaction (from_key, received_at);

-- One mail, note, call or fax within an interaction.
CREATE TABLE message (
    id UUID PRIMARY KEY,
    interaction_id UUID NOT NULL REFERENCES interaction (id),
    kind TEXT NOT NULL,
    direction TEXT NOT NULL,       -- inbound, outbound, internal
    medium TEXT NOT NULL,
    channel TEXT NOT NULL,
    at BIGINT NOT NULL,
    author_id UUID,
    from_name TEXT NOT NULL,
    from_address TEXT NOT NULL,
    recipients TEXT NOT NULL,      -- JSON {to, cc, bcc, reply_to}
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    reply_length_bytes BIGINT,     -- the reply alone, when it is a beginning of the body
    reply TEXT,                    -- the reply alone, when it is not
    has_html SMALLINT NOT NULL,
    raw_sha256 BYTEA,              -- where the bytes are: spool or media store
    raw_bytes BIGINT NOT NULL,
    message_id TEXT,               -- RFC 5322 Message-ID without brackets
    reference_ids TEXT NOT NULL,   -- JSON array
    authentication TEXT NOT NULL,  -- JSON, empty when nobody checked
    defects TEXT NOT NULL,         -- JSON array, empty text when none
    readable SMALLINT NOT NULL,
    automatic SMALLINT NOT NULL
);
CREATE INDEX message_interaction ON message (interaction_id, at, id);
CREATE INDEX message_message_id ON message (message_id);
CREATE INDEX message_unreadable ON message (readable, at, id);

CREATE TABLE attachment (
    id UUID PRIMARY KEY,
    message_id UUID REFERENCES message (id), -- none while it is an upload
    uploaded_by UUID REFERENCES app_user (id),
    part BIGINT,                   -- part of the raw message, or none: an object of its own
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    content_id TEXT,
    inline SMALLINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX attachment_message ON attachment (message_id);

-- A half-written answer. One for each agent and interaction.
CREATE TABLE draft (
    interaction_id UUID NOT NULL REFERENCES interaction (id),
    author_id UUID NOT NULL REFERENCES app_user (id),
    content TEXT NOT NULL,         -- JSON {to, cc, subject, text, attachments}
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (interaction_id, author_id)
);

-- Another interaction that this one seems to belong to, without proof enough to join them.
CREATE TABLE interaction_hint (
    interaction_id UUID NOT NULL REFERENCES interaction (id),
    may_belong_to_id UUID NOT NULL REFERENCES interaction (id),
    reason TEXT NOT NULL,          -- references, subject_number, follows
    PRIMARY KEY (interaction_id, may_belong_to_id)
);
