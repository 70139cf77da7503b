"""`python -m esmd`."""

import sys

from esmd.main import main

sys.exit(main())
