"""Runs the program under test."""

import subprocess
from dataclasses import dataclass


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    @property
    def members(self):
        return self.out.split("\n")[:-1]


def run(program, arguments):
    done = subprocess.run([program, *arguments], capture_output=True, timeout=60)
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
