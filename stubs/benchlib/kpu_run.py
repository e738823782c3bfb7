"""One run of a network: the checks of its picture, forward(), and the fmap of an output (Maix_kpu.c)."""

import bench
import flavours
from benchlib import kpu_codes
from benchlib.fmap import kpu_fmap
from benchlib.img import GARBAGE, is_image
from benchlib.kpu_types import kpu_net

BAD_PICTURE = "[MAIXPY]kpu: check img format err!\r\n"
NO_SIZE = (0, 0, 0)  # channels, height, width


def _check_image(img, network, size=None):
    # check_img_format of Maix_kpu.c. The network is None after deinit, when the type of the model reads as 0.
    # resize() and cut() leave pix_ai NULL, which the firmware tests. copy() leaves it
    # uninitialised, which it cannot see.
    if img._ai is None:
        bench.uart.print("[MAIXPY]kpu: pix_ai is NULL!\r\n")
        return False
    if img._ai is GARBAGE:
        bench.hard_fault("pix_ai of a copy() is uninitialised memory")
    bpp = img._bpp
    # The sizes are compared before the depth, so a grey picture of the wrong size reports its size.
    if network is not None:
        ch, h, w = size or network.input_shape
        if img._w != w or img._h != h:
            bench.uart.print("[MAIXPY]kpu: img w=%d,h=%d, but model w=%d,h=%d\r\n" % (img._w, img._h, w, h))
            return False
        if bpp == 1 and ch != 1:
            bench.uart.print("[MAIXPY]kpu: grayscale img, but model channel=%d\r\n" % ch)
            return False
        if bpp == 2 and ch != 3:
            bench.uart.print("[MAIXPY]kpu: RGB img, but model channel=%d\r\n" % ch)
            return False
    if bpp != 1 and bpp != 2:
        bench.uart.print("[MAIXPY]kpu: img bpp not support yet!\r\n")
        return False
    return True


def check_input(img, network) -> None:
    """Raise ValueError unless the network can read the picture; the reason may be on the serial line."""
    # Only a convolution reads 8-bit planes; another first layer has no size to compare with the picture.
    if network is not None and not (network.first_is_conv and network.input_shape):
        raise ValueError("[MAIXPY]kpu: first layer not conv layer!\r\n")
    if not _check_image(img, network):
        raise ValueError(BAD_PICTURE)


def forward(_net, img=None, out_index: int = 0, dma: int = -1):
    """Run a network once and return the fmap of output `out_index`, or None when _net is not a task.

    img: a picture, or a list of floats. Raises ValueError for a wrong one, OSError(TEXT) when the run fails.
    """
    code = bench.enter_code("KPU.forward")
    # Other calls raise TypeError here, but forward() returns None (Maix_kpu.c).
    if type(_net) is not kpu_net:
        return None
    model = _net._model
    network = model.network
    leak = None
    x = None
    # The scripted engine does not read pixels, so they are not fetched: a test may have no picture source.
    if is_image(img):
        if network is not None and network.version == 4 and not bench.has(flavours.FORWARD_V4):
            # The size is asked of a kmodel v3 only, and compared all the same.
            if not _check_image(img, network, NO_SIZE):
                raise ValueError(BAD_PICTURE)
        check_input(img, network)
        if network is not None and not getattr(network, "scripted", False):
            x = img._planes()
    elif type(img) is list:
        if not img:
            raise ValueError("[MAIXPY]kpu: check input list format err!\r\n")
        # The list is copied into a block of floats, which is freed only when the run succeeds.
        leak = bench.memory.alloc("list input", len(img) * 4)
        if leak is None:
            raise ValueError("[MAIXPY]kpu: alloc list mem err!\r\n")
        x = _list_input(img, network)
    elif type(img) is str:
        bench.hard_fault("forward with a text as image dereferences it")
    else:
        raise ValueError("input not support")
    if not code:
        code = model.run(x) if network is not None else 2001
    # The firmware returns before the free() of the list, so a program that retries loses memory each time.
    if code:
        if leak is not None:
            bench.kpu.leaked.append(("list input", leak))
        raise OSError(kpu_codes.text(code))
    bench.memory.free_block(leak)
    return output_fmap(
        model, out_index, "sipeed_kpu_get_output err", "ERR_OUTPUTS_SET: need kpu.set_outputs() to set shape"
    )


def _list_input(values, network):
    floats = [float(v) for v in values]
    if network is None or network.input_shape is None or not network.first_is_conv:
        floats_needed = getattr(network, "input_floats", 0)
        return floats + [0.0] * (floats_needed - len(floats))  # the firmware reads past the end of the list
    # A convolution takes the bytes of the floats for pixels, as on the chip: the results are garbage.
    import array

    ch, h, w = network.input_shape
    raw = bytearray(array.array("f", floats))
    return (raw + bytearray(max(0, ch * h * w - len(raw))))[: ch * h * w]


def output_fmap(model, number, no_output, no_shape):
    """Return the fmap of an output. Raises OSError with one of the two texts: no such output, or no declared shape."""
    network = model.network
    last = network.layers - 1
    if number < 0 or number >= len(network.outputs):
        raise OSError(no_output)
    size, shape, typecode = network.outputs[number]
    # The library of v4 knows the size in bytes only. set_outputs declared the shape, and the values are always floats.
    if network.version == 4:
        declared = model.shapes.get(number)
        if declared is None:
            raise OSError(no_shape)
        return kpu_fmap(model, number, -2, declared[0], declared[1], declared[2], "f")
    if typecode == "B" and shape is not None:
        return kpu_fmap(model, number, last, shape[0], shape[1], shape[2], "B")
    return kpu_fmap(
        model, number, last, size, 1, 1, typecode
    )  # get_typecode_size lacks its breaks, so w() is the number of bytes
