"""The layers of the KPU, as far as files of v3 and v4 have them in common: maps, weights and registers."""

from __future__ import annotations

from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.conv import LOAD_BYTES, MAX_LOADS
from maixswitch.kmodel.format.pools import POOL_TYPES
from maixswitch.kmodel.format.program import AI_RAM

from .quantize import KpuWeights, fixed_argument
from .value import PlacedTensor


class KpuLayers:
    """A part of both writers."""

    def conv_both(
        self, source: PlacedTensor, part: KpuWeights, *, pool: int = 0, depthwise: bool = False, to_main: bool = True
    ) -> tuple[PlacedTensor, ...]:
        """A KPU layer. Returns its result in the AI RAM, and with ``to_main`` also the copy in main memory."""
        raise NotImplementedError

    def conv(
        self, source: PlacedTensor, part: KpuWeights, *, pool: int = 0, depthwise: bool = False, to_main: bool = False
    ) -> PlacedTensor:
        """A KPU layer; its result lies in main memory if ``to_main``, else in the AI RAM for the next KPU layer."""
        return self.conv_both(source, part, pool=pool, depthwise=depthwise, to_main=to_main)[int(to_main)]


def maps_of(source: PlacedTensor, part: KpuWeights, pool: int, depthwise: bool) -> tuple[MapLayout, MapLayout]:
    """The maps that a KPU layer reads and writes. ValueError if its weights or pool do not fit the source."""
    if source.memory != AI_RAM:
        raise ValueError("the KPU reads the AI RAM: use upload")
    layout = MapLayout(*source.shape[-3:])
    out, inner, size, other = part.weights.shape
    # The emulator and the chip take the sizes from the input, so wrong weights would be read beyond their end.
    expected = 1 if depthwise else layout.channels
    if inner != expected or size != other or size not in (1, 3) or (depthwise and out != layout.channels):
        raise ValueError(f"weights {part.weights.shape} do not fit the input {source.shape}")
    if pool not in POOL_TYPES:
        raise ValueError(f"no pool type {pool}; there are {sorted(POOL_TYPES)}")
    stride = POOL_TYPES[pool].stride
    return layout, MapLayout(out, layout.height // stride, layout.width // stride)


def conv_registers(
    part: KpuWeights, source: MapLayout, target: MapLayout, pool: int, depthwise: bool, to_main: bool
) -> dict[str, int]:
    """The register block of a KPU layer without its two rows in the AI RAM.

    source, target: the maps that it reads and writes.
    pool: a key of POOL_TYPES.
    to_main: True for a copy of the result in main memory.
    Raises ValueError where the weights do not fit: the KPU loads them 64 times, 30 KiB each (60 KiB for 16 bits).
    """
    # The KPU loads all weights of an output at once; a depthwise layer has a single load.
    out, inner, size, _ = part.weights.shape
    unit = part.weights.dtype.itemsize
    per_output = size * size * inner * unit
    at_once = out if depthwise else min(out, LOAD_BYTES[unit] // per_output)
    loads = -(-out // at_once) if at_once else MAX_LOADS + 1
    # ``load_time`` has six bits and ``para_size`` 17, so a larger layer would be cut off silently.
    if loads > MAX_LOADS or per_output * at_once >= 1 << 17:
        raise ValueError(f"a convolution of {inner} to {out} channels does not fit into {MAX_LOADS} weight loads")
    arg_x, shr_x = fixed_argument(part.weight_zero)
    arg_w, shr_w = fixed_argument(part.input_zero)
    pixels = target.height * target.width
    return {
        "depth_wise_layer": int(depthwise),
        "i_ch_num": source.channels - 1,
        "o_ch_num": out - 1,
        "o_ch_num_coef": at_once - 1,
        "i_row_wid": source.width - 1,
        "i_col_high": source.height - 1,
        "o_row_wid": target.width - 1,
        "o_col_high": target.height - 1,
        "kernel_type": 1 if size == 3 else 0,
        "pool_type": pool,
        "load_para": 1,
        "dma_burst_size": 15,
        "pad_value": part.input_zero,
        "load_coor": 1,
        "load_time": loads - 1,
        "para_size": per_output * at_once,
        "channel_switch_addr": source.line_rows * source.height,
        "row_switch_addr": source.line_rows,
        "coef_group": source.groups,
        "load_act": 1,
        "wb_channel_switch_addr": target.line_rows * target.height,
        "wb_row_switch_addr": target.line_rows,
        "wb_group": target.groups,
        "shr_w": shr_w,
        "shr_x": shr_x,
        "arg_w": arg_w,
        "arg_x": arg_x,
        "arg_add": size * size * part.weight_zero * part.input_zero,
        "send_data_out": int(to_main),
        # The field has 16 bits; nncase 0.1 writes the lower 16 bits of larger numbers.
        "channel_byte_num": (pixels - 1) & 0xFFFF,
        "dma_total_byte": pixels * out - 1,
    }
