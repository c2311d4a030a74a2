-- What a closer look at a received message finds out after it has been stored.
CREATE TABLE examination (
    message_id UUID PRIMARY KEY REFERENCES message (id),
    state TEXT NOT NULL DEFAULT 'waiting', -- waiting, running, done, failed
    due_at BIGINT,                 -- when it is looked at (again); none: no more
    attempts BIGINT NOT NULL DEFAULT 0,
    is_history SMALLINT NOT NULL,
    mail_from TEXT,                -- return path of the envelope; none: not known
    peer TEXT,                     -- address from which it was delivered
    language TEXT,                 -- ISO 639-1; none: not known
    authentication TEXT NOT NULL DEFAULT '', -- JSON; empty: what the arrival said
    examined_at BIGINT
);
-- Only what is still to be looked at: the rest would grow for ever.
CREATE INDEX examination_due ON examination (due_at, message_id) WHERE due_at IS NOT NULL;

-- What came in before: its language is found out, nobody is asked about its senders any more.
INSERT INTO examination (message_id, due_at, is_history)
SELECT id, at, 1 FROM message
WHERE direction = 'inbound' AND medium = 'email' AND readable = 1 AND kind <> 'bounce';
