"""The language of MicroPython v1.11 on a Maix board: checks whether a source file compiles and runs there.

There are two checks, because each misses mistakes that the other finds. `compile_problems` runs mpy-cross 1.11 with
the board's grammar. `lint` searches the syntax tree for code that this compiler accepts but the firmware cannot run:
async, native code, missing modules, builtins, methods and keywords, steps in slices.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from maixswitch.card.build import run_mpy_cross
from tests import dialect_tables as tables


@dataclass(frozen=True, order=True)
class Problem:
    """A line that the board would refuse: path, line and column from 1, short rule name, message."""

    path: str
    line: int
    column: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.rule}: {self.text}"


def check_file(path: Path, known: frozenset[str] = frozenset()) -> list[Problem]:
    """Return the problems of both checks; `known` are modules on the board in addition to the firmware's own."""
    return lint(path.read_text(encoding="utf-8"), str(path), known) + compile_problems(path)


def compile_problems(path: Path) -> list[Problem]:
    """Return the errors of mpy-cross 1.11, empty if the file compiles."""
    _, message = run_mpy_cross(path)
    if not message:
        return []
    line = re.search(r"line (\d+)", message)
    return [Problem(str(path), int(line[1]) if line else 1, 1, "mpy-cross", message.splitlines()[-1])]


def lint(source: str, path: str = "<text>", known: frozenset[str] = frozenset()) -> list[Problem]:
    """Return the problems in the syntax tree, in the order of the source.

    A source that CPython cannot parse is a problem, too.
    """
    try:
        tree = ast.parse(source, path)
    except SyntaxError as error:
        return [Problem(path, error.lineno or 1, error.offset or 1, "syntax", error.msg)]
    visitor = _Visitor(tree, known | tables.CORE_MODULES | tables.FIRMWARE_MODULES)
    visitor.visit(tree)
    return sorted(
        Problem(path, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, rule, text)
        for node, rule, text in visitor.problems
    )


def _bound_names(tree: ast.AST) -> frozenset[str]:
    """Return every name that the file binds: assignments, arguments, imports, definitions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return frozenset(names)


def _annotations(tree: ast.AST) -> frozenset[int]:
    """Return the ids of all nodes inside function annotations, which the compiler ignores."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        roots: list[ast.AST | None] = []
        if isinstance(node, ast.arg):
            roots.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            roots.append(node.returns)
        for root in roots:
            if root is not None:
                inside.update(id(child) for child in ast.walk(root))
    return frozenset(inside)


