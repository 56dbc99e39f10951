"""What is known of the face in one track, and when that is enough for an answer. No clock and no I/O."""

from __future__ import annotations

from edge.attendance import Opinion, Rules
from edge.matching.fusion import Fit, Fusion
from edge.matching.matcher import Matcher
from edge.types import Floats, Match, Refusal


class Case:
    """What is known about whoever walks along one track.

    Open at first: every frame is fused with those before it, and the fused template is matched each time. Settled once a
    person was answered: looked at again every ``recheck_s``. A frame that does not fit, or a fused template that is
    somebody else's, opens it again, because somebody may have stepped in where the other left; the same person is then
    settled again without a word, and another person is answered like everybody.

    Attributes:
        ran: where the networks ran in the latest frame that was judged, as `edge.ledger.backends_text` writes it.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.ran = ""
        self._fusion = Fusion(rules.n_window)
        self._match: Match | None = None
        self._n_judged = 0
        self._judged_s: float | None = None
        self._answered: int | None = None
        self._settled = False
        self._told_unknown = False
        self._refusal: Refusal | None = None
        self._n_refused = 0

    @property
    def is_answered(self) -> bool:
        """Whether whoever is there got an answer; a stranger who got one is still judged, in case they come nearer."""
        return self._settled or self._told_unknown

    @property
    def advice(self) -> Refusal | None:
        """What keeps a face without an answer from being judged, once that has been so for ``n_window`` frames in a row."""
        is_stuck = self._n_refused >= self._rules.n_window and self._answered is None and not self._told_unknown
        return self._refusal if is_stuck else None

    def is_due(self, at_s: float) -> bool:
        """Whether this face should be judged in a frame of that time."""
        return not self._settled or self._judged_s is None or at_s - self._judged_s >= self._rules.recheck_s

    def gate(self, refusal: Refusal | None) -> None:
        """Hear whether the face is fit to be judged in this frame; None where it is. It changes nothing else."""
        self._n_refused = self._n_refused + 1 if refusal is self._refusal else 1
        self._refusal = refusal

    def hear(self, template: Floats, at_s: float, *, weight: float, matcher: Matcher, ran: str = "") -> None:
        """Take in the face as one frame has it.

        Args:
            template: (d,) float32 unit vector.
            at_s: time of the frame.
            weight: how much it counts beside those of other frames.
            matcher: names the fused template.
            ran: where it was computed.
        """
        self._judged_s, self.ran = at_s, ran
        fit = self._fusion.add(template, weight)
        if fit is Fit.ANOTHER:
            self._n_judged = 1
        self._n_judged += 1
        self._match = matcher.match(self._fusion.template)
        self._settled = fit is Fit.SAME and self._named is not None and self._named == self._answered

    def opinion(self) -> Opinion | None:
        """What has to be answered now; None when there is nothing, or nothing new.

        "Nobody known" is answered once a track, and never after a person: then it is far more often the same person who
        turns away than a stranger who stepped in.
        """
        if self._match is None:
            return None
        named = self._named
        is_new = self._is_new_stranger if named is None else named != self._answered
        n_frames = self._fusion.n_frames
        outside = self._match.outside if n_frames >= self._rules.n_least else None
        return Opinion(named, self._match.distance, self._match.margin, n_frames, outside) if is_new else None

    @property
    def _named(self) -> int | None:
        """Whose the fused template is, once there are frames enough to say so."""
        return self._match.person_id if self._match and self._fusion.n_frames >= self._rules.n_least else None

    @property
    def _is_new_stranger(self) -> bool:
        return self._n_judged >= self._rules.n_window and not self._told_unknown and self._answered is None

    def settle(self, opinion: Opinion) -> None:
        """The opinion was answered, and what had to be recorded is durable."""
        if opinion.person_id is None:
            self._told_unknown = True
        else:
            self._answered = opinion.person_id
            self._settled = True
