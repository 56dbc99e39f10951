"""``remove.csv``: who is to be erased. Only by this table does anybody leave, and never everybody at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from edge.errors import EnrolError
from edge.exchange.stick.sheet import Outcome, Row, Sheet, TableLine, twin
from edge.store import Removal, Store
from edge.words import counted

FILE = "remove.csv"
COLUMNS = ("code", "why")


def removal_sheet(n_rows: int) -> Sheet:
    """How the table is read."""
    return Sheet(FILE, COLUMNS, n_rows=n_rows)


def apply_removals(
    rows: Sequence[Row | TableLine], store: Store, *, remove: Callable[[str], Removal], is_over: Callable[[], bool]
) -> Iterator[TableLine]:
    """Erase whom the table names, one after the other.

    Args:
        rows: as they were read.
        store: has the people.
        remove: erases a code; raises EnrolError where nobody has it.
        is_over: whether no further one shall be begun.
    """
    enrolled = {person.code for person in store.people()}
    twins = {twin(code): code for code in enrolled}
    listed = set(codes(rows))
    is_everybody = bool(enrolled) and enrolled <= listed
    if is_everybody:
        reason = (
            f"it names everybody who is here ({counted(len(enrolled), 'person')}), so nobody is removed; `muster people remove`"
        )
        yield TableLine(FILE, 0, "", Outcome.REFUSED, reason)
    for row in rows:
        if isinstance(row, TableLine):
            yield row
        elif row.code not in enrolled:
            yield _nobody(row, twins.get(twin(row.code), ""))
        elif is_everybody:
            yield TableLine(FILE, row.number, row.code, Outcome.REFUSED, "it would remove everybody")
        elif is_over():
            yield TableLine(FILE, row.number, row.code, Outcome.WAITS, "the time for one stick is over; plug it in again")
        else:
            yield _removed(row, remove)


def codes(rows: Iterable[Row | TableLine]) -> Iterator[str]:
    """Whom the table names."""
    return (row.code for row in rows if isinstance(row, Row))


def remover(store: Store, *, at_utc: datetime, clock_ok: bool) -> Callable[[str], Removal]:
    """Erases people, with a line of the audit log for each."""

    def remove(code: str) -> Removal:
        return store.remove_person(code, at_utc=at_utc, clock_ok=clock_ok)

    return remove


def _nobody(row: Row, looks_like: str) -> TableLine:
    if not looks_like:
        return TableLine(FILE, row.number, row.code, Outcome.NOT_HERE)
    reason = (
        f"nobody has this code, and {looks_like} looks like it: a spreadsheet takes zeros away. Nobody is removed; type it anew"
    )
    return TableLine(FILE, row.number, row.code, Outcome.REFUSED, reason)


def _removed(row: Row, remove: Callable[[str], Removal]) -> TableLine:
    try:
        removal = remove(row.code)
    except EnrolError:  # another process was quicker
        return TableLine(FILE, row.number, row.code, Outcome.NOT_HERE)
    n_backups = len(removal.backups)
    still = f"still in {counted(n_backups, 'backup')}: see `muster people remove` in docs/privacy.md" if n_backups else ""
    return TableLine(FILE, row.number, row.code, Outcome.REMOVED, still)
