-- The ledger is append-only and chained from here on: each row has the hash of itself and of the row before it, so that an edited,
-- removed or inserted row shows, here and in every export (edge/ledger.py, docs/ledger.md). Rows that are here already are chained
-- as they are. muster_genesis, muster_name_digest and muster_chain are the functions of edge/ledger.py: SQL cannot hash. They are
-- registered by edge/store/database.py and used here only, so that any tool can open the file.
-- kind: punch (a face), entry (made by somebody), void (takes back the row it names), time (that row happened at this time).
-- A name is chained as the digest of its salt and itself. So it can be erased, with its salt, and the row still verifies.
-- SQLite cannot change a CHECK; the table is made anew and its rows are moved.

CREATE TABLE ledger (id INTEGER PRIMARY KEY CHECK (id = 1), ledger_id TEXT NOT NULL CHECK (length(ledger_id) = 36)) STRICT;

-- A UUID of version 4: its 13th digit is 4, its 17th is 8, 9, a or b (RFC 9562, section 5.4).
INSERT INTO ledger (id, ledger_id)
SELECT 1, substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-4' || substr(h, 14, 3) || '-a' || substr(h, 18, 3) || '-' || substr(h, 21)
FROM (SELECT lower(hex(randomblob(16))) AS h);

CREATE TABLE event_chained (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('punch', 'entry', 'void', 'time')),
    person_id INTEGER REFERENCES person (id) ON DELETE SET NULL,
    person_code TEXT NOT NULL,
    person_name TEXT NOT NULL,
    salt TEXT NOT NULL CHECK (length(salt) IN (0, 32)),
    name_digest TEXT NOT NULL CHECK (length(name_digest) = 64),
    at_utc TEXT NOT NULL CHECK (length(at_utc) = 24),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'break out', 'break in', 'overtime in', 'overtime out')),
    distance REAL,
    clock_ok INTEGER NOT NULL CHECK (clock_ok IN (0, 1)),
    backends TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    monotonic_s REAL,
    corrects TEXT NOT NULL,
    "by" TEXT NOT NULL,
    why TEXT NOT NULL,
    chain TEXT NOT NULL CHECK (length(chain) = 64)
) STRICT;

CREATE TEMP TABLE salted AS SELECT seq, lower(hex(randomblob(16))) AS salt FROM event;
CREATE UNIQUE INDEX temp.salted_seq ON salted (seq);

INSERT INTO event_chained
WITH RECURSIVE
    old AS (
        SELECT
            event.*, salt, muster_name_digest(salt, person_name) AS name_digest, (SELECT ledger_id FROM ledger) AS ledger_id,
            (SELECT min(next.seq) FROM event AS next WHERE next.seq > event.seq) AS next_seq
        FROM event JOIN temp.salted USING (seq)
    ),
    walk (seq, next_seq, salt, name_digest, chain) AS (
        SELECT 0, (SELECT min(seq) FROM event), '', '', muster_genesis(ledger_id) FROM ledger
        UNION ALL
        SELECT
            old.seq, old.next_seq, old.salt, old.name_digest,
            muster_chain(
                walk.chain, ledger_id, old.seq, event_id, unit, 'punch', person_code, old.name_digest, at_utc, direction, distance,
                clock_ok, backends, '', NULL, '', '', ''
            )
        FROM walk JOIN old ON old.seq = walk.next_seq
    )
SELECT
    seq, event_id, unit, 'punch', person_id, person_code, person_name, walk.salt, walk.name_digest, at_utc, direction, distance,
    clock_ok, backends, '', NULL, '', '', '', chain
FROM walk JOIN event USING (seq)
ORDER BY seq;

DROP TABLE temp.salted;
DROP TABLE event;
ALTER TABLE event_chained RENAME TO event;

-- The numbers go on behind the last row that is here. Where somebody had deleted rows behind it, test rows, say, new rows get numbers
-- that were delivered once, and must be delivered all the same.
UPDATE cursor SET seq = min(seq, (SELECT coalesce(max(seq), 0) FROM event));

CREATE INDEX event_person ON event (person_id, seq);
CREATE INDEX event_time ON event (at_utc);
CREATE INDEX event_corrects ON event (corrects) WHERE corrects <> '';

-- A new row goes behind the last one. INSERT OR REPLACE would remove a row without asking the trigger on DELETE
-- (sqlite.org/lang_conflict.html); so it is refused here.
CREATE TRIGGER event_goes_last BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM event WHERE event_id = NEW.event_id) OR (NEW.seq > 0 AND NEW.seq <= (SELECT max(seq) FROM event))
BEGIN
    SELECT RAISE(ABORT, 'a row of the ledger goes behind the last one and replaces none');
END;

CREATE TRIGGER event_stays BEFORE DELETE ON event
BEGIN
    SELECT RAISE(ABORT, 'no row of the ledger is removed; write one that corrects it');
END;

-- What may change: the person is removed (person_id), or a name is erased, and its salt with it.
CREATE TRIGGER event_stays_as_it_is BEFORE UPDATE ON event
WHEN NOT (
    NEW.seq = OLD.seq AND NEW.event_id = OLD.event_id AND NEW.unit = OLD.unit AND NEW.kind = OLD.kind
    AND NEW.person_code = OLD.person_code AND NEW.name_digest = OLD.name_digest AND NEW.at_utc = OLD.at_utc
    AND NEW.direction = OLD.direction AND NEW.distance IS OLD.distance AND NEW.clock_ok = OLD.clock_ok
    AND NEW.backends = OLD.backends AND NEW.boot_id = OLD.boot_id AND NEW.monotonic_s IS OLD.monotonic_s
    AND NEW.corrects = OLD.corrects AND NEW."by" = OLD."by" AND NEW.why = OLD.why AND NEW.chain = OLD.chain
    AND (NEW.person_id IS OLD.person_id OR NEW.person_id IS NULL)
    AND ((NEW.person_name = OLD.person_name AND NEW.salt = OLD.salt) OR (NEW.person_name = '' AND NEW.salt = ''))
)
BEGIN
    SELECT RAISE(ABORT, 'no row of the ledger is changed; write one that corrects it');
END;

CREATE TRIGGER ledger_keeps_its_id BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
CREATE TRIGGER ledger_stays BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
CREATE TRIGGER ledger_is_one BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'a ledger keeps its id'); END;
