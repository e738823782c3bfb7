"""The commands of the HuskyLens protocol 0.5.1, and what the app does for each; docs/husky.md is generated from it.

A test sends every row to the app and compares the answer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A command of the protocol.

    code: its byte. name: as the document of the protocol has it, without COMMAND_REQUEST_.
    answer: "OK", "INFO" (and a BLOCK for each result) or "PRO".
    here: what happens. clients: which were run against the app, see CLIENTS.
    """

    code: int
    name: str
    answer: str
    here: str
    clients: str


CLIENTS = {
    "A": "Arduino library (HUSKYLENSArduino 6051643), compiled on a PC",
    "P": "pyhuskylens 2.3.0",
    "H": "huskytools 0.2.1",
}
_NONE = "count 0: there are no arrows here"

ROWS = (
    Row(0x20, "(all)", "INFO", "a BLOCK for each result of the last frame", "A P"),
    Row(0x21, "BLOCKS", "INFO", "the same", "H"),
    Row(0x22, "ARROWS", "INFO", _NONE, "H"),
    Row(0x23, "LEARNED", "INFO", "the results with an id: all but a face that was not learnt", "A P"),
    Row(0x24, "BLOCKS_LEARNED", "INFO", "the same", ""),
    Row(0x25, "ARROWS_LEARNED", "INFO", _NONE, ""),
    Row(0x26, "BY_ID", "INFO", "the results of one id", "A P"),
    Row(0x27, "BLOCKS_BY_ID", "INFO", "the same", "H"),
    Row(0x28, "ARROWS_BY_ID", "INFO", _NONE, "H"),
    Row(0x2C, "KNOCK", "OK", "nothing", "A P H"),
    Row(
        0x2D,
        "ALGORITHM",
        "OK",
        "select the model at this position, from 0; nothing for the one that runs, or beyond the last",
        "A P H",
    ),
    Row(0x2F, "CUSTOMNAMES", "OK", "another name for an id, until the model goes; a learnt one keeps it", "A H"),
    Row(0x30, "PHOTO", "OK", "save the camera's picture on the card, `photos/0001.jpg` and so on", "A H"),
    Row(0x32, "SEND_KNOWLEDGES", "OK", "copy what the model has learnt into a slot, 0 to 9, in its folder", "A H"),
    Row(0x33, "RECEIVE_KNOWLEDGES", "OK", "let the copy in a slot count again; nothing for an empty slot", "A H"),
    Row(0x34, "CUSTOM_TEXT", "OK", "a text on the pictures; ten at most, one at a place", "A P H"),
    Row(0x35, "CLEAR_TEXT", "OK", "clear the texts", "A P H"),
    Row(0x36, "LEARN", "OK", "learn the picture as this id, or anew; ids have no gaps. For kinds that learn", "A H"),
    Row(0x37, "FORGET", "OK", "forget all that the model has learnt", "A H"),
    Row(0x39, "SAVE_SCREENSHOT", "OK", "save the next picture as the panel shows it", "A H"),
    Row(0x3B, "IS_PRO", "PRO", "1: no command is refused", "A H"),
    Row(0x3C, "FIRMWARE_VERSION", "OK", "nothing", "P"),
)
