"""The camera and the pictures: what happens to a picture before the network sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import chains
from .machine import Machine
from .reading import Preprocessing
from .values import Firmware, Picture, Unknown, Use, whole_numbers

GREY = ("sensor.GRAYSCALE",)


def camera(machine: Machine, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Follow a function of `sensor`."""
    value = args[0] if args else next(iter(keywords.values()), None)
    settings = machine.camera
    if name == "reset":
        settings.clear()
    elif name == "set_framesize":
        size = whole_numbers(value)
        settings["framesize"] = value.path.rpartition(".")[2] if isinstance(value, Firmware) else size
    elif name == "set_pixformat":
        settings["grey"] = isinstance(value, Firmware) and value.path in GREY
    elif name == "set_windowing":
        # Four numbers may also stand without brackets.
        settings["window"] = whole_numbers(args if len(args) > 1 else value)
    elif name in ("set_hmirror", "set_vflip"):
        settings[name[4:]] = bool(value) if isinstance(value, int) else None
    elif name == "snapshot":
        machine.pictures += 1
        return Picture(Preprocessing(**settings))
    return Unknown()


def new(machine: Machine, args: list[Any], keywords: dict[str, Any]) -> Picture:
    """Follow image.Image(...): a picture that does not come from the camera."""
    size = whole_numbers(keywords.get("size"))
    if size is None and len(args) > 1:
        size = whole_numbers(args[:2])
    return Picture(None, size)


def change(machine: Machine, picture: Picture, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Follow a method of a picture. Some change the picture itself, some return another one."""
    result = _change(picture, name, args, keywords)
    if isinstance(result, Picture) and result is not picture:
        chains.cut(machine, picture, result, args if name in ("copy", "cut", "crop") else [0], keywords)
    return result


def _change(picture: Picture, name: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    steps = picture.steps
    if name == "draw_image":
        # An empty picture that the camera's picture is drawn on: CanMV's way to fill the input of the network.
        source = args[0] if args else None
        if isinstance(source, Picture) and source.steps is not None and steps is None:
            picture.steps = replace(source.steps, canvas=picture.size)
        return picture
    if name in ("width", "height", "size", "get_pixel", "save", "compress", "to_bytes", "find_blobs"):
        return Unknown()
    if steps is None:
        return picture if name not in ("copy", "resize", "cut") else Picture(None, picture.size)
    if name == "resize":
        return Picture(replace(steps, resized=whole_numbers(args[:2])))
    if name in ("copy", "cut", "crop"):
        box = whole_numbers(args) if len(args) == 4 else whole_numbers(args[0] if args else keywords.get("roi"))
        return Picture(replace(steps, cropped=box) if box else steps)
    if name == "to_grayscale":
        grey = replace(steps, grey=True)
        if (args and args[0] in (1, True)) or keywords.get("copy") in (1, True):
            return Picture(grey)
        picture.steps = grey
    elif name == "invert":
        picture.steps = replace(steps, inverted=not steps.inverted, stretched_first=steps.stretched)
    elif name in ("strech_char", "stretch_char", "histeq"):
        picture.steps = replace(steps, stretched=True)
    elif name == "rotation_corr":
        angle = keywords.get("z_rotation", args[2] if len(args) > 2 else None)
        if isinstance(angle, (int, float)):
            picture.steps = replace(steps, rotated=angle)
    return picture


def shown(machine: Machine, use: Use, args: list[Any]) -> None:
    """Remember the first picture that the network of a use sees."""
    machine.pictures += 1
    for arg in args:
        if isinstance(arg, Picture):
            chains.shown(use, arg)
            if arg.steps is not None and use.picture is None:
                use.picture = arg.steps
