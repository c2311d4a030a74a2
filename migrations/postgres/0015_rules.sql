-- Rules for what comes in, in their order.
CREATE TABLE rule (
    id UUID PRIMARY KEY,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    condition TEXT NOT NULL,       -- JSON
    acts TEXT NOT NULL,            -- JSON
    changed_at BIGINT NOT NULL,
    changed_by UUID
);

-- Which rules a message met when it came, as they were then, and what came of it.
CREATE TABLE rule_trace (
    message_id UUID PRIMARY KEY REFERENCES message (id),
    interaction_id UUID NOT NULL REFERENCES interaction (id),
    at BIGINT NOT NULL,
    matched TEXT NOT NULL          -- JSON
);
CREATE INDEX rule_trace_interaction ON rule_trace (interaction_id);

-- Words by which contacts are found again.
CREATE TABLE interaction_tag (
    interaction_id UUID NOT NULL REFERENCES interaction (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (interaction_id, tag)
);

-- Messages that a rule made nobody's work, until a person takes them back.
CREATE TABLE discarded_message (
    message_id UUID PRIMARY KEY REFERENCES message (id),
    interaction_id UUID NOT NULL REFERENCES interaction (id),
    rule_id UUID NOT NULL,
    rule_number BIGINT NOT NULL,  -- as they were then
    rule_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    discarded_at BIGINT NOT NULL,
    restored_at BIGINT,
    restored_by UUID
);
CREATE INDEX discarded_message_time ON discarded_message (discarded_at, message_id);
