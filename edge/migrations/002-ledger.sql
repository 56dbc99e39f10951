-- The attendance ledger and how far each destination has got. An event copies code and name as they were at the door:
-- it is a record of working time and outlives the person's enrolment, when person_id becomes NULL.
-- at_utc has a fixed width (2026-11-22T08:00:01.250Z), so that text order is time order.

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    unit TEXT NOT NULL,
    person_id INTEGER REFERENCES person (id) ON DELETE SET NULL,
    person_code TEXT NOT NULL,
    person_name TEXT NOT NULL,
    at_utc TEXT NOT NULL CHECK (length(at_utc) = 24),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    distance REAL NOT NULL,
    clock_ok INTEGER NOT NULL CHECK (clock_ok IN (0, 1))
) STRICT;

CREATE INDEX event_person ON event (person_id, seq);
CREATE INDEX event_time ON event (at_utc);

-- Events up to and including seq have arrived at the destination.
CREATE TABLE cursor (destination TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
