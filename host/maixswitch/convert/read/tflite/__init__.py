"""Turns a TensorFlow Lite file into an ONNX network in memory, so that the rest of the converter reads only ONNX.

    network         the entry point: a file to an onnx model
    file            what the file says: its tensors, operators and options
    weights         the numbers of a constant tensor
    operators       each operator and the function that reads it
    convolutions, pools, moves, arithmetic, folding    those functions
    operation       one operator while its nodes are made
    marks           what tells such a file, and the network made of it, from others
    builder         the growing ONNX graph: nodes, shapes, layouts

A map is channels last in the file and channels first in the ONNX network. All names of the file are kept.
"""
