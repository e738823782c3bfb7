"""DeviceError, which carries the code of a fault, and from_exception(), which finds the code for any exception.

The texts are in device.once.error_texts, which is imported when a fault is shown. By then the card that holds the app
may be gone, or the heap too full for them: so all names, and the texts of NEAR, stay in memory.
"""

from device import forget
from device.once.error_texts import ERRORS  # here and not in a function: no other import lies as deep in the stack

# no card; no models (or no app) on it; a full heap; a failing card; an unexpected error; a card pulled during a load
NEAR = (101, 102, 106, 108, 199, 2005)

# Codes of messages that hold neither a number nor an ERR_ name. They are in lower case, and the first one that occurs
# counts: "not init!" is the camera's, "not init" the panel's. From "check file path" on they are CanMV's.
_PHRASES = """
2007 first layer not conv
107 check img format
2012 region_layer_init
2013 outputs_shape err
2011 get_output err
2001 format don't match
2001 model_addr must
104 reset failed
105 sensor timeout
104 not found sensor
104 not init!
104 sensor control
104 pixel format is not
110 not init
110 type error
2005 check file path
2005 path error
2005 invalid path
2005 failed to read file
2002 failed to init model
2002 failed to load model
2003 maybe damaged
2003 model size error
2012 for yolo run
2009 kpu_model_buffer
2009 many mem to list
2008 buffer maybe dirty
107 image formart
2006 model buffer memory
"""

_ERRNO = {2: 2005, 5: 108, 12: 2006, 19: 101, 28: 108, 30: 108, 34: 107}


def _table():
    """Return the texts of device.once.error_texts; they take 4 KB, so nobody keeps them."""
    from device.once.error_texts import ERRORS

    return ERRORS


def _row(text, code):
    """Return [name, meaning, remedy] of a code in a text, or [name] if that is all; KeyError for an unknown code."""
    at = text.find("\n%d " % code)
    if at < 0:
        raise KeyError(code)
    row = text[at + 1 : at + 250].split("\n")[:3]
    row[0] = row[0].split(" ")[1]
    return row


def _keep(table):
    """Return the part of the table that stays in memory: a line for each code, and the complete rows of NEAR."""
    # One text is one object: a dict of tuples would be many, and all of them would stay.
    lines = table.strip().split("\n")
    names = [""]
    near = [""]
    for at in range(0, len(lines), 3):
        names.append(lines[at])
        if int(lines[at].split(" ")[0]) in NEAR:
            near += lines[at : at + 3]
    return "\n".join(names + [""]), "\n".join(near)


_names, _near = _keep(ERRORS)
del _keep, ERRORS


def describe(code):
    """Return (name, meaning, remedy) of a code; KeyError for an unknown code.

    If the table cannot be imported, return the texts of 106 (heap full) or 108 (card). NEAR needs no import.
    """
    name = _row(_names, code)[0]
    # Often the card is gone or the heap is full: the texts of such faults must need neither.
    if code in NEAR:
        _, meaning, remedy = _row(_near, code)
    else:
        try:
            _, meaning, remedy = _row(_table(), code)
        except Exception as error:
            _, meaning, remedy = _row(_near, 106 if isinstance(error, MemoryError) else 108)
        finally:
            forget()
    return name, meaning, remedy


class DeviceError(Exception):
    """A fault: its code and name, and a detail, free text or "". str() gives code, name, and detail or meaning."""

    def __init__(self, code, detail=""):
        self.code = code
        self.name = _row(_names, code)[0]
        self.detail = detail
        super().__init__("%d %s: %s" % (code, self.name, detail or describe(code)[1]))


def from_exception(error):
    """Return the DeviceError for anything that the firmware, the card or Python itself raises.

    The firmware says "load error:2006, ..", "load_flash error:N", "run error: 13" (old: without the 2000), just
    "ERR_NO_MEM: ..", or one of the texts of _PHRASES. The detail is the firmware's own text, or type and text of an
    unexpected error.
    """
    if isinstance(error, DeviceError):
        return error
    text = str(error).replace("[MAIXPY]kpu: ", "").strip()
    code = 0
    digits = text[text.find("error:") + 6 :].split(",")[0].strip() if "error:" in text else ""
    # The number is the surest sign, so it comes first. Old firmware leaves out the 2000 (Maix_kpu.c).
    if digits.isdigit() and len(digits) < 5:
        code = int(digits) % 2000 + 2000
    elif "ERR_" in text:
        # An error while a model runs is an OSError whose only argument is the text, without a number.
        at = _names.find(" " + text[text.find("ERR_") :].split(":")[0].strip() + "\n")
        code = int(_names[at - 4 : at]) if at > 0 else 0
    # Phrases come before the type: CanMV raises MemoryError for a model, too, although Python's heap is not full.
    if "\n%d " % code not in _names:
        code = 0
        low = text.lower()
        for line in _PHRASES.strip().split("\n"):
            number, phrase = line.split(" ", 1)
            if not code and phrase in low:
                code = int(number)
    if not code and isinstance(error, MemoryError):
        code = 106
    elif not code and isinstance(error, OSError) and error.args:
        code = _ERRNO.get(error.args[0], 0)
    elif not code and isinstance(error, ImportError):  # a part of the app that is read when it is needed
        code = 108
        text = "Is the app on it? " + text
    if code:
        return DeviceError(code, text)
    return DeviceError(199, type(error).__name__ + (": " + text if text else ""))
