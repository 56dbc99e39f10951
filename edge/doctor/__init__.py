"""Looks at everything that a unit needs and says in one line each what is wrong and what to do.

Nothing is changed but the version of an older database: none is made, LEDs stay dark, a camera gives one picture, an Edge TPU
that nobody uses is opened once in a process of its own. Each check is a function from the configuration to a `Finding`; the
folders that they look into are arguments.
"""

from edge.doctor.configuration import configuration
from edge.doctor.examination import examine
from edge.doctor.finding import Finding, State
from edge.doctor.places import Places

__all__ = ["Finding", "Places", "State", "configuration", "examine"]
