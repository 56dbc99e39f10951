"""The sections of the configuration: each field is one key, with its default, its explanation and its check."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.checks import (
    STATES,
    accelerator_device,
    between,
    camera_source,
    nonempty,
    one_of,
    option,
    positive,
    schedule,
    some_of,
    three_scores,
    time_of_day,
    timezone,
)
from edge.config.pins import BCM_PINS, BUSES

VARIANT_HELP = "float32, int8, or auto: what models/manifest.toml names for the CPU."
PANEL_KIND_HELP = "gpio, mock (gpiozero's mock pins, shown in the terminal), none, or auto: gpio where there are pins."
PLACES = ("auto", "edgetpu", "cpu")


@dataclass(frozen=True, slots=True)
class UnitConfig:
    """The unit itself."""

    name: str = option("muster-1", "Written into every event row. Give each unit its own.", nonempty)
    timezone: str = option("", "IANA name, for local times and for when a day begins. Empty: the system's own.", timezone)


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Where frames come from."""

    source: str = option("pi", "pi, usb:N (/dev/videoN), or replay:PATH (a folder of pictures, or a video).", camera_source)
    width: int = option(640, "Pixels.", between(64, 4096))
    height: int = option(480, "Pixels.", between(64, 4096))
    fps: float = option(15.0, "Frames per second asked of the camera; the frame clock of a replay.", between(0.1, 240))


@dataclass(frozen=True, slots=True)
class DetectionConfig:
    """MTCNN (Zhang et al. 2016)."""

    min_face_px: int = option(60, "Smaller faces (the longer side of their box) are not found.", between(20, 1000))
    scale_factor: float = option(0.709, "From one level of the pyramid to the next. 0.709 halves the area.", between(0.3, 0.95))
    thresholds: tuple[float, ...] = option((0.6, 0.7, 0.7), "Scores that a box must reach after P-, R- and O-Net.", three_scores)
    variant: str = option("auto", VARIANT_HELP, one_of("auto", "float32", "int8"))


@dataclass(frozen=True, slots=True)
class QualityConfig:
    """When a face is not fit to be judged. Each limit was measured on spoilt photographs (docs/quality.md)."""

    min_face_px: float = option(70.0, "Too far: the longer side of the face's box, in pixels.", between(0, 1000))
    min_brightness: float = option(0.08, "Too dark: mean grey value of the face, from 0 to 1.", between(0, 1))
    max_clipped: float = option(0.56, "Too bright: share of the face that is white.", between(0, 1))
    min_contrast: float = option(0.03, "Too bright, too: standard deviation of the grey values by their mean.", between(0, 10))
    min_sharpness: float = option(0.23, "Blurred: fineness of the finest structure, see docs/quality.md.", between(0, 10))
    max_turn: float = option(0.5, "Turned away: nose from the middle of the face, by the distance of the eyes.", between(0, 10))
    max_roll_deg: float = option(42.0, "Turned away, too: how far the eyes are from level, in degrees.", between(0, 180))
    min_inside: float = option(0.73, "Cut off: share of the face's box that lies in the picture.", between(0, 1))
    max_overlap: float = option(0.28, "Several people: share of the face that is another's box.", between(0, 1))


@dataclass(frozen=True, slots=True)
class RecognitionConfig:
    """FaceNet (Schroff et al. 2015) and the decision along a track."""

    n_least: int = option(3, "Nobody is named before so many frames of a face were fused into one template.", between(1, 30))
    n_window: int = option(
        5, "The latest so many are fused; without a name after so many the answer is 'not in database'.", between(1, 60)
    )
    faces_per_frame: int = option(2, "At most so many faces are judged in one frame, the largest first.", between(1, 16))
    recheck_s: float = option(
        1.0, "A person whose track is settled is looked at again after so many seconds.", between(0.0, 60.0)
    )
    variant: str = option("auto", VARIANT_HELP, one_of("auto", "float32", "int8"))
    threads: int = option(2, "CPU threads of the networks.", between(1, 16))


@dataclass(frozen=True, slots=True)
class MatchingConfig:
    """When a face is given a name."""

    method: str = option(
        "nearest",
        "nearest: whose templates are nearest; svm or forest: whom a classifier names, which needs scikit-learn.",
        one_of("nearest", "svm", "forest"),
    )
    combination: str = option(
        "mean",
        "How a person's templates count together: nearest, mean (of the templates), or nearest two (the mean of both distances).",
        one_of("nearest", "mean", "nearest two"),
    )
    false_positives_per_year: float = option(
        12.0, "The budget: so many strangers a year may be given somebody's name ...", positive(1e9)
    )
    strangers_per_day: float = option(10.0, "... of so many a day who look into the camera.", positive(1e6))
    max_distance: float = option(
        0.0,
        "0 follows the budget; any other is a fixed distance, squared L2, up to which a face is the same person.",
        between(0.0, 4.0),
    )
    min_margin: float = option(0.1, "How much farther the nearest other person must be, squared L2.", between(0.0, 4.0))


@dataclass(frozen=True, slots=True)
class AcceleratorConfig:
    """The Coral Edge TPU. `muster doctor` says which was taken."""

    kind: str = option(
        "auto",
        "auto: the Edge TPU where there is one, else the CPU; edgetpu: nothing starts without one; cpu: it is left alone.",
        one_of("auto", "edgetpu", "cpu"),
    )
    device: str = option("", "Which one, where there are several: usb:N or pci:N, counted from 0.", accelerator_device)
    library: str = option("libedgetpu.so.1", "Its library: the name that the system finds it by, or a path.", nonempty)


