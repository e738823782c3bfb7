"""Fake of MaixPy's board module (builtin_py/board.py): board_info holds the section "board_info" of /flash/config.json.

In the firmware board_info is a class filled when it is imported; here it is an object that looks the section up, so
that
bench.reset() gives it the new board's.
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
    # This build has its pins in the firmware, so config.json cannot change them here.
    if name == "m5stickv":
        return _M5STICKV
    info = bench.config.get("board_info") if isinstance(bench.config, dict) else None
    if isinstance(info, dict):
        return info
    return {} if name.startswith("amigo") else {"BOOT_KEY": 16}


class _BoardInfo:
    """Attributes are the pins of the board; AttributeError for one that is not there."""

    def __getattr__(self, name):
        section = bench.board_values
        if name in section:
            return section[name]
        section = _section()
        if name in section:
            return section[name]
        raise AttributeError("type object 'board_info' has no attribute '%s'" % name)

    def set(self, key: str, value=None) -> None:
        """Set an attribute."""
        bench.board_values[key] = value

    def all(self) -> list:
        """Return the names."""
        return sorted(list(_section()) + list(bench.board_values))

    def get(self) -> None:
        """Fail, as in the firmware, whose get() forgot its argument."""
        raise NameError("name 'key' isn't defined")

    def load(self, _map: dict) -> None:
        """Set several attributes."""
        for key in _map:
            self.set(key, _map[key])


board_info = _BoardInfo()

if not isinstance(bench.config, dict) or "board_info" not in bench.config:
    bench.uart.print("[Warning] Not loaded from /flash/config.json to board_info.")
