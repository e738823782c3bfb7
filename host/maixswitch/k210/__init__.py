"""A virtual K210: unmodified firmware images run on it, instruction by instruction.

``chip`` is the way in: memory, two harts over the Unicorn CPU emulator, the clock and the interrupts. ``peripherals``
holds a file for each block of the chip, ``board`` the parts that a board puts around it. Unicorn is the extra ``chip``;
everything that only reads a firmware image (``image``) works without it.

Register offsets and values follow the vendor's driver sources and traces of MaixPy v0.6.2; where a file says "seen", it
was seen with an unmodified image on this chip.
"""
