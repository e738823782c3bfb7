"""Rows of the findings table: text that the panel cannot draw (C31x) and the card as a medium (C40x to C42x).

Each is (code, severity, what it means, what to do), as `Rule` of finding_table has them.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

TEXT: tuple[Row, ...] = (
    (
        "C310",
        "warning",
        "The title has characters that the board's font lacks; each is shown as a question mark.",
        'Write "title" in ASCII letters; the folder may keep its order by its number.',
    ),
    (
        "C311",
        "warning",
        "Labels have characters that the board's font lacks; each is shown as a question mark.",
        "Write the labels in ASCII letters, in the same order, such as pinyin or English names.",
    ),
    (
        "C312",
        "note",
        "The title is longer than the status bar of the panel; its end is cut off.",
        'Give it a shorter "title".',
    ),
    (
        "C313",
        "note",
        "Labels are longer than a line of the panel; their ends are cut off.",
        "Shorten them, the part that tells them apart first.",
    ),
    (
        "C314",
        "warning",
        "Different labels look the same on the panel.",
        "Change them so that they differ in the part that is shown, in ASCII letters.",
    ),
    (
        "C315",
        "warning",
        "Titles of different models look the same on the panel.",
        'Change "title" so that they differ in the part that is shown, in ASCII letters.',
    ),
    (
        "C316",
        "warning",
        "A label has control characters, such as a tab; each is shown as a question mark.",
        "Take them out: one plain name a line, saved as UTF-8 text.",
    ),
)

FORMAT = (
    "Save its files, then format it as FAT32 with an MBR partition table: Windows: diskpart, clean, convert mbr, "
    "create partition primary, format fs=fat32 quick (over 32 GB: Rufus); macOS: diskutil eraseDisk FAT32 MAIX "
    "MBRFormat /dev/diskN; Linux: sfdisk with type=c, then mkfs.vfat -F 32 on the partition."
)

MEDIUM: tuple[Row, ...] = (
    *TEXT,
    (
        "C401",
        "error",
        "model.json names a file with letters beyond ASCII: the board's firmware does not find it.",
        "Rename the file in ASCII letters, and write the same name into model.json.",
    ),
    (
        "C402",
        "warning",
        "A name has letters beyond ASCII: the board sees another name, and cannot remember such a model as chosen.",
        "Rename it in ASCII letters.",
    ),
    (
        "C403",
        "error",
        "Two names differ in capitals only: a FAT card holds one of them.",
        "Rename one of them.",
    ),
    (
        "C404",
        "error",
        "A FAT card cannot hold this name.",
        'Rename it without control characters and " * : < > ? \\ |, without a dot or space at the end, to at most '
        "255 characters.",
    ),
    (
        "C405",
        "warning",
        "Windows keeps this name for a device and can neither copy nor delete the file.",
        "Rename it.",
    ),
    (
        "C406",
        "note",
        "macOS or Windows left files of their own here; the app passes over them.",
        "Nothing to do; on macOS dot_clean -m takes them away.",
    ),
    (
        "C407",
        "warning",
        "The path is longer than the firmware's 127 bytes.",
        "Shorten the names of the folder or the file.",
    ),
    ("C410", "error", "The card is formatted as exFAT: the board does not mount it.", FORMAT),
    ("C411", "error", "The card's file system is none that the board mounts.", FORMAT),
    ("C412", "error", "The card has a GPT partition table: the board looks for MBR only.", FORMAT),
    (
        "C413",
        "error",
        "The card has no partition table, its file system begins in the first sector: the board does not mount it.",
        FORMAT,
    ),
    ("C414", "error", "There is neither a partition table nor a file system on this card.", FORMAT),
    ("C415", "error", "The board's firmware refuses this FAT file system.", FORMAT),
    (
        "C416",
        "note",
        "The partition's type is not FAT's, but its contents are: the board mounts it, a PC may not.",
        "Set the type: Linux: sfdisk --part-type DEVICE NUMBER c.",
    ),
    (
        "C417",
        "note",
        "The card is FAT12 or FAT16: the board mounts it, but Sipeed asks for FAT32.",
        "Nothing to do while it works; else format it as FAT32.",
    ),
    (
        "C418",
        "warning",
        "The card was pulled out before everything was written.",
        "Repair it: Windows: chkdsk X: /f; macOS: Disk Utility, First Aid; Linux: fsck.vfat -a DEVICE. Then eject it.",
    ),
    (
        "C420",
        "warning",
        "The card is full: the board cannot remember the model you chose.",
        "Delete something from it.",
    ),
    ("C421", "note", "The card has little room left.", "Delete what you do not need."),
    (
        "C422",
        "warning",
        "The card is mounted read-only: nothing can be put on it from here.",
        "Slide the adapter's lock up; else repair the card, or take another one: worn cards refuse writing.",
    ),
    (
        "C423",
        "note",
        "The card's own note of its free space is wrong; the board believes it.",
        "Repair it: Windows: chkdsk X: /f; Linux: fsck.vfat -a DEVICE.",
    ),
    (
        "C424",
        "warning",
        "The board takes another partition than the first: those before it hold nothing that it mounts.",
        "Keep one partition on the card, FAT32.",
    ),
    (
        "C425",
        "note",
        "The card as a medium was not checked.",
        "Check the card itself or an image of it: maixswitch check IMAGE.img or /dev/sdX.",
    ),
    (
        "C426",
        "error",
        "The card or image ends before its file system does.",
        "Copy the image again in full; a card that shows this claims more room than it has.",
    ),
    (
        "C427",
        "note",
        "The card has several partitions; the board sees only this one.",
        "Nothing to do; the others' room is not used.",
    ),
)
