"""Where the built program starts."""

import multiprocessing
import sys

if __name__ == "__main__":
    # Worker processes of a frozen program start here too, and never get past this line.
    multiprocessing.freeze_support()
    # Only now, so that they load no more than they need.
    from core.cli import main

    sys.exit(main())
