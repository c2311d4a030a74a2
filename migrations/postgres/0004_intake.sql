-- Everything that came in, by the identity that makes a repetition recognisable.
CREATE TABLE arrival (
    channel_kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    message_id UUID NOT NULL,
    first_at BIGINT NOT NULL,
    arrivals BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    last_channel TEXT NOT NULL,
    PRIMARY KEY (channel_kind, external_id)
);

-- Raw bytes, committed with the arrival; a job moves them to the media store.
CREATE TABLE spool (
    sha256 BYTEA PRIMARY KEY,
    content BYTEA NOT NULL,
    stored_at BIGINT NOT NULL
);

-- When an acknowledgement last went to an address: at most one in a window.
CREATE TABLE acknowledgement (
    match_key TEXT PRIMARY KEY,
    sent_at BIGINT NOT NULL
);
