"""Muster takes the roll: a face at the door becomes a row in the attendance ledger.

The picture of the architecture is the table in ``tests/test_house.py``.
"""

import os

__version__ = "0.1.0"

# The search of the gallery is the one product that numpy gives to BLAS, and memory bounds it: a second thread halves it on an
# idle machine (2.3 against 4.2 ms for 50,000 x 512), but beside capture and inference the product waits for that thread to be
# scheduled, 8.0 ms every time. OpenBLAS reads this once, when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
