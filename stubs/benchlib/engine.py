"""The engine without arithmetic: it reads the header of a model and returns what the test scripted."""

import array

import bench
from benchlib.card import SparseFile
from benchlib.errors import EngineError
from benchlib.headers import read


class ScriptedNetwork:
    """A model as its header describes it. Its outputs are bench.kpu.scores, the same in every run."""

    scripted = True  # run_yolo2 returns bench.kpu.boxes instead of decoding an output

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
        """Return one buffer per output, filled with the scripted scores and with zeros behind them.

        Scores that are a list of lists are for several outputs, a flat list is for the first.
        """
        if self._buffers is None:
            self._buffers = [
                bytearray(size) if typecode == "B" else array.array("f", bytearray(size // 4 * 4))
                for size, _, typecode in self.outputs
            ]
        scores = bench.kpu.scores
        # Most models have one output, so a flat list is enough for them.
        nested = scores and not isinstance(scores[0], (int, float))
        for index in range(len(self._buffers)):
            row = scores[index] if nested and index < len(scores) else () if nested or index else scores
            buffer = self._buffers[index]
            for i in range(len(buffer)):
                if i < len(row):
                    buffer[i] = row[i]
                elif i >= 4096:
                    break  # a large map stays zero behind its first elements: filling it would be slow
                else:
                    buffer[i] = 0
        return self._buffers


class ScriptedEngine:
    """The engine of the fakes when a test chooses no other."""

    needs_pixels = False

    def load(self, data):
        """Return the network of a file. Raises EngineError with code 2015 for a wrong header."""
        head = data.head if isinstance(data, SparseFile) else data
        try:
            return ScriptedNetwork(read(head))
        except ValueError as error:
            raise EngineError(2015, str(error)) from error
