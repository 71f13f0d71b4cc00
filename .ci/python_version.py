"""Ends with a sentence where Python is too old or too new for the study; `make setup` asks before it installs."""

import sys

major, minor = sys.version_info[:2]
if not (3, 11) <= (major, minor) < (3, 13):
    sys.exit(
        f"DUALRec needs Python 3.11 or 3.12, and {sys.executable} is {major}.{minor}: install one of them, or name it, "
        "as in: make setup PYTHON=python3.11"
    )
