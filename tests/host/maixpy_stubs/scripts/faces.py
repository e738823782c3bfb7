# Faces in the picture of the camera, as many public examples find them.
import gc
import sys

import image
import KPU as kpu
import lcd
import sensor
import time

ANCHORS = (1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025)


def start():
    lcd.init(type=1, freq=15000000)
    lcd.rotation(2)
    lcd.clear(lcd.WHITE)
    sensor.reset(dual_buff=True)
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    sensor.set_windowing((224, 224))
    sensor.set_hmirror(0)
    sensor.set_auto_gain(False, gain_db=12)
    sensor.skip_frames(time=500)
    sensor.run(1)


def main(model="/sd/face.kmodel", threshold=0.5):
    start()
    clock = time.clock()
    task = None
    try:
        logo = image.Image(size=(320, 240))
        logo.draw_string(90, 110, "loading", color=(255, 0, 0), scale=2, mono_space=0)
        lcd.display(logo)
        task = kpu.load(0x300000 if model is None else model)
        kpu.init_yolo2(task, threshold, 0.3, 5, ANCHORS)
        while True:
            clock.tick()
            img = sensor.snapshot()
            faces = kpu.run_yolo2(task, img)
            if faces:
                for face in faces:
                    img.draw_rectangle(face.rect(), color=(0, 255, 0), thickness=2)
                    img.draw_string(face.x(), face.y(), "%d: %.2f" % (face.classid(), face.value()))
            output = kpu.forward(task, img)
            scores = output[:]
            best = max(scores)
            print(scores.index(best), best, len(output))
            img.draw_string(0, 0, "%2.1f fps" % clock.fps(), color=lcd.RED, scale=1.5)
            lcd.display(img, oft=(0, 0))
            gc.collect()
            print(gc.mem_free(), time.ticks_diff(time.ticks_ms(), 0))
    except Exception as error:
        sys.print_exception(error)
        lcd.draw_string(0, 0, str(error), lcd.RED, lcd.BLACK)
    finally:
        if task is not None:
            kpu.deinit(task)


main()
