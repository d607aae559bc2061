"""Checks `--until` against brute force: membership by SQL at every instant that could matter.

"No new fact" leaves facts that become known after `known` out of account, so
moments after `now` are asked with the same `known`.
"""

from facts import instant
from rules import Agg, Arith, Coalesce, Compare, Duration, Lit, Not, Now, Over, Paren, Path, Scale, rfc3339, walk

PEOPLE = 12   # members whose horizon is checked in one case
SAMPLES = 40  # instants asked before each horizon that only has to be "not late"


def must_be_exact(rule):
    """Whether the rule is one windowed aggregate comparison, or one comparison with `now()`."""
    while isinstance(rule, (Not, Paren)):
        rule = rule.of
    if not isinstance(rule, Compare):
        return False
    parts = list(walk(rule))
    aggregates = [part for part in parts if isinstance(part, Agg)]
    nows = [part for part in parts if isinstance(part, Now)]
    paths = [part for part in parts if isinstance(part, Path) and part.scope == "person"]
    if any(isinstance(part, (Coalesce, Scale)) for part in parts):
        return False
    if nows:
        simple = all(agg.window is None and agg.where is None for agg in aggregates)
        return simple and len(nows) == 1 and len(aggregates) + len(paths) <= 1
    plain = not any(isinstance(part, Arith) for part in parts)
    return plain and not paths and len(aggregates) == 1 and isinstance(aggregates[0].window, Over)


def durations(rule):
    found = {0}
    for part in walk(rule):
        if isinstance(part, Over):
            found |= {part.length.micros, part.length.micros + (part.ending.micros if part.ending else 0)}
            found |= {part.ending.micros} if part.ending else set()
        if isinstance(part, Lit) and isinstance(part.value, Duration):
            found.add(part.value.micros)
    return found


def candidates(rule, facts, now):
    """Per person, every instant after `now` at which a window's edge, a fact or an instant of the data is met."""
    shifts = durations(rule)
    shifts |= {a + sign * b for a in shifts for b in shifts for sign in (1, -1)}
    fixed = {part.value for part in walk(rule) if isinstance(part, Lit) and part.kind == "instant" and part.value}
    met = {}
    for person, _, at, _, values, _ in facts.events:
        held = {value for path, value in values.items() if facts.kinds[path] == "instant"}
        met.setdefault(person, set(fixed)).update({at} | held)
    for person, at, _, values in facts.settings:
        held = {value for path, value in values.items() if facts.traits[path] == "instant"}
        met.setdefault(person, set(fixed)).update({at} | held)
    return {person: sorted({moment + sign * shift + near for moment in instants for shift in shifts
                            for sign in (1, -1) for near in (-1, 0, 1)
                            if moment + sign * shift + near > now})
            for person, instants in met.items()}


def problems(case, facts, database, answers, rng):
    """(kind, text) of each horizon in `answers` ({member: text of until}) that is wrong."""
    people = sorted(answers)
    if len(people) > PEOPLE:
        people = sorted(rng.sample(people, PEOPLE))
    exact = must_be_exact(case.rule)
    instants = candidates(case.rule, facts, case.at)
    found, asked, untils = [], [], {}
    for person in people:
        try:
            until = None if answers[person] == "-" else instant(answers[person])
        except Exception:  # whatever it is, it is not an instant
            found.append(("until-format", f"{person}: {answers[person]!r}"))
            continue
        untils[person] = until
        if until is not None and until <= case.at:
            found.append(("until-past", f"{person}: {answers[person]} is not after now"))
        moments = instants[person]
        if not exact:
            moments = [moment for moment in moments if until is None or moment < until]
            if len(moments) > SAMPLES:
                moments = sorted(rng.sample(moments, SAMPLES - 5) + moments[-5:])
            moments += [until - 1] if until is not None and until - 1 > case.at else []
        asked += [(person, moment) for moment in moments]
    member = database.at_moments(case.rule, [(person, moment, case.known_at) for person, moment in asked])
    turns = {}
    for (person, moment), inside in zip(asked, member):
        if not inside:
            turns[person] = min(moment, turns.get(person, moment))
    for person, until in untils.items():
        turn = turns.get(person)
        if turn is not None and (until is None or turn < until):
            found.append(("until-late", f"{person}: says {answers[person]}, differs at {shown(turn)}"))
        elif exact and turn != until:
            found.append(("until-early", f"{person}: says {answers[person]}, first differs at {shown(turn)}"))
    return found


def shown(micros):
    return "-" if micros is None else rfc3339(micros)
