"""Runs any MaixPy script: on a firmware image that the virtual K210 executes, or on the fakes as far as they reach."""

from maixswitch.board.maixpy_script.options import Options, Outcome
from maixswitch.board.maixpy_script.run import run_script

__all__ = ("Options", "Outcome", "run_script")
