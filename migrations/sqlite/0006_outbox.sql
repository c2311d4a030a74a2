-- Commands to channels, carried out at least once.
CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    message_id BLOB NOT NULL REFERENCES message (id),
    command TEXT NOT NULL,         -- send_message
    state TEXT NOT NULL,           -- queued, sending, sent, failed, withdrawn
    attempts INTEGER NOT NULL,
    not_before_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (state, not_before_at);
CREATE INDEX outbox_message ON outbox (message_id);
