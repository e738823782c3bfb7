"""MaixSwitch on the PC: simulate, check and fill a card that switches neural networks on a Sipeed Maix board."""

from __future__ import annotations

__version__ = "0.1.0"
