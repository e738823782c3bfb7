"""The first 1,000 switches of the scenario endurance, which is too long for every run of the tests."""

import endurance


def run():
    endurance.run(1000)
