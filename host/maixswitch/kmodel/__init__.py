"""Reads, runs and writes Kendryte K210 .kmodel files v3 and v4, bit for bit as the firmware or the vendor's sources do.

``runtime`` says which of them; the KPU's convolutions always follow the vendor's simulator.

    model = load("face.kmodel")
    boxes, = model.run(picture)          # uint8 (3, 240, 320) in, flat float32 out

``load`` says what is wrong with a file (KModelError); ``file_kind`` names any file by its first bytes. Four rooms:
``format`` parses, ``run`` computes, ``judge`` says whether a model fits and how long it takes, ``write`` makes files.
"""

from __future__ import annotations

from maixswitch.kmodel.format.sniff import Kind, file_kind
from maixswitch.kmodel.run.model import KModel, load

from ..errors import KModelError

__all__ = ["KModel", "KModelError", "Kind", "file_kind", "load"]
