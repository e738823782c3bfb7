"""Mutants that no test kills, and why none should: (file, the line, the line as mutated, why)."""

ONE_SPACE = "the texts hold single spaces, with which both mean the same"
TRUTH = "only asked whether it is true"
FIRST_LOOK = "the first look writes it before it is read"
FIRST_ROW = "more rows of the text are parsed, of which the first is used: only slower"
LETTERS = "uio.open ignores letters that it does not know, as the firmware's does"
SPARE = "a number with room to spare: one more has no visible effect"

SURVIVORS: tuple[tuple[str, str, str, str], ...] = (
    ("__init__.py", "gc.collect()", "pass", "the time of a collection matters only on the board: docs/cost.md"),
    (
        "fsm.py",
        'parsed.append(head.split(" ") + [actions.split(", "), end])',
        'parsed.append(head.split(None) + [actions.split(", "), end])',
        ONE_SPACE,
    ),
    ("fsm.py", "self._busy = False", "self._busy = None", TRUTH),
    ("fsm.py", "refused = None", 'refused = ""', TRUTH),
    ("fsm.py", "event = None", 'event = ""', TRUTH),
    ("fsm.py", "at = TRANSITIONS.find(head) + 1", "at = TRANSITIONS.rfind(head) + 1", "no row is there twice"),
    (
        "fsm.py",
        r'row = rows(TRANSITIONS[at : TRANSITIONS.find("\n", at)])[0]',
        r'row = rows(TRANSITIONS[at : TRANSITIONS.rfind("\n", at)])[0]',
        FIRST_ROW,
    ),
    (
        "fsm.py",
        r'row = rows(TRANSITIONS[at : TRANSITIONS.find("\n", at)])[0]',
        r'row = rows(TRANSITIONS[at : TRANSITIONS.find("XX\nXX", at)])[0]',
        FIRST_ROW,
    ),
    ("fsm.py", "QUEUE = 8", "QUEUE = 9", SPARE),
    ("buttons.py", "self._since = 0", "self._since = None", FIRST_LOOK),
    ("buttons.py", "self._since = 0", "self._since = 1", FIRST_LOOK),
    (
        "buttons.py",
        "self._held = False  # the debounced truth, when this press began and the one before was let go",
        "self._held = None  # the debounced truth, when this press began and the one before was let go",
        FIRST_LOOK,
    ),
    (
        "buttons.py",
        "self._held = False  # the debounced truth, when this press began and the one before was let go",
        "self._held = True  # the debounced truth, when this press began and the one before was let go",
        FIRST_LOOK,
    ),
    ("buttons.py", "self._began = 0", "self._began = None", FIRST_LOOK),
    ("buttons.py", "self._began = 0", "self._began = 1", FIRST_LOOK),
    (
        "buttons.py",
        "self._done = False  # this press has had its event, or must not have one",
        "self._done = None  # this press has had its event, or must not have one",
        FIRST_LOOK,
    ),
    (
        "buttons.py",
        "self._done = False  # this press has had its event, or must not have one",
        "self._done = True  # this press has had its event, or must not have one",
        FIRST_LOOK,
    ),
    ("buttons.py", "self._looked = 0", "self._looked = 1", FIRST_LOOK),
    ("buttons.py", "self._done = False", "self._done = None", TRUTH),
    (
        "spec.py",
        'return uio.open(source, "rb") if isinstance(source, str) else uio.BytesIO(source)',
        'return uio.open(source, "XXrbXX") if isinstance(source, str) else uio.BytesIO(source)',
        LETTERS,
    ),
    ("spec.py", "self.title = None", 'self.title = ""', "both mean that model.json gave no title"),
    (
        "spec.py",
        "EVERY = 16  # lines of a labels file for each entry of its index",
        "EVERY = 17  # lines of a labels file for each entry of its index",
        "a smaller index for a slower look-up",
    ),
    (
        "spec.py",
        "CACHE = 12  # labels kept as texts; a frame shows ten at most",
        "CACHE = 13  # labels kept as texts; a frame shows ten at most",
        SPARE,
    ),
    (
        "spec.py",
        "width = height = channels = size = main = refused = 0",
        "width = height = channels = size = main = refused = 1",
        "nobody asks for the size of a folder with problems",
    ),
    ("once/choice.py", 'with uio.open(path, "rb") as file:', 'with uio.open(path, "XXrbXX") as file:', LETTERS),
    (
        "once/choice.py",
        'with uio.open(root + names[slots.index(min(slots))], "wb") as file:',
        'with uio.open(root + names[slots.index(min(slots))], "XXwbXX") as file:',
        LETTERS,
    ),
    (
        "once/choice.py",
        "line = file.read(most)",
        "line = file.read(None)",
        "a bound for foreign files; a slot is shorter",
    ),
    (
        "once/choice.py",
        'body = ("%d %s" % (max(slots)[0] + 1, text)).encode()',
        'body = ("%d %s" % (max(slots)[0] + 2, text)).encode()',
        "any higher number counts as the newer",
    ),
)
