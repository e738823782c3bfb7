"""From an ONNX network to a kmodel that the board runs."""
