# A detector on CanMV.
import lcd
import sensor

from maix import KPU

kpu = KPU()
kpu.load_kmodel("/sd/face.kmodel")
kpu.init_yolo2([1.0, 2.0], anchor_num=1, img_w=320, img_h=240, net_w=320, net_h=240, threshold=0.7, nms_value=0.2)
img = sensor.snapshot()
kpu.run_with_output(img)
for x, y, w, h, number, score in kpu.regionlayer_yolo2():
    img.draw_rectangle(x, y, w, h, color=(0, 255, 0))
    print(number, score)
lcd.display(img)
kpu.deinit()
