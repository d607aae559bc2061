"""Random event files and profiles that sit on every edge of the semantics.

Instants crowd around the edges of the windows that the rules use, to the
microsecond; numbers carry halves of the last digit; messages repeat.
A case keeps its rows apart from their text, so that rows can be dropped while
a failing case is shrunk.
"""

import csv
import io
import json
from dataclasses import dataclass

from facts import Raw
from rules import Duration, Node, Printer, rfc3339

DAY = 86400 * 10**6
DURATIONS = [Duration(*each) for each in [
    (90, "day"), (30, "day"), (2, "week"), (7, "day"), (1, "week"), (3, "day"), (36, "hour"), (24, "hour"),
    (1, "hour"), (90, "minute"), (45, "second"), (1, "second")]]
EVENTS = ["Order Completed", "Product Viewed", "Signup", "Email Opened"]
ODD_EVENTS = ["count", "Über uns", 'Say "hi"', "order completed"]
WORDS = ["books", "Books", "BOOKS", "luxury", "luxe", "größe", "straße", "Zoë", "東京", "😀", "～wide", "100%", "a_b",
         "O'Hare", "sale, now", "new\nline", " padded ", "true story"]
CITIES = ["Kraków", "Oslo", "oslo", "São Paulo", "東京"]
ODD_PEOPLE = ["Ana", "ana", "Žofie", "😀", "～x", "z z", "o'neil", "ÿ", "0"]


@dataclass
class Case:
    """Everything that a run of the program depends on."""
    json_lines: bool
    header: list            # of the CSV file
    rows: list              # dicts of cells, or JSON values by line
    profile_header: list
    profiles: list | None
    at: int
    known: int | None
    line_end: str = "\n"
    rule: Node | None = None
    keyword: object = str.upper

    @property
    def known_at(self):
        return self.at if self.known is None else self.known

    def events_text(self):
        if self.json_lines:
            return "".join(dump(row) + "\n" for row in self.rows)
        return table_text(self.header, self.rows, self.line_end)

    def profiles_text(self):
        return None if self.profiles is None else table_text(self.profile_header, self.profiles, self.line_end)

    def rule_text(self):
        return Printer(self.keyword).show(self.rule)

    def write(self, folder):
        """Writes the files and gives the program's arguments."""
        events = folder / ("events.jsonl" if self.json_lines else "events.csv")
        events.write_text(self.events_text(), encoding="utf-8", newline="")
        arguments = ["--events", str(events), "--rule", self.rule_text(), "--at", rfc3339(self.at)]
        if self.known is not None:
            arguments += ["--known", rfc3339(self.known)]
        if self.profiles is not None:
            profiles = folder / "profiles.csv"
            profiles.write_text(self.profiles_text(), encoding="utf-8", newline="")
            arguments += ["--profiles", str(profiles)]
        return arguments


