"""The chip's pins: levels, which function sits on which pin, interrupts, and fingers on keys."""

FUNC_GPIOHS0 = 24
FUNC_GPIO0 = 56
FUNC_RESV0 = 120

IRQ_FALLING = 1
IRQ_RISING = 2


class Pins:
    """48 IO pins. Levels come from outside (keys) or from a GPIO in output mode; function numbers from the FPIOA."""

    def __init__(self, clock, scheduler):
        self._clock = clock
        self._scheduler = scheduler
        self.reset()

    def reset(self):
        self.functions = {}  # pin -> function number
        self.levels = {}  # pin -> level from outside; absent: pulled up
        self.outputs = {}  # GPIO id -> level it drives
        self.modes = {}  # GPIO id -> mode
        self.irqs = {}  # GPIO id -> [callback, trigger, gpio object], armed interrupts
        self.gpios = {}  # GPIO id -> the one object of that id
        for pin, function in ((4, 18), (5, 19)):
            self.functions[pin] = function

    def pin_of(self, function: int):
        """Return the pin that carries a function, or None."""
        for pin, has in self.functions.items():
            if has == function:
                return pin
        return None

    def level(self, pin: int) -> int:
        """Return what a GPIO on this pin reads; an open input is pulled up here."""
        return self.levels.get(pin, 1)

    def gpio_level(self, number: int) -> int:
        """Return what GPIO id `number` (0..31 GPIOHS, 32..39 GPIO) reads; 0 when no pin carries it."""
        function = FUNC_GPIOHS0 + number if number < 32 else FUNC_GPIO0 + number - 32
        for pin in self.functions:
            if self.functions[pin] == function:
                return self.levels.get(pin, 1)
        return 0

    def set(self, pin: int, level: int) -> None:
        """Put a raw level on a pin now; an edge fires the interrupt armed for it."""
        old = self.levels.get(pin, 1)
        self.levels[pin] = level
        # Only an edge fires. A pin without a function changes its level, but nobody listens.
        if old == level or pin not in self.functions:
            return
        # Interrupts exist for the GPIOHS only; the slow GPIOs have none that a program can reach.
        number = self.functions[pin] - FUNC_GPIOHS0
        armed = self.irqs.get(number) if 0 <= number < 32 else None
        if armed is not None and armed[1] & (IRQ_RISING if level else IRQ_FALLING):
            self._scheduler.post(armed[0], armed[2])

    def press(self, pin: int, hold: int = 80, after: int = 0, bounce=(), pressed: int = 0) -> None:
        """Press a key in `after` ms and let go `hold` ms later.

        `bounce`: ms offsets from both edges at which the contact toggles once more; it always settles.
        """
        start = self._clock.now + after
        self._edge(pin, start, pressed, bounce)
        self._edge(pin, start + hold, 1 - pressed, bounce)

    def _edge(self, pin, at, level, bounce):
        turn = level
        self._at(at, pin, turn)
        last = 0
        for offset in bounce:
            turn = 1 - turn
            self._at(at + offset, pin, turn)
            last = offset
        # An odd number of toggles would leave the contact at the wrong level: one more step settles it.
        if turn != level:
            self._at(at + last + 1, pin, level)

    def _at(self, ms, pin, level):
        self._clock.at(ms, lambda: self.set(pin, level))
