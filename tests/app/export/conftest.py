"""Lets the tests beside it import the stand-ins for trained networks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "evaluation"))
