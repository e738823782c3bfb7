"""The virtual board: boot, REPL, card and serial line, which a MicroPython of the PC runs."""
