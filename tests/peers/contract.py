"""The command line's contract for bad input: exit status, standard output, what the message must name."""

import re

from program import run

AT = ["--at", "2026-01-31T00:00:00Z"]
HEADER = b"userId,event,timestamp,amount,category\n"
GOOD = HEADER + b"u1,Signup,2026-01-01T00:00:00Z,12.50,books\nu2,Signup,2026-01-02T00:00:00Z,3,\n"
GOOD_JSON = (b'{"type":"track","userId":"u1","event":"Signup","timestamp":"2026-01-01T00:00:00Z",'
             b'"properties":{"amount":1}}\n')
PROFILES = b"userId,country,age\nu1,FR,40\nu2,,\n"
EVERYONE = "count(Signup) >= 1"

# Rules that must be refused, and what the message must contain.
BAD_RULES = [
    ("count(Signup where ammount > 3) > 0", "amount"),
    ("sum(Signup.ammount) > 3", "amount"),
    ("contry = 'FR'", "country"),
    ("nosuchtrait = 'FR'", "nosuchtrait"),
    ("count(Signup) >", ""),
    ("count(Signup", ""),
    ("", ""),
    ("count(Signup) > 1 AND", ""),
    ("count(Signup over 1 month) > 0", "month"),
    ("count(Signup over 3 fortnights) > 0", ""),
    ("count(Signup) = 'three'", ""),
    ("age = 'forty'", ""),
    ("country > 3", ""),
    ("sum(Signup.category) > 3", ""),
    ("sum(Signup) > 3", ""),
    ("count(Signup)", ""),
    ("in_segment('nobody')", "nobody"),
    ("count(\"Audience Entered\") > 0", "Audience Entered"),
    ("country LIKE 3", ""),
    ("age IN ()", ""),
    ("country = 'FR", ""),
    ("age > 40 40", ""),
    ("median(Signup.amount) > 3", ""),
    ("age / 2 > 3", ""),
    ("age * age > 3", ""),
    ("count(Signup since 3) > 0", ""),
    ("TIMESTAMP 'yesterday' < now()", ""),
]

# Rows that must be counted as bad while the others stand.
BAD_ROWS = [
    ("nobody", b",Signup,2026-01-03T00:00:00Z,1,\n"),
    ("no timestamp", b"u9,Signup,,1,\n"),
    ("not a date", b"u9,Signup,yesterday,1,\n"),
    ("no such day", b"u9,Signup,2026-02-30T00:00:00Z,1,\n"),
    ("too few cells", b"u9,Signup\n"),
    ("too many cells", b"u9,Signup,2026-01-03T00:00:00Z,1,books,extra,more\n"),
    ("invalid UTF-8", b"u9,Signup,2026-01-03T00:00:00Z,1,b\xff\xfeoks\n"),
    ("a number that does not fit", b"u9,Signup,2026-01-03T00:00:00Z,999999999999.9999999,books\n"),
    ("no event", b"u9,,2026-01-03T00:00:00Z,1,\n"),
]
BAD_LINES = [
    ("broken JSON", b'{"type":"track","userId":"u9"\n'),
    ("not an object", b'[1, 2]\n'),
    ("no timestamp", b'{"type":"track","userId":"u9","event":"Signup"}\n'),
    ("bad timestamp", b'{"type":"track","userId":"u9","event":"Signup","timestamp":"soon"}\n'),
    ("nobody", b'{"type":"track","event":"Signup","timestamp":"2026-01-01T00:00:00Z"}\n'),
    ("invalid UTF-8", b'{"type":"track","userId":"u9","event":"Sign\xffup","timestamp":"2026-01-01T00:00:00Z"}\n'),
]


