"""Lets the tests of every panel import the shared stand-ins: `from fakes import FakeSession`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
