"""KINDS: the registry of what a model may be; a new kind is one new file here and one new row.

A kind is a module with `prepare(kpu, task, spec, results) -> run`, run(img) -> number of results, and with `needs`,
the fields that model.json must have beyond the common ones.
"""

from device.kinds import classifier, yolo2

KINDS = {"classifier": classifier, "yolo2": yolo2}
