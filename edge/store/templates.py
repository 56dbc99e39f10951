"""The part of the store that keeps faces as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import EnrolError, StoreError
from edge.store.database import DurableDatabase
from edge.types import Floats, Person


def stored(vector: Floats) -> bytes:
    """What is kept of a template (d,): float32, little endian."""
    return vector.astype("<f4").tobytes()


class Templates:
    """Templates with the model that made them. Those of different models are never handed out together."""

    _database: DurableDatabase

    def add_template(self, person_id: int, vector: Floats, *, model: str, photo_sha256: str) -> bool:
        """Keep the face of one photograph.

        Args:
            person_id: whose it is.
            vector: (d,) float32 unit vector.
            model: what made it, for example "facenet-20180408-102900/int8".
            photo_sha256: 64 hexadecimal digits, of the photograph's file.

        Returns:
            False when this photograph is already enrolled for this person and model; nothing changes then.

        Raises:
            EnrolError: it is enrolled for somebody else.
        """
        if vector.ndim != 1:
            raise ValueError(f"vector: expected shape (d,), got {vector.shape}")
        with self._database.writing():
            owner = self.photo_owner(photo_sha256, model=model)
            if owner is not None and owner.id != person_id:
                raise EnrolError(f"this photograph is already enrolled for {owner.code} {owner.name}")
            if owner is not None:
                return False
            self._database.table("template").insert(
                {"person_id": person_id, "model": model, "vector": stored(vector), "photo_sha256": photo_sha256}
            )
        return True

    def photo_owner(self, photo_sha256: str, *, model: str) -> Person | None:
        """Whose template was made from a photograph, or None."""
        sql = "SELECT p.id, code, name FROM template JOIN person p ON p.id = person_id WHERE model = ? AND photo_sha256 = ?"
        rows = self._database.rows(sql, [model, photo_sha256])
        return Person(*rows[0]) if rows else None

    def templates(self, model: str) -> tuple[Floats, NDArray[np.int64]]:
        """All templates of one model, in the order of their enrolment.

        Returns:
            vectors (n, d) float32, and person ids (n,) int64; (0, 0) and (0,) when there is none.
        """
        person_ids, blobs, lengths = [], bytearray(), set()
        with self._database.sentences():
            sql = "SELECT person_id, vector FROM template WHERE model = ? ORDER BY id"
            for person_id, blob in self._database.conn.execute(sql, [model]):
                person_ids.append(person_id)
                blobs += blob
                lengths.add(len(blob))
        if len(lengths) > 1:
            raise StoreError(f"templates of {model} differ in length; something else wrote into the database. Restore a backup.")
        d = lengths.pop() // 4 if lengths else 0
        vectors = np.frombuffer(blobs, "<f4").astype(np.float32, copy=False)
        return vectors.reshape(len(person_ids), d), np.array(person_ids, np.int64)

    def models(self) -> dict[str, int]:
        """How many templates each model made."""
        return dict(self._database.rows("SELECT model, count(*) FROM template GROUP BY model ORDER BY model"))

    def n_templates(self) -> dict[int, int]:
        """Person id -> number of templates, for those who have any."""
        return dict(self._database.rows("SELECT person_id, count(*) FROM template GROUP BY person_id"))
