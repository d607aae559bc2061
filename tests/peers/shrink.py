"""Makes a failing case smaller while it still fails in the same way."""

from dataclasses import replace

from rules import smaller

TRIES = 400


def shrink(case, fails):
    """Drops rows, then parts of the rule, then cells, as long as `fails(case)` stays true."""
    budget = [TRIES]

    def still(candidate):
        budget[0] -= 1
        return budget[0] > 0 and fails(candidate)

    before = None
    while before != case and budget[0] > 0:
        before = case
        case = fewer(case, "rows", still)
        case = simpler(case, still)
        if case.profiles is not None:
            case = fewer(case, "profiles", still)
            without = replace(case, profiles=None)
            case = without if still(without) else case
    return emptier(case, still)


def fewer(case, field, still):
    """Drops runs of rows, halving their length."""
    size = max(len(getattr(case, field)) // 2, 1)
    while True:
        start = 0
        while start < len(getattr(case, field)):
            rows = getattr(case, field)
            candidate = replace(case, **{field: rows[:start] + rows[start + size:]})
            if still(candidate):
                case = candidate
            else:
                start += size
        if size == 1:
            return case
        size //= 2


def simpler(case, still):
    """Takes the first smaller rule that still fails, as often as there is one."""
    found = True
    while found:
        found = False
        for rule in smaller(case.rule):
            candidate = replace(case, rule=rule)
            if still(candidate):
                case, found = candidate, True
                break
    return case


def emptier(case, still):
    """Empties cells and properties of the rows that are left."""
    for i in range(len(case.rows)):
        for key in sorted(cells(case.rows[i]), key=str):
            row = without(case.rows[i], key)
            candidate = replace(case, rows=case.rows[:i] + [row] + case.rows[i + 1:])
            if still(candidate):
                case = candidate
    return case


def cells(row):
    if "batch" in row:
        return set()
    kept = {"userId", "user_id", "event", "timestamp", "type", "properties", "traits"}
    return (set(row) - kept) | {("properties", key) for key in row.get("properties") or {}}


def without(row, key):
    if isinstance(key, tuple):
        inner = {name: value for name, value in row[key[0]].items() if name != key[1]}
        return {**row, key[0]: inner}
    return {name: value for name, value in row.items() if name != key}
