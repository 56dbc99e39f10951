-- A template is one byte a value from here on: int8, its largest value 127 or -127, scaled to unit length when it is read.
-- Templates that are here already were float32, of models that this version does not have: they are kept as they are, are
-- compared with nothing, and go when their person is enrolled again or removed.
-- SQLite cannot change a CHECK; the table is made anew and its rows are moved. That alone does not change the roll.

CREATE TABLE template_in_bytes (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    vector BLOB NOT NULL CHECK (length(vector) > 0),
    photo_sha256 TEXT NOT NULL CHECK (length(photo_sha256) = 64),
    UNIQUE (model, photo_sha256)
) STRICT;

INSERT INTO template_in_bytes SELECT id, person_id, model, vector, photo_sha256 FROM template;
DROP TABLE template;
ALTER TABLE template_in_bytes RENAME TO template;

CREATE INDEX template_person ON template (person_id);
CREATE TRIGGER template_added AFTER INSERT ON template BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER template_changed AFTER UPDATE ON template BEGIN UPDATE revision SET number = number + 1; END;
CREATE TRIGGER template_removed AFTER DELETE ON template BEGIN UPDATE revision SET number = number + 1; END;
