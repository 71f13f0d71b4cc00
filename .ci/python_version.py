"""Ends with a sentence where Python is too old or too new for the study; `make setup` asks before it installs anything.

Written so that an old Python can read it, too.
"""

import sys

version = sys.version_info[:2]
if not (3, 11) <= version < (3, 13):
    sys.exit(
        "DUALRec needs Python 3.11 or 3.12, and %s is %d.%d: install one of them, or name it, as in: "
        "make setup PYTHON=python3.11" % ((sys.executable,) + version)
    )
