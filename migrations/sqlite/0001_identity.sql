-- Small values of the installation: secrets made on first start, cursors of channels.
CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Last numbers given to clients and interactions.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE branch (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- People who sign in. Agents are users who serve queues.
CREATE TABLE app_user (
    id BLOB PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    branch_id BLOB REFERENCES branch (id),
    language TEXT NOT NULL,
    preferences TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

-- A signed-in browser. The token itself is never stored.
CREATE TABLE session (
    id BLOB PRIMARY KEY,
    token_sha256 BLOB NOT NULL UNIQUE,
    user_id BLOB NOT NULL REFERENCES app_user (id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    peer TEXT NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE api_token (
    id BLOB PRIMARY KEY,
    token_sha256 BLOB NOT NULL UNIQUE,
    user_id BLOB NOT NULL REFERENCES app_user (id),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_token_user ON api_token (user_id);

-- Failed log-ins by what was tried (a login or a peer), for the back-off.
CREATE TABLE login_failure (
    subject TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;

-- Every privileged act. Never updated, never deleted by the program.
CREATE TABLE audit (
    id BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_id BLOB,
    act TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    details TEXT NOT NULL,
    peer TEXT NOT NULL
) STRICT;
CREATE INDEX audit_time ON audit (at, id);
