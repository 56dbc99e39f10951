"""Config -> built objects. The only package, beside the doctor, that knows what is behind each port."""

from edge.device.lock import alone, at_work
from edge.vision.recogniser import Recogniser
from edge.wiring.accelerator import candidates, fitted
from edge.wiring.door import run, sight, wanted
from edge.wiring.now import Now, now
from edge.wiring.origin import Origin, look_for, unusable
from edge.wiring.places import Places, manifest_path, shipped
from edge.wiring.recognition import model, recogniser
from edge.wiring.replay import replay
from edge.wiring.rules import gates, limits, policy, rules
from edge.wiring.signals import is_shown, panel_of, pins

__all__ = [
    "Now",
    "Origin",
    "Places",
    "Recogniser",
    "alone",
    "at_work",
    "candidates",
    "fitted",
    "gates",
    "is_shown",
    "limits",
    "look_for",
    "manifest_path",
    "model",
    "now",
    "panel_of",
    "pins",
    "policy",
    "recogniser",
    "replay",
    "rules",
    "run",
    "shipped",
    "sight",
    "unusable",
    "wanted",
]
