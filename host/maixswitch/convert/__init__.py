"""From an ONNX or TensorFlow Lite network to a kmodel that the board runs.

    conversion    the entry point: all steps from the network's file to the report
    report        the report; it runs the kmodel in the emulator and the network in onnxruntime
    read          a file to one graph: its nodes, its constants, the phases of rewriting
    ops           one file for each operator
    quantise      graph to integer layers: ranges, scales, curves, weights
    lower         integer layers to the bytes of a kmodel: limits, memories, writing
    graph         the float graph: its one node type, curves, windows, values, the importer
    refusals      how a node is refused

A module imports from its own room and from those below it, never from one above. Nodes and layers have methods for
everything that depends on the operator (``graph.graph.Node``, ``lower.layers.Layer``), so no lower room knows one.

There are two representations. A node of the float graph has real weights and is what the network computes. An integer
layer has the whole numbers of one layer of the file. One representation is not enough: a node becomes one or
more layers, which depend on the scales, and calibration runs the float graph before the scales are known.
"""
