# Files, settings and numbers as bytes.
import binascii
import gc
import json
import os
import random
import struct
import time
import ubinascii
import ucollections
import uhashlib
import ujson
import uos
import ure
import ustruct

import machine

Point = ucollections.namedtuple("Point", ("x", "y"))

print(os.uname()[3], uos.uname()[0], ubinascii.hexlify(machine.unique_id()).decode())
for name in os.listdir("/sd"):
    print(name, os.stat("/sd/" + name)[6])
for entry in uos.ilistdir("/flash"):
    print(entry[0], entry[1] == 0x4000)
with open("/sd/settings.json", "w") as target:
    target.write(ujson.dumps({"threshold": 0.5, "labels": ["a", "b"]}))
with open("/sd/settings.json") as source:
    settings = json.load(source)
print(settings["threshold"])
packed = struct.pack("<HfB", 1, 2.5, 3) + ustruct.pack(">i", -1)
print(struct.unpack("<HfB", packed[:7]), binascii.hexlify(packed))
digest = uhashlib.sha256(packed)
digest.update(b"more")
print(digest.digest())
match = ure.search("v([0-9]+)", "v062")
if match:
    print(match.group(1))
print(Point(1, 2), random.randint(0, 9), random.getrandbits(8))
os.chdir("/sd")
uos.sync()
gc.threshold(gc.mem_free() // 4)
print(time.localtime()[0], time.mktime((2020, 1, 1, 0, 0, 0, 0, 0)), time.ticks_us())
