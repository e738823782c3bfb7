"""No card when the power comes on: the app says so, and starts with the card whenever it comes, with its settings."""

import bench
from stage import Stage, card, say


def run():
    stage = Stage().start(None)
    stage.expect("NO_CARD")
    stage.run(3000)
    stage.press()
    stage.expect("NO_CARD")
    files = card()
    files["maixswitch.json"] = '{"board": "cube"}'
    bench.card.insert(bench.MemoryCard(files), mount=False)
    stage.frames(2)
    stage.expect("RUNNING", "Face")
    say("screen", bench.screen.width, bench.screen.height)
    stage.press(16)  # the cube's key for the next model
    stage.frames(1)
    stage.expect("RUNNING", "Digits")
    stage.end()

    stage.power()
    bench.clock.at(1500, lambda: bench.card.insert(bench.MemoryCard(card())))  # mounted while the app starts
    stage.boot()
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.end()
