"""Translates a rule's tree to DuckDB SQL, by hand and on its own terms.

A query answers many (person, now, known) moments at once. It is a chain of
CTEs over those moments: each trait or aggregate of the rule adds one column,
and the last step is the rule as a plain three-valued SQL expression over them.

- Instants and durations are BIGINT microseconds.
- A number is a numerator, a denominator (only `avg` has one) and a decimal
  scale, all in HUGEINT, so every comparison is an exact cross-multiplication.
"""

from dataclasses import replace
from typing import NamedTuple

from rules import (Agg, Arith, Between, Both, Coalesce, Compare, In, Is, Like, Lit, Node, Not, Now, Over, Paren, Path,
                   Scale, Since, walk)

SQL_TYPES = {"number": "BIGINT", "text": "VARCHAR", "boolean": "BOOLEAN", "instant": "BIGINT", "interval": "BIGINT"}
CONDITIONS = (Compare, Between, In, Like, Is, Both, Not, Paren)


class Unfit(Exception):
    """The rule does not fit the facts, which happens while a case is shrunk."""


class Number(NamedTuple):
    """numerator / denominator / 10^scale."""
    numerator: str
    denominator: str | None
    scale: int

    def at_scale(self, scale):
        factor = 10 ** (scale - self.scale)
        return self.numerator if factor == 1 else f"({self.numerator} * {factor}::HUGEINT)"


def text(value):
    return "'" + value.replace("'", "''") + "'"


def constant(kind, value):
    """A typed value as SQL."""
    if value is None:
        return f"NULL::{SQL_TYPES[kind]}"
    if kind == "text":
        return text(value)
    if kind == "boolean":
        return "TRUE" if value else "FALSE"
    return str(value)


def millionths(digits):
    """The millionths of decimal text with at most six digits after the point."""
    sign = -1 if digits.startswith("-") else 1
    whole, _, fraction = digits.lstrip("-").partition(".")
    return sign * int(whole + fraction.ljust(6, "0"))


class Database:
    """The facts of one case in DuckDB, and the names of their columns."""

    def __init__(self, connection, facts, base="known"):
        self.connection = connection
        self.facts = facts
        self.reading = base
        self.columns = {path: f"p{i}" for i, path in enumerate(sorted(facts.kinds))}
        self.lists = {name: f"l{i}" for i, name in enumerate(sorted(facts.fields))}
        self.fields = {name: {path: f"{table}x{i}" for i, path in enumerate(sorted(facts.fields[name]))}
                       for name, table in self.lists.items()}
        self.traits = {path: f"trait{i}" for i, path in enumerate(sorted(facts.traits))}
        self.load()

    def table(self, name, columns, rows):
        """Creates a table of (name, type) columns, with the rows given as SQL constants."""
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns)})")
        for start in range(0, len(rows), 1000):
            values = ", ".join(f"({', '.join(row)})" for row in rows[start:start + 1000])
            self.connection.execute(f"INSERT INTO {name} VALUES {values}")

    def load(self):
        kinds = self.facts.kinds
        events, present, elements = [], [], {name: [] for name in self.lists}
        for eid, (person, event, at, known, values, lists) in enumerate(self.facts.events):
            events.append([str(eid), text(person), text(event), str(at), str(known)]
                          + [constant(kinds[path], values.get(path)) for path in self.columns]
                          + ["TRUE" if name in lists else "FALSE" for name in self.lists])
            present.append((person, at, known))
            for name, items in lists.items():
                for i, item in enumerate(items):
                    elements[name].append([str(eid), str(i)] + [constant(self.facts.fields[name][path], item.get(path))
                                                                for path in self.fields[name]])
        self.table("event", [("eid", "BIGINT"), ("person", "VARCHAR"), ("event", "VARCHAR"), ("happened", "BIGINT"),
                             ("known_from", "BIGINT")]
                   + [(column, SQL_TYPES[kinds[path]]) for path, column in self.columns.items()]
                   + [(f"has_{table}", "BOOLEAN") for table in self.lists.values()], events)
        for name, table in self.lists.items():
            self.table(table, [("eid", "BIGINT"), ("ordinal", "BIGINT")]
                       + [(column, SQL_TYPES[self.facts.fields[name][path]])
                          for path, column in self.fields[name].items()], elements[name])
        present += [(person, at, known) for person, at, known, _ in self.facts.settings if known is not None]
        self.table("present", [("person", "VARCHAR"), ("happened", "BIGINT"), ("known_from", "BIGINT")],
                   [[text(person), str(at), str(known)] for person, at, known in present])
        for path, table in self.traits.items():
            kind = self.facts.traits[path]
            self.table(table, [("person", "VARCHAR"), ("happened", "BIGINT"), ("known_from", "BIGINT"),
                               ("v", SQL_TYPES[kind])],
                       [[text(person), str(at), "NULL" if known is None else str(known), constant(kind, values[path])]
                        for person, at, known, values in self.facts.settings if path in values])

    def base(self, now, known):
        """Everyone in the base at (now, known), as the first step of a query."""
        condition = f"happened <= {now}" + (f" AND known_from <= {known}" if self.reading == "known" else "")
        return (f"SELECT row_number() OVER () AS rid, person, {now}::BIGINT AS t_now, {known}::BIGINT AS t_known "
                f"FROM (SELECT DISTINCT person FROM present WHERE {condition})")

    def members(self, rule, now, known):
        """(the SQL, the ids of the members)."""
        sql = f"{Translation(self).query(rule, self.base(now, known))}\nWHERE member"
        rows = self.connection.execute(sql).fetchall()
        return sql, sorted((row[0] for row in rows), key=lambda person: person.encode())

    def numbers(self, node, now, known):
        """What a numeric expression is for the people of the base, in millionths; `avg` is cut."""
        sql = Translation(self).query_number(node, self.base(now, known))
        return [row[0] for row in self.connection.execute(sql).fetchall()]

    def unsettled(self, now, known):
        """Whoever has an event that happened but none that is known: the readings of "base" differ in them."""
        rows = self.connection.execute(f"SELECT person FROM present WHERE happened <= {now} GROUP BY person "
                                       f"HAVING min(known_from) > {known}").fetchall()
        return {row[0] for row in rows} if self.reading == "either" else set()

    def base_size(self, now, known):
        return self.connection.execute(f"SELECT count(*) FROM ({self.base(now, known)})").fetchone()[0]

    def at_moments(self, rule, moments):
        """Membership at each (person, now, known), in order."""
        if not moments:
            return []
        self.table("moment", [("rid", "BIGINT"), ("person", "VARCHAR"), ("t_now", "BIGINT"), ("t_known", "BIGINT")],
                   [[str(i), text(person), str(now), str(known)] for i, (person, now, known) in enumerate(moments)])
        sql = f"{Translation(self).query(rule, 'SELECT * FROM moment')}\nORDER BY rid"
        return [row[1] for row in self.connection.execute(sql).fetchall()]


