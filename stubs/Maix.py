"""Fake of MaixPy's Maix module (modMaix.c): GPIO, FPIOA, freq, utils, config."""

from benchlib.fpioa import FPIOA as FPIOA
from benchlib.gpio import GPIO as GPIO
from benchlib.maixparts import config as config
from benchlib.maixparts import freq as freq
from benchlib.maixparts import utils as utils
