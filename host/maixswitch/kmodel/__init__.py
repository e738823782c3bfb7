"""Reads, runs and writes Kendryte K210 .kmodel files v3 and v4, bit for bit as the firmware or the vendor's sources do.

Which of them says ``runtime``; the KPU's convolutions are the vendor's simulator's in any case.

    model = load("face.kmodel")
    boxes, = model.run(picture)          # uint8 (3, 240, 320) in, flat float32 out

``load`` says what is wrong with a file (KModelError); ``file_kind`` names any file by its first bytes. ``engine`` puts
a model behind the fake KPU of the bench, ``writer`` and ``quantize`` make new files, ``samples`` are two of them, and
``consistency`` checks the registers of a file against each other.
"""

from __future__ import annotations

from maixswitch.kmodel.format.sniff import Kind, file_kind
from maixswitch.kmodel.run.model import KModel, load

from ..errors import KModelError

__all__ = ["KModel", "KModelError", "Kind", "file_kind", "load"]
