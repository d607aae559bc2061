"""Differential test: the `segment` example against DuckDB.

Random rules run on random event files, once by the program and once as SQL
that was translated by hand (`sql.py`) over tables that were read by hand
(`facts.py`). Neither side has seen the other's code. Members must be equal,
and every horizon right: never late, and exact where a rule is one comparison.

A mismatch is shrunk, printed, and kept in a folder with its files and SQL.
"""

import argparse
import collections
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

import contract
import horizon
from facts import Undecided, read
from files import Case, Files
from generate import Maker
from program import run
from sql import Database, Unfit

DRAWS = 6  # rules drawn for one case until some, but not all, are members


@dataclass
class Finding:
    kind: str
    text: str
    sql: str = ""
    ours: str = ""
    theirs: str = ""


class Harness:
    def __init__(self, options):
        self.options = options
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1")
        self.work = Path(tempfile.mkdtemp(prefix="peers-"))
        self.kept = Path(options.keep)
        self.tally = collections.Counter()
        self.causes = collections.Counter()

    def draw(self, name):
        """One case: its files, and a rule that tells people apart if one is found soon."""
        rng = random.Random(name)
        case = Files(rng).case()
        case.keyword = rng.choice([str.upper, str.upper, str.lower, str.title])
        facts = read(case.events_text(), case.profiles_text(), case.json_lines)
        database = Database(self.connection, facts, self.options.base)
        size = database.base_size(case.at, case.known_at)
        maker = Maker(rng, facts, case.at, lambda node: database.numbers(node, case.at, case.known_at))
        single = rng.random() < 0.4
        draws = 0
        while draws < DRAWS or case.rule is None:
            draws += 1
            try:
                case.rule = maker.single() if single else maker.rule()
                _, members = database.members(case.rule, case.at, case.known_at)
            except duckdb.OutOfRangeException:
                continue  # numbers beyond 38 digits, which DuckDB cannot hold
            if 0 < len(members) < size or rng.random() < 0.1:
                self.tally["some but not all"] += 0 < len(members) < size
                return case
        return case

    def findings(self, case, name):
        """What is wrong with the program's answer to one case."""
        facts = read(case.events_text(), case.profiles_text(), case.json_lines)
        database = Database(self.connection, facts, self.options.base)
        try:
            sql, expected = database.members(case.rule, case.at, case.known_at)
        except duckdb.OutOfRangeException:
            return []
        if self.options.oracle_only:
            return []
        arguments = case.write(self.work)
        plain = run(self.options.binary, arguments)
        theirs = "\n".join(expected)
        if "panicked" in plain.err:
            return [Finding("panic", plain.err, sql)]
        if plain.status != 0:
            return [Finding("refused", plain.err, sql)]
        unsettled = database.unsettled(case.at, case.known_at)
        expected = [person for person in expected if person not in unsettled]
        members = [person for person in plain.members if person not in unsettled]
        if members != expected:
            missing = [person for person in expected if person not in members]
            extra = [person for person in members if person not in expected]
            what = f"missing {missing}, too many {extra}" if missing or extra else "order"
            return [Finding("members", what, sql, plain.out, theirs)]
        timed = run(self.options.binary, [*arguments, "--until"])
        answers = dict(line.split("\t") for line in timed.members if line.count("\t") == 1)
        answers = {person: until for person, until in answers.items() if person not in unsettled}
        if list(answers) != expected:
            return [Finding("until-members", timed.err, sql, timed.out, theirs)]
        wrong = horizon.problems(case, facts, database, answers, random.Random(name))
        return [Finding(kind, text, sql, timed.out, theirs) for kind, text in wrong]

    def check(self, name):
        case = self.draw(name)
        self.tally["cases"] += 1
        found = self.findings(case, name)
        if not found:
            return
        kind = found[0].kind
        self.causes[kind] += 1
        if self.causes[kind] <= self.options.shrink:
            case = self.shrunk(case, found[0], name)
            found = self.findings(case, name)
        self.report(case, next(each for each in found if each.kind == kind), name)

    def shrunk(self, case, finding, name):
        from shrink import shrink

        def fails(candidate: Case):
            try:
                found = self.findings(candidate, name)
            except (Unfit, Undecided, duckdb.Error):
                return False
            same = [each for each in found if each.kind == finding.kind]
            return bool(same) and (finding.kind != "refused" or first_line(same[0].text) == first_line(finding.text))

        return shrink(case, fails)

    def report(self, case, finding, name):
        folder = self.kept / name.replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        arguments = case.write(folder)
        for file, text in [("rule.txt", case.rule_text()), ("arguments.txt", "\n".join(arguments)),
                           ("ours.txt", finding.ours), ("theirs.txt", finding.theirs), ("query.sql", finding.sql),
                           ("finding.txt", f"{finding.kind}: {finding.text}")]:
            (folder / file).write_text(text + "\n", encoding="utf-8")
        print(f"\n{name}: {finding.kind}: {finding.text.strip()}\n  rule  {case.rule_text()}\n  at    "
              f"{arguments[arguments.index('--at') + 1]}"
              + (f" known {arguments[arguments.index('--known') + 1]}" if case.known is not None else "")
              + f"\n  files {folder}")
        if len(case.rows) <= 4:
            print("  " + case.events_text().replace("\n", "\n  ") + (case.profiles_text() or ""))
        sys.stdout.flush()


def first_line(text):
    return text.strip().split("\n")[0][:40]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/examples/segment", help="the program under test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=150)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    parser.add_argument("--keep", default=f"{cache}/bespoke-peers/cases", help="where mismatches are written")
    parser.add_argument("--shrink", type=int, default=3, help="how many mismatches of each kind are shrunk")
    parser.add_argument("--base", choices=["known", "happened", "either"], default="known",
                        help="whether an event must be known to bring a person into the base, or have happened; "
                             "`either` leaves out the people in whom the two differ")
    parser.add_argument("--oracle-only", action="store_true", help="only run the SQL, without the program")
    return parser.parse_args()


def main():
    chosen = options()
    harness = Harness(chosen)
    if not chosen.oracle_only and not os.access(chosen.binary, os.X_OK):
        sys.exit(f"no program at {chosen.binary}")
    broken = [] if chosen.oracle_only else contract.problems(chosen.binary, harness.work)
    for text in broken:
        print(f"contract: {text}")
    for i in range(chosen.first, chosen.first + chosen.cases):
        harness.check(f"{chosen.seed}/{i}")
    tally = harness.tally
    print(f"{tally['cases']} cases, {tally['some but not all']} with some but not all as members; "
          f"mismatches: {dict(harness.causes) or 'none'}; contract: {len(broken) or 'no'} failures")
    sys.exit(1 if broken or harness.causes else 0)


if __name__ == "__main__":
    main()
