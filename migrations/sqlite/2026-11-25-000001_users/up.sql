-- People and programs that may use the service, and what proves who they are.
-- No secret lies here in the clear: passwords as argon2id, tokens and keys (256 random bits each,
-- which nobody can guess) as SHA-256.

-- One row is one account. It is disabled rather than deleted, so that the audit stays readable.
CREATE TABLE users (
    id                   TEXT NOT NULL PRIMARY KEY,
    -- Lower case.
    name                 TEXT NOT NULL UNIQUE,
    role                 TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'admin')),
    -- argon2id with its parameters and salt, as a PHC string.
    password_hash        TEXT NOT NULL,
    -- The password was given by somebody else: nothing but changing it is allowed.
    must_change_password INTEGER NOT NULL CHECK (must_change_password IN (0, 1)),
    password_changed_at  TEXT NOT NULL,
    created_at           TEXT NOT NULL,
    disabled_at          TEXT
) STRICT;

-- One row is one key of a program. What it may do is its scopes, as far as its owner's role goes.
CREATE TABLE api_keys (
    id            TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id),
    -- What it is for, in the owner's words.
    label         TEXT NOT NULL,
    -- The first characters of the key, by which people tell keys apart.
    hint          TEXT NOT NULL,
    key_sha256    TEXT NOT NULL UNIQUE,
    -- Names separated by spaces, in order.
    scopes        TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    expires_at    TEXT,
    revoked_at    TEXT
) STRICT;

CREATE INDEX api_keys_by_user ON api_keys (user_id);

-- One row is one browser that is logged in. Logging out deletes it.
CREATE TABLE sessions (
    token_sha256 TEXT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id),
    -- Must come back with every change a page asks for.
    csrf_token   TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    -- Pushed forward with use, never past `ends_at`.
    idle_until   TEXT NOT NULL,
    ends_at      TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id);

-- One row is one refresh token. Using it makes the next of its family; using it twice means that
-- somebody has a copy, and ends the family.
CREATE TABLE refresh_tokens (
    token_sha256 TEXT NOT NULL PRIMARY KEY,
    -- The login all of them descend from.
    family       TEXT NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id),
    issued_at    TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    used_at      TEXT,
    revoked_at   TEXT
) STRICT;

CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

-- One row counts the failed logins of one name ('user:ada') or one address ('client:10.0.0.7').
CREATE TABLE login_failures (
    subject       TEXT NOT NULL PRIMARY KEY,
    n_failures    INTEGER NOT NULL CHECK (n_failures >= 0),
    last_at       TEXT NOT NULL,
    -- No attempt is looked at before this.
    blocked_until TEXT NOT NULL
) STRICT;
