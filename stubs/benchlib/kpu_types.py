"""Objects that the KPU module returns: kpu_net, kpu_yolo2, kpu_yolo2_find (Maix_kpu.c)."""

from benchlib import kpu_model


class kpu_yolo2:
    """The arguments of init_yolo2, as task.net_arg() returns them."""

    def __init__(self, threshold, nms_value, anchor_number, anchor):
        self._threshold = threshold
        self._nms_value = nms_value
        self._anchor_number = anchor_number
        self._anchor = anchor

    def threshold(self) -> float:
        return self._threshold

    def nms_value(self) -> float:
        return self._nms_value

    def anchor_number(self) -> int:
        return self._anchor_number

    def anchor(self) -> tuple:
        return self._anchor

    def __repr__(self):
        return '{"threshold":%f, "nms_value":%f, "anchor_number":%d, "anchor":"(%s)"}' % (
            self._threshold,
            self._nms_value,
            self._anchor_number,
            ", ".join(["%f" % a for a in self._anchor]),
        )

    __str__ = __repr__


class kpu_net:
    """A task: one loaded model. Release it with deinit(); dropping it frees nothing before a collection."""

    def __init__(self, model, addr, path):
        self._model = model
        self._addr = addr
        self._path = path
        self._args = None
        self._max_layers = model.network.layers if model.network.version == 3 else -1

    def model_addr(self):
        return self._addr

    def model_size(self) -> int:
        return self._model.size

    def model_path(self):
        return self._path

    def net_arg(self):
        return self._args

    def __del__(self):
        kpu_model.dropped(self._model)

    def __repr__(self):
        return '{"model_addr": %d, "model_size": %d, "model_path": "%s", "net_args": %s}' % (
            self._addr or 0,
            self._model.size,
            "(null)" if self._path is None else self._path,
            '"(null)"' if self._args is None else repr(self._args),
        )

    __str__ = __repr__


class kpu_yolo2_find:
    """One detection, in pixels of the model's input."""

    def __init__(self, box, index, objnum):
        self._box = box
        self._index = index
        self._objnum = objnum

    def x(self) -> int:
        return self._box[0]

    def y(self) -> int:
        return self._box[1]

    def w(self) -> int:
        return self._box[2]

    def h(self) -> int:
        return self._box[3]

    def rect(self) -> tuple:
        return self._box[:4]

    def classid(self) -> int:
        return self._box[4]

    def value(self) -> float:
        return self._box[5]

    def index(self) -> int:
        return self._index

    def objnum(self) -> int:
        return self._objnum

    def __repr__(self):
        x, y, w, h, classid, value = self._box
        return '{"x":%d, "y":%d, "w":%d, "h":%d, "value":%f, "classid":%d, "index":%d, "objnum":%d}' % (
            x,
            y,
            w,
            h,
            value,
            classid,
            self._index,
            self._objnum,
        )

    __str__ = __repr__