class Contract:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.broken = []

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def expect(self, name, arguments, status, out=None, err="", word=None):
        """One run: its status, its output if given, and a text (or a number as a word) in its messages."""
        got = run(self.program, arguments)
        statuses = status if isinstance(status, tuple) else (status,)
        wrong = []
        if got.status not in statuses:
            wrong.append(f"status {got.status} instead of {status}")
        if "panicked" in got.err:
            wrong.append("a panic")
        if out is not None and got.out != out:
            wrong.append(f"output {got.out!r} instead of {out!r}")
        if err.lower() not in got.err.lower() or (status != 0 and not got.err.strip()):
            wrong.append(f"no {err!r} on stderr")
        if word is not None and not re.search(rf"\b{word}\b", got.err):
            wrong.append(f"no {word} on stderr")
        if wrong:
            self.broken.append(f"{name}: {'; '.join(wrong)}; stderr: {got.err.strip()[:300]}")

    def run(self):
        events, profiles = self.file("good.csv", GOOD), self.file("good-profiles.csv", PROFILES)
        both = ["--events", events, "--profiles", profiles, *AT]
        self.expect("a good rule", [*both, "--rule", "country = 'FR'"], 0, "u1\n")
        self.expect("an instant", [*both, "--rule", "count(Signup over 30 days) = 1", "--until"], 0,
                    "u2\t2026-02-01T00:00:00.000000Z\n")
        self.expect("never", [*both, "--rule", "count(Signup) = 1", "--until"], 0, "u1\t-\nu2\t-\n")
        self.expect("an explanation", [*both, "--rule", "count(Signup over 90 days) = 1", "--explain", "u1"], 0,
                    err="")
        for rule, hint in BAD_RULES:
            self.expect(f"the rule {rule!r}", [*both, "--rule", rule], 2, "", hint)
        self.expect("a caret", [*both, "--rule", "count(Signup where ammount > 3) > 0"], 2, "", "^")
        self.expect("an unknown event", [*both, "--rule", "count(Sginup) = 0"], 0, "u1\nu2\n", "Sginup")
        self.expect("a missing file", ["--events", events + ".gone", "--rule", EVERYONE, *AT], 2, "", "gone")
        self.expect("missing profiles", ["--events", events, "--profiles", profiles + ".gone", "--rule", EVERYONE,
                                         *AT], 2, "", "gone")
        self.expect("a bad instant", ["--events", events, "--rule", EVERYONE, "--at", "tomorrow"], 2, "", "tomorrow")
        self.expect("no rule", ["--events", events, *AT], 2, "")
        self.expect("an empty file", ["--events", self.file("empty.csv", b""), "--rule", EVERYONE, *AT], (0, 2), "")
        self.expect("a header alone", ["--events", self.file("header.csv", HEADER), "--rule", EVERYONE, *AT], 0, "")
        huge = GOOD + b"u9,Signup,2026-01-03T00:00:00Z,1," + b"x" * 3_000_000 + b"\n"
        self.expect("a huge field", ["--events", self.file("huge.csv", huge), "--rule", EVERYONE, *AT], 0)
        self.rows("CSV", "bad.csv", GOOD, BAD_ROWS, "u1\nu2\n")
        self.rows("JSON Lines", "bad.jsonl", GOOD_JSON, BAD_LINES, "u1\n")
        self.copies()

    def rows(self, form, name, good, bad, out):
        for what, row in bad:
            self.expect(f"{form}, {what}", ["--events", self.file(name, good + row), "--rule", EVERYONE, *AT],
                        0, out, word=1)
        every = good + b"".join(row for _, row in bad)
        self.expect(f"{form}, all of them", ["--events", self.file(name, every), "--rule", EVERYONE, *AT],
                    0, out, word=len(bad))

    def copies(self):
        """The same messageId with other content: the one known first stands, the other is counted."""
        rows = (b"userId,event,timestamp,receivedAt,messageId\n"
                b"u1,Signup,2026-01-01T00:00:00Z,2026-01-05T00:00:00Z,m\n"
                b"u2,Signup,2026-01-02T00:00:00Z,2026-01-04T00:00:00Z,m\n")
        self.expect("two contents of one message", ["--events", self.file("copies.csv", rows), "--rule", EVERYONE,
                                                    *AT], 0, "u2\n", word=1)


def problems(program, folder):
    """The failures, as text."""
    contract = Contract(program, folder)
    contract.run()
    return contract.broken
