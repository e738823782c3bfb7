"""`python -m maixswitch` is the command `maixswitch`."""

from __future__ import annotations

from maixswitch.cli.main import main

if __name__ == "__main__":
    main()
