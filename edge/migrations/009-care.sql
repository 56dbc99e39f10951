-- What the office has to know and to prove about the people, the sticks and the copies.
-- name, stick.key: as they are, or sealed (edge/store/sealing.py) where the unit has a key. So is template.vector, and in a row of the
-- ledger person_name, together with its salt, whose own column is then empty: with the salt beside the digest, names could be tried.

-- basis: why this person's face may be kept, in the office's own words. retain_until: a local date as 2026-11-22, the last day on
-- which everything of this person is kept; NULL: until somebody removes them. language: a tag of BCP 47, or empty.
ALTER TABLE person ADD COLUMN basis TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN retain_until TEXT CHECK (length(retain_until) = 10);
ALTER TABLE person ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- With which key names, templates and keys of sticks are sealed: the first 16 hexadecimal digits of its SHA-256; empty: with none.
-- is_swept: whether the file was written anew since, so that nothing stays in it of what was there before.
CREATE TABLE sealing (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key_id TEXT NOT NULL CHECK (length(key_id) IN (0, 16)),
    is_swept INTEGER NOT NULL DEFAULT 1 CHECK (is_swept IN (0, 1))
) STRICT;
INSERT INTO sealing (id, key_id) VALUES (1, '');

-- Sticks that may bring people in and take rows away. serial and mac: of the latest manifest of this stick that was taken in, and
-- is_done whether all of it was. hardware: what the stick itself says that it is; empty where nothing did.
CREATE TABLE stick (
    stick_id TEXT PRIMARY KEY CHECK (length(stick_id) = 36),
    name TEXT NOT NULL,
    key BLOB NOT NULL,
    hardware TEXT NOT NULL,
    paired_utc TEXT NOT NULL CHECK (length(paired_utc) = 24),
    serial INTEGER NOT NULL DEFAULT 0,
    mac TEXT NOT NULL DEFAULT '' CHECK (length(mac) IN (0, 64)),
    is_done INTEGER NOT NULL DEFAULT 0 CHECK (is_done IN (0, 1))
) STRICT;

-- Copies of this database that somebody keeps elsewhere: whoever is removed is still in them. files: where each was written.
CREATE TABLE backup (
    backup_id TEXT PRIMARY KEY CHECK (length(backup_id) = 36),
    file TEXT NOT NULL,
    made_utc TEXT NOT NULL CHECK (length(made_utc) = 24),
    n_rows INTEGER NOT NULL
) STRICT;

-- Who was erased, so that an older backup does not bring them back. A code is no name; it stays in the rows of the ledger too.
CREATE TABLE erasure (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL,
    erased_utc TEXT NOT NULL CHECK (length(erased_utc) = 24)
) STRICT;

-- What was done to the unit rather than at its door: never a name, never a face. Nothing in it is changed or removed.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_utc TEXT NOT NULL CHECK (length(at_utc) = 24),
    clock_ok INTEGER NOT NULL CHECK (clock_ok IN (0, 1)),
    what TEXT NOT NULL CHECK (what <> ''),
    detail TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'no line of the audit log is removed'); END;
CREATE TRIGGER audit_stays_as_it_is BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'no line of the audit log is changed'); END;

-- Rows of a start of the machine whose time was not known: few, however long the ledger.
CREATE INDEX event_untimed ON event (boot_id) WHERE clock_ok = 0 AND boot_id <> '';
