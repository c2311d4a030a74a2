-- Rules for what comes in, in their order.
CREATE TABLE rule (
    id BLOB PRIMARY KEY,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    condition TEXT NOT NULL,       -- JSON
    acts TEXT NOT NULL,            -- JSON
    changed_at INTEGER NOT NULL,
    changed_by BLOB
) STRICT;

-- Which rules a message met when it came, as they were then, and what came of it.
CREATE TABLE rule_trace (
    message_id BLOB PRIMARY KEY REFERENCES message (id),
    interaction_id BLOB NOT NULL REFERENCES interaction (id),
    at INTEGER NOT NULL,
    matched TEXT NOT NULL          -- JSON
) STRICT;
CREATE INDEX rule_trace_interaction ON rule_trace (interaction_id);

-- Words by which contacts are found again.
CREATE TABLE interaction_tag (
    interaction_id BLOB NOT NULL REFERENCES interaction (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (interaction_id, tag)
) STRICT;

-- Messages that a rule made nobody's work, until a person takes them back.
CREATE TABLE discarded_message (
    message_id BLOB PRIMARY KEY REFERENCES message (id),
    interaction_id BLOB NOT NULL REFERENCES interaction (id),
    rule_id BLOB NOT NULL,
    rule_number INTEGER NOT NULL,  -- as they were then
    rule_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    discarded_at INTEGER NOT NULL,
    restored_at INTEGER,
    restored_by BLOB
) STRICT;
CREATE INDEX discarded_message_time ON discarded_message (discarded_at, message_id);
