"""The one table of findings: code, severity, what it means, what to do. Codes are for ever: none is used twice.

C0xx the app and what starts; C1xx folders and model.json; C2xx the kmodel; C3xx camera, board and panel; C4xx the card
as a medium, and its settings; C5xx import; B6xx a board on its cable. Texts are English and the keys of the
translations; {names} are filled in by the finding's values.
"""

from __future__ import annotations

from dataclasses import dataclass

from .board_rows import BOARD as BOARD_ROWS
from .import_rows import IMPORT as IMPORT_ROWS
from .medium_rows import MEDIUM as MEDIUM_ROWS

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)


@dataclass(frozen=True)
class Rule:
    """One row. ``severity``: error (it will not work), warning (it may not) or note (good to know)."""

    code: str
    severity: str
    title: str
    remedy: str


APP = (
    Rule("C001", ERROR, "The app is not on this card.", "Run: maixswitch build {card}"),
    Rule("C002", ERROR, "Files of the app are missing.", "Run: maixswitch build {card}"),
    Rule(
        "C003",
        WARNING,
        "Files of the app differ from those of this maixswitch: another version, or changed by hand.",
        "If you did not change them, run: maixswitch build {card}",
    ),
    Rule(
        "C004",
        ERROR,
        "This file is no program that the board's MicroPython v1.11 compiles.",
        "Mend that line, or bring the app's own files back: maixswitch build {card}",
    ),
    Rule(
        "C005",
        ERROR,
        "This .mpy file was made by another mpy-cross than 1.11: the board refuses to import it.",
        "Run: maixswitch build --mpy {card}, or compile it again with mpy-cross 1.11.",
    ),
    Rule(
        "C006",
        WARNING,
        "A module is there twice, as .py and as .mpy: the board takes the .py and never looks at the other.",
        "Delete the older one, or run: maixswitch build {card}",
    ),
    Rule(
        "C007",
        ERROR,
        "Another program's boot.py does its own work when the board starts: the app comes late or never.",
        "Import its model (maixswitch import), then run: maixswitch build {card}",
    ),
    Rule(
        "C008",
        WARNING,
        "boot.py is not the app's own; the firmware runs it before the app.",
        "If you did not write it, run: maixswitch build {card}",
    ),
    Rule(
        "C009",
        ERROR,
        "main.py does not start the app: the board runs another program.",
        "Import its model (maixswitch import), then run: maixswitch build {card}",
    ),
    Rule(
        "C010",
        WARNING,
        "The firmware copies this file into the board's own flash, for ever, and resets.",
        "Delete it, unless that is what you want.",
    ),
    Rule(
        "C011",
        WARNING,
        "This file has the name of one of the firmware's modules, and is taken in its place.",
        "Rename it, or delete it.",
    ),
    Rule(
        "C012",
        NOTE,
        "This file in device/ belongs to no app of this maixswitch.",
        "If it is not yours, run: maixswitch build {card}, which takes old files away.",
    ),
    Rule(
        "C013",
        WARNING,
        "This line of a changed file of the app will not work on the board when it runs.",
        "Mend that line, or bring the app's own files back: maixswitch build {card}",
    ),
)

