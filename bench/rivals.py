#!/usr/bin/env python3
"""Times this project and its rivals in alternation. See bench/README.md, or --help."""

from rivals_lib.cli import main

if __name__ == "__main__":
    main()
