"""Fake of MaixPy's board module: board_info is the section "board_info" of /flash/config.json (builtin_py/board.py).

In the firmware board_info is a class that is filled when the module is imported. Here it is an object that reads the
section at each access, so that it belongs to the board of the last bench.reset().
"""

import bench
import flavours

_M5STICKV = {
    "pin_num": 48,
    "ISP_RX": 4,
    "ISP_TX": 5,
    "WIFI_TX": 39,
    "WIFI_RX": 38,
    "CONNEXT_A": 35,
    "CONNEXT_B": 34,
    "MPU_SDA": 29,
    "MPU_SCL": 28,
    "MPU_INT": 23,
    "SPK_LRCLK": 14,
    "SPK_BCLK": 15,
    "SPK_DIN": 17,
    "SPK_SD": 25,
    "MIC_LRCLK": 10,
    "MIC_DAT": 12,
    "MIC_CLK": 13,
    "LED_W": 7,
    "LED_R": 6,
    "LED_G": 9,
    "LED_B": 8,
    "BUTTON_A": 36,
    "BUTTON_B": 37,
}


def _section():
    name = bench.flavour[flavours.NAME]
    # The pins of this build are in the firmware, so config.json does not change them.
    if name == "m5stickv":
        return _M5STICKV
    info = bench.config.get("board_info") if isinstance(bench.config, dict) else None
    if isinstance(info, dict):
        return info
    # The images of v0.6.0 have no key, but those of the Amigo.
    return {} if bench.flavour[flavours.VERSION] == "v0.6.0-2" and not name.startswith("amigo") else {"BOOT_KEY": 16}


class _BoardInfo:
    """The pins of the board as attributes."""

    def __getattr__(self, name):
        section = bench.board_values
        if name in section:
            return section[name]
        section = _section()
        if name in section:
            return section[name]
        raise AttributeError("type object 'board_info' has no attribute '%s'" % name)

    def set(self, key: str, value=None) -> None:
        """Set the attribute `key`."""
        bench.board_values[key] = value

    def all(self) -> list:
        """Return the names of the attributes."""
        return sorted(list(_section()) + list(bench.board_values))

    def get(self) -> None:
        """Raise NameError, as in the firmware, whose get() lacks its argument."""
        raise NameError("name 'key' isn't defined")

    def load(self, _map: dict) -> None:
        """Set the attributes of a dict."""
        for key in _map:
            self.set(key, _map[key])


board_info = _BoardInfo()

if not isinstance(bench.config, dict) or "board_info" not in bench.config:
    bench.uart.print("[Warning] Not loaded from /flash/config.json to board_info.")
