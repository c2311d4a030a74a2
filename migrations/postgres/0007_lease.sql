-- Which server the store belongs to. One row; used where the operating system cannot lock a file.
CREATE TABLE store_lease (
    id SMALLINT PRIMARY KEY,        -- always 1
    token BIGINT NOT NULL,         -- grows with each holder
    renewals BIGINT NOT NULL,      -- grows with each sign of life
    is_held SMALLINT NOT NULL,      -- 0: given back
    holder TEXT NOT NULL,          -- for people: process and host
    place TEXT NOT NULL            -- JSON: how to see from the same machine whether it still runs
);

-- Starts of servers: which program wrote which part of the journal.
CREATE TABLE journal_run (
    first_sequence BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    rules BIGINT NOT NULL,         -- of the queue engine
    program TEXT NOT NULL          -- version
);
