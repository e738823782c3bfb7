"""A card without models: the app says so, and the key reads the card again."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start({})
    stage.expect("EMPTY")
    stage.run(2500)
    stage.expect("EMPTY")
    bench.card.backend.mkdir("models")
    stage.press()
    stage.expect("EMPTY")
    bench.card.backend.files.update(bench.MemoryCard(card()).files)
    stage.press()
    stage.frames(1)
    stage.expect("RUNNING", "Face")
    stage.end()
