"""kmodel v4 (nncase 0.2): header, memory ranges, node table, bodies. Source: nncase 0.2 model.h, interpreter.cpp."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from maixswitch.errors import KModelError
from maixswitch.language import tr

from . import v4_cpu_layers as cpu_body
from . import v4_layers as body
from . import v4_moves as moves
from .airam import ROW, MapLayout, maps_in
from .binary_record import U32, plain, read
from .budget import MAX_ENDS, MAX_LAYERS, check_ends
from .byte_reader import Cursor
from .conv import Conv, check_registers, weight_shape
from .layer_reader import LayerReader, check_count, check_main_memory, check_use
from .program import AI_RAM, CONST, Context, LayerType, Problem, Program, Tensor, table
from .registers import ACTIVATION_SIZE, BLOCK_SIZE, decode_activation, decode_block, decode_norm
from .shapes import Shapes, fitting, written_shapes
from .v4_nnil import parse_nnil
from .v4_node import SIZES, Range, at_least


def parse_kpu_conv(cursor: Cursor, context: Context) -> moves.KpuConv:
    """A KPU node; three address fields of the register block hold the gaps before the tables and the weights."""
    head = read(moves.KpuHead, cursor)
    offset = cursor.position
    registers = decode_block(cursor.take(BLOCK_SIZE, tr("register block")))
    # Without a batch, the check of the maps below would accept any address in the AI RAM.
    if head.batches < 1:
        raise cursor.refuse(tr("nothing to run"), "batches", head.batches, tr("at least 1"))
    check_registers(registers, cursor.part, offset, head.batches)
    shape = weight_shape(registers)
    # The converter writes gaps to align the tables, and the offset of each table is relative to the one before.
    cursor.take(registers["bwsx_base_addr"], tr("gap before the batch norm table"))
    norm = decode_norm(cursor.take(8 * shape[0], tr("batch norm table")))
    cursor.take(registers["active_addr"], tr("gap before the activation table"))
    activation = decode_activation(cursor.take(ACTIVATION_SIZE, tr("activation table")))
    cursor.take(registers["para_start_addr"], tr("gap before the weights"))
    return moves.KpuConv(head, Conv(registers, cursor.array("u1", shape, "weights"), norm, activation))


NODE_TYPES = table(
    LayerType(0x00, "binary", plain(body.Binary)),
    LayerType(0x01, "concat", plain(moves.Concat)),
    LayerType(0x02, "conv2d", plain(body.Conv2d)),
    LayerType(0x03, "dequantize", plain(body.Dequantize)),
    LayerType(0x04, "matmul", plain(body.Matmul)),
    LayerType(0x05, "pad", plain(moves.Pad)),
    LayerType(0x06, "quantize", plain(body.Quantize)),
    LayerType(0x07, "reduce", plain(body.Reduce)),
    LayerType(0x08, "reduce_window2d", plain(body.ReduceWindow)),
    LayerType(0x09, "memory_copy", plain(moves.MemoryCopy)),
    LayerType(0x0A, "resize_image", plain(moves.Resize)),
    LayerType(0x0B, "softmax", plain(body.Softmax)),
    LayerType(0x0C, "transpose", plain(moves.Transpose)),
    LayerType(0x0D, "strided_slice", plain(moves.StridedSlice)),
    LayerType(0x0E, "unary", plain(body.Unary)),
    LayerType(0x0F, "quantized_conv2d", plain(body.QuantizedConv2d)),
    LayerType(0x10, "quantized_matmul", plain(body.QuantizedMatmul)),
    LayerType(0x11, "quantized_binary", plain(body.QuantizedBinary)),
    LayerType(0x12, "table_lookup1d", plain(moves.TableLookup)),
    LayerType(0x13, "conv2d_transpose", plain(body.Conv2dTranspose)),
    LayerType(0x14, "nnil_unary_method", parse_nnil),
    LayerType(0x1001, "cpu_conv2d", plain(cpu_body.CpuConv2d)),
    LayerType(0x1002, "cpu_depthwise_conv2d", plain(cpu_body.CpuDepthwiseConv2d)),
    LayerType(0x1003, "cpu_reduce_window2d", plain(cpu_body.CpuReduceWindow)),
    LayerType(0x1004, "cpu_quantized_conv2d", plain(cpu_body.CpuQuantizedConv2d)),
    LayerType(0x1005, "cpu_quantized_depthwise_conv2d", plain(cpu_body.CpuQuantizedDepthwiseConv2d)),
    LayerType(0x2001, "kpu_upload", plain(moves.KpuUpload)),
    LayerType(0x2002, "kpu_conv2d", parse_kpu_conv),
)


HEADER = 40
TARGETS = {0: "cpu", 1: "k210"}


@dataclass(frozen=True)
class Header:
    """``reserved`` may be garbage."""

    identifier: U32
    version: U32
    flags: U32
    target: U32
    constants: U32
    main_mem: U32
    nodes: U32
    inputs: U32
    outputs: U32
    reserved: U32


def read_v4(file: memoryview, bounded: bool = True) -> Program:
    """The program of a v4 file. KModelError if the file is broken or not for the K210."""
    cursor = Cursor(file, 0, len(file), tr("the header"))
    header = read(Header, cursor)
    # The format has a number for each chip that nncase supports. Only these two run on the board.
    if header.target not in TARGETS:
        raise cursor.refuse(tr("not a K210 model"), "target", header.target, tr("0 (CPU) or 1 (K210)"), 12)
    if bounded:
        check_main_memory(cursor, header.main_mem)
    # The counts must fit into the file before a list of that length is read.
    needed = header.inputs * 32 + header.outputs * 16 + header.constants + header.nodes * 8
    if needed > cursor.left:
        sizes = tr("inputs, outputs, constants, nodes")
        raise cursor.refuse(
            tr("cut short, or a broken header"),
            sizes,
            tr("{left} bytes", left=cursor.left),
            tr("{size} bytes", size=needed),
            16,
        )
    check_count(cursor, "nodes", 24, header.nodes, MAX_LAYERS)
    check_count(cursor, "inputs", 28, header.inputs, MAX_ENDS)
    check_count(cursor, "outputs", 32, header.outputs, MAX_ENDS)
    inputs = [read(Range, cursor) for _ in range(header.inputs)]
    shapes = [cursor.array("<i4", (4,), tr("input shape")).tolist() for _ in range(header.inputs)]
    outputs = [read(Range, cursor) for _ in range(header.outputs)]
    constants = cursor.take(header.constants, "constants")
    heads = [(cursor.u32("opcode"), cursor.u32("body_size")) for _ in range(header.nodes)]
    reader = LayerReader(file, cursor.position, heads)
    context = Context(reader.file, header.main_mem, header.constants)
    layers = reader.layers(NODE_TYPES, context, bounded)
    # The header does not state the shapes of the outputs; the layers do.
    known = written_shapes(layers)
    input_tensors = tuple(
        _input(part, tuple(shape), context, i) for i, (part, shape) in enumerate(zip(inputs, shapes, strict=True))
    )
    outputs_at = HEADER + 32 * header.inputs
    output_tensors = tuple(_output(part, known, context, i, outputs_at) for i, part in enumerate(outputs))
    check_ends(input_tensors + output_tensors)
    return Program(
        version=4,
        file_size=len(file),
        main_memory=header.main_mem,
        inputs=input_tensors,
        outputs=output_tensors,
        layers=layers,
        constants=constants,
        notes=reader.notes,
    )


def _check_range(part: Range, name: str, problem: Problem | None, offset: int, context: Context) -> str:
    """Checks the range of an input or output; returns its data type."""
    if problem:
        raise KModelError(
            tr("{name} cannot be used", name=name), offset=offset, field=problem[0], found=problem[1], wanted=problem[2]
        )
    use = part.use(name)
    check_use(use, name, offset, context)
    return use.dtype


def _input(part: Range, shape: tuple[int, ...], context: Context, index: int) -> Tensor:
    name = tr("input {index}", index=index)
    use = part.use(name)
    problem = part.problem(name, shape, SIZES.get(use.dtype, 1))
    # Maps in the AI RAM begin at a row, and their lines are padded, so they take more than their elements.
    if not problem and use.memory == AI_RAM:
        problem = at_least(tr("size of {name}", name=name), part.size, MapLayout(*shape[1:]).size * shape[0])
        if part.start % ROW or use.dtype != "uint8":
            problem = (
                tr("start and type of {name}", name=name),
                f"{part.start}, {use.dtype}",
                tr("a whole row of uint8"),
            )
    # Constants are part of the file, so writing an input there would change the network.
    if use.memory == CONST:
        problem = tr("memory type of {name}", name=name), part.memory, tr("1 (main) or 2 (AI RAM)")
    dtype = _check_range(part, name, problem, HEADER + 16 * index, context)
    return Tensor(use.memory, dtype, part.start, part.size, prod(shape), shape)


def _output(part: Range, known: Shapes, context: Context, index: int, offset: int) -> Tensor:
    name = tr("output {index}", index=index)
    dtype = _check_range(part, name, part.problem(name, None, 1), offset + 16 * index, context)
    memory = part.use(name).memory
    shape = known.get((memory, part.start), (None, None))[1]
    # The size of the range is all that is known where no layer tells a shape.
    elements = part.size // SIZES[dtype]
    # Maps in the AI RAM have unused bytes at the ends of their lines, which do not count as elements.
    if memory == AI_RAM:
        maps = maps_in(shape, dtype, part.size) if part.start % ROW == 0 else None
        shape = shape if maps is not None else None
        elements = prod(shape) if shape is not None else elements
    return Tensor(memory, dtype, part.start, part.size, elements, fitting(shape, elements))
