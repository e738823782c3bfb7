"""From an ONNX network to a kmodel that the board runs.

    conversion    the whole way, for the command
    report        what a conversion says about itself; runs the file in the emulator and the network in onnxruntime
    read          a file to one graph: its nodes, its constants, the phases of rewriting
    ops           one file an operator
    quantise      graph to integer layers: ranges, scales, curves, weights
    lower         integer layers to the bytes of a kmodel: limits, memories, writing
    graph         the float graph: its one node type, curves, windows, values, the importer
    refusals      how a node is refused

A module imports from its own room and from those below it, never from one above: nodes and layers answer for
themselves (``graph.graph.Node``, ``lower.layers.Layer``), so that no lower room has to know an operator.

There are two representations. A node of the float graph has real weights and stands for what the network means. An
integer layer has the whole numbers of one layer of the file. Neither can be the other: one node becomes one to eight
layers, which ones depends on the scales, and calibration runs the float graph before there is any scale.
"""
