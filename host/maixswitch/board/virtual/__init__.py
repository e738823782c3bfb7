"""A virtual board: a pseudo terminal of this PC, behind it the firmware's REPL and the programs on the card."""

from maixswitch.board.virtual.handle import Faults, VirtualBoard, Wire

__all__ = ("Faults", "VirtualBoard", "Wire")
