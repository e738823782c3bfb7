# What the OpenMV part of the firmware finds in a picture.
import image
import math
import sensor

GREEN = (30, 100, -64, -8, -32, 32)

sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QQVGA)
sensor.set_vflip(1)
sensor.run(1)

while True:
    img = sensor.snapshot().lens_corr(1.8)
    for blob in img.find_blobs([GREEN], pixels_threshold=100, area_threshold=100, merge=True, margin=10):
        img.draw_rectangle(blob.rect())
        img.draw_rectangle(blob[0:4], color=(255, 0, 0))
        img.draw_cross(blob[5], blob[6], size=10)
        print(blob.cx(), blob.cy(), math.degrees(blob.rotation()), blob.density())
    for code in img.find_qrcodes():
        print(code.payload(), code.version(), code.corners()[0][0])
    for tag in img.find_apriltags(families=image.TAG36H11 | image.TAG25H9):
        img.draw_circle(tag.cx(), tag.cy(), 5, fill=True)
    for circle in img.find_circles(threshold=3500, x_margin=10, y_margin=10, r_margin=10, r_min=2, r_max=100, r_step=2):
        img.draw_circle(circle.x(), circle.y(), circle.r(), color=(255, 0, 0))
    line = img.get_regression([(0, 60)], robust=True)
    if line:
        img.draw_line(line.line(), color=127)
        print(line.theta(), line.rho())
    stats = img.get_statistics(roi=(0, 0, 20, 20))
    print(stats.l_mean(), stats.a_mean(), stats[0], img.get_histogram().get_threshold().value())
    grey = img.to_grayscale(copy=True)
    grey.binary([(100, 255)]).erode(1).dilate(1).invert()
    grey.gaussian(1, unsharp=True, threshold=True)
    grey.find_edges(image.EDGE_CANNY, threshold=(50, 80))
    print(grey.get_pixel(3, 4), img.get_pixel((3, 4)), image.rgb_to_lab((255, 0, 0))[0])
    small = img.resize(64, 64)
    small.pix_to_ai()
    small.save("/sd/small.jpg", quality=95)
    print(len(img.compressed(quality=50).to_bytes()), (img.width(), img.height(), img.size()))
