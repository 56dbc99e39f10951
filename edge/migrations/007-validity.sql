-- When somebody may be recognised: local dates as 2026-11-22, both included, NULL for no limit, and a switch. Whoever is outside is
-- answered at the door as a stranger; their templates stay, and so does the row. The triggers of 001 make it a change to the roll.

ALTER TABLE person ADD COLUMN active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1));
ALTER TABLE person ADD COLUMN valid_from TEXT CHECK (length(valid_from) = 10);
ALTER TABLE person ADD COLUMN valid_until TEXT CHECK (length(valid_until) = 10);
