"""What happens when a stick is plugged in: people leave and come, receipts are written, rows go out, and it may be pulled.

Each step is whole before the next begins, and each may be done again: a stick that is pulled in the middle goes on where it was.
Removals come first, so that nobody who leaves stands in the way of a photograph; whoever is to be removed and brought in by the
same stick is removed. What is brought in is marked as done when its receipts are on the stick.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from edge.errors import DeviceError, EnrolError, MusterError, StickError, StoreError, SyncError
from edge.exchange.delivery.marker import MARKER, cursor_of, read_marker
from edge.exchange.delivery.marker import MAX_BYTES as MARKER_BYTES
from edge.exchange.delivery.report import Delivery
from edge.exchange.enrolment.receipt import Line
from edge.exchange.files import unwritable
from edge.exchange.stick.content import Content
from edge.exchange.stick.intake import Intake, take_in, unlisted
from edge.exchange.stick.manifest import MANIFEST, Manifest
from edge.exchange.stick.means import Means
from edge.exchange.stick.receipts import Receipts, stamp
from edge.exchange.stick.sheet import TableLine
from edge.exchange.stick.tree import Tree
from edge.exchange.stick.trust import Trust, examine, note_refusal
from edge.store import Store
from edge.store.audit import MANIFEST_REFUSED, STICK_SERVED
from edge.types import Signal
from edge.words import counted

__all__ = ["Means", "Served", "rehearse", "serve"]

NOTHING_LISTED = Manifest(0, "", "", {})

_LEFT = "There is more on the stick than could be looked at this time. Plug it in again: it goes on where it was."
_RACED = f"{MANIFEST}: another one was taken up meanwhile, or the stick was unpaired. Plug it in again."
_STRANGERS = "The stick was taken in before, and something on it is new or changed since. Prepare it again with prepare-stick."
_UNTOLD = "Make room, move its switch or take away what stands there, and plug it in again; nothing is taken in twice."
_QUIET = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Served:
    """What came of a stick.

    Attributes:
        photographs: the receipt of ``enrol/``, a line for each.
        tables: that of ``people.csv`` and ``remove.csv``.
        reason: why nothing was brought in, or not all of it; empty where there is no more to do.
        receipts: names of those that were written.
        delivery: of rows; None where it failed, or of a rehearsal where no row would go out.
        errors: what failed, in the order in which it did.
        n_left_out: people and lines that were not taken.
        released: how far the stick may be pulled; empty where it may not, and after a rehearsal.
    """

    photographs: tuple[Line, ...] = ()
    tables: tuple[TableLine, ...] = ()
    reason: str = ""
    receipts: tuple[str, ...] = ()
    delivery: Delivery | None = None
    errors: tuple[MusterError, ...] = ()
    n_left_out: int = 0
    released: str = ""

    @property
    def exit_code(self) -> int:
        """0; 65 where somebody or something on the stick was not taken; where something failed, that of the first error."""
        if self.errors:
            return self.errors[0].exit_code
        return EnrolError.exit_code if self.reason or self.n_left_out else 0


def serve(mountpoint: Path, store: Store, means: Means) -> Served:
    """Do all that is to be done with a stick.

    Args:
        mountpoint: where it is mounted.
        store: of this unit.
        means: with what.

    Raises:
        StickError: it is refused; a line of the audit log tells of it.
        DeviceError: it was pulled.
        StoreError: the database fails; what was taken in until then stays, and the same stick goes on there.
    """
    with _opened(mountpoint) as tree:
        try:
            trust = examine(mountpoint, store, policy=means.policy, hardware=means.hardware)
        except StickError as error:
            note_refusal(store, error, at_utc=means.at_utc, clock_ok=means.clock_ok)
            means.show(Signal.STICK_REFUSED)
            raise
        means.show(Signal.STICK_AT_WORK)
        try:
            served = _Visit(tree, trust, store, means).serve()
        except BaseException:
            means.show(Signal.STICK_FAILED)
            raise
    return _released(served, mountpoint, means)


def rehearse(mountpoint: Path, store: Store, means: Means) -> Served:
    """What `serve` would do; nothing is written, neither on the stick nor here.

    Raises:
        StickError: it would be refused.
        DeviceError: the stick was pulled.
    """
    with _opened(mountpoint) as tree, store.rehearsal() as copy:
        trust = examine(mountpoint, store, policy=means.policy, hardware=means.hardware)
        served = _Visit(tree, trust, copy, means).rehearse()
        is_due = bool(store.lacking(cursor_of(_destination(tree), stick=trust.known_as)).last_seq)
    return replace(served, delivery=Delivery(str(mountpoint)) if is_due else None)


class _Visit:
    """One stick, once."""

    def __init__(self, tree: Tree, trust: Trust, store: Store, means: Means) -> None:
        self._tree, self._trust, self._store, self._means = tree, trust, store, means
        self._errors: list[MusterError] = []
        self._receipts: list[str] = []

    def serve(self) -> Served:
        """People, receipts, rows."""
        manifest, stick = self._trust.manifest, self._trust.stick
        if manifest and stick and not self._trust.is_done and not self._is_taken_up(stick.id, manifest):
            self._trust = Trust(stick, None, _RACED)
        intake = self._taken_in()
        self._errors += intake.errors
        if self._has_told(intake) and intake.is_whole and not self._trust.is_done:
            self._finish(intake)
        delivery = self._delivered()
        return replace(self._outcome(intake), receipts=tuple(self._receipts), delivery=delivery, errors=tuple(self._errors))

    def rehearse(self) -> Served:
        """People, in a copy."""
        intake = self._taken_in()
        return replace(self._outcome(intake), errors=tuple(intake.errors))

    def _is_taken_up(self, stick_id: str, manifest: Manifest) -> bool:
        return self._store.take_up(stick_id, serial=manifest.serial, mac=manifest.mac)

    def _taken_in(self) -> Intake:
        """All of it; or of what may not be brought in, what it is."""
        manifest = None if self._trust.is_open else self._trust.manifest or NOTHING_LISTED
        content = Content(self._tree, manifest, self._means.bounds)
        if self._trust.is_open or (self._trust.manifest and not self._trust.is_done):
            return take_in(content, self._store, self._means)
        return unlisted(content)

    def _outcome(self, intake: Intake) -> Served:
        lines = (tuple(intake.photographs), tuple(intake.tables))
        return Served(*lines, reason=self._reason(intake), n_left_out=intake.n_left_out)

    def _reason(self, intake: Intake) -> str:
        """What to say of the stick as a whole."""
        has_lines = bool(intake.photographs or intake.tables)
        if self._trust.reason:
            return self._trust.reason if has_lines or self._has_manifest() else ""
        if self._trust.is_done:
            return _STRANGERS if has_lines else ""
        return "" if intake.is_whole else _LEFT

    def _has_manifest(self) -> bool:
        try:
            return self._tree.has(MANIFEST)
        except OSError:
            return False

    def _has_told(self, intake: Intake) -> bool:
        """Write the receipts; whether they are on the stick."""
        means, manifest = self._means, self._trust.manifest
        of_manifest = f"{stamp(manifest.serial)}-{means.unit}" if manifest else f"open-{means.unit}"
        is_unprepared = not self._trust.is_open and (manifest is None or self._trust.is_done)
        receipts = Receipts(self._tree, means.files, means.bounds)
        photographs, tables = intake.photographs, intake.tables
        if self._trust.is_done and receipts.mention(of_manifest, photographs, tables):
            return True
        try:
            unprepared = f"unprepared-{means.unit}"
            begins = unprepared if is_unprepared else of_manifest
            self._receipts = receipts.write(begins, photographs, tables, reason=self._trust.reason)
            if not is_unprepared:
                receipts.drop(unprepared)
        except OSError as error:
            self._errors.append(unwritable("the receipts on the stick", error, advice=_UNTOLD))
            return False
        return True

    def _finish(self, intake: Intake) -> None:
        """All that the manifest names is in."""
        manifest, stick = self._trust.manifest, self._trust.stick
        with self._store.transaction():
            if stick and manifest:
                self._store.finish(stick.id, mac=manifest.mac)
                self._note(STICK_SERVED, f"{stick.id}, manifest {manifest.serial}: {_told(intake)}")
            elif self._trust.is_open and intake.has_changed:
                self._note(STICK_SERVED, f"without pairing: {_told(intake)}")
            elif stick and self._has_manifest():
                self._note(MANIFEST_REFUSED, stick.id, quiet=_QUIET)

    def _note(self, what: str, detail: str, *, quiet: timedelta = timedelta(0)) -> None:
        self._store.note(what, detail, at_utc=self._means.at_utc, clock_ok=self._means.clock_ok, quiet=quiet)

    def _delivered(self) -> Delivery | None:
        """Rows; what fails there keeps nothing else."""
        try:
            if not self._tree.is_in_place():
                raise DeviceError("the stick was pulled. Plug it in again: it goes on where it was.")
            delivery = self._means.deliver(self._tree.top, self._trust.known_as)
        except (SyncError, StoreError, DeviceError) as error:
            self._errors.append(error)
            return None
        if delivery.error:
            self._errors.append(delivery.error)
        if delivery.n_events:
            self._note(STICK_SERVED, f"{self._trust.known_as}: {counted(delivery.n_events, 'row')} taken out")
        return delivery


def _released(served: Served, mountpoint: Path, means: Means) -> Served:
    """The last step: the panel says whether it may be pulled."""
    try:
        released = means.release(mountpoint)
    except DeviceError as error:
        means.show(Signal.STICK_FAILED)
        return replace(served, errors=(*served.errors, error))
    except BaseException:
        means.show(Signal.STICK_FAILED)
        raise
    if served.errors or not means.stays_mounted:
        means.show(Signal.STICK_FAILED if served.errors else Signal.SAFE_TO_PULL)
    return replace(served, released=released)


def _opened(mountpoint: Path) -> Tree:
    """The stick.

    Raises:
        DeviceError: nothing can be read there.
    """
    try:
        return Tree(mountpoint)
    except OSError as error:
        raise DeviceError(f"{mountpoint} cannot be read ({error.strerror}). Plug the stick in again.") from error


def _destination(tree: Tree) -> str:
    """As which destination rows would go there; empty for a new one."""
    try:
        return read_marker(tree.read(MARKER, at_most=MARKER_BYTES), "").id
    except (OSError, SyncError):
        return ""


def _told(intake: Intake) -> str:
    """For the audit log: numbers and no names."""
    outcomes = [line.outcome.value for line in intake.tables] + [line.verdict.value for line in intake.photographs]
    return ", ".join(f"{outcomes.count(word):,} {word}" for word in dict.fromkeys(outcomes)) or "nothing in it"
