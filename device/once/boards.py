"""The one table of boards: pins, panel, flips. These are capabilities: no code asks for a board's name.

Sources: Sipeed's config_maix_*.py, the board.py inside the firmware images, Krux and the Linux device trees. Where they
disagree (Amigo's keys, Go's dial), the table follows the majority, and maixswitch.json can change it. No row was tried
on a board. The table is one string with a line for each board, and is split only when a board is looked up.
"""

from collections import namedtuple

# id; "type" in /flash/config.json; keys, pin=role (pressed reads 0); panel: width, height, type, Hz, invert, lcd_type,
# pins (rst=dcx=ss=clk, "-" the usual ones); hmirror; vflip; backlight pin=level; choice of sensor.reset; power chip
# that the firmware must set up first; lcd.direction. "-": none, or left as it is.
TABLE = """
bit bit 16=primary, 320,240,1,15000000,0,0,- - 1 - - - -
dock dock 16=primary, 320,240,1,15000000,0,0,- - - - - - -
go Go 16=primary,15=prev,17=next 320,240,1,15000000,0,0,- 0 - - - - -
maixduino duino 16=primary, 320,240,1,15000000,0,0,- - - - - - -
cube cube 10=primary,16=next,11=prev 240,240,1,15000000,1,0,- 1 1 17=0 - - 96
amigo_tft amigo 16=primary,20=next,23=prev 480,320,1,20000000,0,1,- 1 1 - 1 AXP173 40
amigo_ips amigo_ips 16=primary,20=next,23=prev 480,320,1,20000000,1,2,- 1 1 - 1 AXP173 40
m5stickv m5stickv 36=primary,37=next 240,135,3,40000000,0,0,- - - - - AXP192 -
unitv - 18=primary,19=next - - - - - - -
yahboom yahboom 16=primary,17=next 320,240,1,15000000,1,0,23=31=30=28 - - - - - 96
yahboom_devkit yahboom 2=primary,3=next,1=prev 320,240,1,15000000,1,0,- - - - - - -
wonder_mv wonder_mv 26=primary,47=next 320,240,1,15000000,1,0,21=8=6=7 - - 23=1 - - 96
canmv_k210_01studio 01studio 16=primary, 320,240,1,15000000,0,0,- - - - - - 160
dnk210 ALIENTEK 16=primary,18=next,19=prev 320,240,1,15000000,1,0,- - - 35=1 - - 96
"""

Board = namedtuple("Board", "id config_type keys lcd hmirror vflip backlight choice needs_pmu direction rotation")


def _value(text):
    """Return None for "-", a tuple for a list, an int or the text itself."""
    for sign in ",=":
        if sign in text:
            return tuple([_value(part) for part in text.split(sign) if part])
    return None if text == "-" else int(text) if text.isdigit() else text


def _find(column, name):
    # Only the requested row becomes objects: the whole table as tuples would be some hundred of them.
    for line in TABLE.strip().split("\n"):
        cells = line.split(" ")
        if cells[column] == name != "-":
            return Board(*[_value(cell) for cell in cells + ["0"]])
    return None


def names():
    """Return the ids of the known boards."""
    return [line.split(" ")[0] for line in TABLE.strip().split("\n")]


def find(name):
    """Return the Board of an id; raise ValueError, which lists the known ids, for an unknown id.

    keys ((pin, role), ...); lcd (width, height, type, Hz, invert, lcd_type, (rst, dcx, ss, clk) or None) or None;
    hmirror, vflip, choice, direction int or None: leave as it is; backlight (pin, level that lights) or None;
    needs_pmu the power chip that the firmware's own image must set up, or None; rotation for lcd.rotation.
    """
    board = _find(0, name)
    if not board:
        raise ValueError("no board %s; known: %s" % (name, " ".join(names())))
    return board


def find_by_config(kind):
    """Return the first Board whose "type" in /flash/config.json is `kind`, or None; two boards share "yahboom"."""
    return _find(1, kind)


def gestures(keys):
    """Return ((pin, short, long), ...) for keys ((pin, role), ...): the events of each key, or None for a long press.

    One key: NEXT, long PREVIOUS. Two: the second is PREVIOUS, long RELOAD. More: by role, and the primary one reloads.
    """
    # With two keys their order counts and not their roles: next and back must both be short presses.
    acts = [("NEXT", "PREVIOUS"), ("PREVIOUS", "RELOAD")]
    if len(keys) > 2:
        by = {"next": ("NEXT", None), "prev": ("PREVIOUS", None), "primary": ("RELOAD", "PREVIOUS")}
        acts = [by[role] for _, role in keys]
    return tuple([(keys[i][0],) + acts[i] for i in range(len(keys))])
