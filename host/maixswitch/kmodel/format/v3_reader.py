"""kmodel v3 (nncase 0.1): header, layer table, bodies. Source: nncase 0.1 Generator.cs, SDK kpu.h."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maixswitch.errors import KModelError
from maixswitch.language import tr

from . import v3_layers as body
from .airam import ROW
from .arrays import DTYPES
from .binary_record import plain, read
from .budget import MAX_ENDS, MAX_LAYERS, check_ends
from .byte_reader import Cursor
from .conv import Conv, check_registers, input_layout, weight_shape
from .layer_reader import LayerReader, check_count, check_main_memory, check_use
from .program import AI_RAM, MAIN, Context, Layer, LayerType, Program, Tensor, Use, table
from .registers import ACTIVATION_SIZE, BLOCK_SIZE, decode_activation, decode_block, decode_norm
from .shapes import Shapes, fitting, written_shapes

HEADER = 28


def parse_conv(cursor: Cursor, context: Context) -> body.KpuConv:
    """A KPU layer: the body holds four absolute offsets to the register block, weights and tables."""
    head = read(body.ConvBody, cursor)

    def at(offset: int) -> Cursor:
        return Cursor(context.file, min(offset, len(context.file)), len(context.file), cursor.part)

    # The offsets of the file are absolute, so each part is read within the whole file and not within the body.
    registers = decode_block(at(head.layer_offset).take(BLOCK_SIZE, tr("register block")))
    # The registers decide the sizes of all other parts, so they are checked before those are read.
    check_registers(registers, cursor.part, head.layer_offset)
    shape = weight_shape(registers)
    # The flags of the header, not the layer, say how wide weights are.
    weights = at(head.weights_offset).array("<u2" if context.wide_weights else "u1", shape, "weights")
    norm = decode_norm(at(head.norm_offset).take(8 * shape[0], tr("batch norm table")))
    activation = decode_activation(at(head.activation_offset).take(ACTIVATION_SIZE, tr("activation table")))
    return body.KpuConv(head, Conv(registers, weights, norm, activation))


LAYER_TYPES = table(
    LayerType(1, "add", plain(body.Add)),
    LayerType(2, "quantized_add", plain(body.QuantizedAdd)),
    LayerType(5, "global_average_pool2d", plain(body.GlobalAveragePool)),
    LayerType(8, "quantized_max_pool2d", plain(body.QuantizedMaxPool)),
    LayerType(9, "average_pool2d", plain(body.AveragePool)),
    LayerType(11, "quantize", plain(body.Quantize)),
    LayerType(12, "dequantize", plain(body.Dequantize)),
    LayerType(13, "requantize", plain(body.Requantize)),
    LayerType(14, "l2_normalization", plain(body.Elementwise)),
    LayerType(15, "softmax", plain(body.Elementwise)),
    LayerType(16, "concat", plain(body.Concat)),
    LayerType(17, "quantized_concat", plain(body.QuantizedConcat)),
    LayerType(18, "fully_connected", plain(body.FullyConnected)),
    LayerType(20, "tensorflow_flatten", plain(body.Flatten)),
    LayerType(22, "resize_nearest_neighbor", plain(body.ResizeNearest)),
    LayerType(23, "quantized_resize_nearest_neighbor", plain(body.QuantizedResizeNearest)),
    LayerType(24, "channelwise_dequantize", plain(body.ChannelwiseDequantize)),
    LayerType(25, "logistic", plain(body.Elementwise)),
    LayerType(10240, "k210_conv", parse_conv),
    LayerType(10241, "k210_add_padding", plain(body.AddPadding)),
    LayerType(10242, "k210_remove_padding", plain(body.RemovePadding)),
    LayerType(10243, "k210_upload", plain(body.Upload)),
)


@dataclass(frozen=True, eq=False)
class Opaque(body.Body):
    """A layer whose body no public source describes: only its type and its bytes are known."""

    flags: int
    content: bytes

    def uses(self) -> Iterator[Use]:
        return iter(())


def parse_opaque(cursor: Cursor, context: Context) -> Opaque:
    """Takes the body as it is."""
    return Opaque(cursor.u32("flags"), bytes(cursor.take(cursor.left, "body")))


RESERVED_TYPES = table(
    LayerType(3, "global_max_pool2d", parse_opaque, known=False),
    LayerType(4, "quantized_global_max_pool2d", parse_opaque, known=False),
    LayerType(6, "quantized_global_average_pool2d", parse_opaque, known=False),
    LayerType(7, "max_pool2d", parse_opaque, known=False),
    LayerType(10, "quantized_average_pool2d", parse_opaque, known=False),
    LayerType(19, "quantized_fully_connected", parse_opaque, known=False),
    LayerType(21, "quantized_tensorflow_flatten", parse_opaque, known=False),
)
"""Types that the format names but no board runs. Such a file can be read and listed; running it fails."""


def read_v3(file: memoryview, bounded: bool = True) -> Program:
    """The program of a v3 file. KModelError if the file is broken or not for the K210."""
    size = len(file)
    header = Cursor(file, 0, size, tr("the header"))
    header.u32("version")
    flags = header.u32("flags")
    arch = header.u32("arch")
    # The format was meant for other chips as well, whose layers have other bodies.
    if arch:
        raise header.refuse(tr("not a K210 model"), "arch", arch, 0)
    length = header.u32("layers_length")
    header.u32("max_start_address")
    main_memory = header.u32("main_mem_usage")
    if bounded:
        check_main_memory(header, main_memory)
    # The counts are refused before lists of their length are built.
    output_count = header.count("output_count", 8)
    check_count(header, "layers_length", 12, length, MAX_LAYERS)
    check_count(header, "output_count", 24, output_count, MAX_ENDS)
    # The counts are checked against the bytes that are left before a list of that length is read.
    room = header.left // 8 - output_count
    if length > room:
        raise header.refuse(
            tr("too many layers for the file"), "layers_length", length, tr("at most {room}", room=room), 12
        )
    ranges = [(header.u32(tr("output address")), header.u32(tr("output size"))) for _ in range(output_count)]
    heads = [(header.u32(tr("layer type")), header.u32("body_size")) for _ in range(length)]

    # The layers tell the shapes of the outputs, so they are read first.
    reader = LayerReader(file, header.position, heads)
    context = Context(reader.file, main_memory, wide_weights=not flags & 1)
    layers = reader.layers({**LAYER_TYPES, **RESERVED_TYPES}, context, bounded)
    known = written_shapes(layers)
    outputs = tuple(_output(start, count, known, context, i) for i, (start, count) in enumerate(ranges))
    check_ends(outputs)
    return Program(
        version=3,
        file_size=size,
        main_memory=main_memory,
        inputs=(_input(layers[0]),),
        outputs=outputs,
        layers=layers,
        notes=reader.notes,
    )


def _output(start: int, size: int, known: Shapes, context: Context, index: int) -> Tensor:
    """The header counts four bytes for each element of any type; the type is that of the layer that writes there."""
    # v3 does not state the type of an output. An output that no layer writes is taken for floats.
    written, shape = known.get((MAIN, start), (None, None))
    dtype = written.dtype if written else "float32"
    elements = size // 4
    use = Use("address, size", MAIN, start, elements * DTYPES[dtype].itemsize, dtype)
    check_use(use, tr("output {index}", index=index), HEADER + 8 * index, context)
    # Layers such as a table keep their input's shape, which may belong to another number of elements.
    return Tensor(MAIN, dtype, start, size, elements, fitting(shape, elements))


def _input(first: Layer) -> Tensor:
    """A v3 file does not describe its input; the first layer does, and the firmware starts with only two types."""
    if isinstance(first.spec, body.KpuConv):
        layout = input_layout(first.spec.conv.registers)
        shape = (1, layout.channels, layout.height, layout.width)
        count = layout.channels * layout.height * layout.width
        return Tensor(AI_RAM, "uint8", first.spec.conv.source * ROW, layout.size, count, shape)
    if isinstance(first.spec, body.FullyConnected):
        count = first.spec.in_channels
        return Tensor(MAIN, "float32", first.spec.input, 4 * count, count, (count,))
    raise KModelError(
        tr("the firmware cannot start with this layer"),
        offset=first.offset,
        field=tr("type of layer 0"),
        found=first.name,
        wanted=tr("k210_conv or fully_connected"),
    )
