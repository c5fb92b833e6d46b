#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On another kernel (KERNEL names its package) the same sockets as in live/: `sockfeed query` agrees with `ss` value for
value and filter for filter, and with what was made; fields that are younger than the kernel are absent, all others there.
"""
import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import as_ss
import emulated
import feed
import kernels
import sets
import witness

LOOKS = 6  # with filters between them, so that what moves has time to hold still
MODULES = ["tcp_diag", "mptcp_diag", "tls", "tcp_bbr", "tcp_dctcp", "tcp_vegas"]
FILTERS = sets.FILTERS[::4]  # asking takes a quarter of a second there
# Not of every socket that is full: what depends on others, and what ss does not know either.
SELDOM = {"tcp.snd_wscale", "tcp.rcv_wscale", "tcp.send_bytes_per_s"}


def ours(words):
    return feed.command(words, program=emulated.SOCKFEED)


def read_ours(said, name):
    assert said.status == 0, f"{name}: status {said.status}\n{said.stderr.decode(errors='replace')}"
    records, run = feed.read(said.stdout, name)
    assert run["errors"] == [] and not run["partial"], run
    return records


def read_theirs(said, one=None):
    return witness.rows(said.stdout.decode(), said.stderr.decode(), said.status, one)


def since():
    """{a field of tcp_info: the first kernel that sends it}"""
    said = subprocess.run([feed.SOCKFEED, "fields", "--format", "json"], stdout=subprocess.PIPE, check=True).stdout
    return {field["name"]: tuple(map(int, field["since"].split("."))) for field in json.loads(said)
            if re.match(r"tcp_info", field["source"]) and field["since"]}


class Compared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ss = witness.command(*as_ss.THEIRS)
        commands = [["uname", "-r"]]
        for number in range(LOOKS):
            commands += [ss, ours(as_ss.OURS), ss]
            for text in FILTERS[number::LOOKS]:
                commands += [ours([text]), witness.command(*sets.asked(text)[:2])]
        (cls.world,), said = emulated.run(kernels.PACKAGE, commands, ["world"], MODULES)
        said = iter(said)
        cls.release, cls.looks, cls.filters = next(said).stdout.decode().strip(), [], {}
        for number in range(LOOKS):
            cls.looks.append((read_theirs(next(said)), read_ours(next(said), "state all"), read_theirs(next(said))))
            for text in FILTERS[number::LOOKS]:
                cls.filters[text] = read_ours(next(said), text), read_theirs(next(said), sets.asked(text)[2])
        cls.records = cls.looks[0][1]

    def test_every_value_is_what_ss_says(self):
        comparison = as_ss.Comparison(self.world)
        for look in self.looks:
            comparison.look(*look)
        self.assertEqual(comparison.end(), 0)

    def test_every_filter_shows_what_ss_shows(self):
        for text, (records, rows) in self.filters.items():
            self.assertEqual(list(sets.differences(text, records, rows, sets.states_of(text))), [])

    def test_every_socket_that_was_made_is_there_in_its_state(self):
        for made in self.world.sockets.values():
            states = [record["state"] for record in self.records if record["cookie"] == str(made.cookie)]
            self.assertEqual(states, [made.state], made)

    def test_what_this_kernel_does_not_send_is_absent_and_all_else_is_there(self):
        running = tuple(int(number) for number in re.match(r"(\d+)\.(\d+)", self.release).groups())
        flat = [feed.flat(record) for record in self.records]
        full = [record for record in flat if "tcp.rtt_us" in record]
        self.assertGreater(len(full), 40)
        for name, first in since().items():
            there = [name in record for record in full]
            if first > running:
                self.assertFalse(any(there), f"{name} is since {first}, this is {self.release}")
            elif name not in SELDOM:
                self.assertTrue(all(there), f"{name} is since {first}, this is {self.release}")


kernels.main()
