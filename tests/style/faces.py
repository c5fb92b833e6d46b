#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every function of a face is explained: by a comment in its paragraph (lines without an empty one between them).

What makes and unmakes a thing (init, finish, new, free) needs none: these words mean the same in every room.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tree import Rule, main

LIFETIME = re.compile(r"_(init|finish|new|free|free_p)$")


def paragraphs(text):
    """(first line, text) of each. An empty line inside braces or inside a comment does not end one."""
    first, lines, depth, comment = 1, [], 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() and depth == 0 and not comment:
            if lines:
                yield first, "\n".join(lines)
            lines = []
            continue
        if not lines:
            first = number
        lines.append(line)
        for token in re.findall(r"/\*|\*/|[{}]", line):
            if token == "/*":
                comment = True
            elif token == "*/":
                comment = False
            elif not comment:
                depth += 1 if token == "{" else -1
    if lines:
        yield first, "\n".join(lines)


def functions(code):
    """(offset, name) of the functions that are declared or defined at the top level of code without comments."""
    while True:
        inner = re.sub(r"\{[^{}]*\}", lambda found: re.sub(r"[^\n]", " ", found.group()), code)
        if inner == code:
            break
        code = inner
    for found in re.finditer(r"^(?!#)[a-z][\w\s*]*?\b(sf_\w+)\s*\(", code, re.MULTILINE):
        yield found.start(1), found.group(1)


def documented(path, text):
    if not path.startswith("include/sockfeed/") or not path.endswith(".h"):
        return
    for first, paragraph in paragraphs(text):
        explained = re.search(r"/\*", paragraph)
        code = re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found.group()), paragraph, flags=re.DOTALL)
        for at, name in functions(code):
            if not explained and not LIFETIME.search(name):
                yield first + code.count("\n", 0, at), f"nothing says what {name} does"


def guarded(path, text):
    """A header can be included twice."""
    if path.endswith(".h") and path.startswith(("agent/", "include/")) and "#pragma once" not in text:
        yield 1, "#pragma once is missing"


main([
    Rule("documented faces", documented,
         [("include/sockfeed/x.h", "/* a */\nint sf_a(void);\n\nint sf_b(int x,\n         int y);\n"),
          ("include/sockfeed/x.h", "static inline int sf_a(void)\n{\n\treturn 1;\n}\n"),
          ("include/sockfeed/x.h", "struct a *sf_a(void);\n"), ("include/sockfeed/x.h", "const char *sf_x_name(enum a);\n")],
         [("include/sockfeed/x.h", "/* what it does */\nint sf_a(void);\nint sf_b(void);\n"),
          ("include/sockfeed/x.h", "int sf_a(void); /* beside */\n"), ("include/sockfeed/x.h", "void sf_a_free(struct a *);\n"),
          ("include/sockfeed/x.h", "#define sf_take(x) (x)\n"),
          ("include/sockfeed/x.h", "/* a */\nstatic inline int sf_a(void)\n{\n\tint x;\n\n\treturn sf_b(x);\n}\n")]),
    Rule("guarded headers", guarded, [("agent/base/x.h", "int x;\n")], [("agent/base/x.h", "#pragma once\n")]),
])
