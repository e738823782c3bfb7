"""Runs the float network of the file in onnxruntime, with all inner tensors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maixswitch.convert.graph.float_math import Array
from maixswitch.convert.read.onnx_file import load, network_of
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


class FloatNet:
    """A network in onnxruntime; ``names``: its tensors, the input among them."""

    def __init__(self, path: Path) -> None:
        """Loads the file. MaixSwitchError as onnx_file.load raises, and if onnxruntime is missing or refuses it."""
        model = load(path)
        # onnx and onnxruntime are installed separately, so the first may be there without the second.
        try:
            import onnxruntime
        except ImportError as error:
            text = tr("reading ONNX files needs onnx and onnxruntime: pip install 'maixswitch[convert]'")
            raise MaixSwitchError(text, EXIT_USAGE) from error
        from onnx import ValueInfoProto

        self.path = path
        network = network_of(model, path)
        self._input, self._shape = network.input, network.shape
        results = {name for node in network.nodes for name in node.outputs if name}
        self.names = (self._input, *sorted(results))
        # onnxruntime returns only outputs, so every tensor inside becomes one.
        have = {value.name for value in model.graph.output}
        model.graph.output.extend(ValueInfoProto(name=name) for name in sorted(results - have))
        options = onnxruntime.SessionOptions()
        # With one thread, the order of the sums is fixed, and so are the last digits of the report.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        # As all tensors are outputs, little could be optimised, and the order of the sums stays that of the file.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the exceptions of onnxruntime are not public
            raise self._refused(error) from error

    def run(self, images: Array, names: Sequence[str]) -> dict[str, Array]:
        """Returns tensors by name, float32 (n, ...) in the file's layout.

        images: (n, c, h, w) in the network's units.
        names: tensors that are not in the file, such as those that the reader added, are left out.
        MaixSwitchError if onnxruntime refuses.
        """
        # Tensors that the reader added are not in the file.
        names = [name for name in dict.fromkeys(names) if name in self.names]
        inside = [name for name in names if name != self._input]
        tensors: dict[str, list[Array]] = {name: [] for name in names}
        # The batch of the file is fixed at 1, so the images run one by one.
        for image in images:
            picture = np.asarray(image, np.float32)
            feed = self._feed(picture)
            if self._input in tensors:
                tensors[self._input].append(feed[0])
            for name, array in zip(inside, self._one(feed, inside), strict=True):
                # Some exporters drop the batch inside the network. Only a real batch of 1 is taken off.
                tensors[name].append(array[0] if array.ndim > 1 and array.shape[0] == 1 else array)
        return {name: np.stack(arrays) for name, arrays in tensors.items() if arrays}

    def _feed(self, picture: Array) -> Array:
        """Returns the picture (c, h, w) as the file takes it: with a batch, and perhaps channels last."""
        shape = self._shape
        last = len(shape) == 4 and picture.shape != shape[1:] and picture.shape == (shape[3], shape[1], shape[2])
        return np.ascontiguousarray(picture.transpose(1, 2, 0) if last else picture).reshape(shape)

    def _one(self, feed: Array, names: Sequence[str]) -> list[Array]:
        if not names:
            return []
        try:
            return [np.asarray(array) for array in self._session.run(list(names), {self._input: feed})]
        except Exception as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> MaixSwitchError:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return MaixSwitchError(tr("{path}: onnxruntime refuses it: {reason}", path=self.path, reason=why))
