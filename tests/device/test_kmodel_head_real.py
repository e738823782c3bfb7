"""The first bytes of real files against the index of the collection."""

from __future__ import annotations

import json

from device.once.kmodel_head import HEAD, sniff

OTHERS = {"face_yolov2_wordswapped": "word-swapped v3", "mnist_v5": "v5", "face_v6": "v6"}


def test_every_real_file(kmodels):
    index = json.loads((kmodels / "index.json").read_text())
    rows = index if isinstance(index, list) else index["models"]
    assert len(rows) > 15
    for row in rows:
        what, version, memory, outputs, shape = sniff((kmodels / row["file"]).read_bytes()[:HEAD])
        other = OTHERS.get(row["file"].split(".")[0])
        if other:
            assert (what, outputs, shape) == (other, (), None)
            continue
        assert (what, version) == (f"v{row['version']}", row["version"])
        assert memory == row["main_mem"]
        assert outputs == tuple(output["bytes"] for output in row["outputs"])
        if version == 4:
            assert shape == tuple(reversed(row["inputs"][0][1:]))
