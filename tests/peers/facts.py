"""Reads event and profile files into typed tables of facts.

This is a second reading of the file formats, written from their description
and not from the library: the harness would prove nothing if both sides shared
a parser. Instants and durations are whole microseconds, numbers whole
millionths, so every comparison in SQL is one of integers.
"""

import csv
import io
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]+)?")
INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ])([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})?")
EPOCH = datetime(1970, 1, 1)
WIDE = Context(prec=60)

ENVELOPE = {"userId": "user", "user_id": "user", "anonymousId": "anonymous", "anonymous_id": "anonymous",
            "messageId": "message", "message_id": "message", "receivedAt": "received", "received_at": "received",
            "timestamp": "timestamp", "event": "event", "type": "type", "properties": "properties",
            "traits": "traits"}


class BadRow(Exception):
    """A row that cannot become a fact."""


class Undecided(Exception):
    """A file whose facts depend on a hash that only the program knows."""


class Raw(str):
    """The digits of a JSON number, as they were written."""


def number(text):
    """Millionths, rounded half to even."""
    millionths = Decimal(text).quantize(Decimal("0.000001"), ROUND_HALF_EVEN, WIDE).scaleb(6, WIDE)
    if abs(millionths) >= 10**18:
        raise BadRow(f"{text} has more than 18 digits")
    return int(millionths)


def instant(text):
    """Microseconds since 1970 in UTC; finer digits are cut."""
    match = INSTANT.fullmatch(text)
    if not match:
        raise BadRow(f"not an instant: {text}")
    date, _, clock, fraction, zone = match.groups()
    seconds = int((datetime.fromisoformat(f"{date} {clock}") - EPOCH).total_seconds())
    if zone and zone != "Z":
        hours, minutes = zone[1:].split(":")
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds * 10**6 + int((fraction or "").ljust(6, "0")[:6])


def is_instant(text):
    try:
        instant(text)
    except (BadRow, ValueError):
        return False
    return True


def infer(texts):
    """The kind of a column from all of its non-empty values."""
    if all(NUMBER.fullmatch(text) for text in texts):
        return "number"
    if all(text in ("true", "false") for text in texts):
        return "boolean"
    return "instant" if all(is_instant(text) for text in texts) else "text"


def typed(kind, text):
    if kind == "number":
        return number(text)
    if kind == "boolean":
        return text == "true"
    return instant(text) if kind == "instant" else text


@dataclass
class Row:
    """One event as read: values are still text, lists are lists of {path: text}."""
    person: str
    event: str | None  # None for an identify
    at: int
    known: int
    message: str | None
    values: dict
    lists: dict
    content: str

    def same_as(self, other):
        """Whether both rows make the same facts, however they are spelt."""
        mine, theirs = ((row.person, row.event, row.at, row.known, row.values, row.lists) for row in (self, other))
        return mine == theirs


@dataclass
class Facts:
    """Typed facts, ready to be loaded."""
    events: list = field(default_factory=list)      # (person, event, at, known, {path: value}, {list: [{path: value}]})
    kinds: dict = field(default_factory=dict)       # property path -> kind
    fields: dict = field(default_factory=dict)      # list name -> {element path -> kind}
    traits: dict = field(default_factory=dict)      # trait path -> kind
    settings: list = field(default_factory=list)    # (person, at, known, {trait path: value})
    seen: dict = field(default_factory=lambda: defaultdict(set))  # event name -> property paths it carries
    bad: int = 0


def flatten(value, prefix=()):
    """Scalars of nested objects by path, and the lists; an element that is no object has the one field `""`."""
    scalars, lists = {}, {}
    for key, item in value.items():
        path = prefix + (key,)
        if isinstance(item, dict):
            inner, inner_lists = flatten(item, path)
            scalars.update(inner)
            lists.update(inner_lists)
        elif isinstance(item, list):
            lists[path] = [flatten(element if isinstance(element, dict) else {"": element})[0] for element in item]
        elif isinstance(item, bool):
            scalars[path] = "true" if item else "false"
        elif item is not None and item != "":
            scalars[path] = str(item)
    return scalars, lists


def person_of(user, anonymous):
    if not (user or anonymous):
        raise BadRow("nobody")
    return user or anonymous


