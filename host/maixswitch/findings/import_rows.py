"""Rows of the findings table: what stops an import, and what it notes (C5xx).

Each is (code, severity, what it means, what to do), as `Rule` of finding_table has them.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

SOURCE: tuple[Row, ...] = (
    ("C500", "error", "What is to be imported cannot be read.", "Check its name, and whether you may read it."),
    (
        "C501",
        "error",
        "There is no model in it.",
        "Name the folder, .zip, .kfpkg or .kmodel of one export; what is there instead is said.",
    ),
    (
        "C502",
        "error",
        "A model file is no kmodel v3 or v4.",
        "Do what is said of this kind of file: download the raw file, unpack it, or convert the network again.",
    ),
    (
        "C503",
        "error",
        "A model file is encrypted or of a closed format: it runs on the one board that it was made for.",
        "Ask its maker for the plain .kmodel.",
    ),
    (
        "C504",
        "error",
        "The kmodel cannot be read: it is damaged, or has parts that are unknown.",
        "Copy or download it again and compare its size; if that does not help, convert the model again.",
    ),
    (
        "C505",
        "error",
        "There is more than an import takes: a model file over 6 MiB, or too many files.",
        "Name the folder of one export; a larger model loads with no firmware.",
    ),
    (
        "C506",
        "note",
        "A link leads out of the folder and was passed over.",
        "Copy the file itself into the folder if it belongs to the model.",
    ),
    ("C507", "note", "The words of the kmodel were swapped, and were turned round for the card.", "Nothing to do."),
    (
        "C510",
        "error",
        "The archive holds a name that leads out of it.",
        "Do not unpack it; ask for another archive, or import the .kmodel alone.",
    ),
    (
        "C511",
        "error",
        "The archive holds a link or a device.",
        "Pack the files themselves, or import the folder.",
    ),
    (
        "C512",
        "error",
        "The archive is too large, or becomes so when it is unpacked.",
        "Pack only the model and its texts, or import the folder.",
    ),
    ("C513", "error", "The archive is encrypted.", "Unpack it with its password and import the folder."),
    (
        "C514",
        "error",
        "The archive holds two files of one name; a FAT card knows no capitals.",
        "Take one of them out and pack it again.",
    ),
    ("C515", "error", "The archive is damaged.", "Download or copy it again."),
    (
        "C516",
        "error",
        "The archive is packed in an unusual way.",
        "Pack it again as a plain zip, or import the folder.",
    ),
)

MODEL: tuple[Row, ...] = (
    (
        "C520",
        "error",
        "The files contradict each other.",
        "Decide with the option that is named: it takes one of the files, or a value of your own.",
    ),
    (
        "C521",
        "error",
        "No labels were found.",
        "Give them with --labels FILE, one a line, in the order of the training.",
    ),
    (
        "C522",
        "error",
        "The number of labels is not that of the network's classes.",
        "Give exactly the labels of the training, in its order: --labels FILE",
    ),
    (
        "C523",
        "error",
        "A label is empty, too long, or cannot be printed.",
        "Shorten or replace it in the file, or give another: --labels FILE",
    ),
    (
        "C524",
        "error",
        "It is a detector, and no anchors were found.",
        "Give the anchors of the training in grid cells: --anchors 1.1,2.2,... or --anchors FILE",
    ),
    (
        "C525",
        "error",
        "The output does not fit the anchors: it has not anchors x (labels + 5) channels.",
        "Give all anchors of the training; if it is no YOLOv2 detector, say --kind classifier.",
    ),
    (
        "C526",
        "note",
        "MaixPy's detector takes exactly five anchors; this model has another number.",
        "Train with five anchors, or take a board with the CanMV firmware.",
    ),
    (
        "C527",
        "note",
        "The anchors were fractions of the picture and were turned into grid cells.",
        "Nothing to do; if the boxes are wrong, give the anchors in cells with --anchors.",
    ),
    (
        "C528",
        "note",
        "There are anchors, but the network is no detector.",
        "Nothing to do, unless this is the wrong model.",
    ),
    (
        "C530",
        "error",
        "The network has several outputs; the app reads one.",
        "Take another model; YOLOv3 and other networks with several outputs cannot run here.",
    ),
    (
        "C531",
        "error",
        "The network does not take one picture of 1 or 3 channels.",
        "Convert a network whose first layer is a convolution over a picture.",
    ),
    (
        "C532",
        "error",
        "The network takes another input than --input says.",
        "Leave --input out, or take the right model.",
    ),
    (
        "C533",
        "note",
        "A file says another input than the network takes; the network counts.",
        "Nothing to do, unless this is the wrong model.",
    ),
    (
        "C534",
        "note",
        "A file calls it a classifier, but it is built as a detector.",
        "Nothing to do; --kind classifier says otherwise.",
    ),
    (
        "C535",
        "note",
        "The network ends without a softmax; the app takes one.",
        "Nothing to do; --no-softmax leaves it out.",
    ),
    (
        "C536",
        "note",
        "A script is no clean Python; it was searched for its lists only.",
        "Compare labels and anchors with the script, or give them with --labels and --anchors.",
    ),
    (
        "C537",
        "note",
        "Of several lines of anchors the second was taken, as Kendryte's training writes them.",
        "Nothing to do; --anchors takes others.",
    ),
    (
        "C538",
        "note",
        "The package was made for the board's flash; on the card its model is a file.",
        "Nothing to do.",
    ),
)

CARD: tuple[Row, ...] = (
    (
        "C540",
        "error",
        "The title is taken: another model of the card has it, or its folder.",
        "Give another --title, or remove the other model first: maixswitch remove CARD MODEL",
    ),
    (
        "C541",
        "error",
        "An option has a value that cannot be used, or that does not suit this import.",
        "Correct the option; maixswitch import --help shows what each takes.",
    ),
    (
        "C542",
        "error",
        "--card names no card.",
        "Name the folder that holds models/, or make a card: maixswitch new CARD",
    ),
    (
        "C543",
        "error",
        "The models could not be put onto the card; it is as it was.",
        "Look for room and a lock on the card (maixswitch check CARD), then import again.",
    ),
    (
        "C544",
        "error",
        "The board's own reader would not take the model.",
        "Correct what is named, with an option or in the files.",
    ),
)

IMPORT: tuple[Row, ...] = SOURCE + MODEL + CARD
