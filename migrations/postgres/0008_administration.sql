-- The contact that this one has become part of; its messages are there.
ALTER TABLE interaction ADD COLUMN merged_into_id UUID;
CREATE INDEX interaction_merged ON interaction (merged_into_id);

-- Routing documents handed over by the command line: one engine only decides, the server's.
CREATE TABLE routing_import (
    id UUID PRIMARY KEY,
    requested_at BIGINT NOT NULL,
    document TEXT NOT NULL,        -- TOML
    state TEXT NOT NULL,           -- waiting, applied, refused
    finished_at BIGINT,
    outcome TEXT NOT NULL          -- JSON: changes or problems; empty while it waits
);
CREATE INDEX routing_import_state ON routing_import (state, requested_at);
