"""How long a model takes on the chip: an ESTIMATE from public figures, never a measurement of that model.

For one output channel at a time, a KPU layer reads one row of 64 bytes in a clock cycle. It computes every pixel, also
those that its pool drops:

    cycles  = rows(input) x output channels x (1 + row_stall) + blocks(input) x output channels x block_bubble
    weights = weight bytes / weight_mb_s                              (loaded 30 KiB at a time, behind the computing)
    layer   = layer_us + first load + max(cycles / clock, weights) + main-memory output x main_out_ns

A depthwise layer counts as one output channel. In a 3x3 layer a row is 64 x 9 = 576 multiply-accumulates: at 400 MHz
that makes 0.2304 T a second, the vendor's "0.23 T operations". So the vendor counts a multiply-accumulate as one
operation, and a 1x1 layer reaches a ninth of that figure. A CPU layer costs nanoseconds for each element or each
multiply-accumulate. The input costs upload_ns for each byte on its way into the AI RAM. Every figure is a ``Spread``:
the quickest possible or published value, the typical one, and the slowest likely one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from maixswitch.kmodel.format.airam import ROW, MapLayout
from maixswitch.kmodel.format.arrays import DTYPES
from maixswitch.kmodel.format.layer_facts import batches, conv_of, elements, macs, main_out_bytes, weight_bytes
from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.format.program import AI_RAM, Layer, Tensor

from .memory import QVGA, Region, Size, region

LOAD_BYTES = 30 * 1024


@dataclass(frozen=True)
class Spread:
    """Quickest, typical, slowest."""

    low: float
    typical: float
    high: float

    def __add__(self, other: Spread) -> Spread:
        return Spread(self.low + other.low, self.typical + other.typical, self.high + other.high)

    def __mul__(self, factor: float) -> Spread:
        return Spread(self.low * factor, self.typical * factor, self.high * factor)

    def __str__(self) -> str:
        return f"~{_short(self.typical)} ({_short(self.low)}..{_short(self.high)})"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


NOTHING = Spread(0.0, 0.0, 0.0)


def _guess(typical: float) -> Spread:
    """A figure that nobody has published: from a third to three times the cost of a plain C loop at 400 MHz."""
    return Spread(typical / 3, typical, typical * 3)


CPU_NS: tuple[tuple[str, int, Spread], ...] = (
    # part of the layer's name, kmodel version (0: any), nanoseconds per element
    ("dequantize", 3, Spread(30, 45, 60)),  # 0.404 ms for 9000 elements: nncase issue 77
    ("dequantize", 4, Spread(6, 7.6, 45)),  # 9.357 ms for 1228800, 2.342 ms for 307200: nncase issues 95, 97
    ("quantized_binary", 4, Spread(40, 50, 60)),  # 15.974 ms for 307200, 58.699 ms for 1228800: nncase issue 97
    ("upload", 0, Spread(8, 16.6, 25)),  # 20.367 ms for 1228800 bytes: nncase issue 97
    ("softmax", 0, _guess(800)),
    ("logistic", 0, _guess(800)),
    ("unary", 0, _guess(800)),
    ("nnil", 0, _guess(800)),
    ("concat", 0, _guess(4)),
    ("memory_copy", 0, _guess(4)),
    ("add_padding", 0, _guess(10)),
    ("average_pool", 3, _guess(15)),
    ("", 3, _guess(30)),
    ("", 4, _guess(100)),  # generic loops of nncase 0.2: they make most of the 60 ms of slim-320 (nncase issue 81)
)
"""The cost of the layers that the CPU runs, at its usual 400 MHz. The first matching row counts."""


@dataclass(frozen=True)
class Rates:
    """The figures behind the estimate, and their sources.

    ``clock_mhz``: the KPU's clock, 400 unless a board's freq.conf says otherwise (kpu_div), 300 in the vendor's own
    measurement. ``row_stall``, ``block_bubble``, ``layer_us`` (v3): fitted to the times of every layer of face_yolov2
    (nncase issue 77) and to Sipeed's table for 128 x 128 channels, 3x3, 4x4 to 256x256 pixels (bbs.sipeed.com topic
    691), which the formula meets within about 10 % (root mean square). ``layer_us_v4``: 32 us to 0.25 ms were seen for
    layers that hardly compute (nncase issues 97, 92). ``weight_mb_s``: 294912 bytes in 0.284 ms in that table.
    ``upload_ns``: 230400 bytes by DMA in 0.329 ms (nncase issue 95). ``copy_ns``: the same by the CPU, 20.367 ms for
    1228800 bytes (nncase issue 97). ``main_out_ns``: v3 by DMA, from the last layer of face_yolov2; v4 by the CPU,
    26.5 ms for 1228800 bytes (nncase issue 95). ``mac_ns``: a float multiply-accumulate on the CPU, from about one
    picture a second for a network of 41 million (MaixPy-v1 issue 360). ``region_ns``: per value of a YOLOv2 output,
    from 24 ms for run_yolo2 with the face model (neucrack.com p/313). ``card_bytes_per_ms``: at most 3125 by the
    card's SPI clock of 25 MHz (MaixPy sdcard.c); the rest is an estimate, the same as the simulator's. ``camera_ms``:
    30 or 20 pictures a second. ``lcd_bytes_per_ms``: 8 bits at lcd.init's 15 MHz.
    """

    clock_mhz: Spread = Spread(400, 400, 300)
    row_stall: Spread = Spread(0.0, 0.06, 0.08)
    block_bubble: Spread = Spread(1.0, 2.5, 4.0)
    layer_us: Spread = Spread(10, 16, 40)
    layer_us_v4: Spread = Spread(16, 32, 250)
    weight_mb_s: Spread = Spread(1040, 1040, 280)
    upload_ns: Spread = Spread(1.0, 1.43, 3.0)
    copy_ns: Spread = Spread(8, 16.6, 25)
    main_out_ns: Spread = Spread(8, 13.5, 22)
    main_out_ns_v4: Spread = Spread(15, 21.6, 25)
    mac_ns: Spread = field(default_factory=lambda: _guess(20))
    region_ns: Spread = Spread(300, 1200, 2500)
    card_bytes_per_ms: Spread = Spread(3125, 1000, 500)
    camera_ms: Spread = Spread(33, 33, 50)
    lcd_bytes_per_ms: float = 15000.0


DEFAULT = Rates()


@dataclass(frozen=True)
class LayerTime:
    """The estimate for one layer.

    kpu: True if the KPU runs it, False for the CPU.
    us: microseconds.
    """

    layer: Layer
    kpu: bool
    macs: int
    us: Spread


@dataclass(frozen=True)
class Timing:
    """The estimate for one model; every Spread is in milliseconds.

    upload: the picture into the AI RAM.
    forward: upload and all layers, which is what kpu.forward takes.
    decode: the YOLOv2 region layer, zero for other models.
    load: kpu.load from the card.
    display: one picture to the LCD.
    frame: camera, run and LCD together.
    macs: multiply-accumulates of all layers, at the KPU's full resolution.
    """

    layers: tuple[LayerTime, ...]
    upload: Spread
    forward: Spread
    decode: Spread
    load: Spread
    display: float
    frame: Spread
    macs: int

    @property
    def run(self) -> Spread:
        """The time of kpu.forward for one picture, or of kpu.run_yolo2 with its region layer."""
        return self.forward + self.decode

    @property
    def run_ms(self) -> int:
        """The typical run in whole milliseconds, at least 1; a simulated board waits that long."""
        return max(1, round(self.run.typical))

    @property
    def fps(self) -> Spread:
        """Pictures a second; ``low`` belongs to the slowest frame."""
        return Spread(1000 / self.frame.high, 1000 / self.frame.typical, 1000 / self.frame.low)


def kpu_us(
    source: MapLayout,
    out_channels: int,
    weights: int,
    rates: Rates = DEFAULT,
    *,
    depthwise: bool = False,
    version: int = 3,
) -> Spread:
    """The estimate for one KPU layer that keeps its result in the AI RAM.

    source: layout of the map that it reads.
    weights: bytes that it loads.
    version: of the kmodel, 3 or 4.
    Returns microseconds.
    """
    # A depthwise layer computes each channel once instead of once for each output channel.
    passes = 1 if depthwise else out_channels
    overhead = rates.layer_us if version == 3 else rates.layer_us_v4

    def one(clock: float, stall: float, bubble: float, extra: float, bandwidth: float) -> float:
        # The first load delays the layer. The others run while the KPU computes, unless they take longer.
        cycles = passes * (source.rows * (1 + stall) + source.blocks * bubble)
        loading = weights / bandwidth
        return extra + loading * min(1.0, LOAD_BYTES / max(weights, 1)) + max(cycles / clock, loading)

    # Each of the three values is computed by itself, since ``max`` does not take spreads.
    return Spread(
        *(
            one(
                getattr(rates.clock_mhz, end),
                getattr(rates.row_stall, end),
                getattr(rates.block_bubble, end),
                getattr(overhead, end),
                getattr(rates.weight_mb_s, end),
            )
            for end in ("low", "typical", "high")
        )
    )


def layer_time(layer: Layer, version: int, rates: Rates = DEFAULT) -> LayerTime:
    """The estimate for one layer of a kmodel of that version, 3 or 4."""
    work, conv = macs(layer), conv_of(layer)
    if conv is None:
        per_element = next(ns for part, in_version, ns in CPU_NS if part in layer.name and in_version in (0, version))
        # Layers that multiply by weights cost by their products, all others by what they read or write.
        ns = per_element * elements(layer) if not work else rates.mac_ns * work
        return LayerTime(layer, False, work, ns * 0.001)
    us = kpu_us(
        conv.input,
        conv.output.channels,
        weight_bytes(layer),
        rates,
        depthwise=conv.depthwise,
        version=version,
    )
    # In version 3 the DMA sends the result to main memory, in version 4 the CPU copies it (see ``Rates``).
    out_ns = rates.main_out_ns if version == 3 else rates.main_out_ns_v4
    return LayerTime(layer, True, work, us * batches(layer) + out_ns * (main_out_bytes(layer) * 0.001))


def _upload(tensor: Tensor, rates: Rates) -> Spread:
    """Milliseconds to copy one input to where the model reads it."""
    # Only maps whose lines are whole rows are sent by DMA; the CPU copies all others (SDK kpu.c).
    by_dma = tensor.memory == AI_RAM and tensor.shape is not None and tensor.shape[-1] % ROW == 0
    per_byte = rates.upload_ns if by_dma else rates.copy_ns
    return per_byte * (tensor.elements * DTYPES[tensor.dtype].itemsize * 1e-6)


def timing(kmodel: ModelFile, rates: Rates = DEFAULT, panel: Size | None = QVGA) -> Timing:
    """The estimate for a whole model.

    panel: width and height of the LCD in pixels, None without one.
    """
    layers = tuple(layer_time(layer, kmodel.version, rates) for layer in kmodel.layers)
    upload = sum((_upload(tensor, rates) for tensor in kmodel.inputs), NOTHING)
    # The layers run one after another, so their times add up.
    forward = sum((item.us * 0.001 for item in layers), upload)
    grid: Region | None = region(kmodel)
    decode = rates.region_ns * (kmodel.outputs[0].elements * 1e-6) if grid else NOTHING
    speed = rates.card_bytes_per_ms
    load = Spread(*(kmodel.file_size / value for value in (speed.low, speed.typical, speed.high)))
    # A pixel is two bytes (RGB565), and the program waits until the screen has them all.
    display = panel[0] * panel[1] * 2 / rates.lcd_bytes_per_ms if panel else 0.0
    run = forward + decode
    # At best the camera fills its next buffer while the model runs; at worst one waits for the other.
    frame = Spread(
        max(rates.camera_ms.low, run.low + display),
        max(rates.camera_ms.typical, run.typical + display),
        rates.camera_ms.high + run.high + display,
    )
    return Timing(layers, upload, forward, decode, load, display, frame, sum(item.macs for item in layers))
