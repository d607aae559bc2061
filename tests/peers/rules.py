"""The tree of a rule, its text, and smaller versions of it.

The generator builds these trees, `show` prints them for the program under
test, `sql.py` translates them for DuckDB, and `smaller` proposes simplifications
while a failing case is shrunk. Nothing here evaluates a rule.

Every expression carries its kind: number, text, boolean, instant or interval.
"""

import dataclasses
import datetime
import re
from dataclasses import dataclass, replace

MICROS = {"second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6,
          "day": 86400 * 10**6, "week": 7 * 86400 * 10**6}

KEYWORDS = set(
    "and or not between in like is null true false count sum avg min max first last distinct where over "
    "ending ago since now coalesce in_segment timestamp interval second seconds minute minutes hour hours "
    "day days week weeks".split())

EPOCH = datetime.datetime(1970, 1, 1)


def rfc3339(micros):
    """An instant as the programs print it: RFC 3339, `Z`, six decimals."""
    moment = EPOCH + datetime.timedelta(microseconds=micros)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06d}Z"


@dataclass(frozen=True)
class Duration:
    """A whole number of seconds, minutes, hours, days or weeks."""
    amount: int
    unit: str

    @property
    def micros(self):
        return self.amount * MICROS[self.unit]

    def text(self):
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


@dataclass(frozen=True)
class Node:
    pass


@dataclass(frozen=True)
class Lit(Node):
    """A literal. `value` is decimal text, text, bool, microseconds, a Duration, or None for NULL."""
    kind: str
    value: object


@dataclass(frozen=True)
class Path(Node):
    """A trait (scope `person`), a property (`event`) or an element's field (`element`).

    `many` marks a path that passes through a list, so that its test asks for any element.
    """
    kind: str
    names: tuple
    scope: str
    many: bool = False


@dataclass(frozen=True)
class Now(Node):
    kind: str = "instant"


@dataclass(frozen=True)
class Coalesce(Node):
    kind: str
    args: tuple


@dataclass(frozen=True)
class Over(Node):
    length: Duration
    ending: Duration | None = None


@dataclass(frozen=True)
class Since(Node):
    start: Node


@dataclass(frozen=True)
class Agg(Node):
    """`fn([distinct] event.path [where ...] [window])`; `event` is None for the series `*`."""
    kind: str
    fn: str
    event: str | None
    path: Path | None
    distinct: bool = False
    where: Node | None = None
    window: Node | None = None


@dataclass(frozen=True)
class Arith(Node):
    kind: str
    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Scale(Node):
    factor: str
    of: Node
    kind: str = "number"


@dataclass(frozen=True)
class Compare(Node):
    op: str
    left: Node
    right: Node
    kind: str = "boolean"


@dataclass(frozen=True)
class Between(Node):
    of: Node
    low: Node
    high: Node
    negated: bool = False
    kind: str = "boolean"


@dataclass(frozen=True)
class In(Node):
    of: Node
    options: tuple
    negated: bool = False
    kind: str = "boolean"


@dataclass(frozen=True)
class Like(Node):
    of: Node
    pattern: str
    negated: bool = False
    kind: str = "boolean"


@dataclass(frozen=True)
class Is(Node):
    of: Node
    what: str  # NULL, TRUE, FALSE
    negated: bool = False
    kind: str = "boolean"


@dataclass(frozen=True)
class Not(Node):
    of: Node
    kind: str = "boolean"


@dataclass(frozen=True)
class Both(Node):
    """AND or OR of two or more."""
    op: str
    args: tuple
    kind: str = "boolean"


@dataclass(frozen=True)
class Paren(Node):
    """Parentheses that the grammar allows but does not need."""
    of: Node

    @property
    def kind(self):
        return self.of.kind


TESTS = (Compare, Between, In, Like, Is)

# How tightly a node binds, following the levels of the grammar.
OR, AND, NOT, TEST, SUM, TERM, ATOM = range(7)


def level(node):
    if isinstance(node, Both):
        return OR if node.op == "OR" else AND
    if isinstance(node, Not):
        return NOT
    if isinstance(node, TESTS):
        return TEST
    if isinstance(node, Arith):
        return SUM
    return TERM if isinstance(node, Scale) else ATOM


def quoted(name):
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def text_literal(text):
    return "'" + text.replace("'", "''") + "'"