FOLDERS = (
    Rule(
        "C100",
        ERROR,
        "The card holds no model.",
        "Bring one: maixswitch import FILE --card {card}, or make models/NAME/model.json with its .kmodel.",
    ),
    Rule(
        "C101",
        ERROR,
        "The folder has no model.json.",
        "Write one, or let maixswitch import make it from the .kmodel and its labels.",
    ),
    Rule(
        "C102",
        ERROR,
        "model.json cannot be read.",
        "Mend its text: one JSON object in UTF-8, brackets and quotes closed, of at most 8192 bytes.",
    ),
    Rule("C103", ERROR, "model.json has a field that nobody knows.", "Correct its name, or take it out."),
    Rule("C104", ERROR, '"schema" is missing or of another version.', 'Write "schema": 1.'),
    Rule(
        "C105", ERROR, '"title" is missing or cannot be used.', 'Write a name of 1 to 32 characters: "title": "Face".'
    ),
    Rule(
        "C106",
        ERROR,
        '"kind" is missing or unknown.',
        'Write one of the kinds that the app knows, such as "kind": "classifier".',
    ),
    Rule(
        "C107",
        ERROR,
        '"input" is missing or cannot be used.',
        "Write the network's width, height and channels, such as [320, 240, 3]; maixswitch kmodel info shows them.",
    ),
    Rule(
        "C108",
        ERROR,
        "The labels are missing or cannot be read.",
        "Write a list of names, or the name of a text file beside model.json with one label a line, in UTF-8.",
    ),
    Rule(
        "C109",
        ERROR,
        '"anchors" is missing or cannot be used.',
        "Write the anchors of the training, width and height of each in grid cells, all above 0.",
    ),
    Rule("C110", ERROR, '"threshold" cannot be used.', "Write a number from 0 to 1, such as 0.5."),
    Rule("C111", ERROR, '"nms" cannot be used.', "Write a number from 0 to 1, such as 0.3."),
    Rule("C112", ERROR, '"top" cannot be used.', "Write a whole number from 1 to 10."),
    Rule("C113", ERROR, '"softmax" cannot be used.', "Write true or false, without quotes."),
    Rule(
        "C114",
        ERROR,
        '"outputs" cannot be used.',
        "Leave it out, or write width, height and channels of each output: [[10, 7, 125]].",
    ),
    Rule(
        "C115",
        ERROR,
        '"kmodel" names no file that can be used.',
        "Copy the .kmodel beside model.json and write its exact name; a file has 1 to 6291456 bytes.",
    ),
    Rule(
        "C116",
        ERROR,
        "Two models have the same title; the later one is not loaded.",
        'Give this one another "title".',
    ),
    Rule(
        "C117",
        ERROR,
        "The folder cannot be read.",
        "Copy it again; if that does not help, check the card on this PC or take another one.",
    ),
    Rule(
        "C118",
        ERROR,
        "The number of labels is not that of the network's classes.",
        "Write exactly the labels of the training, in its order.",
    ),
    Rule(
        "C119",
        ERROR,
        '"input" is not the size that the network takes.',
        'Write the network\'s own size as "input": {input}.',
    ),
    Rule(
        "C120",
        ERROR,
        '"outputs" does not fit the outputs of the network.',
        "Leave it out, or write what maixswitch kmodel info shows.",
    ),
    Rule(
        "C121",
        ERROR,
        "The firmware's detector takes exactly five anchors.",
        "Train or convert with five anchors, or take a board with the CanMV firmware (--firmware canmv).",
    ),
    Rule(
        "C122",
        NOTE,
        "This model file lies in the folder and is not used.",
        'Delete it to save space, or name it as "kmodel".',
    ),
    Rule(
        "C123",
        NOTE,
        "This model file lies outside every model's folder: the app passes it over.",
        "Bring it in: maixswitch import {source} --card {card}",
    ),
    Rule("C199", ERROR, "model.json has a mistake.", "Mend what is named here."),
)

