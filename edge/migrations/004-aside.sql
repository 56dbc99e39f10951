-- Photographs that were looked at and are not kept as templates, because others of the same person show more of the face.
-- Only the SHA-256 of the file is remembered, so that the same folder again changes nothing. It goes with its person.
-- That alone does not change the roll.

CREATE TABLE aside (
    id INTEGER PRIMARY KEY,
    person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    photo_sha256 TEXT NOT NULL CHECK (length(photo_sha256) = 64),
    UNIQUE (model, photo_sha256)
) STRICT;

CREATE INDEX aside_person ON aside (person_id);
