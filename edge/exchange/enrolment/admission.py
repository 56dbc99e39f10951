"""The photographs of one folder before the judge of `edge.matching.admission`; which are kept, and what the receipt says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.exchange.enrolment.acquisition import Verdict
from edge.exchange.enrolment.receipt import Line
from edge.exchange.names import Label
from edge.matching.admission import Finding, Fit, judge
from edge.matching.choice import N_MOST, diverse
from edge.matching.gallery import Gallery
from edge.types import Floats, Person


@dataclass(frozen=True, slots=True)
class Taken:
    """A photograph with a template.

    Attributes:
        shown: its place below the folder.
        sha256: of its file.
        template: (d,) float32 unit vector, as it comes back from the database.
    """

    shown: str
    sha256: str
    template: Floats


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is enrolled while a folder is judged.

    Attributes:
        label: whose folder it is.
        own: SHA-256 -> template, what is kept of this person.
        others: everybody else's templates.
        people: by id, those of ``others`` at least.
        may_look_alike: whether somebody said that this is nobody else, whomever the face resembles.
    """

    label: Label
    own: Mapping[str, Floats]
    others: Gallery
    people: Mapping[int, Person]
    may_look_alike: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """What is to become of a folder.

    Attributes:
        lines: of the receipt, one for each photograph, in their order.
        dropped: SHA-256 of what was kept of this person until now and gives way to other photographs.
    """

    lines: tuple[Line, ...]
    dropped: tuple[str, ...]


def admit(taken: Sequence[Taken], standing: Standing) -> Admission:
    """Judge the photographs of one folder, at least one; no two are the same file."""
    new = np.stack([each.template for each in taken])  # (n, d)
    own = np.array(list(standing.own.values()), np.float32).reshape(-1, new.shape[1])  # (m, d)
    findings = judge(new, own, standing.others, may_look_alike=standing.may_look_alike)
    fitting = [row for row, finding in enumerate(findings) if finding.fit is Fit.GOOD]
    kept = _kept(np.concatenate([own, new[fitting]]))
    spare = {row for place, row in enumerate(fitting) if len(own) + place not in kept}
    lines = [
        _spare(each, standing.label, len(kept)) if row in spare else _line(each, finding, taken, standing)
        for row, (each, finding) in enumerate(zip(taken, findings, strict=True))
    ]
    dropped = [sha256 for row, sha256 in enumerate(standing.own) if row not in kept]
    return Admission(tuple(lines), tuple(dropped))


def _kept(pool: Floats) -> set[int]:
    """Rows of one person's templates that are kept: all where they are few, and the most different ones otherwise."""
    return set(range(len(pool))) if len(pool) <= N_MOST else set(diverse(pool).tolist())


def _spare(each: Taken, label: Label, n_kept: int) -> Line:
    return Line(each.shown, label, Verdict.NOT_NEEDED, f"{n_kept} others that show more of {label.name}'s face are kept")


def _line(each: Taken, finding: Finding, taken: Sequence[Taken], standing: Standing) -> Line:
    """What the receipt says of a finding."""
    if finding.fit is Fit.GOOD:
        return Line(each.shown, standing.label, Verdict.ENROLLED)
    verdict = Verdict.NOT_NEEDED if finding.fit is Fit.COPY else Verdict.REFUSED
    other = standing.people.get(finding.other)
    reason = _reason(finding, taken, standing.label, other)
    distance = finding.distance if finding.fit is not Fit.SEVERAL_PEOPLE else None
    return Line(each.shown, standing.label, verdict, reason, distance, other.code if other else "")


def _reason(finding: Finding, taken: Sequence[Taken], label: Label, other: Person | None) -> str:
    apart = f"distance {'between the two' if finding.fit is Fit.COPY else 'to the nearest photograph'} {finding.distance:.2f}"
    whose = f"{other.code} {other.name}" if other else ""
    as_well = f"; it shows the face of {whose}" if other else ""
    match finding.fit:
        case Fit.COPY:
            of = taken[finding.original].shown if finding.original >= 0 else "a photograph that is enrolled"
            return f"almost the same picture as {of} ({apart})"
        case Fit.SAME_FACE:
            return f"the face of {whose} ({apart}). {_ways_out(label, other.code if other else 'CODE')}"
        case Fit.UNLIKE_ENROLLED:
            return (
                f"unlike what is enrolled for {label.code} {label.name} ({apart}){as_well}. Another person needs another code; "
                f"if what is enrolled is wrong: muster people remove {label.code}, then enrol again"
            )
        case Fit.UNLIKE_OTHERS:
            return (
                f"unlike the {finding.n} photographs of {label.name} that agree with each other ({apart}){as_well}. Leave it "
                f"out; if those are somebody else's: muster people remove {label.code}, sort the folder and enrol it again"
            )
        case _:
            return (
                f"the {finding.n} photographs disagree as those of several people do, and nobody can tell who is {label.name}; "
                "take out whoever it is not, or add another one"
            )


def _ways_out(label: Label, other_code: str) -> str:
    """What to do about a face that somebody else has already."""
    return (
        f"If it is the same person, one code is enough; if {other_code} was given the wrong photographs: "
        f"muster people remove {other_code}, then enrol both again; if these are two who look alike, twins say: "
        f"muster enrol FOLDER --look-alike {label.code}"
    )
