"""`python -m envdoctor`."""

from __future__ import annotations

import sys

from envdoctor.cli import main

sys.exit(main())