def _own_yields(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of inner functions and classes."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield child
        yield from _own_yields(child)


_REFUSED_NODES: dict[str, str] = {
    "AsyncFunctionDef": "async is switched off in the firmware",
    "AsyncFor": "async is switched off in the firmware",
    "AsyncWith": "async is switched off in the firmware",
    "Await": "async is switched off in the firmware",
    "JoinedStr": "no f-strings: use % or str.format",
    "TemplateStr": "no template strings: use % or str.format",
    "AnnAssign": "no annotation on a variable or attribute",
    "NamedExpr": "no := operator",
    "MatMult": "no @ operator",
    "Match": "no match statement",
    "TryStar": "no except*",
    "TypeAlias": "no type statement",
}


class _Visitor(ast.NodeVisitor):
    def __init__(self, tree: ast.AST, modules: frozenset[str]) -> None:
        self.problems: list[tuple[ast.AST, str, str]] = []
        self._modules = modules
        self._bound = _bound_names(tree)
        self._skipped = _annotations(tree)
        self._aliases: dict[str, str] = {}  # local name -> module it is
        self._functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._guarded = 0

    def _say(self, node: ast.AST, rule: str, text: str) -> None:
        self.problems.append((node, rule, text))

    def visit(self, node: ast.AST) -> None:
        if id(node) in self._skipped:
            return
        refusal = _REFUSED_NODES.get(type(node).__name__)
        if refusal:
            self._say(node, "syntax", refusal)
        super().visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.MatMult):
            self._say(node, "syntax", _REFUSED_NODES["MatMult"])
        if isinstance(node.op, ast.BitOr) and (isinstance(node.left, ast.Dict) or isinstance(node.right, ast.Dict)):
            self._say(node, "operator", "no | between dicts: use update()")
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        if node.is_async:
            self._say(node.target, "syntax", _REFUSED_NODES["Await"])
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> None:
        guards = any(
            isinstance(name, ast.Name) and name.id == "ImportError"
            for handler in node.handlers
            if handler.type is not None
            for name in ast.walk(handler.type)
        )
        self._guarded += guards
        for statement in node.body:
            self.visit(statement)
        self._guarded -= guards
        later_parts: list[ast.AST] = [*node.handlers, *node.orelse, *node.finalbody]
        for child in later_parts:
            self.visit(child)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._module(node, alias.name)
            self._aliases[alias.asname or alias.name.split(".")[0]] = alias.name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        name = node.module or ""
        if node.level == 0:
            self._module(node, name)
            for alias in node.names:
                self._module_name(node, name, alias.name)

    def _module(self, node: ast.AST, name: str) -> None:
        if name.split(".")[0] not in self._modules and not self._guarded:
            remedy = tables.MODULE_REMEDIES.get(name.split(".")[0])
            text = f"no module {name} on the board"
            self._say(node, "module", f"{text}: {remedy}" if remedy else text)
        elif name == "os.path" or name == "collections.abc":
            self._say(node, "module", f"no module {name} on the board")

    def _module_name(self, node: ast.AST, module: str, name: str) -> bool:
        only = tables.MODULE_ONLY.get(module)
        lacks = name in tables.MODULE_WITHOUT.get(module, ()) or (only is not None and name not in only)
        if lacks and name != "*" and not name.startswith("__"):
            self._say(node, "module", f"no {module}.{name} on the board")
            return True
        return False

    def visit_Name(self, node: ast.Name) -> None:
        known = node.id in tables.BUILTINS or node.id in self._bound
        if isinstance(node.ctx, ast.Load) and not known:
            self._say(node, "builtin", f"no {node.id} on the board")
        if not node.id.isascii():
            self._say(node, "syntax", f"name {node.id} is not ASCII")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in self._aliases:
            self._module_name(node, self._aliases[node.value.id], node.attr)
        elif node.attr in tables.ABSENT_ATTRIBUTES:
            text = f"no attribute {node.attr} on the board"
            if node.attr == "errno":
                text = "no attribute errno on the board: use e.args[0]"
            self._say(node, "attribute", text)
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id in self._functions:
            self._say(node, "attribute", f"functions take no attributes ({node.value.id}.{node.attr})")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        part = node.slice
        if isinstance(part, ast.Slice) and part.step is not None:
            one = isinstance(part.step, ast.Constant) and part.step.value == 1
            if not one and not (isinstance(node.ctx, ast.Load) and _surely_list(node.value)):
                self._say(node, "slice", "a step works on lists and ranges only: wrap it in list(...) or use range()")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        method = isinstance(function, ast.Attribute)
        module = ""
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            module = self._aliases.get(function.value.id, "")
        if name in ("next", "iter") and not method and len(node.args) > 1:
            self._say(node, "call", f"{name}() takes one argument")
        if method and not module and name in tables.ABSENT_METHODS and name not in self._bound:
            self._say(node, "method", f"no method {name} on the board")
        if method and name in ("startswith", "endswith") and node.args and isinstance(node.args[0], ast.Tuple):
            self._say(node, "call", f"{name}() takes one text, not a tuple")
        if name == "isinstance" and len(node.args) == 2 and isinstance(node.args[1], ast.BinOp):
            self._say(node, "call", "isinstance() takes a tuple of types, not a | b")
        if name == "const" and node.args and isinstance(node.args[0], ast.Constant):
            value = node.args[0].value
            if not isinstance(value, int):
                self._say(node, "call", "const() takes integers only")
        if module in ("json", "ujson") and name in ("dumps", "loads", "load") and len(node.args) > 1:
            self._say(node, "call", f"json.{name}() takes one argument")
        self._keywords(node, name, module)
        self._stars(node)
        if method and name == "format" and isinstance(function, ast.Attribute):
            self._format(node, function.value)
        self.generic_visit(node)

    def _keywords(self, node: ast.Call, name: str, module: str) -> None:
        json = module in ("json", "ujson")
        if name not in tables.REFUSED_KEYWORDS or (name in tables.JSON_ONLY and not json) or name in self._bound:
            return
        refused = tables.REFUSED_KEYWORDS[name]
        for keyword in node.keywords:
            if keyword.arg and (refused is None or keyword.arg in refused):
                self._say(node, "keyword", f"{name}() takes no keyword {keyword.arg}")

    def _stars(self, node: ast.Call) -> None:
        starred = [index for index, value in enumerate(node.args) if isinstance(value, ast.Starred)]
        doubles = sum(keyword.arg is None for keyword in node.keywords)
        if len(starred) > 1 or doubles > 1:
            self._say(node, "syntax", "one * and one ** in a call at most")
        if starred and starred[0] != len(node.args) - 1:
            self._say(node, "syntax", "no positional argument after *args in a call")

    def _format(self, node: ast.Call, value: ast.expr) -> None:
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            return
        try:
            fields = list(string.Formatter().parse(value.value))
        except ValueError as error:
            self._say(node, "format", str(error))
            return
        for _, field, spec, _ in fields:
            if field and ("." in field or "[" in field):
                self._say(node, "format", f"no {{{field}}}: look the value up before formatting")
            if spec and "_" in spec:
                self._say(node, "format", f"no {{:{spec}}}: _ is no separator here")

    def visit_List(self, node: ast.List) -> None:
        self._display(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self._display(node)

    def visit_Set(self, node: ast.Set) -> None:
        self._display(node)

    def _display(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        stores = isinstance(getattr(node, "ctx", ast.Load()), ast.Store)
        if not stores and any(isinstance(item, ast.Starred) for item in node.elts):
            self._say(node, "syntax", "no * inside a list, tuple or set")
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        if any(key is None for key in node.keys):
            self._say(node, "syntax", "no ** inside a dict")
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.keywords:
            self._say(node, "syntax", "no keywords or metaclass in a class statement")
        for child in node.body:
            if isinstance(child, ast.FunctionDef) and child.name in tables.UNCALLED_METHODS:
                self._say(child, "method", f"{child.name} is never called on the board")
        self._decorators(node)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.args.posonlyargs:
            self._say(node, "syntax", "no positional-only arguments")
        if getattr(node, "type_params", None):
            self._say(node, "syntax", "no type parameters")
        inside = list(_own_yields(node))
        if any(isinstance(child, ast.Yield | ast.YieldFrom) for child in inside):
            for child in inside:
                if isinstance(child, ast.Return) and child.value is not None:
                    self._say(child, "generator", "a generator that returns a value breaks list(), sum(), join()...")
        self._decorators(node)
        self.generic_visit(node)

    def _decorators(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            text = ast.unparse(target)
            if text.startswith("micropython.") and text != "micropython.bytecode":
                self._say(decorator, "decorator", f"no @{text}: the firmware has no native code emitter")
            while isinstance(target, ast.Attribute):
                target = target.value
            if not isinstance(target, ast.Name):
                self._say(decorator, "syntax", "a decorator is a dotted name with at most one call")


def _surely_list(node: ast.expr) -> bool:
    if isinstance(node, ast.List | ast.ListComp):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("split", "rsplit", "splitlines")
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("list", "range", "sorted")
    )
