"""The flash chip of a board: what lies where, and packages (.kfpkg) with its contents."""
