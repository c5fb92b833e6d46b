#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`sockfeed query FILTER` agrees with `ss FILTER` socket for socket: the same ends, states and cookies.

Where ss is wrong or older, it is not asked: bound-inactive is unknown to it before 6.8, and from 6.8 on it shows that and
SYN-RECV unasked. For those, and for every state and group, the world that was made is the witness.
"""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import witness
import world as worlds

EVERY = set(worlds.STATES[1:])
CONNECTED = EVERY - {"listening", "bound-inactive"}
GROUPS = {"all": EVERY, "connected": CONNECTED, "synchronized": CONNECTED - {"syn-sent"},
          "bucket": {"syn-recv", "time-wait"}, "big": EVERY - {"syn-recv", "time-wait"}}
USUAL = CONNECTED - {"syn-recv", "time-wait"}

# Filters as both write them. What has no state means the usual states.
FILTERS = [
    "( dport = :443 or sport = :443 )",
    "state all ( dport = :443 or sport = :443 )",
    "state established ( dport = :443 or sport = :443 )",
    "state listening sport = :443",
    "state listening sport != :443",
    "state all dport != :443",
    "state all not dport = :443",
    "sport < :40000", "sport <= :50000", "sport > :45000", "sport >= :443 and sport <= :443",
    "( sport >= :30000 and sport < :50000 )",
    "( sport > :50000 or dport > :50000 )",
    "state all ( ( sport >= :32768 and sport <= :40000 ) or ( sport >= :50000 and sport <= :60000 ) )",
    "src 127.0.0.1", "dst 127.0.0.0/8", "src 127.0.0.0/30", "dst 10.0.0.0/8",
    "src [::1]", "dst [::1]", "state all src [::1]", "state all src [::1/128]", "src [::ffff:127.0.0.1]",
    "state listening src 127.0.0.0/8", "state all ( src 127.0.0.0/8 and not dst 127.0.0.0/8 )",
    "dst 127.0.0.1:443", "dst [::1]:443", "src 127.0.0.1:443", "src = 127.0.0.0/8 and dport = :443",
    "dev = lo", "state all dev = lo", "state all dev != lo",
    "exclude established", "exclude established exclude listening", "exclude time-wait dport != :443",
    "state established state time-wait", "state established state listening sport >= :443",
    "state established not ( sport = :443 or dport = :443 )",
    "state established ( dst 127.0.0.1 or dst [::1] ) and not sport = :443",
    "sport eq :443", "dport neq :443", "sport geq :1024 & dport leq :60000", "! dport = :443", "dport gt :1 | sport lt :1024",
    "src :443", "dst *:443", "dst 127.0.0.1:*", "src = 127.0.0.1 src = 127.0.0.1:443", "src 127.0.0.1 or src [::1]",
    "dst [::ffff:127.0.0.0/104]", "state all dst [::ffff:0:0/96]", "state all ! dst [fe80::/10]", "src [::1]:443 or dst [::1]:443",
    "state all ( src 127.0.0.1 or src [::ffff:127.0.0.1] )", "dst = 127.0.0.0/8 and ! ( sport = :443 )",
    "fwmark = 42", "fwmark = 0x2a", "fwmark = 0x2a/0xff", "fwmark = 0x2/0x2", "state all fwmark = 0", "state all not fwmark = 42",
    "state all fwmark != 42", "( dev = lo or sport = :443 )", "state all ( dev = lo and fwmark = 42 )", "not dev = lo dport != :443",
    "autobound", "state all autobound", "state established ( autobound and dport = :443 )", "autobound or sport = :443",
    "state connected exclude established", "state bucket state listening", "state big exclude listening sport != :443",
    "exclude connected", "exclude listening exclude time-wait exclude syn-recv",
]

wrong = []


def end(address, port):
    return None if not port else (address, port)


def seen_by_us(records):
    return {(r["cookie"], r["state"], end(r["local"]["address"], r["local"]["port"]),
             end(*(r["peer"]["address"], r["peer"]["port"]) if "peer" in r else (None, None))) for r in records}


def seen_by_ss(rows):
    return {(str(row.cookie), row.state, end(row.local, row.local_port), end(row.peer, row.peer_port)) for row in rows}


def compare(filter_words, ss_words, options, states, one=None):
    """`states`: those that the filter asks for; what a newer ss shows beyond them is left out. `one`: the only one."""
    records, _ = feed.run(filter_words)
    ours = {key for key in seen_by_us(records) if key[1] != "bound-inactive"}
    theirs = {key for key in seen_by_ss(witness.ask(ss_words, options, one)) if key[1] in states - {"bound-inactive"}}
    name = " ".join(filter_words) or "no filter"
    assert len(records) == len({record["cookie"] for record in records}), f"{name}: a socket twice"
    if not ours and "10.0.0.0" not in name:
        wrong.append(f"{name}: nothing was found, so nothing was compared")
    for key in sorted(ours - theirs, key=str):
        wrong.append(f"{name}: ss does not have {key}")
    for key in sorted(theirs - ours, key=str):
        wrong.append(f"{name}: we do not have {key}")
    print(f"{len(ours):4} {name}")
    return ours


def states_of(text):
    words = text.split()
    named, excluded = set(), set()
    for word, state in zip(words, words[1:]):
        if word == "state":
            named |= GROUPS.get(state, {state})
        if word == "exclude":
            excluded |= GROUPS.get(state, {state})
    if not named and not excluded:
        return USUAL
    return (named or EVERY) - excluded


def filters_of(world):
    """Those that name what is not the same everywhere."""
    yield from FILTERS
    if services():
        yield from ("dport = :https", "( sport = :https or dport = :https )")
    if world.cgroup:
        yield from (f"cgroup = {world.cgroup}", f"not cgroup = {world.cgroup}", f"sport = :443 or cgroup = {world.cgroup}")


def services():
    try:
        return socket.getservbyname("https") == 443
    except OSError:
        return False


def compare_with_ss(world):
    seen = set()
    compare([], [], "-tnHeO", USUAL)
    for name in [*worlds.STATES[1:], *GROUPS]:
        if name != "bound-inactive":
            states = GROUPS.get(name, {name})
            seen |= {key[1] for key in compare(["state", name], ["state", name], "-tanHeO", states,
                                               name if name not in GROUPS else None)}
    if seen != EVERY - {"bound-inactive"}:
        wrong.append(f"these states were never seen: {EVERY - {'bound-inactive'} - seen}")
    for text in filters_of(world):
        states = states_of(text)
        options = "-tnHeO" if states == USUAL else "-tanHeO"
        one = next(iter(states)) if len(states) == 1 else None
        compare([text], text.split(), options, states, one)
        compare(text.split(), text.split(), options, states, one)  # however the words are cut


def compare_with_world(world):
    """Every socket that was made is seen in its state by the filters that should show it, and by no other."""
    for name, states in [("", USUAL), *((f"state {g}", s) for g, s in GROUPS.items()),
                         *((f"state {s}", {s}) for s in EVERY), ("exclude listening", EVERY - {"listening"})]:
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
compare_with_world(made)
compare_with_ss(made)
for sentence in wrong:
    print(sentence)
print(f"ss {witness.version()}, {len(made.sockets)} sockets of known cookies, {len(wrong)} differences")
sys.exit(1 if wrong else 0)
