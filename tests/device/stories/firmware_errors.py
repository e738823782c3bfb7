"""The errors that each call of the firmware can raise, by the fakes' names; from the sources named in stubs/README.md.

An error is (type, text); a text of digits is a number, as in OSError(5); the type "2006" is a code of the KPU library.
Any call can be interrupted by Ctrl-C, and any that creates a Python object can find the heap full.
"""

from __future__ import annotations

import builtins

Error = tuple[str, str]

HEAP: Error = ("MemoryError", "memory allocation failed, allocating 240 bytes")
IMAGE_HEAP: Error = (
    "MemoryError",
    "Out of normal MicroPython Heap Memory! Please reduce the resolution of the image you are running this algorithm "
    "on to bypass this issue!",
)
INTERRUPT: Error = ("KeyboardInterrupt", "")
EXIT: Error = ("SystemExit", "")
IDE_STOP: Error = ("Exception", "IDE interrupt")  # the stop button of MaixPy IDE
CODES: list[Error] = [(str(code), "") for code in range(2001, 2016)]
KPU = "[MAIXPY]kpu: "
CARD: list[Error] = [("OSError", "5"), ("OSError", "19"), HEAP]
FORMAT: Error = ("OSError", "Image format is not supported.")

RAISES: dict[str, list[Error]] = {
    "KPU.load": [*CODES, ("ValueError", KPU + "model_addr must > 0 "), HEAP],
    "KPU.set_outputs": [
        ("ValueError", KPU + "set_outputs arg format error: set_outputs(task, int idx, int w, int h, int ch)")
    ],
    "KPU.init_yolo2": [
        ("TypeError", KPU + "kpu_net type error"),
        ("ValueError", KPU + "threshold only support 0 to 1"),
        ("ValueError", KPU + "anchor_number should > 0"),
        HEAP,
    ],
    "KPU.run_yolo2": [
        *CODES,
        ("ValueError", KPU + "first layer not conv layer!\r\n"),
        ("ValueError", KPU + "check img format err!\r\n"),
        ("ValueError", KPU + "region_layer_init err!\r\n"),
        HEAP,
    ],
    "KPU.forward": [
        *CODES,
        ("ValueError", KPU + "check img format err!\r\n"),
        ("OSError", "sipeed_kpu_get_output err"),
        ("OSError", "sipeed_kpu_get_outputs_shape err"),
        HEAP,
    ],
    "KPU.get_output": [("OSError", "sipeed_kpu_get_output err"), HEAP],
    "KPU.face_encode": [HEAP],
    "KPU.face_compare": [HEAP],
    "KPU.deinit": [("TypeError", KPU + "kpu_net type error")],
    "maix.KPU": [HEAP],
    "maix.load_kmodel": [
        ("ValueError", "invalid path input"),
        ("ValueError", "open file error, please check file path!"),
        ("MemoryError", "model buffer memory allocation failed"),
        ("OSError", "Failed to read file"),
        ("OSError", "Failed to init model"),
    ],
    "maix.init_yolo2": [("ValueError", "need input anchor"), HEAP],
    "maix.run_with_output": [
        ("ValueError", "invalid input"),
        ("OSError", "Image formart error, use pix_to_ai() method to convert for kpu"),
        ("OSError", "Model Buffer maybe dirty!"),
        HEAP,
    ],
    "maix.regionlayer_yolo2": [HEAP],
    "maix.load": [
        ("ValueError", "open file error, please check file path!"),
        ("ValueError", "Model size error!"),
        ("MemoryError", "Model buffer memory allocation failed"),
        ("OSError", "Model in filesystem maybe damaged"),
        ("OSError", "Failed to load model"),
    ],
    "maix.run": [
        ("OSError", "34"),
        ("OSError", "Model Buffer maybe dirty!"),
        ("ValueError", "Image formart error, use pix_to_ai() method to convert for kpu"),
        HEAP,
    ],
    "maix.get_outputs": [("OSError", "Failed to get kpu outputs"), HEAP],
    "maix.Yolo2": [("MemoryError", "No memory space"), HEAP],
    "maix.Yolo2.init": [("ValueError", "need input anchor"), ("MemoryError", "too many mem to list"), HEAP],
    "maix.Yolo2.run": [("OSError", "Parse model for yolo run failed"), HEAP],
    "maix.deinit": [],
    "sensor.reset": [("OSError", "Reset Failed")],
    "sensor.set_pixformat": [("OSError", "Pixel format is not supported!")],
    "sensor.set_framesize": [("OSError", "5"), ("OSError", "12")],
    "sensor.set_hmirror": [("ValueError", "Sensor control failed!")],
    "sensor.set_vflip": [("ValueError", "Sensor control failed!")],
    "sensor.set_windowing": [
        ("ValueError", "The selected window is too small"),
        ("ValueError", "value must be multiple of 8"),
        HEAP,
    ],
    "sensor.snapshot": [
        ("RuntimeError", "Sensor timeout!"),
        ("RuntimeError", "Not init!"),
        ("TypeError", "not found sensor"),
        HEAP,
    ],
    "lcd.init": [("OSError", "12"), ("ValueError", "type error")],
    "lcd.rotation": [("ValueError", "value:[0,3]")],
    "lcd.draw_string": [HEAP],
    "lcd.display": [FORMAT, HEAP],
    "Image.draw_string": [HEAP],
    "Image.draw_rectangle": [HEAP],
    "Image.cut": [IMAGE_HEAP],
    "Image.resize": [IMAGE_HEAP],
    "Image.to_grayscale": [IMAGE_HEAP],
    "Image.pix_to_ai": [IMAGE_HEAP],
    "Image.strech_char": [IMAGE_HEAP],
    "Image.invert": [IMAGE_HEAP],
    "Image.replace": [IMAGE_HEAP],
    "image.Image": [IMAGE_HEAP],
    "image.get_affine_transform": [HEAP],
    "image.warp_affine_ai": [("ValueError", "pix_ai is null")],
    "GPIO.init": [HEAP],
    "GPIO.irq": [HEAP],
    "FPIOA.set_function": [("ValueError", "Don't have this Pin"), ("ValueError", "This function is invalid")],
    "utils.flash_read": [("OSError", "5"), HEAP],
    "UART": [("ValueError", "[MAIXPY]UART:invalid baudrate"), HEAP],
    "UART.write": [("OSError", "5")],
    "WDT": [("ValueError", "WDT(0) does not exist"), HEAP],
    "uos.stat": [("OSError", "2"), *CARD],
    "uos.ilistdir": [("OSError", "2"), *CARD],
    "uio.open": [("OSError", "2"), ("OSError", "28"), ("OSError", "30"), *CARD],
    "file.read": CARD,
    "file.readline": CARD,
    "file.write": [("OSError", "5"), ("OSError", "28"), HEAP],
    "file.close": [("OSError", "5")],
}
# What only one of CanMV's two KPU classes has.
OLDER = {"maix.load_kmodel", "maix.init_yolo2", "maix.run_with_output", "maix.regionlayer_yolo2"}
NEWER = {"maix.load", "maix.run", "maix.get_outputs", "maix.Yolo2", "maix.Yolo2.init", "maix.Yolo2.run"}


def calls_of(interface: str) -> list[str]:
    """Return the calls of RAISES that an interface has. interface: see board_code.FAKES."""
    others = {"maixpy": "maix.", "canmv": "KPU.", "canmv_new": "KPU."}[interface]
    absent = {"maixpy": OLDER | NEWER, "canmv": NEWER, "canmv_new": OLDER}[interface]
    return [call for call in RAISES if not call.startswith(others) and call not in absent]


def make(error: Error) -> BaseException | int:
    """Return the exception, or the code, for bench.fail_at."""
    name, text = error
    if name.isdecimal():
        return int(name)
    error: BaseException = getattr(builtins, name)(*([int(text) if text.isdecimal() else text] if text else []))
    return error


def line(call: str, nth: int, error: Error) -> str:
    """Return the action of a script that raises the error at the nth call."""
    text = error[1].strip().replace('"', "")
    return f"raise {call} {nth} {error[0]}" + (f' "{text}"' if text else "")
