"""Changes pictures as a network was trained: the words of "pixels" in model.json, applied in their order.

invert and replace exist only in the large builds of MaixPy. to_bytes() of every build gives the picture's own memory,
so elsewhere Python does the same, which is slower.
"""

EVERYWHERE = "invert stretch"


def words(kind, channels):
    """Return a rule for "pixels". kind: the module of the kind, or None. channels: those of the input."""
    known = getattr(kind, "PIXELS", EVERYWHERE).split()
    if channels == 3 and "stretch" in known:  # the firmware stretches only grey pictures
        known.remove("stretch")

    def rule(value, _):
        if not known:
            raise ValueError("no pixels: this kind reads the picture of another stage")
        if not isinstance(value, list) or not value or [word for word in value if word not in known]:
            raise ValueError("a list of " + " ".join(known))
        return tuple(value)

    return rule


def invert(img):
    """Turn dark into light."""
    if hasattr(img, "invert"):
        img.invert()
        return
    pixels = img.to_bytes()
    for at in range(len(pixels)):
        pixels[at] ^= 255


def stretch(img):
    """Stretch the contrast of a grey picture and darken it towards its edges, as for a pen on paper."""
    img.strech_char(1)


def mirror(img):
    """Exchange left and right."""
    if hasattr(img, "replace"):
        img.replace(hmirror=True)
        return
    pixels = img.to_bytes()
    width = img.width()
    size = len(pixels) // (width * img.height())
    for start in range(0, len(pixels), width * size):
        left = start
        right = start + (width - 1) * size
        while left < right:
            for i in range(size):
                pixels[left + i], pixels[right + i] = pixels[right + i], pixels[left + i]
            left += size
            right -= size


def flip(img):
    """Exchange top and bottom."""
    if hasattr(img, "replace"):
        img.replace(vflip=True)
        return
    pixels = img.to_bytes()
    line = len(pixels) // img.height()
    top = 0
    low = len(pixels) - line
    while top < low:
        for i in range(line):
            pixels[top + i], pixels[low + i] = pixels[low + i], pixels[top + i]
        top += line
        low -= line


def changer(names):
    """Return change(img), which changes a picture and fills its AI plane. names: words of "pixels"."""
    steps = [globals()[name] for name in names]

    def change(img):
        for step in steps:
            step(img)
        img.pix_to_ai()

    return change


def changed(prepare, spec):
    """Return prepare(img) with the changes of the spec; the picture that is shown stays as it is.

    prepare: what fit() of device/once/hal_window.py returned. Without one, the copy and its AI plane take five bytes of
    heap for each pixel.
    """
    change = changer(spec.pixels)
    width = spec.width
    height = spec.height

    def run(img):
        img = prepare(img) if prepare else img.resize(width, height)
        change(img)
        return img

    return run