class Translation:
    """One rule's chain of CTEs."""

    def __init__(self, database):
        self.database = database
        self.steps = []
        self.last = "s0"
        self.known = {}  # trait path or aggregate -> its column, or columns for avg

    def query(self, rule, moments):
        self.steps.append(("s0", moments))
        self.prepare(rule)
        member = self.value(rule)
        return f"{self.chain()}\nSELECT person, coalesce({member}, FALSE) AS member FROM {self.last}"

    def query_number(self, node, moments):
        self.steps.append(("s0", moments))
        self.prepare(node)
        top, below, scale = self.number(node)
        value = f"{top} * 1000000 // ({10 ** scale}::HUGEINT * {below or 1})"
        return f"{self.chain()}\nSELECT DISTINCT {value} AS v FROM {self.last} WHERE v IS NOT NULL ORDER BY v"

    def chain(self):
        return "WITH " + ",\n".join(f"{name} AS MATERIALIZED ({body})" for name, body in self.steps)

    def prepare(self, node):
        """Adds the columns of every trait and aggregate below `node`."""
        for part in walk(node):
            if isinstance(part, Path) and part.scope == "person" and part not in self.known:
                self.trait(part)
            if isinstance(part, Agg) and part not in self.known:
                self.aggregate(part)

    def step(self, body):
        name = f"s{len(self.steps)}"
        self.steps.append((name, body))
        return name

    def trait(self, path):
        table = self.database.traits.get(path.names)
        if table is None or self.database.facts.traits[path.names] != path.kind:
            raise Unfit(path)
        column = f"m{len(self.known)}"
        self.known[path] = column
        latest = (f"SELECT s.rid, arg_max(f.v, f.happened) AS {column} FROM {self.last} s JOIN {table} f "
                  f"ON f.person = s.person AND f.happened <= s.t_now "
                  f"AND coalesce(f.known_from <= s.t_known, TRUE) GROUP BY s.rid")
        self.last = self.step(f"SELECT s.*, g.{column} FROM {self.last} s LEFT JOIN ({latest}) g USING (rid)")

    def aggregate(self, agg):
        """Joins the visible events (or elements) of the series, filters them and folds them."""
        for inner in (agg.where, agg.window):
            if inner is not None:
                self.prepare(inner)
        base, column = self.last, f"m{len(self.known)}"
        rows = self.step(f"SELECT s.*, e.* EXCLUDE (person) FROM {base} s JOIN event e ON {self.visible(agg)}")
        value, keep = self.entry(agg)
        if agg.path is not None and agg.path.scope == "element":
            table = self.database.lists.get(agg.path.names[:1])
            if table is None:
                raise Unfit(agg)
            rows = self.step(f"SELECT r.*, x.* EXCLUDE (eid) FROM {rows} r JOIN {table} x ON x.eid = r.eid")
        self.rows = rows
        condition = f"({self.value(agg.where)}) AND {keep}" if agg.where is not None else keep
        folded = f"SELECT rid, {fold(agg, value, column)} FROM {self.rows} WHERE {condition} GROUP BY rid"
        held = f"g.{column}"
        if agg.fn in ("count", "sum"):
            held = f"coalesce(g.{column}, 0)"
            if isinstance(agg.window, Since):  # since NULL, the metric is NULL
                held = f"CASE WHEN ({self.value(agg.window.start)}) IS NOT NULL THEN {held} END"
            held += f" AS {column}"
        if agg.fn == "avg":
            held += f", g.{column}n"
        self.last = self.step(f"SELECT s.*, {held} FROM {base} s LEFT JOIN ({folded}) g USING (rid)")
        self.known[agg] = column

    def visible(self, agg):
        conditions = ["e.person = s.person", "e.happened <= s.t_now", "e.known_from <= s.t_known"]
        if agg.event is not None:
            conditions.append(f"e.event = {text(agg.event)}")
        if isinstance(agg.window, Over):
            end = agg.window.ending.micros if agg.window.ending else 0
            conditions += [f"e.happened > s.t_now - {end + agg.window.length.micros}", f"e.happened <= s.t_now - {end}"]
        if isinstance(agg.window, Since):
            conditions.append(f"e.happened > ({self.value(agg.window.start)})")
        return " AND ".join(conditions)

    def entry(self, agg):
        """(the value that is folded, the condition under which an entry has one)."""
        if agg.path is None:
            return "happened", "TRUE"
        if agg.path.scope == "element" and ("",) not in self.fields_of(agg.path) and len(agg.path.names) == 1:
            return "happened", "TRUE"
        column = self.column(agg.path)
        return column, f"{column} IS NOT NULL"

    def fields_of(self, path):
        return self.database.fields.get(path.names[:1], {})

    def column(self, path):
        database, facts = self.database, self.database.facts
        if path.scope == "element":
            for name, fields in database.fields.items():
                names = field_names(path) if path.names[:len(name)] == name else path.names
                if names in fields and facts.fields[name][names] == path.kind:
                    return fields[names]
        elif path.names in database.columns and facts.kinds[path.names] == path.kind:
            return database.columns[path.names]
        raise Unfit(path)

    def any_element(self, test, name):
        """A test of any element: true if one passes, else unknown if one is, else (also for an empty list) false.

        Where there is no list at all the path is NULL, and the test is one of NULL.
        """
        table = self.database.lists.get(name)
        if table is None:
            raise Unfit(test)
        column = f"any{len(self.steps)}"
        inner, absent = self.plain(test), self.plain(without_lists(test))
        verdict = (f"SELECT CASE WHEN bool_or(t) THEN TRUE WHEN bool_or(t IS NULL) THEN NULL ELSE FALSE END "
                   f"FROM (SELECT {inner} AS t FROM {table} x WHERE x.eid = r.eid)")
        self.rows = self.step(f"SELECT r.*, CASE WHEN has_{table} THEN ({verdict}) ELSE {absent} END AS {column} "
                              f"FROM {self.rows} r")
        return column

    def value(self, node):
        """A boolean, text, instant or interval as SQL over the columns at hand."""
        lists = {path.names[:1] for path in list_paths(node)}
        return self.any_element(node, lists.pop()) if lists else self.plain(node)

    def operand(self, node):
        """A part of a test: a rule in parentheses is a test of its own, a path through a list is not."""
        return self.value(node) if isinstance(node, CONDITIONS) else self.plain(node)

    def plain(self, node):
        inverted = "NOT " if getattr(node, "negated", False) else ""
        match node:
            case Lit():
                held = node.value.micros if node.kind == "interval" and node.value else node.value
                return constant(node.kind, held)
            case Path(scope="person") | Agg():
                return self.known[node]
            case Path():
                return element_column(self.database, node) if node.many else self.column(node)
            case Now():
                return "t_now"
            case Coalesce():
                return f"coalesce({', '.join(self.operand(arg) for arg in node.args)})"
            case Arith():
                return f"({self.plain(node.left)} {node.op} {self.plain(node.right)})"
            case Scale():
                return f"({node.factor} * {self.plain(node.of)})"
            case Compare():
                return self.compare(node.op, node.left, node.right)
            case Between():
                inside = (f"({self.compare('>=', node.of, node.low)} AND {self.compare('<=', node.of, node.high)})")
                return f"({inverted}{inside})"
            case In():
                either = " OR ".join(self.compare("=", node.of, option) for option in node.options)
                return f"({inverted}({either}))"
            case Like():
                return f"({self.plain(node.of)} {inverted}LIKE {text(node.pattern)})"
            case Is():
                held = self.number(node.of).numerator if node.of.kind == "number" else self.operand(node.of)
                return f"(({held}) IS {inverted}{node.what})"
            case Not():
                return f"(NOT {self.operand(node.of)})"
            case Both():
                return "(" + f" {node.op} ".join(self.operand(arg) for arg in node.args) + ")"
            case Paren():
                return f"({self.operand(node.of)})"
        raise Unfit(node)

    def compare(self, op, left, right):
        if left.kind != "number":
            return f"({self.operand(left)} {op} {self.operand(right)})"
        a, b = self.number(left), self.number(right)
        scale = max(a.scale, b.scale)
        lhs = a.at_scale(scale) + (f" * {b.denominator}" if b.denominator else "")
        rhs = b.at_scale(scale) + (f" * {a.denominator}" if a.denominator else "")
        return f"({lhs} {op} {rhs})"

    def number(self, node):
        match node:
            case Lit():
                return Number("NULL::HUGEINT" if node.value is None else f"{millionths(node.value)}::HUGEINT", None, 6)
            case Agg(fn="avg"):
                column = self.known[node]
                return Number(column, f"{column}n", 6)
            case Agg(fn="count"):
                return Number(f"{self.known[node]}::HUGEINT", None, 0)
            case Agg() | Path(scope="person"):
                return Number(f"{self.known[node]}::HUGEINT", None, 6)
            case Path():
                return Number(f"{self.plain(node)}::HUGEINT", None, 6)
            case Paren():
                return self.number(node.of)
            case Scale():
                of = self.number(node.of)
                return Number(f"({millionths(node.factor)}::HUGEINT * {of.numerator})", of.denominator, of.scale + 6)
            case Arith():
                return add(node.op, self.number(node.left), self.number(node.right))
            case Coalesce():
                return first_known([self.number(arg) for arg in node.args])
        raise Unfit(node)


