"""The board's side of the virtual board: boot, REPL, card and serial line, run by a MicroPython of the PC."""
