#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program says, word for word: commands in tests/golden/{cli,config}/*.txt with their output, stderr behind "! ", the
status.

A case begins with "$ sockfeed ARGUMENTS", run in its file's folder. SF_GOLDEN=write writes the files anew: read the diff.
"""

import difflib
import os
import shlex
import subprocess
import sys

SOCKFEED = os.path.abspath(os.environ.get("SOCKFEED", "build/sockfeed"))
HERE = os.path.join(os.environ.get("SOURCE", "."), "tests", "golden")
FOLDERS = ("cli", "config")
CLEAN = {"PATH": os.environ["PATH"], "LC_ALL": "C", "GOLDEN": "edge: $5"}


def run(command, folder):
    words = shlex.split(command)
    done = subprocess.run([SOCKFEED, *words[1:]], cwd=folder, env={**CLEAN, **sanitizers()}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    said = "".join(f"! {line}".rstrip() + "\n" for line in done.stderr.splitlines())
    return f"$ {command}\n{done.stdout}{said}[{done.returncode}]\n"


def sanitizers():
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


def check(folder, name):
    """How many commands a file has, and whether they say the same."""
    path = os.path.join(folder, name)
    with open(path) as file:
        want = file.read()
    commands = [line[2:] for line in want.splitlines() if line.startswith("$ sockfeed")]
    got = "\n".join(run(command, folder) for command in commands)
    if os.environ.get("SF_GOLDEN") == "write":
        with open(path, "w") as file:
            file.write(got)
    elif got != want:
        sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True), path, "said"))
        return len(commands), False
    return len(commands), True


def main():
    wrong = cases = 0
    for folder in (os.path.join(HERE, name) for name in FOLDERS):
        for name in sorted(name for name in os.listdir(folder) if name.endswith(".txt")):
            count, same = check(folder, name)
            cases += count
            wrong += not same or not count
    print(f"{cases} commands, {wrong} files differ")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
