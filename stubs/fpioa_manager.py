"""Fake of MaixPy's fpioa_manager; programs use the class fm without an instance (builtin_py/fpioa_manager.py)."""

import bench
from benchlib.fpioa import FPIOA


class fm:
    """Assignment of functions to pins, with a warning when a function moves."""

    fpioa = FPIOA()

    @staticmethod
    def help() -> None:
        fm.fpioa.help()

    @staticmethod
    def get_pin_by_function(function: int):
        """Return the pin with that function, or None."""
        return fm.fpioa.get_Pin_num(function)

    @staticmethod
    def register(pin: int, function: int, force: bool = True) -> None:
        """Assign a function to a pin. If it moves, prints a warning, or raises Exception with force=False."""
        bench.enter("fm.register")
        used = fm.get_pin_by_function(function)
        # The same assignment prints nothing, so a program may register its pins at each start.
        if used == pin:
            return
        # By default a second user of a function takes it from the first with a warning.
        if used is not None:
            info = "[Warning] function is used by %s(pin:%d)" % (fm.str_function(function), used)
            if force == False:  # noqa: E712  the comparison of the firmware
                raise Exception(info)
            bench.uart.print(info)
        fm.fpioa.set_function(pin, function)

    @staticmethod
    def unregister(pin: int) -> None:
        """Take the function off a pin."""
        bench.enter("fm.unregister")
        fm.fpioa.set_function(pin, fm.fpioa.RESV0)

    @staticmethod
    def str_function(function: int) -> str:
        if fm.fpioa.GPIOHS0 <= function and function <= fm.fpioa.GPIO7:
            if fm.fpioa.GPIO0 <= function:
                return "fm.fpioa.GPIO%d" % (function - fm.fpioa.GPIO0)
            return "fm.fpioa.GPIOHS%d" % (function - fm.fpioa.GPIOHS0)
        return "unknown"

    @staticmethod
    def get_gpio_used() -> list:
        """Return (name, pin or None) for every GPIO."""
        return [(fm.str_function(f), fm.get_pin_by_function(f)) for f in range(fm.fpioa.GPIOHS0, fm.fpioa.GPIO7 + 1)]
