"""Every fault that the screen can show: code and name, meaning, remedy. Only device.errors reads this table.

2001 to 2015 are the firmware's codes (MaixPy's Maix_kpu.c), the others are the app's. The texts are one string with
three lines for each code: as tuples they would take twice the heap. A meaning has at most 60 characters and a remedy at
most 120, because a panel of 240x135 shows 30 columns and 11 rows.
"""

ERRORS = """
2001 ERR_PARAM
The firmware refused the load address or the file name.
Check "kmodel" in model.json: a name ending in .kmodel, or a flash address above 0.
2002 ERR_KMODEL_VERSION
The file is damaged, or this firmware lacks its version.
Copy it again, check the flash address, or convert with nncase 0.1 (v3) or 0.2 (v4, if the firmware has it).
2003 ERR_KMODEL_FORMAT
The model file is damaged, or larger than 6 MiB.
Copy the file again and compare its size; if that does not help, convert the model again.
2004 ERR_DECRYPT
The encrypted model does not belong to this board.
Ask for the file made for this board's machine id, or use a plain .kmodel.
2005 ERR_READ_FILE
The model file is missing, empty or cannot be read.
Check the card and the file name in model.json, and copy the model again.
2006 ERR_NO_MEM
The model does not fit into the free memory.
Use the minimum firmware, shrink the model, or leave MaixPy for the C SDK.
2007 ERR_GET_CONV_LAYER
The first layer of the model is not a convolution.
Convert a model that takes a picture; networks fed with lists of numbers cannot run here.
2008 ERR_RUN_MODEL
The model stopped while it ran; it may be damaged.
Reload it; if it happens again, copy the file again or convert the model again.
2009 ERR_MODELS_FULL
The firmware already holds five models.
Something else keeps its models: switch the power off and on, and run no other script before this one.
2010 ERR_PERMITION
The firmware does not permit this model.
Use a plain .kmodel, or ask its maker for one that this board may run.
2011 ERR_IDX_OUTRANGE
The model has no output with this number.
Give "outputs" in model.json one entry for each output of the model.
2012 ERR_SIZE_NOTMATCH
The model's output has another shape than model.json says.
Check labels, anchors (5 pairs) and "outputs": a detector has 5 x (labels + 5) channels.
2013 ERR_OUTPUTS_SET
A kmodel v4 needs the shape of its outputs.
Write "outputs": [[width, height, channels]] into model.json (kpu.set_outputs).
2014 ERR_NOT_IMPLEMENT
The model uses a layer that this firmware does not have.
Convert it again without that layer, or use a newer firmware.
2015 ERR_UNKNOWN
The firmware cannot load this file.
Copy the file again, or convert with nncase 0.2 (v4) or 0.1 (v3): no later one runs here.
101 CARD_MISSING
There is no TF card, or it cannot be mounted.
Put a card in: MBR partition table, FAT32.
102 CARD_EMPTY
The card holds no model.
Put models/NAME/model.json and its .kmodel on the card, then press the key.
103 BAD_FOLDER
This model's folder has mistakes.
Correct what is named above in model.json; maixswitch check finds the same on a PC.
104 CAMERA_MISSING
No camera answers.
Switch the power off, press the camera's flat cable home, contacts the right way round, and start again.
105 CAMERA_TIMEOUT
The camera sends no pictures.
Check the flat cable and the power supply; if it stays so, switch off and on.
106 OUT_OF_HEAP
Python's own memory (512 KiB) is full.
Use .mpy files of the app, a smaller model input, or a larger Maix.utils.gc_heap_size.
107 WRONG_SIZE
The picture does not fit the model's input.
Write the model's true width, height and channels as "input" into model.json.
108 CARD_READ
The card is damaged, or does not answer.
Take it out and put it in again; if it stays so, check it on a PC or use another card.
109 BAD_SETTINGS
maixswitch.json has mistakes.
Correct what is named above; the other settings are in use.
110 SCREEN
The screen could not be started.
Check "board" and "screen" in maixswitch.json against the board.
111 OLD_FIRMWARE
This firmware is too old for the app.
Flash MaixPy v0.6.2-41 or newer. From v0.5.1 on the app runs, but sees no card that is put in later.
199 INTERNAL
Something unexpected happened.
Press the key to go on. Please report this text, with what was done before.
"""


def codes():
    """Return the codes in the order of the table."""
    return [int(line.split(" ")[0]) for line in ERRORS.strip().split("\n")[::3]]
