"""
Finds every stable code in the source, with where it is raised, by reading the source and never running it.

The reference is printed from it, and a test holds the explanations against it. A code that is put together while the program
runs cannot be found; where an error is given one, this stops and names the line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
#: Calls that take a code without naming it, with its position.
_POSITIONS = {
    "Precondition": 0,
    "Treatment": 0,
    "FileProblem": 0,
    "problem": 0,
    "problem_document": 1,
    "Result": 1,
    "Receipt": 3,
    "_Meaning": 1,
    "_fail": 1,
    "_no_model": 0,
    "BadRecord": 0,
}
#: Functions that return a code as text.
_RETURNING = ("check_stateless",)


class NotConstantError(Exception):
    """An error is given a code that cannot be read from the source."""


def stable_codes(source: Path = SOURCE, package: str = "hefu") -> dict[str, list[str]]:
    """
    Every stable code of a package.

    Returns:
        Code to the files that raise it, relative to the source folder; both in order. A code that an error class has and
        nobody raises yet has no file.

    Raises:
        NotConstantError: An error's code is neither written out nor handed on from another error.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((source / package).rglob("*.py"))}
    constants = dict(pair for tree in trees.values() for pair in _constants(tree))
    errors = _error_codes(list(trees.values()))
    found: dict[str, set[str]] = {code: set() for code in errors.values()}
    for path, tree in trees.items():
        place = path.relative_to(source).as_posix()
        for line, node in _code_nodes(tree, errors):
            codes = _texts(node, constants)
            if codes is None:
                raise NotConstantError(f"{place}:{line}: write the code out, so that it can be found")
            for code in codes:
                if _CODE.fullmatch(code):
                    found.setdefault(code, set()).add(place)
    return {code: sorted(places) for code, places in sorted(found.items())}


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Texts with a name at the top of a module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value.value


def _error_codes(trees: list[ast.Module]) -> dict[str, str]:
    """Names of HefuError and all that descends from it, with the code of each: its own or the nearest above."""
    classes = {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found: dict[str, str] = {}

    def code_of(name: str) -> str:
        if name not in classes:
            return ""
        own = _own_code(classes[name])
        above = next(filter(None, (code_of(_name(base)) for base in classes[name].bases)), "")
        return (own or above) if name == "HefuError" or above else ""

    for name in classes:
        if code := code_of(name):
            found[name] = code
    return found


def _own_code(node: ast.ClassDef) -> str:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str() as code)):
                return code
            case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str() as code)):
                return code
    return ""


def _code_nodes(tree: ast.Module, errors: dict[str, str]) -> Iterator[tuple[int, ast.expr]]:
    """Expressions that give a code, with their line."""
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                yield from _of_call(node, errors)
            case ast.FunctionDef() if node.name in _RETURNING:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield inner.lineno, inner.value


def _of_call(node: ast.Call, errors: dict[str, str]) -> Iterator[tuple[int, ast.expr]]:
    name = _name(node.func)
    position = _POSITIONS.get(name)
    if position is not None and position < len(node.args):
        yield node.lineno, node.args[position]
    if name in errors and all(keyword.arg not in ("code", None) for keyword in node.keywords):
        yield node.lineno, ast.Constant(errors[name])
    for keyword in node.keywords:
        # Others take a code too, of an invoice for example: there it counts only where it is written out.
        if keyword.arg == "code" and (name in errors or isinstance(keyword.value, ast.Constant)):
            yield node.lineno, keyword.value


def _texts(node: ast.expr, constants: dict[str, str]) -> frozenset[str] | None:
    """What an expression can be: none where it hands on another's code, None where nobody can tell."""
    match node:
        case ast.Constant(value=str() as text):
            return frozenset({text})
        case ast.IfExp():
            return _union([node.body, node.orelse], constants)
        case ast.BinOp(op=ast.Add()):
            left, right = _texts(node.left, constants), _texts(node.right, constants)
            return None if left is None or right is None else frozenset(a + b for a, b in product(left, right))
        case ast.Subscript(value=ast.Dict() as table):
            return _union(table.values, constants)
        case ast.Call(func=ast.Attribute(attr="get", value=ast.Dict() as table), args=[_, otherwise]):
            return _union([*table.values, otherwise], constants)
        case ast.Name() | ast.Attribute():
            name = _name(node)
            if name in constants:
                return frozenset({constants[name]})
            return frozenset() if name in ("code", "damage", "first_code") else None
        case _:
            return None


def _union(nodes: list[ast.expr], constants: dict[str, str]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for node in nodes:
        texts = _texts(node, constants)
        if texts is None:
            return None
        found |= texts
    return found


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
