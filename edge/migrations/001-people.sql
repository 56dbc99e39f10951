-- Who is enrolled. A code or an id is never given to somebody else by the database itself (AUTOINCREMENT), so a
-- gallery that another process still holds in memory can name a person who is gone, but never the wrong one.
-- A template is a face as numbers: little-endian float32, with the model that made it. The photograph is not kept,
-- only its SHA-256, by which it is recognised when the same folder comes again.

PRAGMA application_id = 1299542900; -- "Must": tells our file from any other SQLite database

CREATE TABLE person (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE CHECK (code <> ''),
    name TEXT NOT NULL CHECK (name <> '')
) STRICT;

CREATE TABLE template (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    vector BLOB NOT NULL CHECK (length(vector) > 0 AND length(vector) % 4 = 0),
    photo_sha256 TEXT NOT NULL CHECK (length(photo_sha256) = 64),
    UNIQUE (model, photo_sha256)
) STRICT;

CREATE INDEX template_person ON template (person_id);

-- The loop compares this number with the one it last saw, and loads the gallery again when it has grown.
CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL) STRICT;
INSERT INTO revision (id, number) VALUES (1, 0);

CREATE TRIGGER person_added AFTER INSERT ON person BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER person_changed AFTER UPDATE ON person BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER person_removed AFTER DELETE ON person BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER template_added AFTER INSERT ON template BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER template_changed AFTER UPDATE ON template BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER template_removed AFTER DELETE ON template BEGIN UPDATE revision SET number = number + 1; END;
