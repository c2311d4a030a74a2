-- The routing configuration as rows of documents; the engine gets them as inputs.
CREATE TABLE routing_item (
    kind TEXT NOT NULL,            -- queue, skill, hours, pause_reason, disposition, agent, medium
    id UUID NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,        -- JSON
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Inputs of the engine in the order in which it takes them. Written before any effect.
CREATE TABLE journal (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    input TEXT NOT NULL            -- JSON
);

-- State of the engine after an input, so that a start need not read the journal from its beginning.
CREATE TABLE engine_snapshot (
    sequence BIGINT PRIMARY KEY,   -- last journal entry it includes
    at BIGINT NOT NULL,
    format BIGINT NOT NULL,
    state BYTEA NOT NULL
);

-- What the engine decided: every transition. All figures are computed from these rows.
CREATE TABLE event (
    sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    interaction_id UUID,
    queue_id UUID,
    agent_id UUID,
    document TEXT NOT NULL         -- JSON
);
CREATE INDEX event_interaction ON event (interaction_id, sequence);
CREATE INDEX event_time ON event (at, sequence);

-- Why: for each decision the candidates, and why each was taken or not.
CREATE TABLE decision_trace (
    sequence BIGINT PRIMARY KEY,
    interaction_id UUID NOT NULL,
    at BIGINT NOT NULL,
    document TEXT NOT NULL         -- JSON
);
CREATE INDEX decision_trace_interaction ON decision_trace (interaction_id, sequence);

-- One visit of an interaction to one queue.
CREATE TABLE segment (
    id UUID PRIMARY KEY,
    interaction_id UUID NOT NULL,
    queue_id UUID NOT NULL,
    medium TEXT NOT NULL,
    eligible_at BIGINT NOT NULL,
    routed_at BIGINT,
    accepted_at BIGINT,
    ended_at BIGINT,
    agent_id UUID,
    outcome TEXT
);
CREATE INDEX segment_interaction ON segment (interaction_id, eligible_at);
CREATE INDEX segment_queue ON segment (queue_id, eligible_at);

-- One proposal to one agent.
CREATE TABLE offer (
    id UUID PRIMARY KEY,
    segment_id UUID NOT NULL,
    interaction_id UUID NOT NULL,
    agent_id UUID NOT NULL,
    offered_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    reason TEXT
);
CREATE INDEX offer_interaction ON offer (interaction_id, offered_at);
CREATE INDEX offer_agent ON offer (agent_id, offered_at);
