"""Helpers of the unit tests that both interpreters understand."""


def raises(kind, call, *args):
    """Call; return the exception of that kind, fail without one."""
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)


def board_python():
    """Make the board's module names (uio, uos, utime...) importable; return the bench."""
    import bench

    bench.install()
    return bench
