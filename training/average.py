"""Writes the mean of the weights of several files of one network: average.py OUT.onnx FILE.onnx FILE.onnx ..."""

from __future__ import annotations

import sys

import numpy as np
import onnx
from onnx import numpy_helper


def main() -> None:
    models = [onnx.load(path) for path in sys.argv[2:]]
    for rows in zip(*(model.graph.initializer for model in models), strict=True):
        values = [numpy_helper.to_array(row) for row in rows]
        if values[0].dtype == np.float32:
            rows[0].CopyFrom(numpy_helper.from_array(np.mean(values, axis=0).astype(np.float32), rows[0].name))
    onnx.save(models[0], sys.argv[1])


if __name__ == "__main__":
    main()
