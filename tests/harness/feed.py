# SPDX-License-Identifier: Apache-2.0
"""Runs `sockfeed query` in the caller's namespace and reads its records strictly."""
import ctypes
import json
import os
import re
import subprocess

SOCKFEED = os.environ.get("SOCKFEED", "sockfeed")


def librdkafka():
    """Where the library lies that the agent opens when it needs it."""
    ctypes.CDLL("librdkafka.so.1")
    with open("/proc/self/maps") as file:
        return re.search(r"/\S*/librdkafka\.so\.1\S*", file.read())[0]


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a key stands twice: {sorted(n for n in names if names.count(n) > 1)}")
    return dict(pairs)


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse(line):
    return json.loads(line.decode("utf-8", "strict"), object_pairs_hook=unique, parse_constant=no_constant)


def command(filter_words, options=(), program=None, sockets="tcp"):
    return [program or SOCKFEED, "query", "--format", "json", "--sockets", sockets, *options, *filter_words]


def read(stdout, name):
    """(the records of sockets, the run record), which fit together."""
    assert stdout.endswith(b"\n"), f"{name}: the last line has no end"
    records = [parse(line) for line in stdout.split(b"\n")[:-1]]
    sockets, last = records[:-1], records[-1]
    assert all(record["type"] == "socket" for record in sockets), f"{name}: a record that is no socket"
    assert last["type"] == "run", f"{name}: the last record is {last['type']}"
    assert last["records"] == len(sockets), f"{name}: {len(sockets)} records, the run says {last['records']}"
    assert [record["seq"] for record in records] == list(range(len(records))), f"{name}: seq has gaps"
    return sockets, last


def run(filter_words, options=(), program=None, sockets="tcp", **more):
    """(the records of sockets, the run record); fails when the program does, or when the two do not fit together."""
    words = command(filter_words, options, program, sockets)
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **more)
    assert done.returncode == 0, f"{words}: status {done.returncode}\n{done.stderr.decode(errors='replace')}"
    sockets, last = read(done.stdout, words)
    assert last["errors"] == [] and not last["partial"], f"{words}: {last}"
    return sockets, last


def flat(record, prefix=""):
    """{"tcp.rtt_us": 5, ...}"""
    result = {}
    for key, value in record.items():
        if isinstance(value, dict):
            result.update(flat(value, f"{prefix}{key}."))
        else:
            result[prefix + key] = value
    return result
