-- Small values of the installation: secrets made on first start, cursors of channels.
CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Last numbers given to clients and interactions.
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE branch (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- People who sign in. Agents are users who serve queues.
CREATE TABLE app_user (
    id UUID PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    branch_id UUID REFERENCES branch (id),
    language TEXT NOT NULL,
    preferences TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- A signed-in browser. The token itself is never stored.
CREATE TABLE session (
    id UUID PRIMARY KEY,
    token_sha256 BYTEA NOT NULL UNIQUE,
    user_id UUID NOT NULL REFERENCES app_user (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    peer TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE api_token (
    id UUID PRIMARY KEY,
    token_sha256 BYTEA NOT NULL UNIQUE,
    user_id UUID NOT NULL REFERENCES app_user (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_token_user ON api_token (user_id);

-- Failed log-ins by what was tried (a login or a peer), for the back-off.
CREATE TABLE login_failure (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

-- Every privileged act. Never updated, never deleted by the program.
CREATE TABLE audit (
    id UUID PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_id UUID,
    act TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    details TEXT NOT NULL,
    peer TEXT NOT NULL
);
CREATE INDEX audit_time ON audit (at, id);
