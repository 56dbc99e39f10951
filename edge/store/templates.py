"""The part of the store that keeps faces as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import EnrolError, StoreError
from edge.store.database import DurableDatabase
from edge.store.sealing import Sealed, of_template
from edge.types import Floats, Person
from edge.words import counted


def stored(vectors: Floats) -> NDArray[np.int8]:
    """What is kept of templates: one byte a value, with one step for all values of a template.

    The step is the 127th part of the template's own largest value. Only the direction counts, so the step need not be kept.

    Args:
        vectors: (..., d) float32 of any length.
    """
    largest: Floats = np.maximum(np.abs(vectors).max(axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    numbers: NDArray[np.int8] = np.rint(vectors / largest * 127).astype(np.int8)
    return numbers


def restored(numbers: NDArray[np.int8]) -> Floats:
    """Templates as they come back from their bytes: (n, d) int8 -> (n, d) float32 unit vectors."""
    vectors = numbers.astype(np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    vectors /= np.maximum(lengths, 1)[:, np.newaxis]  # no length but 0 is below 1
    return vectors


@dataclass(frozen=True, slots=True)
class Stale:
    """People whom this unit cannot recognise, because another model made their templates.

    Attributes:
        model: of this unit.
        n_people: how many they are.
        by_model: model -> how many templates it made.
        is_everybody: whether nobody who has a template can be recognised.
    """

    model: str
    n_people: int
    by_model: dict[str, int]
    is_everybody: bool

    ADVICE = "enrol their photographs again: muster enrol FOLDER"

    def __str__(self) -> str:
        """One sentence without its full stop."""
        made = ", ".join(f"{n} by {model}" for model, n in self.by_model.items())
        who = "nobody can be recognised" if self.is_everybody else f"{counted(self.n_people, 'person')} cannot be recognised"
        return f"{who}: templates were made by another model ({made}; this unit has {self.model})"


class Templates(Sealed):
    """Templates with the model that made them. Those of different models are never handed out together."""

    _database: DurableDatabase

    def add_template(self, person_id: int, vector: Floats, *, model: str, photo_sha256: str) -> bool:
        """Keep the face of one photograph, as `stored`.

        What another model made of this person goes: it can be compared with nothing any more.

        Args:
            person_id: whose it is.
            vector: (d,) float32 unit vector.
            model: what made it, for example "facenet-20180408-102900+head-1a2b3c4d/int8".
            photo_sha256: 64 hexadecimal digits, of the photograph's file.

        Returns:
            False when this photograph was already looked at for this person and model; nothing changes then.

        Raises:
            EnrolError: it is enrolled for somebody else.
        """
        if vector.ndim != 1:
            raise ValueError(f"vector: expected shape (d,), got {vector.shape}")
        with self._database.writing():
            owner = self.photo_owner(photo_sha256, model=model)
            if owner is not None and owner.id != person_id:
                raise _taken(owner)
            if owner is not None:
                return False
            for table in ("template", "aside"):
                self._database.table(table).delete_where("person_id = ? AND model <> ?", [person_id, model])
            code = self._code(person_id)
            kept = self._seal.blob(stored(vector).tobytes(), of_template(code, model, photo_sha256))
            row = {"person_id": person_id, "model": model, "vector": kept, "photo_sha256": photo_sha256}
            self._database.table("template").insert(row)
        return True

    def set_aside(self, person_id: int, *, model: str, photo_sha256: str) -> None:
        """Keep no template of a photograph, and remember by its fingerprint that it was looked at.

        Args:
            person_id: whose it is.
            model: looked at it.
            photo_sha256: 64 hexadecimal digits, of the photograph's file.

        Raises:
            EnrolError: it is enrolled for somebody else.
        """
        with self._database.writing():
            owner = self.photo_owner(photo_sha256, model=model)
            if owner is not None and owner.id != person_id:
                raise _taken(owner)
            self._database.table("template").delete_where("model = ? AND photo_sha256 = ?", [model, photo_sha256])
            row = {"person_id": person_id, "model": model, "photo_sha256": photo_sha256}
            self._database.table("aside").insert(row, ignore=True)

    def photo_owner(self, photo_sha256: str, *, model: str) -> Person | None:
        """For whom a photograph was looked at, whether its template is kept or not; None where it was not."""
        sql = """SELECT p.id, code, name FROM person p JOIN (
            SELECT person_id FROM template WHERE model = :model AND photo_sha256 = :photo
            UNION SELECT person_id FROM aside WHERE model = :model AND photo_sha256 = :photo
        ) ON p.id = person_id"""
        rows = self._database.rows(sql, {"model": model, "photo": photo_sha256})
        return self._person(rows[0]) if rows else None

    def templates_of(self, person_id: int, *, model: str) -> dict[str, Floats]:
        """What is kept of one person: SHA-256 of the photograph -> (d,) float32 unit vector as `restored`."""
        sql = "SELECT photo_sha256, vector FROM template WHERE person_id = ? AND model = ? ORDER BY id"
        rows, code = self._database.rows(sql, [person_id, model]), self._code(person_id)
        with self._opening():
            opened = [(photo, self._seal.opened_blob(kept, of_template(code, model, photo))) for photo, kept in rows]
        return {photo: restored(np.frombuffer(blob, np.int8)[np.newaxis])[0] for photo, blob in opened}

    def templates(self, model: str) -> tuple[Floats, NDArray[np.int64]]:
        """All templates of one model, in the order of their enrolment.

        Returns:
            vectors (n, d) float32 unit vectors as `restored`, and person ids (n,) int64; (0, 0) and (0,) when there is none.
        """
        person_ids, blobs, lengths = [], bytearray(), set()
        with self._opening(), self._database.sentences():
            sql = (
                "SELECT person_id, code, photo_sha256, vector FROM template JOIN person ON person.id = person_id"
                " WHERE model = ? ORDER BY template.id"
            )
            for person_id, code, photo_sha256, kept in self._database.conn.execute(sql, [model]):
                blob = self._seal.opened_blob(kept, of_template(code, model, photo_sha256))
                person_ids.append(person_id)
                blobs += blob
                lengths.add(len(blob))
        if len(lengths) > 1:
            raise StoreError(f"templates of {model} differ in length; something else wrote into the database. Restore a backup.")
        numbers = np.frombuffer(blobs, np.int8).reshape(len(person_ids), *(lengths or {0}))
        return restored(numbers), np.array(person_ids, np.int64)

    def _code(self, person_id: int) -> str:
        """A person's code; empty where there is no such person."""
        return str(self._database.rows("SELECT coalesce(max(code), '') FROM person WHERE id = ?", [person_id])[0][0])

    def models(self) -> dict[str, int]:
        """How many templates each model made."""
        return dict(self._database.rows("SELECT model, count(*) FROM template GROUP BY model ORDER BY model"))

    def stale(self, model: str) -> Stale | None:
        """Whom a unit with this model cannot recognise though they have templates; None when there is nobody."""
        usable = "SELECT person_id FROM template WHERE model = ?"
        sql = f"SELECT count(DISTINCT person_id) FROM template WHERE person_id NOT IN ({usable})"  # noqa: S608  our own words
        by_model = self.models()
        is_everybody = not by_model.pop(model, 0)
        n_people = int(self._database.rows(sql, [model])[0][0])
        return Stale(model, n_people, by_model, is_everybody) if n_people else None

    def n_templates(self, model: str | None = None) -> dict[int, int]:
        """Person id -> number of templates, of one model or of all, for those who have any."""
        sql = "SELECT person_id, count(*) FROM template WHERE model = coalesce(?, model) GROUP BY person_id"
        return dict(self._database.rows(sql, [model]))


def _taken(owner: Person) -> EnrolError:
    return EnrolError(f"this photograph is already enrolled for {owner.code} {owner.name}")