KMODEL = (
    Rule(
        "C201",
        ERROR,
        "The model file is damaged.",
        "Copy or download it again and compare its size; if that does not help, convert the model again.",
    ),
    Rule(
        "C202",
        ERROR,
        "The model file is of a newer version than any firmware of this chip runs (error 2015).",
        "Convert the network again with nncase 0.2 (kmodel v4) or 0.1 (kmodel v3).",
    ),
    Rule(
        "C203",
        ERROR,
        "The words of the model file are swapped, for kpu.load_flash(): it cannot be loaded from a card.",
        "Take the original .kmodel, or swap each four bytes back.",
    ),
    Rule(
        "C204",
        WARNING,
        "The model file is encrypted: it runs on the one board that it was made for, and nothing can be checked here.",
        "Ask its maker for the plain .kmodel.",
    ),
    Rule(
        "C205",
        ERROR,
        "The file is no kmodel.",
        "Download the .kmodel itself (the raw file), or unpack it from the package that it came in.",
    ),
    Rule(
        "C206",
        ERROR,
        "The model does not fit into the memory of {firmware} (error 2006).",
        "Take a minimum firmware, a smaller network, or name the firmware that the board has with --firmware.",
    ),
    Rule(
        "C207",
        NOTE,
        "The model runs with some firmwares only.",
        "Put one of those on the board that it fits: {fits}.",
    ),
    Rule(
        "C208",
        ERROR,
        "kmodel v4 is more than {firmware} can load (error 2002).",
        "Take a firmware with kmodel v4 support, such as minimum_with_kmodel_v4_support, or convert to kmodel v3.",
    ),
    Rule(
        "C209",
        ERROR,
        "The network needs more than the 2 MiB of the chip's AI RAM.",
        "Make its input smaller or its first layers narrower, and convert it again.",
    ),
    Rule(
        "C210",
        ERROR,
        "The network has a layer that no firmware runs (error 2014).",
        "Convert the network again, in a form without that layer.",
    ),
    Rule(
        "C211",
        WARNING,
        "Fields of a layer contradict each other: the chip may compute something else than the emulator.",
        "Convert the model again with nncase 0.1 or 0.2.",
    ),
    Rule(
        "C212",
        ERROR,
        "The model fits only when Python's own memory is made smaller.",
        "On the board, type: from Maix import utils; utils.gc_heap_size({bytes}), then reset. Check with: --gc {kib}",
    ),
    Rule(
        "C213",
        ERROR,
        "The detector's output has another number of classes than there are labels.",
        "Write exactly the labels of the training, in its order.",
    ),
    Rule(
        "C214",
        ERROR,
        "The network's output is none of a YOLOv2 detector with five anchors.",
        'Write "kind": "classifier" if it is one; YOLOv3 and other heads cannot run here.',
    ),
    Rule(
        "C215",
        WARNING,
        "All anchors are below 1: they look like fractions of the picture, as aXeleRate writes them.",
        "Multiply widths by {columns} and heights by {rows}, the cells of this network.",
    ),
    Rule(
        "C216",
        WARNING,
        "An anchor is larger than the whole grid: they look like pixels.",
        "Divide widths and heights by the pixels of one cell, so that they count cells.",
    ),
    Rule(
        "C217",
        ERROR,
        "The network does not take a picture (error 2007).",
        "Convert a network whose first layer is a convolution over a picture.",
    ),
    Rule(
        "C218",
        NOTE,
        "The network ends without a softmax: its scores are no shares of 1, and a threshold means little.",
        'Write "softmax": true into model.json.',
    ),
    Rule(
        "C219",
        NOTE,
        "The network has a softmax of its own; a second one makes all scores alike.",
        'Take "softmax" out of model.json.',
    ),
    Rule(
        "C220",
        ERROR,
        "The model did not run in the emulated board.",
        "maixswitch explain says more about the message; maixswitch sim shows the whole run.",
    ),
    Rule("C221", NOTE, "The model ran in the emulated board, over one picture of the drawn scene.", "Nothing to do."),
    Rule(
        "C222",
        ERROR,
        "The app does not start on {firmware}: this version lacks what it needs.",
        "Write v0.6.2-78 or later onto the board with kflash.",
    ),
    Rule(
        "C223",
        WARNING,
        "On {firmware} a part of the app does not work: this version lacks what it takes.",
        "Write v0.6.2-78 or later onto the board with kflash. Without machine.SDCard a card that was pulled comes back "
        "after RESET only; without lcd_type the panel of an Amigo may stay dark.",
    ),
    Rule(
        "C224",
        WARNING,
        "The network's dense layers have an activation that {firmware} ignores: it answers other than its maker saw.",
        "Convert the network with maixswitch convert, or to kmodel v4, which applies it; or take a CanMV firmware.",
    ),
)

CAMERA = (
    Rule(
        "C301",
        NOTE,
        "The input is no window of the camera's picture: each picture is resized, which takes time and memory.",
        "Nothing to do; faster are 128x96 to 320x240 pixels in multiples of 8, in colour.",
    ),
    Rule(
        "C302",
        ERROR,
        "A picture of this input's size does not fit into Python's own memory.",
        "Train with a smaller input; 320x240 or less needs no such memory.",
    ),
)

CARD = (
    Rule(
        "C480",
        WARNING,
        "maixswitch.json cannot be read; the app goes on without it.",
        "Mend its text: one JSON object in UTF-8, brackets and quotes closed.",
    ),
    Rule("C481", WARNING, "maixswitch.json has a field that nobody knows.", "Correct its name, or take it out."),
    Rule(
        "C482",
        WARNING,
        "A setting in maixswitch.json cannot be used; the app goes on without it.",
        "Write what is wanted, or take it out.",
    ),
    Rule(
        "C483",
        ERROR,
        "This board is unknown; the app would take it for another.",
        "Write one of those that are known, or take the line out: the board is then found out by itself.",
    ),
)

MEDIUM = tuple(Rule(*row) for row in MEDIUM_ROWS)
IMPORT = tuple(Rule(*row) for row in IMPORT_ROWS)
BOARD = tuple(Rule(*row) for row in BOARD_ROWS)

RULES: tuple[Rule, ...] = APP + FOLDERS + KMODEL + CAMERA + MEDIUM + CARD + IMPORT + BOARD