def csv_rows(text):
    reader = csv.DictReader(io.StringIO(text, newline=""))
    own = {"userId", "anonymousId", "event", "timestamp", "messageId", "receivedAt"}
    for line in reader:
        try:
            at = instant(line["timestamp"])
            known = instant(line["receivedAt"]) if line.get("receivedAt") else at
            values = {(key,): value for key, value in line.items() if key not in own and value}
            yield Row(person_of(line["userId"], line.get("anonymousId")), line["event"], at, known,
                      line.get("messageId") or None, values, {}, repr(sorted(line.items())))
        except (BadRow, ValueError) as error:
            yield error


def json_rows(text):
    for line in text.split("\n"):
        if not line.strip():
            continue
        value = json.loads(line, parse_float=Raw, parse_int=Raw)
        for item in value["batch"] if "batch" in value else [value]:
            try:
                yield json_row(item)
            except (BadRow, ValueError) as error:
                yield error


def json_row(item):
    envelope = {ENVELOPE[key]: value for key, value in item.items() if key in ENVELOPE}
    at = instant(envelope["timestamp"])
    known = instant(envelope["received"]) if envelope.get("received") else at
    identify = envelope.get("type") == "identify"
    values, lists = flatten(envelope.get("traits" if identify else "properties") or {})
    return Row(person_of(envelope.get("user"), envelope.get("anonymous")), None if identify else envelope["event"],
               at, known, envelope.get("message"), values, lists, json.dumps(item, sort_keys=True))


def without_copies(rows, drop_repeated):
    """One row per messageId, the one known first; of JSON Lines without one, repeated rows once."""
    first = {}
    for i, row in enumerate(rows):
        key = row.message or (("content", row.content) if drop_repeated else ("row", i))
        if key not in first or row.known < first[key].known:
            first[key] = row
    for row in rows:
        kept = first.get(row.message, row)
        if row.known == kept.known and not row.same_as(kept):
            raise Undecided(f"two contents of {row.message} became known at once")
    return list(first.values())


def read(events, profiles, json_lines):
    """Facts from the text of an event file and, perhaps, of a profile file."""
    facts = Facts()
    rows = []
    for row in json_rows(events) if json_lines else csv_rows(events):
        if isinstance(row, Row):
            rows.append(row)
        else:
            facts.bad += 1
    tracks = [row for row in rows if row.event is not None]
    facts.kinds = column_kinds(row.values for row in tracks)
    by_list = defaultdict(list)
    for row in tracks:
        for name, elements in row.lists.items():
            by_list[name] += elements
    facts.fields = {name: column_kinds(elements) for name, elements in by_list.items()}
    if not json_lines:
        header = next(csv.reader(io.StringIO(events, newline="")))
        properties = {(name,) for name in header} - {(key,) for key in ENVELOPE}
        facts.seen = defaultdict(lambda: properties)

    identifies = [row for row in rows if row.event is None]
    held = list(csv.DictReader(io.StringIO(profiles, newline=""))) if profiles else []
    traits = [{(key,): value for key, value in line.items() if key != "userId" and value} for line in held]
    facts.traits = column_kinds(traits + [row.values for row in identifies])

    begins = {}
    for row in without_copies(rows, json_lines):
        try:
            add(facts, row)
        except BadRow:
            facts.bad += 1
            continue
        begins[row.person] = min(row.at, begins.get(row.person, row.at))
    for line, values in zip(held, traits):
        if line["userId"] in begins:
            setting = {path: typed(facts.traits[path], value) for path, value in values.items()}
            facts.settings.append((line["userId"], begins[line["userId"]], None, setting))
    return facts


def column_kinds(rows):
    columns = defaultdict(list)
    for values in rows:
        for path, text in values.items():
            columns[path].append(text)
    return {path: infer(texts) for path, texts in columns.items()}


def add(facts, row):
    kinds = facts.traits if row.event is None else facts.kinds
    values = {path: typed(kinds[path], text) for path, text in row.values.items()}
    if row.event is None:
        facts.settings.append((row.person, row.at, row.known, values))
        return
    lists = {name: [{path: typed(facts.fields[name][path], text) for path, text in element.items()}
                    for element in elements]
             for name, elements in row.lists.items()}
    facts.events.append((row.person, row.event, row.at, row.known, values, lists))
    facts.seen[row.event].update(values, lists)
