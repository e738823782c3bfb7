"""Burn a package into the flash chip of a board, with kflash."""
