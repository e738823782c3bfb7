"""Photos: saves pictures on the card, as photos/0001.jpg and so on."""

import uos

FOLDER = "photos"


def save(root, img):
    """Save a picture under the next free number; return its path below `root`. Raises OSError.

    A .jpg, because a .bmp of 154 KB keeps the frames waiting too long; the firmware writes nothing for other suffixes.
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
        if name[4:].lower() == ".jpg" and name[:4].isdigit():
            last = max(last, int(name[:4]))
    path = "%s/%04d.jpg" % (FOLDER, last + 1)
    img.save(root + "/" + path)
    return path