class Printer:
    """Prints a tree; `keyword` decides the case in which keywords are written."""

    def __init__(self, keyword=str.upper):
        self.keyword = keyword

    def show(self, node, at_least=OR):
        text = self.bare(node)
        return f"({text})" if level(node) < at_least else text

    def literal(self, lit):
        k = self.keyword
        if lit.value is None:
            return k("null")
        if lit.kind == "text":
            return text_literal(lit.value)
        if lit.kind == "boolean":
            return k("true" if lit.value else "false")
        if lit.kind == "instant":
            return f"{k('timestamp')} {text_literal(rfc3339(lit.value))}"
        if lit.kind == "interval":
            return f"{k('interval')} {text_literal(lit.value.text())}"
        return lit.value

    def window(self, window):
        k = self.keyword
        if isinstance(window, Since):
            return f" {k('since')} {self.show(window.start, SUM)}"
        ending = f" {k('ending')} {window.ending.text()} {k('ago')}" if window.ending else ""
        return f" {k('over')} {window.length.text()}{ending}"

    def aggregate(self, agg):
        k = self.keyword
        names = ["*" if agg.event is None else quoted(agg.event)]
        names += [quoted(name) for name in agg.path.names] if agg.path else []
        distinct = k("distinct") + " " if agg.distinct else ""
        where = f" {k('where')} {self.show(agg.where)}" if agg.where else ""
        window = self.window(agg.window) if agg.window else ""
        return f"{k(agg.fn)}({distinct}{'.'.join(names)}{where}{window})"

    def bare(self, node):
        k = self.keyword
        inverted = k("not") + " " if getattr(node, "negated", False) else ""
        match node:
            case Lit():
                return self.literal(node)
            case Path():
                return ".".join(quoted(name) for name in node.names)
            case Now():
                return f"{k('now')}()"
            case Coalesce():
                return f"{k('coalesce')}({', '.join(self.show(arg) for arg in node.args)})"
            case Agg():
                return self.aggregate(node)
            case Arith():
                return f"{self.show(node.left, SUM)} {node.op} {self.show(node.right, TERM)}"
            case Scale():
                return f"{node.factor} * {self.show(node.of, ATOM)}"
            case Compare():
                return f"{self.show(node.left, SUM)} {node.op} {self.show(node.right, SUM)}"
            case Between():
                return (f"{self.show(node.of, SUM)} {inverted}{k('between')} {self.show(node.low, SUM)} "
                        f"{k('and')} {self.show(node.high, SUM)}")
            case In():
                options = ", ".join(self.literal(option) for option in node.options)
                return f"{self.show(node.of, SUM)} {inverted}{k('in')} ({options})"
            case Like():
                return f"{self.show(node.of, SUM)} {inverted}{k('like')} {text_literal(node.pattern)}"
            case Is():
                return f"{self.show(node.of, SUM)} {k('is')} {inverted}{k(node.what.lower())}"
            case Not():
                return f"{k('not')} {self.show(node.of, NOT)}"
            case Both():
                inner = AND if node.op == "OR" else NOT
                return f" {k(node.op.lower())} ".join(self.show(arg, inner) for arg in node.args)
            case Paren():
                return f"({self.show(node.of)})"
        raise TypeError(node)


def walk(node):
    """The node and everything below it, aggregates' insides included."""
    yield node
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Node):
                yield from walk(child)


def smaller(node):
    """Simpler trees of the same kind and context, the boldest first."""
    yield from _own(node)
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            for option in smaller(value):
                yield replace(node, **{field.name: option})
        elif isinstance(value, tuple):
            for i, child in enumerate(value):
                if isinstance(child, Node):
                    for option in smaller(child):
                        yield replace(node, **{field.name: value[:i] + (option,) + value[i + 1:]})


def _own(node):
    kind = getattr(node, "kind", None)
    if not isinstance(node, (Agg, Over, Since)):
        for field in dataclasses.fields(node):
            value = getattr(node, field.name)
            for child in value if isinstance(value, tuple) else (value,):
                if isinstance(child, Node) and getattr(child, "kind", None) == kind:
                    yield child
    if isinstance(node, (Both, Coalesce)) and len(node.args) > 2:
        for i in range(len(node.args)):
            yield replace(node, args=node.args[:i] + node.args[i + 1:])
    if isinstance(node, In) and len(node.options) > 1:
        for i in range(len(node.options)):
            yield replace(node, options=node.options[:i] + node.options[i + 1:])
    if isinstance(node, Agg):
        if node.where:
            yield replace(node, where=None)
        if node.window:
            yield replace(node, window=None)
        if node.distinct:
            yield replace(node, distinct=False)
    if getattr(node, "negated", False):
        yield replace(node, negated=False)
    if kind == "number" and isinstance(node, (Agg, Arith, Scale, Coalesce)):
        yield Lit("number", "1")
