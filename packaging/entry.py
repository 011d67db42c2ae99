"""Where the built program starts."""

import multiprocessing
import sys

from core.cli import main

if __name__ == "__main__":
    # Worker processes of a frozen program start here too, and never get past this line.
    multiprocessing.freeze_support()
    sys.exit(main())
