"""Photos: saves pictures on the card, as photos/0001.bmp and so on."""

import uos

FOLDER = "photos"


def save(root, img):
    """Save a picture under the next free number; return its path below `root`. Raises OSError.

    A .bmp, because a .jpg needs memory for its compression; the firmware writes nothing for other suffixes.
    """
    try:
        names = [row[0] for row in uos.ilistdir(root + "/" + FOLDER)]
    except OSError as error:
        if error.args[0] != 2:
            raise
        uos.mkdir(root + "/" + FOLDER)
        names = []
    last = 0
    for name in names:
        if name[4:].lower() == ".bmp" and name[:4].isdigit():
            last = max(last, int(name[:4]))
    path = "%s/%04d.bmp" % (FOLDER, last + 1)
    img.save(root + "/" + path)
    return path
