"""Fake of MaixPy's Maix module (modMaix.c): GPIO, FPIOA, freq, utils, config."""

import bench
import flavours
from benchlib import maixparts
from benchlib.fpioa import FPIOA as FPIOA
from benchlib.gpio import GPIO as GPIO
from benchlib.maixparts import config as config
from benchlib.maixparts import freq as freq
from benchlib.maixparts import utils as utils

bench.by_version(globals(), "config", flavours.CONFIG, config)
bench.by_version(globals(), "utils", flavours.HEAP_FREE, utils, maixparts.old_utils)
