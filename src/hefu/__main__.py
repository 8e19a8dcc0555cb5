"""`python -m hefu` is the hefu command."""

import sys

from hefu.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
