"""Random rules over the whole grammar, typed, with literals taken from the data.

Two families: `rule` draws from everything; `single` draws one windowed
aggregate comparison or one comparison relative to `now()`, the rules for which
the horizon must be exact and not merely never late.
"""

from typing import NamedTuple

from files import DURATIONS
from rules import (Agg, Arith, Between, Both, Coalesce, Compare, In, Is, Like, Lit, Not, Now, Over, Paren,
                   Path, Scale, Since)

COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
ORDERED = ["<", "<=", ">", ">="]


class Context(NamedTuple):
    """Where an expression stands: beside the aggregates, or inside one, over events or a list's elements."""
    scope: str
    event: str | None = None
    series: tuple | None = None


PERSON = Context("person")
EVENT, ELEMENT = "event", "element"


def shown_number(millionths):
    """Decimal text of a number held in millionths."""
    whole, fraction = divmod(abs(millionths), 10**6)
    return ("-" if millionths < 0 else "") + f"{whole}" + (f".{fraction:06d}".rstrip("0") if fraction else "")


class Maker:
    """Draws rules that fit the facts."""

    def __init__(self, rng, facts, now, numbers):
        """`numbers` gives the values of a numeric expression in the base."""
        self.rng, self.facts, self.now, self.numbers = rng, facts, now, numbers
        self.events = sorted({event for _, event, *_ in facts.events})
        self.samples = {}
        for _, _, _, _, values, lists in facts.events:
            for path, value in values.items():
                self.samples.setdefault((EVENT, path), []).append(value)
            for name, elements in lists.items():
                for element in elements:
                    for path, value in element.items():
                        self.samples.setdefault((ELEMENT, name + path), []).append(value)
        for _, _, _, values in facts.settings:
            for path, value in values.items():
                self.samples.setdefault((PERSON.scope, path), []).append(value)

    # Names that can be read in a context.

    def paths(self, context, kind):
        """The paths of one kind that a context can read: an element's fields hide properties, these hide traits."""
        found = {}
        if context.scope == ELEMENT:
            found |= {p: Path(k, p, ELEMENT) for p, k in self.facts.fields[context.series].items() if p != ("",)}
        if context.scope != PERSON.scope:
            seen = self.facts.seen[context.event] if context.event else set(self.facts.kinds)
            found = {p: Path(k, p, EVENT) for p, k in self.facts.kinds.items() if p in seen} | found
        traits = {p: Path(k, p, PERSON.scope) for p, k in self.facts.traits.items()
                  if (PERSON.scope, p) in self.samples}
        return [path for path in (traits | found).values() if path.kind == kind]

    def list_paths(self, kind, event):
        """Paths through a list, such as `products.category`, read from an event."""
        seen = self.facts.seen[event] if event else {}
        return [Path(k, name + tuple(filter(None, p)), EVENT, many=True) for name in self.facts.fields if name in seen
                for p, k in self.facts.fields[name].items() if k == kind]

    def literal(self, kind, path=None):
        rng = self.rng
        if rng.random() < 0.02:
            return Lit(kind, None)
        held = self.samples.get((path.scope if not path.many else ELEMENT, self.key(path))) if path else None
        if kind == "number":
            if held and rng.random() < 0.85:
                return Lit(kind, shown_number(rng.choice(held)))
            return Lit(kind, rng.choice(["0", "1", "2", "3", "10", "25", "100", "0.5", "-1", "19.999999"]))
        if kind == "boolean":
            return Lit(kind, rng.random() < 0.5)
        if kind == "instant":
            if held and rng.random() < 0.6:
                return Lit(kind, rng.choice(held) + rng.choice([0, 0, 1]))
            return Lit(kind, self.now - rng.choice(DURATIONS).micros + rng.choice([0, 0, -1, 1]))
        if kind == "interval":
            return Lit(kind, rng.choice(DURATIONS))
        return Lit(kind, rng.choice(held) if held and rng.random() < 0.9 else rng.choice(["books", "", "zzz", "Books"]))

    def key(self, path):
        """The full path of a property, also of an element's field that is named from inside its list."""
        if path.scope == ELEMENT:
            return next((name + path.names for name in self.facts.fields if path.names in self.facts.fields[name]),
                        path.names)
        return path.names + ("",) if path.many and len(path.names) == 1 else path.names

    # Booleans.

    def rule(self):
        made = self.boolean(PERSON, self.rng.choice([0, 1, 1, 2, 2, 3]))
        return Is(Paren(made), "TRUE", True) if self.rng.random() < 0.1 else made  # everyone else

    def boolean(self, context, depth):
        rng = self.rng
        roll = rng.random()
        if depth <= 0 or roll < 0.3:
            made = self.test(context, depth)
        elif roll < 0.8:
            count = rng.choice([2, 2, 3])
            made = Both(rng.choice(["AND", "OR"]),
                        tuple(self.boolean(context, depth - 1) for _ in range(count)))
        elif roll < 0.95:
            made = Not(self.boolean(context, depth - 1))
        else:
            made = Paren(self.boolean(context, depth - 1))
        return made

    def test(self, context, depth):
        rng = self.rng
        for _ in range(20):
            kind = rng.choices(["number", "text", "boolean", "instant", "interval"], [5, 3, 2, 2, 1])[0]
            if context.scope == EVENT and rng.random() < 0.4:
                made = self.any_test(context.event)
            elif kind == "boolean":
                made = self.truth(context, depth)
            else:
                made = self.value_test(kind, context, depth)
            if made is not None:
                return made
        return Compare("=", Lit("number", "1"), Lit("number", "1"))

    def value_test(self, kind, context, depth):
        rng = self.rng
        of = self.value(kind, context, depth)
        if of is None:
            return None
        path = of if isinstance(of, Path) else of.path if isinstance(of, Agg) and of.fn != "count" else None
        path = path if path is not None and path.kind == kind else None
        roll = rng.random()
        if kind == "interval":
            return Compare(rng.choice(COMPARISONS), of, self.literal(kind))
        if roll < 0.12:
            return Is(of, "NULL", rng.random() < 0.5)
        if roll < 0.24:
            return Between(of, self.literal(kind, path), self.literal(kind, path), rng.random() < 0.3)
        if roll < 0.36:
            options = tuple(self.literal(kind, path) for _ in range(rng.choice([1, 2, 4])))
            return In(of, options, rng.random() < 0.3)
        if kind == "text" and roll < 0.55:
            return Like(of, self.pattern(path), rng.random() < 0.3)
        if kind == "number" and context == PERSON and rng.random() < 0.5:
            return Compare(rng.choice(COMPARISONS), of, self.reached(of))
        if rng.random() < 0.25:
            other = self.value(kind, context, depth - 1)
            if other is not None:
                return Compare(rng.choice(COMPARISONS), of, other)
        sides = (of, self.literal(kind, path))
        return Compare(rng.choice(COMPARISONS), *(sides if rng.random() < 0.9 else sides[::-1]))

    def reached(self, of):
        """A literal that the expression equals for somebody, so that the comparison stands on its edge."""
        numbers = [n for n in self.numbers(of) if abs(n) < 10**17]
        return Lit("number", shown_number(self.rng.choice(numbers))) if numbers else self.literal("number")

    def pattern(self, path):
        rng = self.rng
        word = self.literal("text", path).value or "books"
        cut = rng.randrange(len(word) + 1)
        return rng.choice([word[:cut] + "%", "%" + word[cut:], "%" + word[cut:cut + 1] + "%",
                           word[:cut] + "_" + word[cut + 1:], word, "%", "_%"])

    def truth(self, context, depth):
        """A test of something that is itself true, false or unknown."""
        rng = self.rng
        paths = self.paths(context, "boolean")
        of = rng.choice(paths) if paths and rng.random() < 0.7 else None
        if of is None and context == PERSON and rng.random() < 0.5:
            of = self.extreme("boolean")
        if of is None:
            of = Paren(self.boolean(context, depth - 1)) if depth > 0 else None
        if of is None:
            return None
        roll = rng.random()
        if roll < 0.25:
            return of
        if roll < 0.6:
            return Is(of, rng.choice(["TRUE", "FALSE", "NULL"]), rng.random() < 0.5)
        if roll < 0.7:
            return Compare("=", Coalesce("boolean", (of, Lit("boolean", rng.random() < 0.5))), Lit("boolean", True))
        if roll < 0.8 and depth > 0:
            return Compare(rng.choice(["=", "<>"]), of, Paren(self.boolean(context, depth - 1)))
        return Compare(rng.choice(["=", "<>"]), of, self.literal("boolean"))

    def any_test(self, event):
        """A test of a path through a list: true if any element passes."""
        rng = self.rng
        kind = rng.choice(["text", "number"])
        paths = self.list_paths(kind, event)
        if not paths:
            return None
        path = rng.choice(paths)
        negated = rng.random() < 0.3
        roll = rng.random()
        if roll < 0.2:
            return In(path, tuple(self.literal(kind, path) for _ in range(2)), negated)
        if roll < 0.3 and kind == "text":
            return Like(path, self.pattern(path), negated)
        if roll < 0.4:
            return Between(path, self.literal(kind, path), self.literal(kind, path), negated)
        if roll < 0.55:
            return Is(path, "NULL", rng.random() < 0.5)
        return Compare(rng.choice(COMPARISONS), path, self.literal(kind, path))

    # Values.

    def value(self, kind, context, depth):
        if kind == "number":
            return self.number(context, depth)
        if kind == "instant":
            return self.instant(context, depth)
        if kind == "interval":
            return self.interval(context, depth)
        paths = self.paths(context, "text")
        made = self.rng.choice(paths) if paths and self.rng.random() < 0.7 else None
        if made is None and context == PERSON:
            made = self.extreme("text")
        if made is not None and self.rng.random() < 0.1:
            made = Coalesce("text", (made, self.literal("text")))
        return made

    def number(self, context, depth):
        rng = self.rng
        paths = self.paths(context, "number")
        roll = rng.random()
        if depth > 0 and roll < 0.25:
            left, right = self.number(context, depth - 1), self.number(context, depth - 1)
            if left is not None and right is not None and not negative(right):
                made = Arith("number", rng.choice("+-"), left, right)
                return Paren(made) if rng.random() < 0.2 else made
        if depth > 0 and roll < 0.35:
            of = self.number(context, depth - 1)
            if of is not None and not isinstance(of, Lit):
                return Scale(rng.choice(["2", "0.5", "1.25", "10", "0.000001", "-1", "0"]), of)
        if depth > 0 and roll < 0.45:
            of = self.number(context, depth - 1)
            if of is not None:
                return Coalesce("number", (of, self.literal("number")))
        if context == PERSON and (not paths or roll < 0.9) or roll > 0.97:
            return self.numeric_aggregate(depth)
        return rng.choice(paths) if paths else None

    def instant(self, context, depth):
        rng = self.rng
        roll = rng.random()
        if depth > 0 and roll < 0.3:
            base = self.instant(context, depth - 1)
            return base and Arith("instant", rng.choice("+-"), base, Lit("interval", rng.choice(DURATIONS)))
        if roll < 0.45:
            return Now()
        paths = self.paths(context, "instant")
        if context != PERSON:
            return rng.choice(paths) if paths else Now()
        if paths and roll < 0.6:
            return rng.choice(paths)
        if roll < 0.75:
            return self.extreme("instant")
        return self.moment_aggregate(depth)

    def interval(self, context, depth):
        left, right = self.instant(context, 0), self.instant(context, 0)
        if left is None or right is None:
            return None
        made = Arith("interval", "-", left, right)
        return Scale(self.rng.choice(["2", "3", "-1"]), made, "interval") if self.rng.random() < 0.15 else made

    # Aggregates.

    def series(self, kind, any_kind=False):
        """(event, path) of something to fold; the path has the wanted kind."""
        rng = self.rng
        event = None if rng.random() < 0.1 else rng.choice(self.events)
        paths = [path for path in self.paths(Context(EVENT, event), kind) if path.scope == EVENT]
        if any_kind:
            kinds = ("number", "text", "instant", "boolean")
            paths = [path for each in kinds for path in self.paths(Context(EVENT, event), each) if path.scope == EVENT]
        in_lists = [Path(path.kind, path.names, ELEMENT) for path in self.list_paths(kind, event)]
        if in_lists and rng.random() < 0.45:
            return event, rng.choice(in_lists)
        return (event, rng.choice(paths)) if paths else (event, None)

    def aggregate(self, kind, fn, event, path, depth, distinct=False):
        rng = self.rng
        in_list = path is not None and path.scope == ELEMENT
        context = Context(ELEMENT, event, path.names[:1]) if in_list else Context(EVENT, event)
        where = self.boolean(context, rng.choice([0, 0, 1, 1, 2])) if rng.random() < 0.45 else None
        return Agg(kind, fn, event, path, distinct, where, self.window(depth))

    def window(self, depth):
        rng = self.rng
        roll = rng.random()
        if roll < 0.4:
            return None
        if roll < 0.65:
            return Over(rng.choice(DURATIONS))
        if roll < 0.78:
            return Over(rng.choice(DURATIONS), rng.choice(DURATIONS))
        return Since(self.start(depth))

    def start(self, depth):
        rng = self.rng
        roll = rng.random()
        if roll < 0.5 and (depth > 0 or rng.random() < 0.4):
            return self.moment_aggregate(depth - 1)
        if roll < 0.55:
            return Lit("instant", None)
        if roll < 0.8:
            return Lit("instant", self.now - rng.choice(DURATIONS).micros + rng.choice([0, 0, -1]))
        if roll < 0.9:
            return Arith("instant", "-", Now(), Lit("interval", rng.choice(DURATIONS)))
        return self.instant(PERSON, max(depth - 1, 0)) or Lit("instant", self.now)

    def numeric_aggregate(self, depth):
        rng = self.rng
        fn = rng.choices(["count", "sum", "avg", "min", "max", "first", "last"], [6, 5, 3, 2, 2, 2, 2])[0]
        if fn == "count" and rng.random() < 0.6:
            event = None if rng.random() < 0.1 else rng.choice(self.events)
            return self.aggregate("number", "count", event, None, depth)
        event, path = self.series(rng.choice(["number", "text"]) if fn == "count" else "number", fn == "count")
        if path is None:
            return self.aggregate("number", "count", event, None, depth)
        if fn == "count" and path.scope == ELEMENT and len(path.names) > 1 and rng.random() < 0.2:
            return self.aggregate("number", "count", event, Path("text", path.names[:1], ELEMENT), depth)
        distinct = fn in ("count", "sum", "avg") and rng.random() < 0.3
        return self.aggregate("number", fn, event, path, depth, distinct)

    def moment_aggregate(self, depth):
        """`first(E)` or `last(E)`, an instant."""
        event = None if self.rng.random() < 0.1 else self.rng.choice(self.events)
        return self.aggregate("instant", self.rng.choice(["first", "last"]), event, None, depth)

    def extreme(self, kind):
        """`first(E.p)`, `last(E.p)`, and of what can be ordered also `min` and `max`."""
        event, path = self.series(kind)
        if path is None:
            return None
        fn = self.rng.choice(["first", "last"] + (["min", "max"] if kind != "boolean" else []))
        return self.aggregate(kind, fn, event, path, 0)

    # Rules with an exact horizon.

    def single(self):
        made = self.relative() if self.rng.random() < 0.35 else self.windowed()
        return Not(made) if self.rng.random() < 0.15 else made

    def windowed(self):
        rng = self.rng
        of = self.numeric_aggregate(0)
        where = Compare(rng.choice(COMPARISONS), *self.pair(of.event)) if rng.random() < 0.3 and not (
            of.path and of.path.scope == ELEMENT) else None
        window = Over(rng.choice(DURATIONS), rng.choice([None, None, rng.choice(DURATIONS)]))
        of = Agg(of.kind, of.fn, of.event, of.path, of.distinct, where, window)
        right = self.reached(of) if rng.random() < 0.7 else Lit("number", rng.choice(["0", "1", "2", "10"]))
        return Compare(rng.choice(COMPARISONS), of, right)

    def pair(self, event):
        path = self.rng.choice(self.paths(Context(EVENT, event), "number") or [Lit("number", "1")])
        return path, Lit("number", self.rng.choice(["0", "1", "10", "50"]))

    def relative(self):
        """One comparison between `now()` and a trait, a literal or the last of some event."""
        rng = self.rng
        traits = self.paths(PERSON, "instant")
        event = rng.choice(self.events)
        anchor = rng.choice([Agg("instant", rng.choice(["first", "last"]), event, None)] * 3
                            + traits + [Lit("instant", self.now + rng.choice(DURATIONS).micros)])
        gap = Lit("interval", rng.choice(DURATIONS))
        op = rng.choice(COMPARISONS if rng.random() < 0.3 else ORDERED)
        sides = rng.choice([
            (anchor, Arith("instant", "-", Now(), gap)),
            (Arith("instant", "+", anchor, gap), Now()),
            (Arith("interval", "-", Now(), anchor), gap),
            (Now(), anchor)])
        return Compare(op, *(sides if rng.random() < 0.7 else sides[::-1]))


def negative(node):
    """Whether the text would begin with a minus sign, which must not follow a binary one."""
    if isinstance(node, Lit):
        return node.value is None or str(node.value).startswith("-")
    return isinstance(node, Scale) and node.factor.startswith("-")
