"""A virtual board: the firmware's REPL and the card's programs behind a pseudo terminal of this PC."""

from maixswitch.board.virtual.handle import Faults, VirtualBoard, Wire

__all__ = ("Faults", "VirtualBoard", "Wire")
