"""The parts that a board puts around the chip: flash, card, panel, sensor, power chip, keys."""
