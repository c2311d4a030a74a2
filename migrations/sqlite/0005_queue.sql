-- The routing configuration as rows of documents; the engine gets them as inputs.
CREATE TABLE routing_item (
    kind TEXT NOT NULL,            -- queue, skill, hours, pause_reason, disposition, agent, medium
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,        -- JSON
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

-- Inputs of the engine in the order in which it takes them. Written before any effect.
CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    input TEXT NOT NULL            -- JSON
) STRICT;

-- State of the engine after an input, so that a start need not read the journal from its beginning.
CREATE TABLE engine_snapshot (
    sequence INTEGER PRIMARY KEY,   -- last journal entry it includes
    at INTEGER NOT NULL,
    format INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT;

-- What the engine decided: every transition. All figures are computed from these rows.
CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    interaction_id BLOB,
    queue_id BLOB,
    agent_id BLOB,
    document TEXT NOT NULL         -- JSON
) STRICT;
CREATE INDEX event_interaction ON event (interaction_id, sequence);
CREATE INDEX event_time ON event (at, sequence);

-- Why: for each decision the candidates, and why each was taken or not.
CREATE TABLE decision_trace (
    sequence INTEGER PRIMARY KEY,
    interaction_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    document TEXT NOT NULL         -- JSON
) STRICT;
CREATE INDEX decision_trace_interaction ON decision_trace (interaction_id, sequence);

-- One visit of an interaction to one queue.
CREATE TABLE segment (
    id BLOB PRIMARY KEY,
    interaction_id BLOB NOT NULL,
    queue_id BLOB NOT NULL,
    medium TEXT NOT NULL,
    eligible_at INTEGER NOT NULL,
    routed_at INTEGER,
    accepted_at INTEGER,
    ended_at INTEGER,
    agent_id BLOB,
    outcome TEXT
) STRICT;
CREATE INDEX segment_interaction ON segment (interaction_id, eligible_at);
CREATE INDEX segment_queue ON segment (queue_id, eligible_at);

-- One proposal to one agent.
CREATE TABLE offer (
    id BLOB PRIMARY KEY,
    segment_id BLOB NOT NULL,
    interaction_id BLOB NOT NULL,
    agent_id BLOB NOT NULL,
    offered_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    reason TEXT
) STRICT;
CREATE INDEX offer_interaction ON offer (interaction_id, offered_at);
CREATE INDEX offer_agent ON offer (agent_id, offered_at);
