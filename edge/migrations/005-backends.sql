-- Where each network ran in the frame that decided, "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu": whoever asks later how a row
-- came about can tell what the Edge TPU made of it and what the CPU did. Rows of before do not say it.

ALTER TABLE event ADD COLUMN backends TEXT NOT NULL DEFAULT '';
