"""Three segments over a file of events, asked of four contenders in turns.

Each turn is a process of its own with one thread that asks its question a few
times and reports CPU seconds (user and system), wall seconds, the most memory
it had, and the members. All members must be the same.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
OURS = {"bespoke": "bespoke on DataFusion", "datafusion": "DataFusion by hand"}
THEIRS = {"duckdb": "DuckDB", "polars": "Polars"}
NAMES = OURS | THEIRS


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="processes of each contender")
    parser.add_argument("--times", type=int, default=3, help="questions asked by a process")
    options = parser.parse_args()
    file = events(options)
    questions = json.loads(output(options.binary, "questions"))
    print(f"{options.rows:,} events, {file.stat().st_size / 1e6:.0f} MB, one thread")
    print("| segments | by | CPU s, least | median | wall s, least | peak MiB | times by hand |")
    print("|---|---|---|---|---|---|---|")
    return max([ask(options, question, file) for question in questions])


def events(options):
    """The file of events, which is written once."""
    file = options.data / f"events-{options.rows}.parquet"
    if not file.exists():
        new = file.with_suffix(".new")
        output(options.binary, "generate", str(new), str(options.rows))
        new.rename(file)
    return file


def ask(options, question, file):
    """One question, to all in turns; 1 if members differ."""
    runs = {name: [] for name in NAMES}
    for _ in range(options.rounds):
        for name, own in runs.items():
            own.append(turn(options, name, question, file))
    least = {name: min(c for run in own for c in run["cpu"]) for name, own in runs.items()}
    for name, own in runs.items():
        cpu = [seconds for run in own for seconds in run["cpu"]]
        wall = min(seconds for run in own for seconds in run["wall"])
        peak = max(run["peak"] for run in own)
        ratio = least[name] / least["datafusion"]
        print(
            f"| {question['name']} | {NAMES[name]} | {least[name]:.3f} | "
            f"{statistics.median(cpu):.3f} | {wall:.3f} | {peak} | {ratio:.2f} |",
            flush=True,
        )
    members = [run["members"] for own in runs.values() for run in own]
    if any(other != members[0] for other in members):
        counts = {name: count(own[0]["members"]) for name, own in runs.items()}
        print(f"{question['name']}: members differ: {counts}", file=sys.stderr)
        return 1
    print(f"  members: {count(members[0])}", file=sys.stderr)
    return 0


def turn(options, name, question, file):
    if name in OURS:
        command = [options.binary, "ask", name, question["name"]]
    else:
        command = [sys.executable, str(HERE / "ask.py"), name, json.dumps(question)]
    return json.loads(output(*command, str(file), str(options.times)))


def count(members):
    return {name: len(people) for name, people in members.items()}


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
