#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several hundred random filters over sockets of every kind: the kernel's sieve and our judge together answer what this
file's own evaluation of the same filter says of a full dump, and, where ss can write the filter, what ss says.

A filter is a tree that is made here; it is printed for sockfeed, printed for ss and evaluated, three times for itself.
ss is not asked where it is known to be wrong: address rules whose bits are zeros, `not autobound`, `!=` of addresses, and
bound-inactive, which it does not know before 6.8.
"""
import ipaddress
import operator
import os
import random
import re
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import witness
import world as worlds

COUNT = int(os.environ.get("SF_FILTERS", "400"))
SEED = int(os.environ.get("SF_SEED", "1"))
OPS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
CONNECTED = set(worlds.STATES[1:]) - {"listening", "bound-inactive"}
USUAL = CONNECTED - {"syn-recv", "time-wait"}
EVERY = set(worlds.STATES[1:])

# Numbers that stay as they are while nobody uses the sockets.
NUMBERS = ["tcp.rtt_us", "tcp.min_rtt_us", "tcp.snd_mss_bytes", "tcp.snd_cwnd", "tcp.bytes_received", "tcp.bytes_acked",
           "tcp.segs_in", "tcp.pacing_rate_bytes_per_s", "skmem.rcvbuf_bytes", "skmem.sndbuf_bytes", "skmem.drops",
           "uid", "inode", "recv_q_bytes", "listen.backlog", "listen.backlog_limit", "tos", "mark", "interface.index",
           "tcp.snd_ssthresh", "tcp.snd_wscale", "local.port", "peer.port", "class_id"]
PAIRS = [("listen.backlog", "listen.backlog_limit"), ("tcp.bytes_acked", "tcp.bytes_received"), ("tcp.rtt_us", "tcp.min_rtt_us"),
         ("local.port", "peer.port"), ("tcp.segs_out", "tcp.segs_in"), ("skmem.rcvbuf_bytes", "skmem.sndbuf_bytes")]


class Leaf:
    """`ss` is None where ss cannot write it."""

    def __init__(self, text, holds, ss=None):
        self.text, self.holds, self.ss = text, holds, ss


class Chain:
    def __init__(self, word, parts):
        self.parts = parts
        self.text = "(" + f" {word} ".join(part.text for part in parts) + ")"
        whole = all if word == "and" else any
        self.holds = lambda record: whole(part.holds(record) for part in parts)
        self.ss = None if any(part.ss is None for part in parts) else \
            "( " + f" {word} ".join(part.ss for part in parts) + " )"


class Not:
    def __init__(self, part):
        self.text = f"not ({part.text})"
        self.holds = lambda record: not part.holds(record)
        self.ss = None if part.ss is None else f"not ( {part.ss} )"


# ---- leaves ----

def compare(field, op, number):
    return lambda record: record.get(field) is not None and OPS[op](record[field], number)


def port(rng, records):
    word, field = rng.choice([("sport", "local.port"), ("dport", "peer.port")])
    number = rng.choice([record.get(field, 0) for record in records] + [0, 443, 65535])
    op = rng.choice(list(OPS))
    return Leaf(f"{word} {op} :{number}", lambda record: OPS[op](record.get(field) or 0, number), f"{word} {op} :{number}")


def address_of(record, field):
    """As the header says it: any where there is no peer."""
    return ipaddress.ip_address(record.get(field) or ("::" if record["family"] == "inet6" else "0.0.0.0"))


def within(record, field, prefix):
    address = address_of(record, field)
    if prefix.version == 4 and address.version == 6:
        address = address.ipv4_mapped
    return address is not None and address.version == prefix.version and address in prefix


def host(rng, records):
    word, field = rng.choice([("src", "local.address"), ("dst", "peer.address")])
    address = address_of(rng.choice(records), field)
    bits = rng.choice([1, 8, 13, 24, 31, 32] if address.version == 4 else [1, 10, 64, 96, 104, 127, 128])
    prefix = ipaddress.ip_network((address, bits), strict=False)
    written = f"[{prefix}]" if prefix.version == 6 else str(prefix)
    wrong_in_ss = not int(prefix.network_address)  # it compares bytes, whatever the family: zeros match the other's too
    if rng.random() < 0.3:
        own = field.replace("address", "port")
        number = rng.choice([record.get(own, 0) for record in records])
        return Leaf(f"{word} {written}:{number}",
                    lambda record: within(record, field, prefix) and (record.get(own) or 0) == number,
                    None if wrong_in_ss else f"{word} {written}:{number}")
    return Leaf(f"{word} {written}", lambda record: within(record, field, prefix),
                None if wrong_in_ss else f"{word} {written}")


def device(rng, _):
    index = socket.if_nametoindex("lo")
    op = rng.choice(["=", "!="])
    return Leaf(f"dev {op} lo", lambda record: OPS[op](record.get("interface.index", 0), index), f"dev {op} lo")


def mark(rng, records):
    number = rng.choice([record.get("mark", 0) for record in records])
    mask = rng.choice([0xffffffff, 0xff, 0x2])
    return Leaf(f"fwmark = {number & mask}/{mask:#x}",
                lambda record: "mark" in record and record["mark"] & mask == number & mask,
                f"fwmark = {number & mask:#x}/{mask:#x}")


def state(rng, _):
    name = rng.choice(sorted(EVERY))
    if rng.random() < 0.3:
        other = rng.choice(sorted(EVERY))
        return Leaf(f"state in ({name}, {other})", lambda record: record["state"] in (name, other))
    return Leaf(f"state {rng.choice(['', '= '])}{name}", lambda record: record["state"] == name)


def number(rng, records):
    field = rng.choice(NUMBERS)
    values = [record[field] for record in records if record.get(field) is not None] or [0]
    value, op = rng.choice(values), rng.choice(list(OPS))
    unit = f"{value}us" if field.endswith("_us") and rng.random() < 0.5 else value
    return Leaf(f"{field} {op} {unit}", compare(field, op, value))


def set_of_numbers(rng, records):
    field = rng.choice(NUMBERS + ["sport", "dport"])
    own = {"sport": "local.port", "dport": "peer.port"}.get(field, field)
    values = [record[own] for record in records if record.get(own) is not None] or [0]
    chosen = sorted(rng.choices(values, k=rng.randrange(1, 12)))
    texts, ranges = [], []
    for low, high in zip(chosen, chosen[1:] + chosen[-1:]):
        if rng.random() < 0.2:
            texts.append(f"{low}-{high}")
            ranges.append((low, high))
        else:
            texts.append(str(low))
            ranges.append((low, low))
    rng.shuffle(texts)

    def holds(record):
        value = record.get(own, 0 if field != own else None)
        return value is not None and any(low <= value <= high for low, high in ranges)
    return Leaf(f"{field} in ({', '.join(texts)})", holds)


def set_of_hosts(rng, records):
    parts = [host(rng, records) for _ in range(rng.randrange(1, 5))]
    word = parts[0].text.split()[0]
    parts = [part for part in parts if part.text.startswith(word)]
    return Leaf(f"{word} in ({', '.join(part.text.split()[1] for part in parts)})",
                lambda record: any(part.holds(record) for part in parts))


def field_prefix(rng, records):
    leaf = host(rng, [record for record in records if "peer.address" in record])
    word, written = leaf.text.split()
    if re.search(r"(\]|\.\d+(/\d+)?):\d+$", written):
        return leaf
    field = {"src": "local.address", "dst": "peer.address"}[word]
    op = rng.choice(["=", "!="])
    return Leaf(f"{field} {op} {written.strip('[]')}", lambda record: field in record and leaf.holds(record) == (op == "="))


def word(rng, records):
    field = rng.choice(["family", "tcp.ca_state", "timer.name", "shutdown", "tcp.congestion_control"])
    value, op = rng.choice([record[field] for record in records if field in record]), rng.choice(["=", "!="])
    return Leaf(f'{field} {op} {value}', compare(field, op, value))


def listed(rng, _):
    name, op = rng.choice(["sack", "timestamps", "wscale", "ecn"]), rng.choice(["=", "!="])
    return Leaf(f"tcp.options {op} {name}",
                lambda record: "tcp.options" in record and (name in record["tcp.options"]) == (op == "="))


def pattern(rng, _):
    text, op = rng.choice(["^bbr", "^c", "ic$", "^(reno|bbr)$", "u.i", "[a-c]{2}"]), rng.choice(["~", "!~"])
    field = "tcp.congestion_control"
    return Leaf(f'{field} {op} "{text}"',
                lambda record: field in record and bool(re.search(text, record[field])) == (op == "~"))


def has(rng, _):
    field = rng.choice(NUMBERS + ["tcp.congestion_control", "bbr.bw_bytes_per_s", "cgroup.id", "tls.version"])
    return Leaf(f"has {field}", lambda record: record.get(field) is not None)


def two_fields(rng, _):
    left, right = rng.choice(PAIRS)
    op = rng.choice(list(OPS))
    return Leaf(f"{left} {op} {right}", lambda record: record.get(left) is not None and
                record.get(right) is not None and OPS[op](record[left], record[right]))


OLD = [port, port, port, host, host, device, mark]
ALL = OLD + [state, number, number, set_of_numbers, set_of_hosts, field_prefix, word, listed, pattern, has, two_fields]
if os.environ.get("SF_OLD"): ALL = OLD + [state, number, number, word, field_prefix, listed]


def tree(rng, records, leaves, depth):
    roll = rng.random()
    if depth == 0 or roll < 0.3:
        return rng.choice(leaves)(rng, records)
    if roll < 0.45:
        return Not(tree(rng, records, leaves, depth - 1))
    return Chain(rng.choice(["and", "or"]), [tree(rng, records, leaves, depth - 1) for _ in range(rng.randrange(2, 4))])


# ---- one filter, three witnesses ----

def dump():
    records, _ = feed.run(["state", "all"])
    return {record["cookie"]: feed.flat(record) for record in records}


def says_state(text):
    return re.search(r"\bstate\b", text) is not None


def check(rng, before, wrong):
    leaves = OLD if rng.random() < 0.4 else ALL
    made = tree(rng, list(before.values()), leaves, 3)
    states, clause = rng.choice([(EVERY, "state all"), (EVERY, "state all"), (USUAL, ""), ({"established"}, "state established"),
                                 ({"listening"}, "state listening"), ({"time-wait", "syn-recv"}, "state bucket")])
    if not clause and says_state(made.text):
        states = EVERY
    text = f"{clause} ({made.text})" if clause else made.text
    expected = {cookie for cookie, record in before.items() if record["state"] in states and made.holds(record)}
    try:
        ours = {record["cookie"] for record in feed.run([text])[0]}
    except AssertionError as error:
        if "can never hold" in str(error) and not expected:
            return "never"
        wrong.append(str(error))
        return "failed"
    ours &= before.keys()  # the kernel makes a socket now and then: one that answers a SYN sent again
    after = dump()
    steady = {cookie for cookie, record in before.items() if cookie in after and after[cookie]["state"] in states and
              made.holds(after[cookie])} if ours != expected else expected
    if ours - (expected | steady) or (expected & steady) - ours:
        wrong.append(f"{text}\n    too many: {sorted(ours - expected)}\n    missing: {sorted(expected - ours)}")
    if made.ss is not None:
        shown = {row for row in witness.ask([*clause.split(), *made.ss.split()], "-tanHeO" if clause else "-tnHeO",
                                            next(iter(states)) if len(states) == 1 else None)}
        theirs = {str(row.cookie) for row in shown if row.state in states - {"bound-inactive"}} & before.keys()
        ours = {cookie for cookie in ours if before[cookie]["state"] != "bound-inactive"}
        if ours != theirs:
            wrong.append(f"ss {clause} {made.ss}\n    only we: {sorted(ours - theirs)}\n    only ss: {sorted(theirs - ours)}")
        return "ss"
    return "empty" if not ours else "compared"


netns.enter()
world = worlds.make()
rng, wrong, counts = random.Random(SEED), [], {}
before = dump()
for _ in range(COUNT):
    outcome = check(rng, before, wrong)
    counts[outcome] = counts.get(outcome, 0) + 1
for sentence in wrong:
    print(sentence)
print(f"seed {SEED}, {len(before)} sockets, ss {witness.version()}: {counts}, {len(wrong)} differences")
if counts.get("ss", 0) < COUNT // 8 or counts.get("never", 0) + counts.get("empty", 0) > COUNT // 2:
    sys.exit("too few filters that say something")
sys.exit(1 if wrong else 0)
