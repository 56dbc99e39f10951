"""The loop: read a frame, find faces, follow them, recognise them, decide, record, and only then signal.

The order of the last three is a promise: a beep means that the row is durable. When a row cannot be recorded, the panel
shows FAULT, nothing is remembered, and the same face is decided anew in the following frames.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from edge.announced import Announced
from edge.attendance import Attendance, Moment, Opinion, Rules
from edge.case import Case
from edge.errors import ConfigError, DeviceError, EnrolError, MusterError, StoreError
from edge.headroom import Headroom
from edge.heartbeat import Heartbeat
from edge.journal import Fault, Tally, Verdict
from edge.known import Known
from edge.ledger import backends_text
from edge.matching.policy import Policy
from edge.ports import Accelerator, Announcements, Button, Camera, Clock, Noticeboard, Panel, Requests, Watchdog
from edge.pushbutton import PushButton
from edge.store import Store
from edge.timekeeping import Timekeeper
from edge.types import Decision, Event, Faces, Frame, Outcome, Person, Signal
from edge.vision.quality import Gates, Quality, assess
from edge.vision.recogniser import Recogniser
from edge.vision.tracks import Track, Tracker

log = logging.getLogger(__name__)

SIGNALS = {
    Outcome.ACCEPTED: Signal.ACCEPTED,
    Outcome.ALREADY: Signal.ALREADY,
    Outcome.NOT_IN_DATABASE: Signal.NOT_IN_DATABASE,
}


@dataclass(frozen=True, slots=True)
class Hands:
    """What the unit sees, answers, tells the time and remembers with; what computes beside it, who is told and who is heard.

    ``at_rest`` is shown at a door where nobody is: that all is well, or that somebody should see to something.
    """

    camera: Camera
    panel: Panel
    clock: Clock
    store: Store
    accelerator: Accelerator | None = None
    noticeboard: Noticeboard | None = None
    announcements: Announcements | None = None
    watchdog: Watchdog | None = None
    button: Button | None = None
    requests: Requests | None = None
    at_rest: Signal = Signal.READY


@dataclass(frozen=True, slots=True)
class Limits:
    """What recognition allows itself.

    Attributes:
        policy: when a face is given a name.
        gates: when a face is not fit to be judged.
        faces_per_frame: at most so many are judged in one frame.
    """

    policy: Policy
    gates: Gates
    faces_per_frame: int


class Unit:
    """One camera, one panel, one database, one loop.

    Args:
        hands: what is used.
        recogniser: finds faces and makes templates.
        rules: of attendance.
        limits: of recognition.
        report: hears every verdict after its signal.

    Raises:
        ConfigError: the method of matching cannot name so many people.
        ModelError: every template is another model's.
        StoreError: the database cannot be read.
    """

    def __init__(
        self,
        hands: Hands,
        recogniser: Recogniser,
        *,
        rules: Rules,
        limits: Limits,
        report: Callable[[Verdict], None],
    ) -> None:
        self._hands, self._eyes, self._rules, self._limits, self._report = hands, recogniser, rules, limits, report
        self._known = Known(hands.store, recogniser.model, limits.policy, today=self._day)
        self._n_written = hands.store.n_written()
        self._attendance = Attendance(rules, hands.store.last_events())
        self._tracker = Tracker()
        self._cases: dict[int, Case] = {}
        self._camera_fault, self._reading_fault, self._recording_fault, self._noting_fault = (
            Fault(name) for name in ("camera", "reading the database", "recording", "writing the status")
        )
        self._headroom = Headroom(hands.store)
        self._announced = Announced(hands.announcements)
        self._pushed = PushButton(hands.button, hands.requests)
        self._timekeeper = Timekeeper(hands.clock, hands.store)
        self._heartbeat = Heartbeat(hands.watchdog, hands.store, hands.clock)
        self._showing: Signal | None = None
        self.tally = Tally()

    def run(self) -> Tally:
        """Work until the camera has nothing more to give: a recording is over, or the unit was asked to stop.

        Raises:
            BrokenPipeError: whoever read along has gone.
            MusterError: something failed that nobody foresaw; the log has its trace.
        """
        try:
            self._show(self._resting)
            while self._turn():
                pass
        except BrokenPipeError:
            raise
        except Exception as error:
            # The one broad guard: whatever this is, nobody foresaw it. Say so at the door and start anew (systemd restarts).
            self._hands.panel.show(Signal.FAULT)
            log.exception("the loop has stopped")
            raise MusterError(f"the loop has stopped ({error!r}). The log says where; please report it.") from error
        return self.tally

    def _turn(self) -> bool:
        """One frame. False when there are no more."""
        try:
            frame = self._hands.camera.read()
        except DeviceError as error:
            self._camera_fault.begin(error)
            self._heartbeat.ail([self._camera_fault])
            self._tracker.forget()
            self._show(Signal.FAULT)
            self._heed(self._hands.clock.monotonic_s())
            self._show(Signal.FAULT)
            return True
        if frame is not None:
            self._camera_fault.end()
            self.step(frame)
        return frame is not None

    def step(self, frame: Frame) -> None:
        """Everything that one frame leads to."""
        self._keep_time(frame.at_s)
        self._look(frame.at_s)
        self._headroom.look(frame.at_s)
        self._heed(frame.at_s)
        faces = self._eyes.detector.detect(frame.pixels)
        tracks = self._tracker.update(faces)
        self._open_and_close_cases()
        self._judge(frame, faces, tracks)
        for track in tracks:
            opinion = self._cases[track.id].opinion()
            if opinion:
                self._answer(track, opinion, frame)
        self._show(self._ambient(tracks))
        self._note()
        self.tally.n_frames += 1
        self.tally.n_faces += len(faces)
        self._heartbeat.turned((self._reading_fault, self._recording_fault), n_recorded=self.tally.n_recorded)

    def _look(self, at_s: float) -> None:
        try:
            if self._known.look(at_s):
                self._learn()
                self._reading_fault.end()
        except (ConfigError, StoreError) as error:
            self._reading_fault.begin(error)

    def _keep_time(self, at_s: float) -> None:
        """Rows from before the clock was set get their time; the duplicate window, *in* and *out* go by it from now on."""
        try:
            if self._timekeeper.settle(at_s):
                self._learn()
        except StoreError as error:
            self._reading_fault.begin(error)

    def _learn(self) -> None:
        """Rows that this unit did not write are entries and corrections of the office; *in* and *out* go on from them."""
        n_written = self._hands.store.n_written()
        if n_written != self._n_written:
            self._attendance.learn(self._hands.store.last_events())
            self._n_written = n_written

    def _heed(self, at_s: float) -> None:
        """Give the answers that others have announced or asked for; what lasts is shown while nobody waits for an answer."""
        for signal in (*self._announced.heed(at_s), *self._pushed.heed(self._hands.clock.monotonic_s())):
            self._hands.panel.show(signal)

    def _day(self, at_s: float) -> date | None:
        """The local day; None while nobody has set the clock: then no date keeps anybody out, and the row says so (`clock_ok`).

        A row too many can be taken back. Whoever begins today must not wait at the door of a unit that believes in last year.
        """
        clock = self._hands.clock
        return self._rules.day(clock.utc(at_s)) if clock.is_trusted() else None

    def _open_and_close_cases(self) -> None:
        """One case for each living track. Whoever left while nothing could be recorded is named in the log."""
        for track_id in self._cases.keys() - self._tracker.ids:
            opinion = self._cases.pop(track_id).opinion()
            person = self._known.person(opinion)
            if person:
                log.warning("%r was recognised and left before it could be recorded", person.code)
        for track_id in self._tracker.ids - self._cases.keys():
            self._cases[track_id] = Case(self._rules)

    def _judge(self, frame: Frame, faces: Faces, tracks: list[Track]) -> None:
        """Recognise the faces whose turn it is: those without an answer before strangers who got theirs, large before small."""
        due = [row for row, track in enumerate(tracks) if self._cases[track.id].is_due(frame.at_s)]
        qualities = assess(frame.pixels, faces) if due else ()
        fit = [row for row in due if self._is_fit(self._cases[tracks[row].id], qualities[row])]
        fit.sort(key=lambda row: (self._cases[tracks[row].id].is_answered, -tracks[row].face.size_px))
        fit = fit[: self._limits.faces_per_frame]
        if not fit:
            return
        probes = self._eyes.embedder.templates(frame.pixels, faces[np.array(fit)])
        ran = backends_text(self._eyes.backends())
        for row, probe in zip(fit, probes, strict=True):
            case, weight = self._cases[tracks[row].id], qualities[row].weight
            case.hear(probe, frame.at_s, weight=weight, matcher=self._known.matcher, ran=ran)
        self.tally.n_judged += len(fit)

    def _is_fit(self, case: Case, quality: Quality) -> bool:
        """Whether a face may be judged; whoever may not is counted, and costs FaceNet no time."""
        refusal = self._limits.gates.refusal(quality)
        case.gate(refusal)
        if refusal:
            self.tally.n_refused[refusal] += 1
        return refusal is None

    def _answer(self, track: Track, opinion: Opinion, frame: Frame) -> None:
        """Decide, record, signal, in this order; when it cannot be recorded, nothing has happened.

        Whoever could not be recorded is answered in a later frame, in which perhaps only others were judged: the row says where
        their own frame was computed.
        """
        person = self._known.person(opinion)
        if person is None and opinion.person_id is not None:
            return  # removed, or not valid any more, since these frames were judged
        clock = self._hands.clock
        is_trusted = clock.is_trusted()  # asked first: a clock that is set just now gives a row in doubt, and no wrong one
        moment = Moment(frame.at_s, clock.utc(frame.at_s), is_trusted)
        decision = self._attendance.decide(opinion, moment, is_switched=self._pushed.is_switched)
        ran = self._cases[track.id].ran
        try:
            event = self._recorded(person, decision, ran)
        except EnrolError:
            return  # removed since the last look into the database
        except StoreError as error:
            self._recording_fault.begin(error)
            return
        self._cases[track.id].settle(opinion)
        if opinion.outside is not None:
            self._known.note_outside(opinion.outside)
        if person is not None:
            self._pushed.settle()
        in_doubt = decision.outcome is Outcome.ACCEPTED and not decision.clock_ok
        self._hands.panel.show(Signal.ACCEPTED_WITHOUT_TIME if in_doubt else SIGNALS[decision.outcome])
        self._report(Verdict(decision, person, opinion.margin, track.id, frame.name, event, ran))

    def _recorded(self, person: Person | None, decision: Decision, ran: str) -> Event | None:
        """The durable row of an accepted decision, with where its networks ran, remembered; None for any other."""
        if person is None or decision.outcome is not Outcome.ACCEPTED:
            return None
        stamp = self._hands.clock.stamp(decision.at_s)
        event = self._hands.store.record(person, decision, backends=ran, stamp=stamp)
        self._recording_fault.end()
        self._timekeeper.heed(event)
        self._n_written += 1  # `_learn` finds whatever anybody else has written
        self._attendance.remember(decision)
        self.tally.n_recorded += 1
        return event

    def _ambient(self, tracks: list[Track]) -> Signal:
        if self._reading_fault.is_on or self._recording_fault.is_on or self._heartbeat.is_ailing:
            return Signal.FAULT
        waiting = [track for track in tracks if not self._cases[track.id].is_answered]
        if not waiting:
            return self._resting
        advice = self._cases[max(waiting, key=lambda track: track.face.size_px).id].advice
        return Signal(advice.value) if advice else Signal.LOOKING

    @property
    def _resting(self) -> Signal:
        """Ready for the next face; what was announced, or that the CPU has to do an accelerator's work, is said instead.

        Nobody waits then, so the accelerator may use the moment: it is opened again or measured by being asked.
        """
        accelerator = self._hands.accelerator
        is_degraded = accelerator is not None and accelerator.is_degraded()
        well = Signal.ATTENTION if self._headroom.is_scarce else self._hands.at_rest
        pushed = Signal.OTHER_WAY if self._pushed.is_switched else None
        return pushed or self._announced.lasting or (Signal.DEGRADED if is_degraded else well)

    def _note(self) -> None:
        """Say where this frame was computed. Who cannot write that down keeps nobody at the door."""
        if self._hands.noticeboard is None:
            return
        try:
            self._hands.noticeboard.note(self._eyes.backends())
            self._noting_fault.end()
        except OSError as error:
            self._noting_fault.begin(MusterError(error.strerror or str(error)))

    def _show(self, signal: Signal) -> None:
        """Show a signal that lasts, unless it is the one that lasts already. Nothing is said over the end of the system."""
        signal = Signal.SHUTTING_DOWN if self._pushed.is_ending else signal
        if signal is not self._showing:
            self._hands.panel.show(signal)
        self._showing = signal
