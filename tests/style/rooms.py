#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a room may include: the faces of the rooms that it may know, its own private headers, and the libraries that
it alone includes. The two tables below are those of the design; the agent, which is the files directly in agent/ and some
folders, may know all rooms.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from tree import Rule, main

# room: the rooms that it may know
KNOWS = {
    "base": (),
    "loop": ("base",),
    "socket": ("base",),
    "filter": ("base", "socket"),
    "kernel": ("base", "loop", "socket"),
    "capture": ("base", "socket", "kernel", "host"),
    "owner": ("base", "loop"),
    "host": ("base",),
    "report": ("base", "socket"),
    "record": ("base", "socket"),
    "delivery": ("base", "loop"),
    "config": ("base",),
    "admin": ("base", "loop"),
}

# folders of the agent, which is no room: nobody below knows them
AGENT = ("collect", "plan", "show", "verbs")

# faces and tables that are named otherwise than their room
FACES = {"netns.h": "kernel", "wire.h": "socket", "spool.h": "delivery", "fields.def": "socket",
         "tables.def": "socket"}

# beginning of a header's name: the rooms (or files) that alone include it; () is nobody.
ALONE = {
    "sys/epoll.h": ("loop",),
    "sys/timerfd.h": ("loop",),
    "sys/signalfd.h": ("loop",),
    "sys/eventfd.h": ("loop",),
    "pthread.h": ("loop",),
    "threads.h": (),
    "pcre2": ("filter",),
    "libmnl/": ("kernel", "owner"),
    "linux/netlink.h": ("kernel", "owner", "capture"),
    "linux/rtnetlink.h": ("kernel", "owner"),
    "linux/inet_diag.h": ("kernel", "capture"),
    "linux/sock_diag.h": ("kernel", "capture"),
    "librdkafka/": ("delivery",),
    "zlib.h": ("delivery",),
    "json-c/": ("admin", "agent/record/schema.c", "agent/record/schema.h", "agent/delivery/kafka/kafka.c"),
    "json.h": (),
    "yaml.h": ("config",),
    "arpa/inet.h": ("filter", "kernel", "host", "owner", "admin", "config"),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(path):
    """The room that a source or face belongs to; "" for what may know all; None for what is not judged."""
    parts = path.split("/")
    if parts[0] == "agent" and (len(parts) == 2 or parts[1] in AGENT):
        return ""
    if parts[0] == "agent":
        return parts[1]
    if parts[:2] == ["include", "sockfeed"] and len(parts) == 3:
        return FACES.get(parts[2], parts[2].rsplit(".", 1)[0])
    return None


def known(path, text):
    """Every source belongs to a room of the table."""
    room = room_of(path)
    if room and room not in KNOWS:
        yield 1, f"{room} is no room of the design's table"


def faces(path, text):
    """<sockfeed/X.h>: of a room that may be known, or one's own."""
    room = room_of(path)
    for found in INCLUDE.finditer(text) if room else ():
        line = text.count("\n", 0, found.start()) + 1
        bracket, name = found.groups()
        if name.startswith("sockfeed/"):
            other = room_of("include/" + name)
            if other != room and other not in KNOWS.get(room, ()):
                yield line, f"{room} may not know {other} (it may: {', '.join(KNOWS.get(room, ())) or 'nothing'})"
            if bracket == '"':
                yield line, f"a face is included as <{name}>"


def private(path, text):
    """"x.h": beside the file. Nobody reaches into another room, whatever the way; the agent sees faces alone too."""
    room = room_of(path)
    for found in INCLUDE.finditer(text) if room is not None else ():
        line = text.count("\n", 0, found.start()) + 1
        name = found.group(2)
        first = name.split("/")[0]
        if ".." in name.split("/"):
            yield line, f"\"{name}\" leaves its folder"
        elif "/" in name and first in KNOWS and first != room:
            yield line, f"{name} is private to the room {first}"
        elif "/" in name and first in AGENT and room:
            yield line, f"{name} is the agent's, which no room knows"
        elif path.startswith("include/") and found.group(1) == '"':
            yield line, f"a face includes the private header \"{name}\""


def libraries(path, text):
    room = room_of(path)
    for found in INCLUDE.finditer(text) if room is not None else ():
        line = text.count("\n", 0, found.start()) + 1
        name = found.group(2)
        for header, places in ALONE.items():
            matches = name.startswith(header) if header[-1] in "/2" else name == header
            if matches and room not in places and path not in places:
                yield line, f"<{name}> is for {', '.join(places) or 'nobody'} alone"


main([
    Rule("known rooms", known, [("agent/attic/x.c", "")], [("agent/base/buf.c", ""), ("agent/main.c", "")]),
    Rule("faces", faces,
         [("agent/record/x.c", "#include <sockfeed/delivery.h>\n"), ("agent/base/x.c", "#include <sockfeed/loop.h>\n"),
          ("include/sockfeed/record.h", "#include <sockfeed/kernel.h>\n"),
          ("agent/loop/x.c", "#include <sockfeed/wire.h>\n"), ("agent/loop/x.c", '#include "sockfeed/loop.h"\n')],
         [("agent/record/x.c", "#include <sockfeed/socket.h>\n#include <sockfeed/record.h>\n"),
          ("agent/kernel/x.c", "#include <sockfeed/wire.h>\n"), ("agent/main.c", "#include <sockfeed/kernel.h>\n")]),
    Rule("private headers", private,
         [("agent/record/x.c", '#include "../socket/load.h"\n'), ("agent/collect/x.c", '#include "kernel/walk.h"\n'),
          ("agent/agent.c", '#include "kernel/walk.h"\n'), ("agent/record/x.c", '#include "plan/plan.h"\n'),
          ("include/sockfeed/loop.h", '#include "private.h"\n'), ("agent/base/x.c", "#include <socket/load.h>\n")],
         [("agent/record/x.c", '#include "steps.h"\n'), ("agent/collect/x.c", '#include "plan/plan.h"\n'),
          ("agent/base/x.c", "#include <sys/socket.h>\n")]),
    Rule("libraries", libraries,
         [("agent/collect/x.c", "#include <sys/epoll.h>\n"), ("agent/record/x.c", "#include <json-c/json.h>\n"),
          ("agent/filter/x.c", "# include <yaml.h>\n"), ("agent/loop/x.c", "#include <threads.h>\n"),
          ("include/sockfeed/kernel.h", "#include <zlib.h>\n"), ("agent/socket/x.c", "#include <libmnl/libmnl.h>\n")],
         [("agent/loop/x.c", "#include <sys/epoll.h>\n"), ("agent/record/schema.c", "#include <json-c/json.h>\n"),
          ("agent/kernel/x.c", "#include <libmnl/libmnl.h>\n"), ("agent/base/x.c", "#include <stdatomic.h>\n")]),
])
