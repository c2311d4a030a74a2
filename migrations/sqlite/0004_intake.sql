-- Everything that came in, by the identity that makes a repetition recognisable.
CREATE TABLE arrival (
    channel_kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    message_id BLOB NOT NULL,
    first_at INTEGER NOT NULL,
    arrivals INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_channel TEXT NOT NULL,
    PRIMARY KEY (channel_kind, external_id)
) STRICT;

-- Raw bytes, committed with the arrival; a job moves them to the media store.
CREATE TABLE spool (
    sha256 BLOB PRIMARY KEY,
    content BLOB NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT;

-- When an acknowledgement last went to an address: at most one in a window.
CREATE TABLE acknowledgement (
    match_key TEXT PRIMARY KEY,
    sent_at INTEGER NOT NULL
) STRICT;
