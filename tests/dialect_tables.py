"""Tables of the language check: what MicroPython v1.11, as MaixPy builds it, has and lacks.

Sources: MicroPython v1.11 `py/modbuiltins.c`, `py/objstr.c`, `extmod/`, MaixPy's `mpconfigport.h`, runs of that core.
An "only" table lists all names of a module, a "without" table the popular names that it lacks.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUILTINS = _names("""
    __build_class__ __import__ __name__ __file__ bool bytes bytearray complex dict enumerate filter float
    frozenset int list map memoryview object property range reversed set slice str super tuple type zip
    classmethod staticmethod Ellipsis NotImplemented abs all any bin callable chr compile delattr dir divmod
    eval exec getattr setattr globals hasattr hash help hex id input isinstance issubclass iter len locals max
    min next oct ord pow print repr round sorted sum open BaseException ArithmeticError AssertionError
    AttributeError EOFError Exception GeneratorExit ImportError IndentationError IndexError KeyboardInterrupt
    KeyError LookupError MemoryError NameError NotImplementedError OSError OverflowError RuntimeError
    StopIteration SyntaxError SystemExit TypeError UnicodeError ValueError ZeroDivisionError
""")

# Plain names that the core resolves to its own u-modules, and the u-names themselves.
CORE_MODULES = _names("""
    array binascii builtins cmath collections errno gc hashlib heapq json math micropython os random re struct
    sys time uctypes utimeq zlib _thread uarray ubinascii ucollections uerrno uhashlib uheapq uio ujson uos
    urandom ure ustruct utime uzlib usocket socket
""")
FIRMWARE_MODULES = _names("KPU sensor lcd image Maix fpioa_manager machine board maix network")

# What to use instead of the absent modules that people try first.
MODULE_REMEDIES = {
    "io": "import uio",
    "typing": "function annotations need no import",
    "__future__": "leave it out; annotations of functions are thrown away anyway",
    "dataclasses": "use a tuple or a plain class",
    "enum": "use constants",
    "pathlib": "use text paths with uos",
    "functools": "write the function out",
    "logging": "use print",
    "threading": "the loop has no threads",
}

_TIME = """ticks_ms ticks_us ticks_cpu ticks_add ticks_diff sleep sleep_ms sleep_us time localtime mktime set_time"""
_JSON = "dumps dump loads load"
_RE = "match search compile sub DEBUG"
_OS = """ilistdir listdir mkdir rmdir chdir getcwd remove rename stat statvfs mount umount sync uname urandom
    VfsFat VfsSpiffs"""
_COLLECTIONS = "namedtuple OrderedDict deque"
_STRUCT = "calcsize pack pack_into unpack unpack_from"
_RANDOM = "seed getrandbits randint randrange choice uniform random"
_MICROPYTHON = """const alloc_emergency_exception_buf heap_lock heap_unlock kbd_intr mem_current mem_info mem_peak
    mem_total opt_level qstr_info schedule stack_use bytecode native viper"""
_SYS = """argv byteorder exit implementation maxsize modules path platform print_exception stdin stdout stderr version
    version_info"""
_BINASCII = "hexlify unhexlify a2b_base64 b2a_base64 crc32"
_GC = "collect disable enable isenabled mem_free mem_alloc threshold"

MODULE_ONLY = {
    name: _names(names)
    for names, modules in (
        (_TIME, "time utime"),
        (_JSON, "json ujson"),
        (_RE, "re ure"),
        (_OS, "os uos"),
        (_COLLECTIONS, "collections ucollections"),
        (_STRUCT, "struct ustruct"),
        (_RANDOM, "random urandom"),
        (_MICROPYTHON, "micropython"),
        (_SYS, "sys"),
        (_BINASCII, "binascii ubinascii"),
        (_GC, "gc"),
        ("StringIO BytesIO FileIO IOBase BufferedWriter TextIOWrapper open", "uio"),
    )
    for name in modules.split()
}
MODULE_WITHOUT = {
    "math": _names("hypot isclose inf nan tau gcd lcm prod dist comb perm fsum cbrt exp2 isqrt"),
}

# A call of one of these on anything is an AttributeError on the board.
ABSENT_METHODS = _names("""
    capitalize title zfill ljust rjust expandtabs casefold swapcase isalnum isidentifier format_map removeprefix
    removesuffix isdecimal isnumeric isprintable istitle translate maketrans hex fromhex bit_length is_integer
    hexdigest _replace _asdict move_to_end findall finditer fullmatch shuffle getsizeof exc_info total_seconds
""")
ABSENT_ATTRIBUTES = _names("""
    errno strerror with_traceback add_note __traceback__ __cause__ __context__ __doc__ __annotations__ __mro__
    __wrapped__ __kwdefaults__ __defaults__
""")
# Defined in a class they are never called, and the operation fails.
UNCALLED_METHODS = _names("""
    __radd__ __rsub__ __rmul__ __rtruediv__ __rfloordiv__ __rmod__ __rpow__ __rand__ __ror__ __rxor__
    __rlshift__ __rrshift__ __rmatmul__ __matmul__ __index__ __missing__ __init_subclass__ __set_name__
    __getattribute__ __format__ __setattr__ __class_getitem__ __aenter__ __aexit__ __aiter__ __anext__ __await__
    __fspath__
""")
# Keywords that these calls refuse, by the last part of their name; None: they take no keyword at all.
REFUSED_KEYWORDS: dict[str, frozenset[str] | None] = {
    "print": frozenset({"flush"}),
    "open": frozenset({"newline", "buffering", "errors", "closefd", "opener"}),
    "dumps": None,
    "dump": None,
    "loads": None,
    "load": None,
    "from_bytes": None,
    "to_bytes": None,
    "int": None,
    "zip": None,
    "sum": None,
    "split": None,
    "rsplit": None,
    "encode": None,
    "decode": None,
    "namedtuple": None,
    "bytes": None,
    "bytearray": None,
}
# Of the names above, those that other objects use too (kpu.load, net.load): checked only on a json module.
JSON_ONLY = frozenset({"dumps", "dump", "loads", "load"})
