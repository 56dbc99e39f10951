"""``python -m edge`` is ``muster``."""

import sys

from edge.cli import main

sys.exit(main())
