-- Commands to channels, carried out at least once.
CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    message_id UUID NOT NULL REFERENCES message (id),
    command TEXT NOT NULL,         -- send_message
    state TEXT NOT NULL,           -- queued, sending, sent, failed, withdrawn
    attempts BIGINT NOT NULL,
    not_before_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (state, not_before_at);
CREATE INDEX outbox_message ON outbox (message_id);
