"""The series and labels that a PromQL expression uses."""

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql


@dataclass(frozen=True, slots=True)
class Use:
    """A series of an expression: all labels that the expression names for it, and the values that it selects."""

    series: str
    labels: frozenset[str]
    selected: tuple[tuple[str, str], ...]


def uses(expression: str) -> list[Use]:
    """Return the series of an expression, in their order. Raises ValueError if it is not PromQL."""
    return list(_uses(promql.parse(expression), frozenset()))


def _uses(expr: promql.Expr, labels: frozenset[str]) -> Iterator[Use]:
    """`labels` are those that the operators around this part name."""
    match expr:
        case promql.VectorSelector():
            matchers = expr.matchers.matchers
            equal = tuple((m.name, m.value) for m in matchers if m.op == promql.MatchOp.Equal)
            yield Use(expr.name or "", labels | {m.name for m in matchers}, equal)
        case promql.MatrixSelector():
            yield from _uses(expr.vector_selector, labels)
        case promql.AggregateExpr():
            named = frozenset(expr.modifier.labels if expr.modifier else ())
            yield from _uses(expr.expr, labels | named)
        case promql.BinaryExpr():
            matching = expr.modifier.matching if expr.modifier else None
            named = frozenset(matching.labels if matching else ())
            yield from _uses(expr.lhs, labels | named)
            yield from _uses(expr.rhs, labels | named)
        case promql.Call():
            for argument in expr.args:
                yield from _uses(argument, labels)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _uses(expr.expr, labels)
        case promql.NumberLiteral() | promql.StringLiteral():
            return
        case _:
            raise ValueError(f"unknown part of an expression: {type(expr).__name__}")
