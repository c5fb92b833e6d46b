# SPDX-License-Identifier: Apache-2.0
"""Filters as both `ss` and `sockfeed` write them, and which sockets each shows for one: their ends, states and cookies.

Where ss is wrong or older, it is not asked: bound-inactive is unknown to it before 6.8, and from 6.8 on it shows that and
SYN-RECV unasked.
"""
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


def end(address, port):
    return None if not port else (address, port)


def seen_by_us(records):
    return {(r["cookie"], r["state"], end(r["local"]["address"], r["local"]["port"]),
             end(*(r["peer"]["address"], r["peer"]["port"]) if "peer" in r else (None, None))) for r in records}


def seen_by_ss(rows):
    return {(str(row.cookie), row.state, end(row.local, row.local_port), end(row.peer, row.peer_port)) for row in rows}


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


def asked(text):
    """What `ss` is asked for it: (words, options, the one state if it is one)."""
    states = states_of(text)
    one = next(iter(states)) if len(states) == 1 else None
    return text.split(), "-tnHeO" if states == USUAL else "-tanHeO", one


def differences(name, records, rows, states):
    """Sentences. `states`: those that the filter asks for; what a newer ss shows beyond them is left out."""
    ours = {key for key in seen_by_us(records) if key[1] != "bound-inactive"}
    theirs = {key for key in seen_by_ss(rows) if key[1] in states - {"bound-inactive"}}
    if len(records) != len({record["cookie"] for record in records}):
        yield f"{name}: a socket twice"
    if not ours and "10.0.0.0" not in name:
        yield f"{name}: nothing was found, so nothing was compared"
    for key in sorted(ours - theirs, key=str):
        yield f"{name}: ss does not have {key}"
    for key in sorted(theirs - ours, key=str):
        yield f"{name}: we do not have {key}"
