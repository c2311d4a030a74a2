-- The ledger: every arrival of every mail, also of one that had come before. Rows never change.
CREATE TABLE reception (
    id UUID PRIMARY KEY,
    channel_kind TEXT NOT NULL,
    external_id TEXT NOT NULL,     -- of the arrival that it belongs to
    message_id UUID NOT NULL,      -- where its content is
    channel TEXT NOT NULL,
    place TEXT NOT NULL,           -- where it lay; empty: handed over a connection
    received_at BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    outcome TEXT NOT NULL          -- interaction, report, machine_note, unreadable, repeated
);
CREATE INDEX reception_message ON reception (message_id);
CREATE INDEX reception_place ON reception (place, channel);

-- What came in before there was a ledger.
INSERT INTO reception (id, channel_kind, external_id, message_id, channel, place, received_at,
    size_bytes, sha256, outcome)
SELECT a.message_id, a.channel_kind, a.external_id, a.message_id, m.channel, '', a.first_at,
    m.raw_bytes, m.raw_sha256,
    CASE WHEN m.readable = 0 THEN 'unreadable' WHEN m.kind = 'bounce' THEN 'report'
        WHEN m.kind = 'auto_reply' THEN 'machine_note' ELSE 'interaction' END
FROM arrival a JOIN message m ON m.id = a.message_id WHERE m.raw_sha256 IS NOT NULL;

-- What a person did with a message that could not be read.
CREATE TABLE filing (
    message_id UUID PRIMARY KEY REFERENCES message (id),
    place TEXT NOT NULL,           -- read, client, interaction, discarded
    subject_id UUID,               -- the client or interaction
    reason TEXT NOT NULL,
    filed_by UUID NOT NULL REFERENCES app_user (id),
    filed_at BIGINT NOT NULL
);

-- Comparisons of the ledger with everything else.
CREATE TABLE reconciliation (
    id UUID PRIMARY KEY,
    requested_by UUID REFERENCES app_user (id), -- none: the server itself
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    state TEXT NOT NULL,           -- running, agrees, differs, failed
    report TEXT NOT NULL           -- JSON; empty while it runs
);
