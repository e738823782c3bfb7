"""The settings of the link: their rules, and what contradicts what. Read only for a card that asks for a link."""

from device.once.checks import show

RULES = {
    "protocol": "one of husky json maixhub",  # each is a module device/link_NAME.py
    "rate": "a whole number, 1 to 30",
    "uart": "a whole number, 1 to 3",
    "tx": "a whole number, 0 to 47",
    "rx": "a whole number, 0 to 47",
    "baud": "a whole number, 9600 to 1500000",
}


def clash(link, keys):
    """Return what is wrong with a link that contradicts itself or takes a key's pin, else None.

    Returns (field, what is there, what was expected).
    """
    if not isinstance(link, dict):
        return None
    husky = link.get("protocol") == "husky"
    # Without "uart" the link uses the REPL's port. Its pins and speed stay, since the PC's tools expect them.
    if "uart" not in link:
        if husky:  # its bytes may be a Ctrl-C, and the firmware prints among them
            return "link.uart", "missing", "1 to 3: husky needs a port of its own"
        for field in ("tx", "rx", "baud"):
            if field in link:
                return "link." + field, show(link[field]), 'beside it "uart", 1 to 3: the REPL keeps its own'
        return None
    pins = [4, 5] + [key[0] for key in keys]
    for field, what in (("tx", "the pin that sends"), ("rx", "the pin that receives")):
        pin = link.get(field)
        if pin is None and (field == "tx" or husky):
            return "link." + field, "missing", what
        # fpioa would reassign the pin without an error, and the key or the REPL would be dead.
        if pin in pins:
            return "link." + field, show(pin), "a pin that no key has, nor the REPL (4 and 5)"
    if link["tx"] == link.get("rx"):
        return "link.rx", show(link["rx"]), "another pin than tx"
    return None
