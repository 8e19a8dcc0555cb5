"""
The little language that features are written in, and what it becomes: SQL for DuckDB and Spark, and Python for one firm.

A text such as `net if void == 0 else 0` is a Python expression of names, whole numbers, words, comparisons, `if`, and the
functions listed here; nothing else parses. The three forms give the same integers, because nothing before the last step is
anything but an integer: sums that need more than 64 bits are kept in 128, never in a float.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any


class Dialect(StrEnum):
    """Who reads the SQL."""

    DUCKDB = "duckdb"
    SPARK = "spark"


#: An integer of up to 38 digits, in the words of each engine.
WIDE = {Dialect.DUCKDB: "HUGEINT", Dialect.SPARK: "DECIMAL(38, 0)"}
_DIVIDE = {Dialect.DUCKDB: "//", Dialect.SPARK: "div"}
_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.And: "AND",
    ast.Or: "OR",
}
_FUNCTIONS = {"square": 1, "times": 2, "rounded_ratio": 2, "multiple_of": 2, "sqrt": 1}


@dataclass(frozen=True, slots=True)
class Expression:
    """
    A text that parsed.

    Args:
        names: What it reads.
    """

    text: str
    tree: ast.expr
    names: frozenset[str]


@cache
def parse(text: str, *, formula: bool = False) -> Expression:
    """
    Read an expression.

    Args:
        formula: Of the last step: it may divide and take roots, and must not join conditions, because nothing there
            says whether an absent source counts as no.

    Raises:
        AssertionError: The text says something that the language has no word for.
    """
    tree = ast.parse(text, mode="eval").body
    names = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Name():
                if node.id not in _FUNCTIONS:
                    names.add(node.id)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                assert _FUNCTIONS.get(name) == len(arguments), f"{text}: {name} is no function of {len(arguments)}"
                assert formula or name != "sqrt", f"{text}: roots are taken in formulas"
            case ast.Div():
                assert formula, f"{text}: only formulas divide"
            case ast.BoolOp():
                assert not formula, f"{text}: a formula joins no conditions"
            case ast.Constant():
                assert type(node.value) in (int, str), f"{text}: {node.value!r} is neither a whole number nor a word"
            case ast.BinOp() | ast.UnaryOp(op=ast.USub()) | ast.USub() | ast.Compare() | ast.IfExp() | ast.Load():
                pass
            case _:
                assert type(node) in _OPERATORS, f"{text}: {type(node).__name__} is not in the language"
    return Expression(text, tree, frozenset(names))


# -- SQL ------------------------------------------------------------------------------------------------------------


def to_sql(expression: Expression, dialect: Dialect) -> str:
    """The expression over columns of its names; integers stay integers, a division and a root are doubles."""
    return _sql(expression.tree, dialect)


def _sql(node: ast.expr, dialect: Dialect) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str() as word):
            return "'" + word.replace("'", "''") + "'"
        case ast.Constant(value=value):
            return str(value)
        case ast.UnaryOp(operand=operand):
            return f"(- {_sql(operand, dialect)})"
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            above, below = _double(left, dialect), _double(right, dialect)
            return f"({above} / nullif({below}, 0))"
        case ast.BinOp(op=op, left=left, right=right):
            return f"({_sql(left, dialect)} {_OPERATORS[type(op)]} {_sql(right, dialect)})"
        case ast.BoolOp(op=op, values=values):
            return "(" + f" {_OPERATORS[type(op)]} ".join(_sql(value, dialect) for value in values) + ")"
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [_sql(side, dialect) for side in (left, *comparators)]
            pairs = (f"{a} {_OPERATORS[type(op)]} {b}" for a, op, b in zip(sides, ops, sides[1:]))
            return "(" + " AND ".join(pairs) + ")"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            # Two questions, so that an unknown condition gives an unknown value, as it does in Python's form.
            asked = _sql(test, dialect)
            return f"(CASE WHEN {asked} THEN {_sql(body, dialect)} WHEN NOT {asked} THEN {_sql(orelse, dialect)} END)"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _call(name, [_sql(argument, dialect) for argument in arguments], arguments, dialect)
        case _:
            raise AssertionError(ast.dump(node))


def _call(name: str, values: list[str], arguments: list[ast.expr], dialect: Dialect) -> str:
    wide, divide = WIDE[dialect], _DIVIDE[dialect]
    match name:
        case "square":
            return f"(CAST({values[0]} AS {wide}) * CAST({values[0]} AS {wide}))"
        case "times":
            return f"(CAST({values[0]} AS {wide}) * CAST({values[1]} AS {wide}))"
        case "rounded_ratio":
            return f"((2 * {values[0]} + {values[1]}) {divide} (2 * {values[1]}))"
        case "multiple_of":
            return f"(CASE WHEN {values[0]} % {values[1]} = 0 THEN 1 ELSE 0 END)"
        case _:
            return f"sqrt({_double(arguments[0], dialect)})"


def _double(node: ast.expr, dialect: Dialect) -> str:
    return f"CAST({_sql(node, dialect)} AS DOUBLE)"


# -- Python ---------------------------------------------------------------------------------------------------------


def _square(value: int) -> int:
    return value * value


def _times(a: int, b: int) -> int:
    return a * b


def _rounded_ratio(above: int, below: int) -> int:
    return (2 * above + below) // (2 * below)


def _multiple_of(value: int, unit: int) -> int:
    return 1 if value % unit == 0 else 0


def _divided(above: float, below: float) -> float:
    # Unknown, like every other unknown, is told by the one exception that arithmetic on None raises too.
    if below == 0:
        raise TypeError
    return float(above) / float(below)


def _root(value: float) -> float:
    return math.sqrt(value)


#: Digits after the point to which an exact root is taken; far more than any feature keeps.
_ROOT_SCALE = 10**18


def _divided_exactly(above: Any, below: Any) -> Fraction:
    if below == 0:
        raise TypeError
    return Fraction(above) / Fraction(below)


def _exact_root(value: Any) -> Fraction:
    scaled = Fraction(value) * _ROOT_SCALE * _ROOT_SCALE
    return Fraction(math.isqrt(scaled.numerator // scaled.denominator), _ROOT_SCALE)


_WHOLE: dict[str, Callable[..., Any]] = {
    "square": _square,
    "times": _times,
    "rounded_ratio": _rounded_ratio,
    "multiple_of": _multiple_of,
}
#: What the functions of generated code do: with floats, as the engines do, or exactly, for the score of record.
FLOATS: dict[str, Callable[..., Any]] = {**_WHOLE, "sqrt": _root, "divided": _divided}
EXACT: dict[str, Callable[..., Any]] = {**_WHOLE, "sqrt": _exact_root, "divided": _divided_exactly}


def to_python(expression: Expression, place_of: Mapping[str, str]) -> str:
    """
    The expression as Python source.

    Args:
        place_of: Name to the source that reads its value, such as `c[3]`.
    """
    return ast.unparse(_Placed(place_of).visit(ast.parse(expression.text, mode="eval").body))


class _Placed(ast.NodeTransformer):
    def __init__(self, place_of: Mapping[str, str]) -> None:
        self._place_of = place_of

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _FUNCTIONS:
            return node
        return ast.parse(self._place_of[node.id], mode="eval").body

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            return ast.Call(ast.Name("divided", ast.Load()), [node.left, node.right], [])
        return node


_ALLOWED = {"sum": sum, "float": float, "None": None, "TypeError": TypeError}


def compiled(source: str, functions: Mapping[str, Callable[..., Any]]) -> Any:
    """What generated Python source evaluates to; it sees the given functions and a few harmless built-in ones."""
    # Every name in the source comes from `parse`, which lets nothing else through.
    return eval(source, {"__builtins__": _ALLOWED, **functions})  # noqa: S307


def defined(source: str, name: str, functions: Mapping[str, Callable[..., Any]]) -> Any:
    """A function that generated Python source defines; as `compiled`."""
    space: dict[str, Any] = {"__builtins__": _ALLOWED, **functions}
    exec(source, space)  # noqa: S102
    return space[name]
