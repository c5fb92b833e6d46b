#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the program says, word for word: commands in tests/golden/cli/*.txt with their output, stderr behind "! ", the status.

A case begins with "$ sockfeed ARGUMENTS", run in tests/golden/cli. SF_GOLDEN=write writes the files anew: read the diff.
"""

import difflib
import os
import shlex
import subprocess
import sys

SOCKFEED = os.path.abspath(os.environ.get("SOCKFEED", "build/sockfeed"))
SOURCE = os.environ.get("SOURCE", ".")
HERE = os.path.join(SOURCE, "tests", "golden", "cli")
CLEAN = {"PATH": os.environ["PATH"], "LC_ALL": "C"}


def run(command):
    words = shlex.split(command)
    done = subprocess.run([SOCKFEED, *words[1:]], cwd=HERE, env={**CLEAN, **sanitizers()}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    said = "".join(f"! {line}".rstrip() + "\n" for line in done.stderr.splitlines())
    return f"$ {command}\n{done.stdout}{said}[{done.returncode}]\n"


def sanitizers():
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}


def main():
    wrong = cases = 0
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".txt"):
            continue
        path = os.path.join(HERE, name)
        with open(path) as file:
            want = file.read()
        commands = [line[2:] for line in want.splitlines() if line.startswith("$ sockfeed")]
        cases += len(commands)
        got = "\n".join(run(command) for command in commands)
        if os.environ.get("SF_GOLDEN") == "write":
            with open(path, "w") as file:
                file.write(got)
        elif got != want:
            wrong += 1
            sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True), name, "said"))
    print(f"{cases} commands, {wrong} files differ")
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
