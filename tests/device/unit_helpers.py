"""Helpers of the unit tests. Runs under both interpreters."""


def raises(kind, call, *args):
    """Call a function and return the exception of that kind that it raises; fail if it raises none."""
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("no " + kind.__name__)


def board_python():
    """Make the board's modules (uio, uos, utime ...) importable, and return the bench."""
    import bench

    bench.install()
    return bench
