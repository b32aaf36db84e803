"""Run a migration: `python migrate.py --help`."""

import sys

from ledger.migrations import main

if __name__ == "__main__":
    sys.exit(main())
