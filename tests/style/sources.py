#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a source file looks: its head, its size, its columns, and words that do not belong in it."""
import os
import re
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tree import ROOT, Rule, is_c, is_script, main

LINES_MOST = 250
# Files that may be longer, because they are one table that is read by looking something up.
TABLES = ()

OURS = ("agent/", "include/", "tests/", "deploy/", "conf/", ".ci/")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def licence(path, text):
    if not path.startswith(OURS) and os.path.basename(path) != "CMakeLists.txt":
        return
    if path.startswith("tests/golden/") and not (is_script(text) or is_c(path)):
        return  # text that goes in and comes out
    if not (is_c(path) or is_script(text) or path.endswith((".py", ".yaml", ".txt", ".sh"))):
        return
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n")[:2]):
        yield 1, "the SPDX line is missing at the top"


def head(path, text):
    """Below the SPDX line: what comes in, what goes out, the promise kept, in at most 12 lines of text."""
    if not is_c(path) or not path.startswith(("agent/", "include/")):
        return
    found = re.match(r"/\*[^\n]*\*/\n/\*(.*?)\*/", text, re.DOTALL)
    if not found:
        yield 2, "the comment that says what this file is for is missing below the SPDX line"
        return
    lines = [line for line in found.group(1).split("\n") if line.strip(" *")]
    if not 1 <= len(lines) <= 12:
        yield 2, f"the file's head has {len(lines)} lines, not 1 to 12"


def size(path, text):
    if path.startswith("agent/") and path.endswith((".c", ".h")) and path not in TABLES:
        lines = text.count("\n")
        if lines > LINES_MOST:
            yield LINES_MOST, f"{lines} lines, more than {LINES_MOST}: look for the table, or the second room"


def columns(path, text):
    most = {"agent": 100, "include": 120}.get(path.split("/")[0])
    if most is None or not is_c(path) or path.endswith("fields.def"):
        return
    for number, line in enumerate(text.split("\n"), 1):
        width = len(line.expandtabs(8))
        if width > most:
            yield number, f"{width} columns, more than {most}"


def blanks(path, text):
    if not (is_c(path) or is_script(text) or path.endswith((".py", ".yaml", "CMakeLists.txt"))):
        return
    if path.startswith("tests/golden/") and not is_script(text):
        return
    for found in re.finditer(r"[ \t\r]+$", text, re.MULTILINE):
        yield line_of(text, found.start()), "blanks at the end of the line"
    if text and not text.endswith("\n"):
        yield line_of(text, len(text)), "no newline at the end"


def promises(path, text):
    if path.startswith("tests/style/") or not path.startswith(OURS):
        return
    for found in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b", text):
        yield line_of(text, found.start()), f"{found.group()}: do it, or write an issue"


def typedefs(path, text):
    if is_c(path) and path.startswith(("agent/", "include/")):
        for found in re.finditer(r"\btypedef\s+(struct|union|enum)\b", text):
            yield line_of(text, found.start()), f"a typedef hides a {found.group(1)}"


def defaults(path, text):
    """A switch on our own enum has no default, so that the compiler names the case that is missing. What switches on
    a number from outside says so in a comment beside or right above its default."""
    if not is_c(path) or not path.startswith(("agent/", "include/")):
        return
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if re.match(r"\s*default\s*:", line):
            around = line + (lines[number - 1] if number else "") + "".join(lines[number + 1:number + 2])
            if "/*" not in around and "*/" not in around and "//" not in around:
                yield number + 1, "a default without a comment that says which number from outside this is"


def places(path, text):
    """No path of a workplace: what is committed must make sense elsewhere."""
    if path.startswith("tests/style/"):
        return
    for found in re.finditer(r"/(work|root|home/[a-z]+)/", text):
        yield line_of(text, found.start()), f"{found.group()} is a place of one machine"


def executable(path, text, mode=None):
    """A script is executable, nothing else is. (`mode` is for the samples.)"""
    if mode is None:
        if not os.path.exists(os.path.join(ROOT, path)):
            return
        mode = os.stat(os.path.join(ROOT, path)).st_mode
    if is_script(text) != bool(mode & stat.S_IXUSR):
        yield 1, "a script that is not executable" if is_script(text) else "executable, but no script"


def executable_by_name(path, text):
    """The rule above; its samples carry their mode in their name."""
    modes = {"sample/644": 0o644, "sample/755": 0o755}
    return executable(path, text, modes.get(path))


C_HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n/*\n * what: it does this\n */\n"

main([
    Rule("licence", licence, [("agent/base/x.c", "int x;\n"), ("deploy/x", "#!/bin/sh\ntrue\n")],
         [("agent/base/x.c", C_HEAD), ("tests/golden/x.txt", "anything\n")]),
    Rule("head", head, [("agent/base/x.c", "/* SPDX */\nint x;\n"), ("agent/x.h", "/* SPDX */\n/*" + "\n * y" * 13 + "\n */\n")],
         [("agent/base/x.c", C_HEAD), ("agent/base/x.c", "/* SPDX */\n/* one line */\n")]),
    Rule("size", size, [("agent/base/x.c", "\n" * 251)], [("agent/base/x.c", "\n" * 250), ("tests/unit/x.c", "\n" * 300)]),
    Rule("columns", columns, [("agent/base/x.c", "\t" * 12 + "x" * 5), ("include/sockfeed/x.h", "x" * 121)],
         [("agent/base/x.c", "\t" * 12 + "x" * 4), ("include/sockfeed/fields.def", "x" * 300)]),
    Rule("blanks", blanks, [("agent/base/x.c", "int x; \n"), ("agent/base/x.c", "int x;")], [("agent/base/x.c", "int x;\n\n")]),
    Rule("promises", promises, [("agent/base/x.c", "/* TODO: later */\n"), ("conf/x.yaml", "# FIXME\n")],
         [("agent/base/x.c", "/* what is to be done */\n")]),
    Rule("typedefs", typedefs, [("agent/base/x.c", "typedef struct x {\n"), ("include/sockfeed/x.h", "typedef\nenum y z;\n")],
         [("agent/base/x.c", "struct x {\n"), ("agent/base/x.c", "typedef int (*reader)(void);\n")]),
    Rule("defaults", defaults, [("agent/base/x.c", "\tcase A:\n\t\tbreak;\n\tdefault:\n\t\tbreak;\n")],
         [("agent/base/x.c", "\tdefault: /* an errno */\n\t\tbreak;\n"), ("agent/base/x.c", "\tint by_default;\n")]),
    Rule("places", places, [("README.md", "see /work/" + "x\n")], [("README.md", "a lot of work / more\n")]),
    Rule("executable", executable_by_name, [("sample/644", "#!/bin/sh\n"), ("sample/755", "int x;\n")],
         [("sample/755", "#!/bin/sh\n"), ("sample/644", "int x;\n")]),
])
