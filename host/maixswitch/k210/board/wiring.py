"""What each board connects to the chip, beyond what the app's own table of boards says.

Sources: Sipeed's config_maix_*.py and the board modules inside the firmware images; see device/once/boards.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wiring:
    """card_select: the pin of the card's select line. panel_data: that of the panel's data/command line.

    panel_offset: where the glass begins in the controller's memory, as (column, row) of the wide orientation.
    inverted_glass: whether the glass shows a picture right only when the controller inverts it, though the app's table
        of boards does not say so: the firmware's driver of this panel sends the command by itself.
    sensor: a name of sensors.KINDS. power: the pins (clock, data) of a power chip of the AXP family; () without one.
    """

    card_select: int = 29
    panel_data: int = 38
    panel_offset: tuple[int, int] = (0, 0)
    inverted_glass: bool = False
    sensor: str = "OV2640"
    power: tuple[int, int] | tuple[()] = ()


USUAL = Wiring()
WIRINGS = {
    "bit": USUAL,
    "dock": USUAL,
    "go": USUAL,
    "maixduino": USUAL,
    "cube": USUAL,
    "amigo_tft": Wiring(card_select=26, power=(24, 27)),
    "amigo_ips": Wiring(card_select=26, power=(24, 27)),
    "m5stickv": Wiring(
        card_select=32, panel_data=20, panel_offset=(40, 52), inverted_glass=True, sensor="OV7740", power=(28, 29)
    ),
    "unitv": Wiring(card_select=32, sensor="OV7740"),
    "yahboom": Wiring(card_select=34, panel_data=31),
    "yahboom_devkit": USUAL,
    "wonder_mv": Wiring(card_select=32, panel_data=8),
    "canmv_k210_01studio": USUAL,
    "dnk210": USUAL,
}
"""Board of the app's table -> its wiring. The sensor is the one most often sold with the board."""
