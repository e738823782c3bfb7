"""KINDS: what a model may be. A new kind is one new file in this folder and its name in this tuple, or in STAGES.

The file is a module with

prepare(kpu, task, spec, results)
    Returns run(img) -> number of results put into `results`, which must not allocate. kpu: the adapter, see
    device/once/setup.py. spec: the ModelSpec, with a kind's own fields as attributes.
SHAPE
    How the results are drawn and sent over the link: BARS, EXTRA, POINTS or BOXES of device/results.py.
FIELDS
    Rows (name, rule, default) of the fields that the kind adds to model.json, () when absent. rule: a text that
    device.once.checks.fits() understands, or a function(value, anchor_pairs) that returns what the attribute of the
    spec becomes, and raises ValueError(expected) or ValueError(expected, actual). default: used when the field is
    missing; None makes the field mandatory.
FORWARD
    Whether kpu.forward runs the network, which some firmwares refuse to do with a kmodel v4; True when absent.
LABELS
    "needed", "optional" (also when it is absent) or "none": whether model.json must, may or must not name classes.
fit(spec, elements, shapes, doubt)
    Judges the outputs; when absent, each output is a row of numbers. elements: the number of values of each. shapes:
    the (width, height, channels) that "outputs" of model.json says of each, or (). Calls doubt(field, expected, actual)
    where they do not fit. Returns the shapes that a kmodel v4 is told, or None.
PIXELS
    The words that "pixels" of model.json may hold (device/once/pixels.py); "invert stretch" when absent. Only where
    results have no places also "mirror" and "flip": the places would be those of a picture that nobody sees.
LEARNS
    True for a kind that learns: a double press sets results.learn, and the next run() learns what it sees; False when
    absent.
BOXES_FIRST
    True for a detector whose boxes further networks may look at ("stages" of model.json); False when absent.
stage(kpu, task, spec, results)
    Only of a kind in STAGES. Returns look(img, item), which runs the network on the part of the picture `img` (the
    model's input) that the box `item` covers, and names the box, or adds to it. spec: the stage's own ModelSpec.

NAMES
    Only of a kind in STAGES: whether it gives the box a class of its own; False when absent.

The module is in memory while the card is read or a model of its kind runs, and at no other time.
"""

KINDS = ("classifier", "landmark", "learner", "raw", "yolo2", "yolo3")
STAGES = ("attributes", "classifier", "face", "landmark")  # what may run on each box of a detector