@dataclass(frozen=True, slots=True)
class PlacementConfig:
    """Where each network runs: edgetpu, cpu, or auto for the faster of the two, measured once on this unit."""

    pnet: str = option("auto", "Proposes windows.", one_of(*PLACES))
    rnet: str = option("auto", "Keeps the good ones.", one_of(*PLACES))
    onet: str = option("auto", "Keeps the best, finds landmarks.", one_of(*PLACES))
    facenet: str = option("auto", "Turns a face into a template.", one_of(*PLACES))


@dataclass(frozen=True, slots=True)
class AttendanceConfig:
    """What a recognised face means."""

    duplicate_window_s: float = option(
        60.0,
        "Another time within so many seconds of a row is answered 'already'; at most 999,999 minutes.",
        between(0.0, 999_999 * 60.0),
    )
    direction: str = option(
        "alternate",
        f"alternate (in first each day, then out, in, ...), schedule (by the time of day), or always one: {', '.join(STATES)}.",
        one_of("alternate", "schedule", *STATES),
    )
    schedule: tuple[str, ...] = option(
        (),
        "For direction = 'schedule': from which local time on which state holds, as in "
        "['06:00 in', '12:00 break out', '12:30 break in', '15:00 out'].",
        schedule,
    )
    day_ends: str = option(
        "00:00",
        "Local time at which a day ends and in and out begin anew. Where people work at night: an hour between the shifts.",
        time_of_day,
    )


@dataclass(frozen=True, slots=True)
class PanelConfig:
    """LEDs, buzzer and push button; pins are BCM numbers, -1 leaves one out."""

    kind: str = option("auto", PANEL_KIND_HELP, one_of("auto", "gpio", "mock", "none"))
    red_pin: int = option(17, "Red LED, or the red leg of an RGB LED.", between(-1, BCM_PINS - 1))
    green_pin: int = option(27, "Green LED, or the green leg of an RGB LED.", between(-1, BCM_PINS - 1))
    blue_pin: int = option(-1, "Blue leg; naming it makes the three one RGB LED.", between(-1, BCM_PINS - 1))
    buzzer_pin: int = option(22, "Active buzzer.", between(-1, BCM_PINS - 1))
    button_pin: int = option(
        -1, "Push button to ground, 23 in the drawing: docs/operate.md says what it does.", between(-1, BCM_PINS - 1)
    )
    reserved: tuple[str, ...] = option(
        (),
        f"Buses of the header that something else here uses: {', '.join(BUSES)}. Their pins are refused above.",
        some_of(*BUSES),
    )


@dataclass(frozen=True, slots=True)
class SyncConfig:
    """Where attendance rows are delivered."""

    destinations: tuple[str, ...] = option(
        (),
        "Folders, of a mounted stick or share, or sftp://user@host/folder; each prepared once: `muster sync --prepare FOLDER`.",
    )
    must_be_mounted: bool = option(
        False, "Refuse a destination on the unit's own disk, as is the empty folder beneath a share that is not mounted."
    )
    limit_s: float = option(
        300.0, "How long one destination may take; one that hangs does not keep the others waiting.", between(1.0, 86_400.0)
    )
    ssh_key: str = option("", "Private key for sftp://, without a passphrase; empty for what ssh finds by itself.")
    ssh_known_hosts: str = option("", "File with the host keys that servers must have; empty for ssh's own.")


@dataclass(frozen=True, slots=True)
class LedgerConfig:
    """How attendance rows are written for others."""

    dialect: str = option(
        "iso",
        "iso; or beside it a second file for another program: attlog (ZKTeco attlog.dat), frappe (ERPNext Employee Checkin).",
        one_of("iso", "attlog", "frappe"),
    )


@dataclass(frozen=True, slots=True)
class StickConfig:
    """A USB stick that is plugged in."""

    policy: str = option(
        "paired",
        "paired: only sticks that `muster stick pair` has made known bring people in and take rows out; open: any stick does.",
        one_of("paired", "open"),
    )


@dataclass(frozen=True, slots=True)
class PrivacyConfig:
    """How people's data are kept."""

    key_file: str = option(
        "",
        "Key that seals names and templates, on another partition; `muster key make` writes one. "
        "Empty: the systemd credential muster-key, or none.",
    )


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """Copies that somebody keeps elsewhere."""

    recipient: str = option(
        "", "Who can read a backup: a public key of age, age1...; `muster backup --new-identity FILE` makes a pair of keys."
    )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration; each field is one TOML table."""

    unit: UnitConfig = UnitConfig()
    camera: CameraConfig = CameraConfig()
    detection: DetectionConfig = DetectionConfig()
    quality: QualityConfig = QualityConfig()
    recognition: RecognitionConfig = RecognitionConfig()
    matching: MatchingConfig = MatchingConfig()
    accelerator: AcceleratorConfig = AcceleratorConfig()
    placement: PlacementConfig = PlacementConfig()
    attendance: AttendanceConfig = AttendanceConfig()
    panel: PanelConfig = PanelConfig()
    ledger: LedgerConfig = LedgerConfig()
    sync: SyncConfig = SyncConfig()
    stick: StickConfig = StickConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    backup: BackupConfig = BackupConfig()