def list_paths(node):
    """The paths through a list whose innermost test is `node`."""
    for value in vars(node).values():
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Path) and child.many:
                yield child
            elif isinstance(child, Node) and not isinstance(child, CONDITIONS + (Agg,)):
                yield from list_paths(child)


def without_lists(node):
    """The test as it reads where the list is absent: its path is NULL."""
    changed = {}
    for name, value in vars(node).items():
        if isinstance(value, tuple):
            changed[name] = tuple(without_lists(each) if isinstance(each, Node) else each for each in value)
        elif isinstance(value, Path) and value.many:
            changed[name] = Lit(value.kind, None)
        elif isinstance(value, Node) and not isinstance(value, CONDITIONS + (Agg,)):
            changed[name] = without_lists(value)
    return replace(node, **changed) if changed else node


def field_names(path):
    """The names of an element's field without those of its list; a list of plain values has the one field `""`."""
    return path.names[1:] or ("",)


def element_column(database, path):
    """The column of a path such as `products.category`, read from outside the list."""
    name, names = path.names[:1], field_names(path)
    if database.facts.fields.get(name, {}).get(names) != path.kind:
        raise Unfit(path)
    return database.fields[name][names]


def add(op, a, b):
    scale = max(a.scale, b.scale)
    left, right = a.at_scale(scale), b.at_scale(scale)
    if not (a.denominator or b.denominator):
        return Number(f"({left} {op} {right})", None, scale)
    below_a, below_b = a.denominator or "1::HUGEINT", b.denominator or "1::HUGEINT"
    return Number(f"({left} * {below_b} {op} {right} * {below_a})", f"({below_a} * {below_b})", scale)


def first_known(numbers):
    scale = max(number.scale for number in numbers)
    tops = [number.at_scale(scale) for number in numbers]
    if not any(number.denominator for number in numbers):
        return Number(f"coalesce({', '.join(tops)})", None, scale)
    cases = " ".join(f"WHEN {top} IS NOT NULL THEN {number.denominator or '1::HUGEINT'}"
                     for top, number in zip(tops, numbers))
    return Number(f"coalesce({', '.join(tops)})", f"(CASE {cases} END)", scale)


def fold(agg, value, column):
    distinct = "DISTINCT " if agg.distinct else ""
    match agg.fn:
        case "count":
            return f"count({distinct}{value}) AS {column}"
        case "sum" | "min" | "max":
            return f"{agg.fn}({distinct}{value}) AS {column}"
        case "avg":
            return (f"sum({distinct}{value})::HUGEINT AS {column}, "
                    f"nullif(count({distinct}{value}), 0)::HUGEINT AS {column}n")
        case "first":
            return f"(list({value} ORDER BY happened, {value}))[1] AS {column}"
        case "last":
            return f"(list({value} ORDER BY happened DESC, {value} DESC))[1] AS {column}"
    raise Unfit(agg)
