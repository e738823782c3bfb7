"""Fake of MaixPy's Maix module (modMaix.c): GPIO, FPIOA, freq, utils, config."""

import bench
import flavours
from benchlib import maixparts
from benchlib.fpioa import FPIOA as FPIOA
from benchlib.gpio import GPIO as GPIO
from benchlib.maixparts import config as config
from benchlib.maixparts import freq as freq
from benchlib.maixparts import utils as utils


def _fit():
    here = globals()
    here["utils"] = maixparts.utils if bench.has(flavours.HEAP_FREE) else maixparts.old_utils
    if bench.has(flavours.CONFIG):
        here["config"] = maixparts.config
    else:
        here.pop("config", None)


bench.by_version(_fit)
