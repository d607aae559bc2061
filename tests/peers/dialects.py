"""Differential test: the SQL that `segment --sql` prints, against `segment` itself.

Random rules and files as in `duck.py`. The tables that a query is about come from
`segment --tables`; the queries run in SQLite, DuckDB and ClickHouse, and those of
PostgreSQL, Snowflake, BigQuery and Spark are read in their dialect by sqlglot and
run in DuckDB. Whoever a query is sure of must be a member, and every member must
be in its answer; where it calls itself exact, it must be sure of everybody.
"""

import argparse
import collections
import json
import os
import random
import sqlite3
import sys
import tempfile
from pathlib import Path

import chdb.session
import duckdb
import sqlglot

from facts import read
from files import Files
from generate import Maker
from program import run
from sql import Database

DRAWS = 6
SQLITE, DUCKDB, CLICKHOUSE = "sqlite", "duckdb", "clickhouse"
TRANSPILED = ["bigquery", "postgres", "snowflake", "spark"]
DIALECTS = [SQLITE, DUCKDB, CLICKHOUSE, *TRANSPILED]

TYPES = {
    SQLITE: {"boolean": "INTEGER", "instant": "INTEGER", "number": "INTEGER"},
    DUCKDB: {"boolean": "BOOLEAN", "instant": "TIMESTAMP", "number": "DECIMAL(18, 6)"},
    CLICKHOUSE: {"boolean": "Nullable(Bool)", "instant": "Nullable(DateTime64(6, 'UTC'))",
                 "number": "Nullable(Decimal(18, 6))"},
}
TEXTS = {SQLITE: "TEXT", DUCKDB: "VARCHAR", CLICKHOUSE: "Nullable(String)"}


def decimal(millionths):
    sign, digits = "-" if millionths < 0 else "", str(abs(millionths)).rjust(7, "0")
    return f"{sign}{digits[:-6]}.{digits[-6:]}"


def constant(engine, kind, value):
    """A value of a table as SQL."""
    if value is None:
        return "NULL"
    if kind == "boolean":
        return ("FALSE", "TRUE")[value]
    if kind == "instant" and engine != SQLITE:
        return f"make_timestamp({value})" if engine == DUCKDB else f"fromUnixTimestamp64Micro({value}, 'UTC')"
    if kind == "number" and engine != SQLITE:
        return f"CAST('{decimal(value)}' AS DECIMAL(18, 6))"
    if kind in ("instant", "number"):
        return str(value)
    text = value.replace("\\", "\\\\") if engine == CLICKHOUSE else value
    return "'" + text.replace("'", "''") + "'"


def script(engine, tables):
    """The statements that make the tables."""
    for table in tables:
        columns = ", ".join(f'"{name}" {TYPES[engine].get(kind, TEXTS[engine])}' for name, kind in table["columns"])
        end = " ENGINE = Memory" if engine == CLICKHOUSE else ""
        yield f'DROP TABLE IF EXISTS "{table["name"]}"'
        yield f'CREATE TABLE "{table["name"]}" ({columns}){end}'
        kinds = [kind for _, kind in table["columns"]]
        rows = ["(" + ", ".join(constant(engine, kind, cell) for kind, cell in zip(kinds, row)) + ")"
                for row in table["rows"]]
        for start in range(0, len(rows), 500):
            yield f'INSERT INTO "{table["name"]}" VALUES ' + ", ".join(rows[start:start + 500])


class Engines:
    """The engines that run here, with the tables of one case."""

    def __init__(self):
        self.duckdb = duckdb.connect()
        self.clickhouse = chdb.session.Session()

    def load(self, typed, whole):
        self.sqlite = sqlite3.connect(":memory:")
        for statement in script(SQLITE, whole):
            self.sqlite.execute(statement)
        for statement in script(DUCKDB, typed):
            self.duckdb.execute(statement)
        for statement in script(CLICKHOUSE, typed):
            self.clickhouse.query(statement)

    def ask(self, dialect, sql):
        """Rows of person and code."""
        if dialect == SQLITE:
            return self.sqlite.execute(sql).fetchall()
        if dialect == CLICKHOUSE:
            lines = str(self.clickhouse.query(sql, "JSONCompactEachRow")).splitlines()
            return [(row[0], int(row[1])) for row in map(json.loads, lines)]
        if dialect != DUCKDB:
            [sql] = sqlglot.transpile(sql, read=dialect, write=DUCKDB)
        return self.duckdb.execute(sql).fetchall()


class Harness:
    def __init__(self, options):
        self.options = options
        self.engines = Engines()
        self.work = Path(tempfile.mkdtemp(prefix="dialects-"))
        self.drawing = duckdb.connect()
        self.tally = collections.Counter()

    def draw(self, name):
        rng = random.Random(name)
        case = Files(rng).case()
        facts = read(case.events_text(), case.profiles_text(), case.json_lines)
        database = Database(self.drawing, facts)
        size = database.base_size(case.at, case.known_at)
        maker = Maker(rng, facts, case.at, lambda node: database.numbers(node, case.at, case.known_at))
        for _ in range(DRAWS):
            try:
                case.rule = maker.single() if rng.random() < 0.4 else maker.rule()
                _, members = database.members(case.rule, case.at, case.known_at)
            except duckdb.OutOfRangeException:
                continue
            if 0 < len(members) < size:
                break
        return case

    def check(self, name):
        case = self.draw(name)
        if case.rule is None:
            return
        arguments = case.write(self.work)
        plain = run(self.options.binary, arguments)
        if plain.status != 0:
            return self.fault(name, "segment", case, plain.err)
        self.tally["cases"] += 1
        typed, whole = (json.loads(run(self.options.binary, [*arguments, "--tables", dialect]).out)
                        for dialect in (DUCKDB, SQLITE))
        self.engines.load(typed, whole)
        for dialect in DIALECTS:
            printed = run(self.options.binary, [*arguments, "--sql", dialect])
            try:
                rows = dict(self.engines.ask(dialect, printed.out))
            except Exception as error:  # whatever an engine takes amiss
                self.fault(name, dialect, case, f"{error}\n{printed.out}")
                continue
            sure = {person for person, code in rows.items() if code == 2}
            members = set(plain.members)
            exact = "exact" in printed.err.splitlines()
            self.tally["exact"] += exact
            self.tally["answers"] += 1
            if not sure <= members <= set(rows) or exact and sure != set(rows):
                self.fault(name, dialect, case, f"sure of {sorted(sure)}, found {sorted(rows)}, members are "
                           f"{sorted(members)}\n{printed.err}\n{printed.out}")

    def fault(self, name, dialect, case, text):
        self.tally["faults"] += 1
        self.tally[f"faults of {dialect}"] += 1
        if self.tally[f"faults of {dialect}"] <= self.options.show:
            print(f"\n{name}, {dialect}: {case.rule_text()}\n{text}")
            sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/examples/segment", help="the program under test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--show", type=int, default=2, help="how many faults of each dialect are shown")
    chosen = parser.parse_args()
    if not os.access(chosen.binary, os.X_OK):
        sys.exit(f"no program at {chosen.binary}")
    harness = Harness(chosen)
    for i in range(chosen.first, chosen.first + chosen.cases):
        harness.check(f"{chosen.seed}/{i}")
    tally = harness.tally
    print(f"{tally['cases']} cases in {len(DIALECTS)} dialects, {tally['exact']} of {tally['answers']} answers exact; "
          f"faults: {({k: v for k, v in tally.items() if k.startswith('faults of')}) or 'none'}")
    sys.exit(1 if tally["faults"] else 0)


if __name__ == "__main__":
    main()
