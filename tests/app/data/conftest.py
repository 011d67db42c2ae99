"""Lets the tests beside it import their own stand-ins."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
