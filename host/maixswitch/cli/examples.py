"""Two examples at the end of each command's help page."""

from __future__ import annotations

EXAMPLES = {
    "new": ("new CARD", "new CARD --mpy"),
    "build": ("build CARD --mpy", "build CARD"),
    "editor": ("editor CARD", "editor ."),
    "order": ("order CARD", "order CARD Digits Shapes"),
    "remove": ("remove CARD 20-digits", "remove CARD Digits"),
    "learnt": ("learnt CARD", "learnt CARD 40-teach --export learnt.json"),
    "import": (
        "import maixhub_export.zip --card CARD",
        "import face.kmodel --card CARD --labels names.txt --title Face",
    ),
    "convert": (
        "convert net.onnx --images photos/ --report net.html",
        "convert net.tflite --images photos/ --labels labels.txt --card CARD",
    ),
    "pack": ("pack CARD -o models.kfpkg", "pack CARD -o all.kfpkg --firmware maixpy.bin"),
    "check": ("check CARD --board cube", "check face.kmodel --firmware minimum_with_kmodel_v4_support"),
    "ls": ("ls CARD", "ls CARD --board m5stickv"),
    "kmodel info": ("kmodel info face.kmodel", "kmodel info face.kmodel --board amigo_tft"),
    "kmodel run": ("kmodel run face.kmodel -i face.png -o out.npz", "kmodel run net.kmodel -i in.npy -o out.npz"),
    "kmodel bench": ("kmodel bench face.kmodel", "kmodel bench face.kmodel --repeat 30"),
    "kmodel diff": ("kmodel diff old.kmodel new.kmodel", "kmodel diff old.kmodel new.kmodel --json"),
    "kmodel view": ("kmodel view face.kmodel", "kmodel view face.kmodel -o face.html"),
    "firmware": ("firmware maixpy.bin", "firmware maixpy.bin --json"),
    "evaluate": (
        "evaluate CARD --data photos/ --report how-good.html",
        "evaluate CARD --data photos/ --model Digits --float net.onnx",
    ),
    "demo": ("demo", "demo --speed max --out pictures/"),
    "sim": ("sim CARD --camera photos/", "sim CARD --web --open"),
    "run": ("run face.py --card CARD", "run face.py --firmware maixpy.bin --seconds 20"),
    "screenshot": (
        "screenshot CARD --script tour.script --out shots/",
        "screenshot CARD --script tour.script --out shots/ --board cube --board go",
    ),
    "replay": ("replay run.rec", "replay run.rec --as-test test_run.py"),
    "guide": ("guide", "guide 5"),
    "diagram": ("diagram", "diagram > states.mmd"),
    "sync": ("sync CARD --port /dev/ttyUSB0", "sync CARD --to /media/me/MAIX --dry-run"),
    "burn": ("burn models.kfpkg --port /dev/ttyUSB0", "burn models.kfpkg --port COM3 --kind dan"),
    "monitor": ("monitor --port /dev/ttyUSB0", "monitor --select 2 --threshold 0.6"),
    "doctor": ("doctor", "doctor --port /dev/ttyUSB0 --fix"),
    "explain": ("explain 2006", "explain 'OSError: [Errno 19] ENODEV'"),
    "reset": ("reset --port /dev/ttyUSB0", "reset --soft"),
    "board": ("board CARD --pty", "board CARD --pty --firmware maixpy.bin --board bit"),
}
"""Command -> what follows `maixswitch ` in its examples."""
