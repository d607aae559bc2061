"""Compiles MJML that others wrote by bespoke and by npm's mjml: what a reader sees, and the time."""

import argparse
import html.parser
import json
import pathlib
import statistics
import subprocess
import sys

here = pathlib.Path(__file__).parent


class Visible(html.parser.HTMLParser):
    """The text that a reader sees, word by word. Comments, what Outlook alone reads too, are none."""

    def __init__(self):
        super().__init__()
        self.words, self.hidden = [], 0

    def handle_starttag(self, tag, _):
        self.hidden += tag in ("head", "script", "style", "title")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("head", "script", "style", "title")

    def handle_data(self, data):
        if not self.hidden:
            self.words += data.split()


def visible(text):
    parser = Visible()
    parser.feed(text)
    return parser.words


def ask(*command):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {each["file"]: each for each in map(json.loads, lines.splitlines())}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--node", required=True)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments = arguments.parse_args()
    files = sorted(map(str, arguments.folder.rglob("*.mjml")))
    ours = ask(arguments.binary, *files)
    theirs = ask("node", here / "peer.mjs", arguments.node, *files)
    same, ratios, compared = 0, [], 0
    for file in files:
        one, other = ours[file], theirs[file]
        name = pathlib.Path(file).name
        if "error" in other:
            print(f"{name:36} npm's mjml refuses it")
            continue
        compared += 1
        if "error" in one:
            print(f"{name:36} refused: {one['error'].splitlines()[0]}")
            continue
        equal = visible(one["html"]) == visible(other["html"])
        same += equal
        ratio = other["micros"] / one["micros"]
        ratios.append(ratio)
        note = "" if equal else "  another text"
        print(f"{name:36} {one['micros']:8.0f} us {other['micros']:8.0f} us {ratio:6.1f}{note}")
    median = statistics.median(ratios)
    print(f"{same} of {compared} have the same text; {median:.1f} times as fast, {min(ratios):.1f} at the least")
    return median < 15 or same < 0.92 * compared


if __name__ == "__main__":
    sys.exit(main())
