# SPDX-License-Identifier: Apache-2.0
"""The files of this source tree, for the style tests, and how a rule is checked against them.

A rule is a function of (path, text) that gives complaints, (line, sentence) each. Every rule brings samples that it
must refuse and samples that it must accept: it is tried on them first, so that a rule that can not fail fails.
"""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files():
    """(path, text) of every text file that could be committed, in order; the path is relative to the root."""
    for folder, folders, names in os.walk(ROOT):
        top = folder == ROOT
        folders[:] = sorted(f for f in folders
                            if f not in (".git", "__pycache__") and not (top and f.startswith("build")))
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if top and (name == ".git" or name.startswith("build-")):  # of a worktree
                continue
            # A corpus is what a fuzzer found: any bytes.
            if path.startswith("tests/fuzz/corpus/") or os.path.islink(os.path.join(folder, name)):
                continue
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace", newline="") as file:
                yield path, file.read()


def is_script(text):
    return text.startswith("#!")


def is_c(path):
    return path.endswith((".c", ".h", ".def"))


class Rule:
    def __init__(self, name, check, refuses, accepts):
        self.name, self.check, self.refuses, self.accepts = name, check, refuses, accepts

    def prove(self):
        """What is wrong with the rule itself."""
        for path, text in self.refuses:
            if not list(self.check(path, text)):
                yield f"the rule \"{self.name}\" accepts its bad sample for {path}: {text[:60]!r}"
        for path, text in self.accepts:
            for _, sentence in self.check(path, text):
                yield f"the rule \"{self.name}\" refuses its good sample for {path}: {sentence}: {text[:60]!r}"
        if not self.refuses:
            yield f"the rule \"{self.name}\" has no bad sample"


def main(rules):
    """Tries the rules, then the tree; prints what is wrong; ends the program with 1 if anything is."""
    wrong = [sentence for rule in rules for sentence in rule.prove()]
    seen = 0
    for path, text in files():
        seen += 1
        for rule in rules:
            wrong += [f"{path}:{line}: {sentence}" for line, sentence in rule.check(path, text)]
    if seen < 20:
        wrong.append(f"only {seen} files were looked at, in {ROOT}")
    for sentence in wrong:
        print(sentence)
    print(f"{seen} files, {len(rules)} rules, {len(wrong)} complaints")
    sys.exit(1 if wrong else 0)
