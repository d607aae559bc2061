"""Online Retail: the campaign's segments and their horizons against DuckDB SQL.

    retail.py --decisions DIR/decisions.jsonl --at 2010-11-01T09:00:00Z

The mapping of rows to orders, the five segments and every `until` are
computed here from the invoices, in SQL of their own. Only segments of which a
customer is a member are listed in the decisions, so each conjunction is true
and holds until the first of its clauses turns.

With `--binary` the orders are written as a CSV file, and the `segment` example
is asked the same five rules instead.

Orders after `--at` are not known then; `--future` lets them move the horizon.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import duckdb

from facts import instant
from program import run
from rules import rfc3339

FILE = "online_retail/online_retail_2009-2010.csv.gz"
DAY = 86400 * 10**6

# Duplicates of all eight columns merge first; then each line is rejected for the first reason that applies.
LINES = """
CREATE TABLE raw AS SELECT * FROM read_csv(?, header = true, all_varchar = true, quote = '"', escape = '"');
CREATE TABLE line AS
SELECT Invoice AS invoice, StockCode AS sku, Quantity::BIGINT AS quantity,
       (Price::DECIMAL(18, 6) * 1000000)::BIGINT AS price,
       epoch_us(InvoiceDate::TIMESTAMP) AS happened,
       ("Customer ID"::DOUBLE)::BIGINT::VARCHAR AS customer,
       CASE WHEN Invoice LIKE 'A%' THEN 'adjustment'
            WHEN "Customer ID" IS NULL THEN 'no-customer'
            WHEN NOT regexp_matches(StockCode, '^[0-9]{5}') THEN 'not-a-product'
            WHEN Price::DECIMAL(18, 6) <= 0 THEN 'price'
            WHEN Quantity::BIGINT <= 0 AND Invoice NOT LIKE 'C%' THEN 'quantity' END AS reason
FROM (SELECT DISTINCT * FROM raw);
CREATE TABLE orders AS
SELECT customer, CASE WHEN invoice LIKE 'C%' THEN 'Order Refunded' ELSE 'Order Completed' END AS event,
       min(happened) AS happened, sum(quantity::HUGEINT * price) AS revenue