def table_text(header, rows, line_end):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, restval="", lineterminator=line_end, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def dump(value):
    """JSON that keeps the digits of `Raw` numbers."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dump(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(dump(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def shown_instant(rng, micros, civil):
    """One of the spellings of an instant; `civil` allows the zone-less form of CSV files."""
    plain = rfc3339(micros)
    if rng.random() < 0.1:
        return plain[:-1] + f"{rng.randrange(1000):03d}Z"  # finer digits, to be cut
    if rng.random() < 0.15:
        hours, minutes = rng.choice([(2, 0), (-5, 0), (5, 30), (-3, 30)])
        sign = "-" if hours < 0 else "+"
        shifted = micros + (abs(hours) * 60 + minutes) * 60 * 10**6 * (-1 if hours < 0 else 1)
        return f"{rfc3339(shifted)[:-1]}{sign}{abs(hours):02d}:{minutes:02d}"
    if civil and rng.random() < 0.2:
        return plain[:-1].replace("T", " ") if rng.random() < 0.7 else plain[:-1]
    if micros % 10**6 == 0 and rng.random() < 0.7:
        return plain[:-8] + "Z"
    return plain[:-4] + "Z" if micros % 1000 == 0 and rng.random() < 0.7 else plain


def amount(rng):
    roll = rng.random()
    if roll < 0.3:
        return str(rng.randrange(-5, 60))
    if roll < 0.55:
        return f"{rng.randrange(-20, 200)}.{rng.randrange(100):02d}"
    if roll < 0.7:
        return f"{rng.choice(['', '-'])}{rng.randrange(3)}.{rng.randrange(10**6):06d}"
    if roll < 0.85:  # halves of the last digit kept, and their neighbours
        return f"{rng.choice(['', '-'])}{rng.randrange(3)}.00000{rng.randrange(10)}" + rng.choice(
            ["5", "50", "49", "51", "500000001"])
    if roll < 0.9:
        return rng.choice(["0", "-0", "0.0", "-0.0000004", "10.0", "20.00"])
    return str(rng.randrange(10**11, 10**12)) if roll > 0.98 else str(rng.choice([10, 20, 50]))


class Files:
    """The generator of one case's files."""

    def __init__(self, rng):
        self.rng = rng
        self.json_lines = rng.random() < 0.55
        self.at = rng.randrange(1_735_689_600, 1_798_761_600) * 10**6 + rng.choice([0, 0, rng.randrange(10**6)])
        self.known = None
        if rng.random() < 0.3:
            self.known = self.at + rng.choice([-2, -1, 1, 3]) * rng.choice([1, 3600 * 10**6, DAY])
        self.users = [f"u{i}" for i in range(rng.randrange(8, 25))] + rng.sample(ODD_PEOPLE, 4)
        self.anonymous = [f"anon-{i}" for i in range(rng.randrange(1, 6))]
        self.names = EVENTS[:rng.randrange(2, 5)] + rng.sample(ODD_EVENTS, rng.randrange(2))
        self.last = {}
        self.used = set()  # (person, instant) of identifies, which may not tie

    def case(self):
        rows = self.json_file() if self.json_lines else self.csv_file()
        profiles = self.profile_rows() if self.rng.random() < 0.75 else None
        optional = [name for name in ("anonymousId", "messageId", "receivedAt") if any(row.get(name) for row in rows)]
        properties = ["amount", "category", "gift", "delivered", "note", "unit price"]
        self.rng.shuffle(properties)
        header = ["userId", "event", "timestamp", *optional, *properties]
        return Case(self.json_lines, header, rows, ["userId", "country", "age", "vip", "birthday"], profiles,
                    self.at, self.known, self.rng.choice(["\n", "\r\n"]))

    def moment(self, person):
        """When an event happened: near an edge more often than not."""
        rng, at = self.rng, self.at
        roll = rng.random()
        if roll < 0.3:
            moment = at - rng.randrange(100 * 86400) * 10**6
        elif roll < 0.55:
            moment = at - rng.choice(DURATIONS).micros - rng.choice([0, 0, 0, DAY]) + rng.choice([-1, 0, 0, 1])
        elif roll < 0.6:
            moment = at + rng.choice([0, 0, -1])
        elif roll < 0.75 and person in self.last:
            moment = self.last[person] + rng.choice([0, 0, 0, 1, -1, 250, 10**6])
        elif roll < 0.82:
            moment = at + rng.choice([1, 10**6, rng.randrange(40 * DAY), rng.choice(DURATIONS).micros])
        else:
            moment = at - rng.randrange(4 * DAY)
        self.last[person] = moment
        return moment

    def received(self, moment):
        """The envelope's receivedAt: absent, soon, late, at the instant of knowing, or before it happened."""
        rng, known = self.rng, self.at if self.known is None else self.known
        roll = rng.random()
        if roll < 0.55:
            return None
        if roll < 0.75:
            return moment + rng.randrange(5 * 10**6)
        if roll < 0.85:
            return moment + rng.randrange(10 * DAY)
        if roll < 0.92:
            return known + rng.choice([-1, 0, 0, 1])
        return moment - rng.choice([10**6, DAY, 60 * DAY])

    def who(self):
        rng = self.rng
        if rng.random() < 0.15:
            return {"anonymousId": rng.choice(self.anonymous)}
        user = rng.choice(self.users) if rng.random() < 0.6 else rng.choice(self.users[:8])
        return {"userId": user, "anonymousId": rng.choice(self.anonymous)} if rng.random() < 0.2 else {"userId": user}

    def csv_file(self):
        rng = self.rng
        late, ids = rng.random() < 0.6, rng.random() < 0.5
        rows = [self.csv_row(late) for _ in range(rng.randrange(60, 200))]
        for row in rows[:2]:
            row.update(self.full_values())
        if ids:
            rows = self.with_copies(rows)
        rng.shuffle(rows)
        return rows

    def csv_row(self, late):
        rng = self.rng
        who = self.who()
        moment = self.moment(who.get("userId") or who.get("anonymousId"))
        row = {**who, "event": rng.choice(self.names), "timestamp": shown_instant(rng, moment, True), "_at": moment}
        received = self.received(moment) if late else None
        if received is not None:
            row["receivedAt"] = shown_instant(rng, received, True)
        row["_known"] = moment if received is None else received
        row.update((key, value) for key, value in self.full_values().items() if rng.random() < 0.75)
        return row

    def full_values(self):
        rng = self.rng
        return {"amount": amount(rng), "category": rng.choice(WORDS[:12]), "gift": rng.choice(["true", "false"]),
                "delivered": shown_instant(rng, self.moment(None), True), "note": rng.choice(WORDS),
                "unit price": f"{rng.randrange(1, 30)}.{rng.choice(['5', '25', '99', '0'])}"}

    def with_copies(self, rows):
        """Gives half of the rows a messageId and repeats some, as they are or with other content.

        Copies with different content are known at different instants: which of two that become
        known at once stands depends on a hash, and is not checked here.
        """
        rng = self.rng
        copies = []
        for i, row in enumerate(rows):
            if rng.random() < 0.5:
                row["messageId"] = f"m-{i}"
                roll = rng.random()
                if roll < 0.15:
                    copies.append(dict(row))
                elif roll < 0.35:
                    copies.append(self.other_content(row))
        return rows + copies

    def other_content(self, row):
        rng = self.rng
        other = self.csv_row(True)
        other["messageId"] = row["messageId"]
        known = row["_known"] + rng.choice([-1, 1, -DAY, DAY, 10**6])
        other.update(receivedAt=shown_instant(rng, known, True), _known=known)
        if rng.random() < 0.5:
            other.pop("anonymousId", None)
            other.update({key: row[key] for key in ("userId", "anonymousId") if key in row})
        return other

    def json_file(self):
        rng = self.rng
        late, ids = rng.random() < 0.6, rng.random() < 0.5
        flat = [self.csv_row(late) for _ in range(rng.randrange(60, 180))]
        for row in flat:
            row["_properties"] = self.json_properties(0.75)
        if ids:
            flat = self.with_copies(flat)
        events = [self.envelope(row) for row in flat]
        for name in self.names:  # every property is seen on every event once
            full = self.envelope(self.csv_row(late))
            events.append({**full, "event": name, "properties": self.json_properties(1.0)})
        if rng.random() < 0.4:
            events += filter(None, (self.identify() for _ in range(30)))
        if rng.random() < 0.6:
            events += rng.sample(events, 8)  # repeated lines
        rng.shuffle(events)
        return self.lines([self.spelling(event) for event in events])

    def envelope(self, row):
        event = {"type": "track", **{key: value for key, value in row.items() if key in (
            "userId", "anonymousId", "messageId", "event", "timestamp", "receivedAt")}}
        for key in ("timestamp", "receivedAt"):
            if key in event and event[key][-1] != "Z" and event[key][-6] not in "+-":
                event[key] = event[key].replace(" ", "T") + "Z"
        if "_properties" in row:  # rows with other content under a known messageId have none
            event["properties"] = row["_properties"]
        return event

    def json_properties(self, share):
        rng = self.rng
        full = self.full_values()
        shipping = {"city": rng.choice(CITIES), "cost": Raw(amount(rng))}
        values = {"amount": Raw(full["amount"]), "category": full["category"], "gift": full["gift"] == "true",
                  "delivered": shown_instant(rng, self.moment(None), False), "note": full["note"],
                  "unit price": Raw(full["unit price"]),
                  "shipping": {key: value for key, value in shipping.items() if rng.random() < max(share, 0.7)},
                  "tags": [rng.choice(WORDS[:6] + [None]) for _ in range(rng.choice([0, 1, 2, 2]) if share < 1 else 2)],
                  "products": [self.product(share) for _ in range(rng.choice([0, 1, 1, 2, 3]) if share < 1 else 2)]}
        for key in list(values):
            if rng.random() >= share:
                if rng.random() < 0.3:
                    values[key] = None
                else:
                    del values[key]
        return values

    def product(self, share):
        rng = self.rng
        fields = {"sku": f"S{rng.randrange(6)}-x", "category": rng.choice(WORDS[:8]), "price": Raw(amount(rng)),
                  "quantity": Raw(str(rng.randrange(1, 5)))}
        return {key: value if rng.random() < max(share, 0.85) else None for key, value in fields.items()
                if rng.random() < max(share, 0.9)}

    def identify(self):
        rng = self.rng
        who = {"userId": rng.choice(self.users)}
        moment = self.moment(who["userId"])
        if (who["userId"], moment) in self.used:
            return None
        self.used.add((who["userId"], moment))
        traits = {"plan": rng.choice(["free", "pro", "Pro"]), "score": Raw(str(rng.randrange(100)))}
        return {"type": "identify", **who, "timestamp": shown_instant(rng, moment, False),
                "traits": {key: value for key, value in traits.items() if rng.random() < 0.8}}

    def spelling(self, event):
        """The same envelope in snake_case, now and then."""
        snake = {"userId": "user_id", "anonymousId": "anonymous_id", "messageId": "message_id",
                 "receivedAt": "received_at"}
        repeated = "messageId" not in event  # a repeat in another spelling is another question
        if repeated or self.rng.random() < 0.7:
            return event
        return {snake.get(key, key): value for key, value in event.items()}

    def lines(self, events):
        """One event a line, some of them in batches."""
        lines = []
        while events:
            size = self.rng.choice([2, 5]) if self.rng.random() < 0.05 else 1
            taken, events = events[:size], events[size:]
            lines += taken if size == 1 else [{"batch": taken, "sentAt": rfc3339(self.at)}]
        return lines

    def profile_rows(self):
        rng = self.rng
        rows = []
        for user in self.users + ["stranger"]:
            if rng.random() < 0.85:
                born = rng.choice([rng.randrange(-300, 1_200_000_000) * 10**6, self.moment(None), self.moment(None)])
                row = {"country": rng.choice(["FR", "fr", "DE", "Åland", "Côte d'Ivoire"]),
                       "age": rng.choice([str(rng.randrange(18, 80)), "33.5", "-1", "40"]),
                       "vip": rng.choice(["true", "false"]), "birthday": shown_instant(rng, born, True)}
                rows.append({"userId": user, **{k: v for k, v in row.items() if rng.random() < 0.75 or len(rows) < 2}})
        return rows
