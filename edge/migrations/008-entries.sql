-- The latest entry of a person by its own time, however long the ledger: an entry says when something happened, often long after
-- it did, so the order of the rows says nothing about it.

CREATE INDEX event_entry ON event (person_id, at_utc) WHERE kind = 'entry';
