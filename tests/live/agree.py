#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`sockfeed query FILTER` agrees with `ss FILTER` socket for socket: the same ends, states and cookies.

For what ss is not asked (harness/sets.py), and for every state and group, the world that was made is the witness.
"""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import sets
import witness
import world as worlds

wrong = []


def compare(filter_words, text):
    """The states of the sockets that both show."""
    records, _ = feed.run(filter_words)
    wrong.extend(sets.differences(text or "no filter", records, witness.ask(*sets.asked(text)), sets.states_of(text)))
    print(f"{len(records):4} {text or 'no filter'}")
    return {record["state"] for record in records}


def filters_of(world):
    """Those that name what is not the same everywhere."""
    yield from sets.FILTERS
    yield from ("state listening dst 127.0.0.1", "state all dst 127.0.0.1", "state listening ! dst 127.0.0.1")
    if services():
        yield from ("dport = :https", "( sport = :https or dport = :https )")
    if world.cgroup:
        yield from (f"cgroup = {world.cgroup}", f"not cgroup = {world.cgroup}", f"sport = :443 or cgroup = {world.cgroup}")


def services():
    try:
        return socket.getservbyname("https") == 443
    except OSError:
        return False


def add_refused(world):
    """A listener that once tried to connect: its header keeps the address, but no port."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    if sock.connect_ex(("127.0.0.1", 1)) == 0:
        wrong.append("something listens at port 1")
    sock.listen()
    world.add("a listener whose connect() was refused", sock)


def compare_with_ss(world):
    seen = set()
    compare([], "")
    for name in [*worlds.STATES[1:], *sets.GROUPS]:
        if name != "bound-inactive":
            seen |= compare(["state", name], f"state {name}")
    if seen - {"bound-inactive"} != sets.EVERY - {"bound-inactive"}:
        wrong.append(f"these states were never seen: {sets.EVERY - {'bound-inactive'} - seen}")
    for text in filters_of(world):
        compare([text], text)
        compare(text.split(), text)  # however the words are cut


def compare_with_world(world):
    """Every socket that was made is seen in its state by the filters that should show it, and by no other."""
    for name, states in [("", sets.USUAL), *((f"state {g}", s) for g, s in sets.GROUPS.items()),
                         *((f"state {s}", {s}) for s in sets.EVERY), ("exclude listening", sets.EVERY - {"listening"})]:
        records, _ = feed.run(name.split())
        seen = {int(record["cookie"]): record["state"] for record in records}
        for made in world.sockets.values():
            state = seen.pop(made.cookie, None)
            if made.state in states and state is None:
                wrong.append(f"{name or 'no filter'}: {made} is missing")
            if state is not None and (made.state not in states or state != made.state):
                wrong.append(f"{name or 'no filter'}: {made} is shown as {state}")
        others = list(seen.values())
        for state in set(others) | set(world.anonymous):
            expected = world.anonymous.get(state, 0) if state in states else 0
            if others.count(state) != expected:
                wrong.append(f"{name or 'no filter'}: {others.count(state)} others are {state}, {expected} should be")


netns.enter()
made = worlds.make()
add_refused(made)
compare_with_world(made)
compare_with_ss(made)
for sentence in wrong:
    print(sentence)
print(f"ss {witness.version()}, {len(made.sockets)} sockets of known cookies, {len(wrong)} differences")
sys.exit(1 if wrong else 0)
