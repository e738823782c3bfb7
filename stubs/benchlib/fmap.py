"""kpu_fmap, a view of an output of a model; it is valid until the next run or deinit (Maix_kpu.c)."""

import bench


class kpu_fmap:
    """What KPU.forward and KPU.get_output return. size() counts bytes, an index counts elements."""

    def __init__(self, model, number, index, w, h, ch, typecode):
        self._model = model
        self._data = model.output_buffers()[number]
        self._size = model.network.outputs[number][0]
        self._index = index & 0xFFFF
        self._w = w & 0xFFFF
        self._h = h & 0xFFFF
        self._ch = ch & 0xFFFF
        self._typecode = typecode

    def _view(self):
        if not self._model.alive:
            bench.hard_fault("fmap read after deinit: its memory was freed")
        return self._data

    def size(self) -> int:
        return self._size

    def index(self) -> int:
        return self._index

    def w(self) -> int:
        return self._w

    def h(self) -> int:
        return self._h

    def ch(self) -> int:
        return self._ch

    def typecode(self) -> str:
        """Return "\\0": the firmware takes the character for a pointer, and low memory is zero."""
        return "\0"

    def _range(self, index):
        if index.step is not None and index.step != 1:
            raise OSError("only slices with step=1 (aka None) are supported")
        count = len(self._data)
        start = 0 if index.start is None else index.start
        stop = count if index.stop is None else index.stop
        # The bounds of a slice are clamped, as for a list; a single index is not.
        if start < 0:
            start = max(start + count, 0)
        if stop < 0:
            stop = max(stop + count, 0)
        start = min(start, count)
        stop = min(stop, count)
        return (start, max(start, stop))

    def _at(self, index):
        count = len(self._data)
        if not isinstance(index, int):
            raise TypeError("kpu_fmap indices must be integers, not %s" % type(index).__name__)
        if index < 0:
            index += count
        if index < 0 or index >= count:
            raise IndexError("kpu_fmap index out of range")
        return index

    def __getitem__(self, index):
        data = self._view()
        if isinstance(index, slice):
            start, stop = self._range(index)
            return tuple(data[start:stop])
        return data[self._at(index)]

    def __setitem__(self, index, value):
        data = self._view()
        if isinstance(index, slice):
            start, stop = self._range(index)
            # A list must have the length of the slice. A number fills all of it (Maix_kpu.c).
            if isinstance(value, list):
                if len(value) != stop - start:
                    raise OSError("cannot grow or shrink image")
                for i in range(stop - start):
                    data[start + i] = value[i]
            else:
                for i in range(start, stop):
                    data[i] = value
        # A map of bytes keeps the low eight bits of the value, as C does, and does not raise.
        elif self._typecode == "B":
            data[self._at(index)] = value & 255
        else:
            data[self._at(index)] = value

    def __iter__(self):
        raise TypeError("'kpu_fmap' object isn't iterable")

    def __bytes__(self):
        return bytes(self._view())

    def __buffer__(self, flags):
        # for CPython 3.12 and later; the C type of the firmware has the buffer protocol
        return memoryview(self._view()).cast("B")

    def __repr__(self):
        return '{"fmap": "data"=0x%x, "size"=%d, "index": %d, "w": %d, "h": %d, "ch": %d, "typecode": %s}' % (
            0x80400000,
            self._size,
            self._index,
            self._w,
            self._h,
            self._ch,
            self._typecode,
        )

    __str__ = __repr__
