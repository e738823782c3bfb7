# Mistakes that an editor should show: each line with a mark, and no other.
import json
import time

import image
import KPU as kpu
import lcd
import sensor
from Maix import GPIO

sensor.reset(1)  # error
sensor.set_pixformat(sensor.RGB888)  # error
picture = sensor.snapshot()
picture.draw_rectangle(1, 2, 3)  # error
picture.draw_circle(10, 10, 5, colour=lcd.RED)  # error
picture.width  # no call, which is no error of types
task = kpu.load(b"/sd/a.kmodel")  # error
task.forward(picture)  # error
kpu.run_yolo2(picture, task)  # error
print(kpu.get_output(task, 0).w())  # error
lcd.display("text")  # error
lcd.init(type="1")  # error
time.gmtime()  # error
time.sleep_ms("10")  # error
json.dumps({}, indent=2)  # error
GPIO(GPIO.GPIOHS0, GPIO.OUT).on()  # error
image.Image("/sd/a.bmp").find_faces()  # error
