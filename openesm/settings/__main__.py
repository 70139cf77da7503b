"""`python -m openesm.settings [manual|sample] [en|ja]`: prints docs/configuration.md, or a sample file."""

import argparse
import sys

from openesm.settings.reference import manual, sample
from openesm.text import LANGUAGES

PAGES = {"manual": manual, "sample": sample}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m openesm.settings")
    parser.add_argument("page", nargs="?", choices=tuple(PAGES), default="manual")
    parser.add_argument("language", nargs="?", choices=LANGUAGES, default="en")
    chosen = parser.parse_args()
    sys.stdout.write(PAGES[chosen.page](chosen.language))
