-- Which server the store belongs to. One row; used where the operating system cannot lock a file.
CREATE TABLE store_lease (
    id INTEGER PRIMARY KEY,        -- always 1
    token INTEGER NOT NULL,         -- grows with each holder
    renewals INTEGER NOT NULL,      -- grows with each sign of life
    is_held INTEGER NOT NULL,      -- 0: given back
    holder TEXT NOT NULL,          -- for people: process and host
    place TEXT NOT NULL            -- JSON: how to see from the same machine whether it still runs
) STRICT;

-- Starts of servers: which program wrote which part of the journal.
CREATE TABLE journal_run (
    first_sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    rules INTEGER NOT NULL,         -- of the queue engine
    program TEXT NOT NULL          -- version
) STRICT;
