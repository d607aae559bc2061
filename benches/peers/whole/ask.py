"""One question, asked of DuckDB or Polars and measured: ask.py ENGINE QUESTION FILE TIMES."""

import json
import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

NOW = datetime(2026, 1, 1)


def duckdb(question, file):
    """Opens the file; what asks it."""
    import duckdb as engine

    connection = engine.connect(config={"threads": 1})
    connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{file}')")

    def ask():
        members = {name: [] for name in question["segments"]}
        for person, *truths in connection.execute(question["sql"]).fetchall():
            for name, truth in zip(question["segments"], truths):
                if truth:
                    members[name].append(person)
        return members

    return ask


def polars(question, file):
    """Opens the file; what asks it."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars as pl

    def of(name, days=None):
        test = pl.col("name") == name
        return test if days is None else test & (pl.col("time") > NOW - timedelta(days=days))

    def count(test):
        return test.sum().cast(pl.Int64)

    opens, clicks = count(of("email_open", 30)), count(of("email_click", 30))
    spent = pl.col("amount").filter(of("purchase", 90)).sum()
    luxury = count(of("purchase") & (pl.col("category") == "luxury"))
    purchases, views = count(of("purchase", 30)), count(of("product_view"))
    cart = pl.col("time").filter(of("add_to_cart", 1)).max()
    purchase = pl.col("time").filter(of("purchase", 1)).max()
    engagement = 8 * pl.col("opens") + 15 * pl.col("clicks")
    mails = {"opens": opens, "clicks": clicks}
    # For each segment its figures, its test, the names that it reads and the days.
    parts = {
        "s1": (
            mails | {"spent": spent, "luxury": luxury},
            (engagement > 75) & (pl.col("spent") > 2000) & (pl.col("luxury") >= 2),
            {"email_open", "email_click", "purchase"},
            None,
        ),
        "s2": (
            mails | {"purchases": purchases, "views": views},
            (engagement > 80) & (pl.col("purchases") >= 3) & (pl.col("views") > 10),
            {"email_open", "email_click", "purchase", "product_view"},
            None,
        ),
        "s3": (
            {"cart": cart, "purchase": purchase},
            pl.col("cart").is_not_null()
            & (pl.col("purchase").is_null() | (pl.col("purchase") <= pl.col("cart"))),
            {"add_to_cart", "purchase"},
            1,
        ),
    }
    asked = [parts[name] for name in question["segments"]]
    figures = {name: figure for part in asked for name, figure in part[0].items()}
    names = sorted(set().union(*(part[2] for part in asked)))
    rows = pl.col("name").is_in(names) & (pl.col("time") <= NOW)
    if all(part[3] for part in asked):
        rows &= pl.col("time") > NOW - timedelta(days=max(part[3] for part in asked))

    def ask():
        people = pl.scan_parquet(file).filter(rows).group_by("customer_id").agg(**figures)
        tests = {name: parts[name][1].fill_null(False) for name in question["segments"]}
        found = people.select("customer_id", **tests).filter(pl.any_horizontal(*tests)).collect()
        return {
            name: found.filter(pl.col(name))["customer_id"].to_list() for name in tests
        }

    return ask


def peak():
    """The most memory that the process had, in mebibytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main(engine, question, file, times):
    ask = {"duckdb": duckdb, "polars": polars}[engine](json.loads(question), file)
    cpu, wall = [], []
    for _ in range(int(times)):
        clock, begun = time.process_time(), time.perf_counter()
        members = ask()
        cpu.append(time.process_time() - clock)
        wall.append(time.perf_counter() - begun)
    members = {name: sorted(people) for name, people in members.items()}
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak(), "members": members}))


if __name__ == "__main__":
    main(*sys.argv[1:])
