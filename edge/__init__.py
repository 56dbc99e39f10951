"""Muster takes the roll: a face at the door becomes a row in the attendance ledger.

The picture of the architecture is the table in ``tests/test_house.py``.
"""

__version__ = "0.1.0"
