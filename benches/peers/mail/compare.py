"""Runs everybody in turn and prints the ratios. Fails where bespoke is slower than it has to be."""

import argparse
import json
import pathlib
import subprocess
import sys

# How many times bespoke's CPU time each may take at the least.
TARGETS = {"minijinja": 0.8, "Jinja2": 4.0, "liquidjs": 10.0}
WAY_OUT = "https://shop.example/u/AQAAAAFbFvTB9eQlVDIeJr0aRl3RplCt4v2nRyBOLoGa2wzTZW0tMQ"
here = pathlib.Path(__file__).parent


def ask(*command):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--node", required=True)
    arguments = arguments.parse_args()
    found = ask(arguments.binary, "compare")
    found += ask(sys.executable, here / "peer.py", WAY_OUT)
    found += ask("node", here / "peer.mjs", arguments.node, WAY_OUT)
    ours = found[0]["micros"]
    missed = False
    for each in found:
        ratio = each["micros"] / ours
        target = next((it for name, it in TARGETS.items() if each["name"].startswith(name)), 0)
        missed |= ratio < target
        print(f"{each['name']:60} {each['micros']:8.1f} us {each['bytes']:7} bytes {ratio:6.2f}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
