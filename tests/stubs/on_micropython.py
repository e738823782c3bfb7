# ruff: noqa: E402  the fakes must be installed before they are imported
"""Run by MicroPython, not by pytest: uses the fakes and prints how much their calls in a frame allocate.

Argument: the folder of the fakes. Prints lines "name value" that the test reads.
"""

import gc
import sys

sys.path.insert(0, sys.argv[1])

import bench

bench.install()

import KPU
import lcd
import machine
import sensor
import uio
import uos
import utime
from benchlib.models import kmodel_v3
from fpioa_manager import fm
from Maix import GPIO

gc.collect()
print("imported", gc.mem_alloc())

bench.reset()
bench.screen.capture = bench.screen.draw = False
FILES = {
    "models/a/a.kmodel": kmodel_v3(size=388776),
    "models/b/b.kmodel": kmodel_v3((224, 224, 3), last="softmax", classes=3),
    "models/labels.txt": "one\ntwo\n",
}
bench.card.insert(bench.MemoryCard(FILES))
fm.register(16, fm.fpioa.GPIOHS0)
pin = GPIO(GPIO.GPIOHS0, GPIO.IN, GPIO.PULL_UP)
heard = []
pin.irq(lambda gpio: heard.append(utime.ticks_ms()), GPIO.IRQ_FALLING)
bench.keys.press(16, after=20)
utime.sleep_ms(100)
pin.disirq()
print("heard", len(heard))

lcd.init()
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
with uio.open("/sd/models/labels.txt") as file:
    print("label", file.readline().strip())
print("models", len(uos.listdir("/sd/models")))

task = KPU.load("/sd/models/a/a.kmodel")
KPU.init_yolo2(task, 0.5, 0.3, 5, (1.0,) * 10)
dog = machine.WDT(0, 5000)
img = sensor.snapshot()
sensor.set_windowing((224, 224))
square = sensor.snapshot()
scores = KPU.load("/sd/models/b/b.kmodel")


def run():
    KPU.run_yolo2(task, img)


def forward():
    KPU.forward(scores, square)


def display():
    lcd.display(img)


def text():
    img.draw_string(1, 2, "face 0.93", 0xFFFF)


def frame():
    img.draw_rectangle(1, 2, 30, 40, 0xFFFF)


def measure(name, call):
    call()
    call()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(8):
        call()
    print(name, (gc.mem_alloc() - before) // 8)
    gc.enable()


for name, call in (
    ("snapshot", sensor.snapshot),
    ("run_yolo2", run),
    ("forward", forward),
    ("display", display),
    ("draw_string", text),
    ("draw_rectangle", frame),
    ("ticks_ms", utime.ticks_ms),
    ("value", pin.value),
    ("feed", dog.feed),
):
    measure(name, call)

KPU.deinit(scores)
KPU.deinit(task)
dog.stop()
levels = []
for turn in range(600):
    task = KPU.load("/sd/models/a/a.kmodel")
    KPU.init_yolo2(task, 0.5, 0.3, 5, (1.0,) * 10)
    KPU.run_yolo2(task, img)
    KPU.deinit(task)
    if turn % 200 == 199:
        gc.collect()
        levels.append(gc.mem_alloc())
bench.kpu.check()
print("growth", levels[-1] - levels[0])
try:
    KPU.run_yolo2(task, img)
except BaseException as error:
    print("crash", type(error).__name__)
try:
    KPU.load("/sd/none.kmodel")
except ValueError as error:
    print("error", error.args[0][-40:])

# Faces, the classifier and pixels: the answers are those of CPython.
import image

print("feature", list(KPU.face_encode([0.1, -0.3, 0.25])), KPU.face_compare(b"\x01\x02", b"\x02\x01"))
numbers = image.get_affine_transform([(50, 60), (90, 58), (70, 80)], [(44, 59), (84, 59), (64, 82)])
print("transform", " ".join([str(int(value * 100000)) for value in numbers]))
bench.screen.draw = True
small = image.Image(size=(16, 8)).clear()
small.draw_rectangle(2, 2, 6, 4, (255, 200, 0), 1, True)
small.pix_to_ai()
other = image.Image(size=(8, 8)).clear()
other.pix_to_ai()
image.warp_affine_ai(small, other, (0.5, 0.1, 1, 0, 1, 0, 0, 0, 1))
other.ai_to_pix()
grey = other.to_grayscale(1)
grey.strech_char(1)
print("warped", sum(other.to_bytes()), sum(grey.to_bytes()), hasattr(grey, "invert"))
task = KPU.load("/sd/models/b/b.kmodel")
learner = KPU.classifier(task, 2, 2, fea_len=2)
for scores in ([0.0, 0.0], [4.0, 0.0]):
    bench.kpu.scores = scores
    learner.add_class_img(square)
bench.kpu.scores = [3.0, 1.0]
learner.add_sample_img(square)
learner.train()
learner.save("/sd/learnt")
print("learnt", learner.predict(square), KPU.classifier.load(task, "/sd/learnt", fea_len=2)[1:])
learner.__del__()
