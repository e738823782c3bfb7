"""No camera when the app starts: the fault says so after one try, the key works, and a camera is found after a minute.

The watchdog of the settings does not fire in the five seconds that the firmware takes for a try.
"""

import bench
from stage import Stage, card, say


def run():
    stage = Stage().power(card(), settings='{"watchdog": 4000}')
    bench.camera.connected = False
    stage.boot()
    stage.until("FAULT", 100)
    stage.expect("FAULT", None, 104)
    stage.run(130000)
    stage.press()
    stage.until("FAULT", 1000)
    stage.expect("FAULT", None, 104)
    say("tries", bench.calls["sensor.reset"])
    bench.camera.connected = True
    stage.run(60000)
    stage.frames(2)
    stage.expect("RUNNING", "Digits")
    stage.end()