FROM line WHERE reason IS NULL GROUP BY invoice, customer;
"""

# Each clause as a truth value over the orders `o` visible at an instant `t`; {w} is its window in microseconds.
CLAUSES = {
    "ordered_90": ("o.happened > t - {w}", 90, "count(o.happened) >= 1"),
    "none_90": ("o.happened > t - {w}", 90, "count(o.happened) = 0"),
    "ordered_180": ("o.happened > t - {w}", 180, "count(o.happened) >= 1"),
    "none_180": ("o.happened > t - {w}", 180, "count(o.happened) = 0"),
    "ordered": ("TRUE", 0, "count(o.happened) >= 1"),
    "spent_2000": ("o.happened > t - {w}", 90, "coalesce(sum(o.revenue), 0) > 2000000000"),
    "two_large": ("o.revenue >= 500000000", 0, "count(o.happened) >= 2"),
    "three_30": ("o.happened > t - {w}", 30, "count(o.happened) >= 3"),
}
SEGMENTS = {
    "active": ["ordered_90"],
    "at_risk": ["none_90", "ordered_180"],
    "lapsed": ["ordered", "none_180"],
    "vip": ["spent_2000", "two_large"],
    "frequent": ["three_30"],
}
RULES = {
    "active": 'count("Order Completed" over 90 days) >= 1',
    "at_risk": 'count("Order Completed" over 90 days) = 0 AND count("Order Completed" over 180 days) >= 1',
    "lapsed": 'count("Order Completed") > 0 AND count("Order Completed" over 180 days) = 0',
    "vip": 'sum("Order Completed".revenue over 90 days) > 2000 '
           'AND count("Order Completed" where revenue >= 500) >= 2',
    "frequent": 'count("Order Completed" over 30 days) >= 3',
}


def clause_sql(name, now, future):
    """(customer, t, truth) at `now` and at every later instant at which the clause could turn."""
    inside, days, truth = CLAUSES[name]
    window = days * DAY
    visible = "o.happened <= t" if future else f"o.happened <= {now}"
    return f"""
        SELECT m.customer, t, {truth} AS holds
        FROM (SELECT customer, {now} AS t FROM customers
              UNION SELECT customer, happened FROM sales WHERE happened > {now}
              UNION SELECT customer, happened + {window} FROM sales WHERE happened + {window} > {now}) m
        LEFT JOIN sales o ON o.customer = m.customer AND {visible} AND {inside.format(w=window)}
        GROUP BY m.customer, t"""


def expected(connection, now, future):
    """customer -> {segment: until in microseconds or None}."""
    connection.execute(f"CREATE TABLE customers AS SELECT DISTINCT customer FROM orders WHERE happened <= {now}")
    connection.execute("CREATE TABLE sales AS SELECT * FROM orders WHERE event = 'Order Completed' "
                       "AND customer IN (FROM customers)")
    held = {}  # clause -> {customer: (truth now, first instant of another truth)}
    for name in CLAUSES:
        rows = connection.execute(f"""
            WITH seen AS ({clause_sql(name, now, future)}),
                 start AS (SELECT customer, holds FROM seen WHERE t = {now})
            SELECT customer, any_value(start.holds), min(t) FILTER (seen.holds <> start.holds)
            FROM seen JOIN start USING (customer) GROUP BY customer""").fetchall()
        held[name] = {customer: (holds, turn) for customer, holds, turn in rows}
    decisions = {}
    for (customer,) in connection.execute("SELECT customer FROM customers").fetchall():
        decisions[customer] = {}
        for segment, clauses in SEGMENTS.items():
            if all(held[clause][customer][0] for clause in clauses):
                turns = [held[clause][customer][1] for clause in clauses]
                decisions[customer][segment] = min((turn for turn in turns if turn is not None), default=None)
    return decisions


def asked(connection, binary, at):
    """The decisions as the `segment` example gives them for the orders found here."""
    decisions = {row[0]: {} for row in connection.execute("SELECT customer FROM customers").fetchall()}
    with tempfile.TemporaryDirectory() as folder:
        events = f"{folder}/orders.csv"
        connection.execute(f"COPY (SELECT customer AS \"userId\", event, strftime(make_timestamp(happened), "
                           f"'%Y-%m-%d %H:%M:%S') AS timestamp, "
                           f"(revenue::DECIMAL(32, 0) * 0.000001)::DECIMAL(18, 6) AS revenue "
                           f"FROM orders) TO '{events}' (header true)")
        for segment, rule in RULES.items():
            got = run(binary, ["--events", events, "--rule", rule, "--at", at, "--until"])
            for line in got.members:
                customer, until = line.split("\t")
                decisions.setdefault(customer, {})[segment] = None if until == "-" else until
    return [{"customer": customer, "segments": decisions[customer]} for customer in sorted(decisions)]


def differences(wanted, lines):
    """Every way in which the decisions differ from what is wanted, as text."""
    customers = [line["customer"] for line in lines]
    if customers != sorted(customers, key=str.encode) or len(set(customers)) != len(customers):
        yield "the customers are not in byte order, once each"
    for customer in sorted(set(wanted) ^ set(customers)):
        yield f"{customer}: {'missing' if customer in wanted else 'not a customer at that instant'}"
    for line in lines:
        want = wanted.get(line["customer"])
        if want is None:
            continue
        have = line["segments"]
        for segment in sorted(set(want) | set(have) & set(SEGMENTS)):
            if (segment in want) != (segment in have):
                yield f"{line['customer']}: {'not in' if segment in want else 'wrongly in'} {segment}"
            elif (None if have[segment] is None else instant(have[segment])) != want[segment]:
                until = "never" if want[segment] is None else rfc3339(want[segment])
                yield f"{line['customer']}: {segment} until {have[segment]}, by SQL {until}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", help="what the campaign wrote; without it only the counts are printed")
    parser.add_argument("--binary", help="the `segment` example, to be asked where there are no decisions")
    parser.add_argument("--at", default="2010-11-01T09:00:00Z")
    parser.add_argument("--future", action="store_true", help="orders after --at move the horizon")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("BESPOKE_DATA") or root.parent / "shared" / "data") / FILE
    if not data.exists():
        print("skipped: online_retail not present")
        return
    connection = duckdb.connect()
    for statement in LINES.strip().split(";\n"):
        connection.execute(statement, [str(data)] if "?" in statement else None)
    rows, kept = (connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("raw", "line"))
    reasons = connection.execute("SELECT coalesce(reason, 'accepted'), count(*) FROM line GROUP BY 1 ORDER BY 1")
    print(f"{rows} rows: {rows - kept} merged, " + ", ".join(f"{n} {reason}" for reason, n in reasons.fetchall()))
    wanted = expected(connection, instant(options.at), options.future)
    sizes = {segment: sum(segment in each for each in wanted.values()) for segment in SEGMENTS}
    print(f"{len(wanted)} customers at {options.at}: " + ", ".join(f"{n} {name}" for name, n in sizes.items()))
    if options.decisions:
        text = Path(options.decisions).read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
    elif options.binary:
        lines = asked(connection, options.binary, options.at)
    else:
        return
    found = list(differences(wanted, lines))
    for text in found[:50]:
        print(text)
    print(f"{len(found)} differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
