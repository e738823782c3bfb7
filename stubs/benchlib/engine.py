"""The engine that needs no arithmetic: reads the header, answers what the test scripted."""

import array

import bench
from benchlib.card import SparseFile
from benchlib.errors import EngineError
from benchlib.headers import read


class ScriptedNetwork:
    """A model as its header describes it; its outputs are bench.kpu.scores, the same in every run."""

    scripted = True  # run_yolo2 answers with bench.kpu.boxes instead of decoding

    def __init__(self, header):
        self.version = header.version
        self.input_shape = header.input_shape
        self.first_is_conv = header.first_is_conv
        self.outputs = header.outputs
        self.grid = header.grid
        self.layers = header.layers
        self.main_mem = header.main_mem
        self.netinfo = header.netinfo
        self._buffers = None

    def run(self, x):
        """Return the scripted scores; a list of lists scripts several outputs. What is missing is zero."""
        if self._buffers is None:
            self._buffers = [
                bytearray(size) if typecode == "B" else array.array("f", bytearray(size // 4 * 4))
                for size, _, typecode in self.outputs
            ]
        scores = bench.kpu.scores
        # One flat list is for the first output, since most models have one.
        nested = scores and not isinstance(scores[0], (int, float))
        for index in range(len(self._buffers)):
            row = scores[index] if nested and index < len(scores) else () if nested or index else scores
            buffer = self._buffers[index]
            for i in range(len(buffer)):
                if i < len(row):
                    buffer[i] = row[i]
                elif i >= 4096:
                    break  # large maps stay zero
                else:
                    buffer[i] = 0
        return self._buffers


class ScriptedEngine:
    """The default engine."""

    needs_pixels = False

    def load(self, data):
        head = data.head if isinstance(data, SparseFile) else data
        try:
            return ScriptedNetwork(read(head))
        except ValueError as error:
            raise EngineError(2015, str(error)) from error
