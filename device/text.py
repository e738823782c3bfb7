"""Text for the panel: its font has printable ASCII only, and a line is as wide as the panel."""

CELL = 8  # the firmware's font: 8 x 12 pixels a character
LINE = 12


def plain(text):
    """Return text with every character outside printable ASCII replaced by '?'."""
    # Nearly every text is plain already, and is returned without a new object.
    for char in text:
        if not " " <= char <= "~":
            return "".join([char if " " <= char <= "~" else "?" for char in text])
    return text


def wrap(text, columns):
    """Return the lines of a text, broken at spaces to at most `columns` characters; longer words are cut."""
    lines = []
    for part in text.split("\n"):
        line = ""
        for word in plain(part).split():
            if line and len(line) + len(word) >= columns:
                lines.append(line)
                line = ""
            while len(word) > columns:
                lines.append(word[:columns])
                word = word[columns:]
            line = line + " " + word if line else word
        lines.append(line)
    return lines


def ink(colour):
    """Return the colour, black or white, that reads better on `colour`; both RGB565 with swapped bytes, as in lcd."""
    red = colour >> 3 & 31
    green = (colour & 7) << 3 | colour >> 13
    blue = colour >> 8 & 31
    return 0 if red * red * 6 + green * green * 5 + blue * blue * 2 > 4774 else 0xFFFF
