"""Classifiers: scores as they come, through a softmax of our own, cut to the best three, and nothing but zeros."""

import bench
from stage import Stage, card


def run():
    stage = Stage().start(card())
    stage.frames(1)
    stage.press(hold=900)
    for scores in ((0.0, 3.0, 1.0, 2.0), (-2.5, -2.5, -90.0, 4.0), (0.25, 0.25, 0.25, 0.25), (60.0, 0.0, -60.0, 59.0)):
        bench.kpu.scores = list(scores)
        stage.frames(2)
        stage.expect("RUNNING", "Things")
    stage.press(hold=900)
    for scores in ((0.0, 0.5, 0.125, 0.375), (0.03125, 1.0), ()):
        bench.kpu.scores = list(scores)
        stage.frames(1)
        stage.expect("RUNNING", "Digits")
    stage.end()
