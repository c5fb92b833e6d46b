#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Captures that are made on another kernel (KERNEL names its package) are replayed here to the records that were written
there: what nlmon saw of a query is the query, and what it saw of a capture is the capture."""
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import emulated
import feed
import kernels

NLMON = os.path.join(emulated.HARNESS, "nlmon.py")
QUERY = feed.command(["state", "all"], program=emulated.SOCKFEED)
CAPTURE = [emulated.SOCKFEED, "capture", "/tmp/ours.pcap"]
FILES = "query", "capture", "ours"
ENVELOPE = "time", "run", "host", "netns"  # of when and where; a capture says where, nlmon does not


def monitored(name, command):
    return emulated.program(NLMON, f"/tmp/{name}.pcap", *command)


def plain(records):
    return [{name: value for name, value in record.items() if name not in ENVELOPE} for record in records]


class Captured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        commands = [["uname", "-r"], ["ip", "link", "add", "nlmon0", "type", "nlmon"], ["ip", "link", "set", "nlmon0", "up"],
                    monitored("query", QUERY), monitored("capture", CAPTURE), *(["cat", f"/tmp/{name}.pcap"] for name in FILES)]
        (cls.world,), said = emulated.run(kernels.PACKAGE, commands, ["world"], ["tcp_diag", "mptcp_diag", "tls", "nlmon"],
                                          files={"usr/sbin/ip": shutil.which("ip")}, programs=[NLMON])
        for command, one in zip(commands, said):
            assert one.status == 0, (command, one)
        cls.release = said[0].stdout.decode().strip()
        cls.records, cls.run_there = feed.read(said[3].stdout, "the query there")
        for name, one in zip(FILES, said[-len(FILES):]):
            with open(cls.path(name), "wb") as file:
                file.write(one.stdout)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, f"{name}.pcap")

    def replay(self, name, *options):
        return feed.run(["state", "all"], ["--from", self.path(name), *options])

    def test_what_nlmon_saw_of_a_query_replays_to_its_records(self):
        records, run = self.replay("query", "--kernel", self.release)
        self.assertGreater(len(records), 80)
        self.assertEqual(plain(records), plain(self.records))
        self.assertEqual(run["sockets_seen"], self.run_there["sockets_seen"])

    def test_a_capture_replays_to_what_nlmon_saw_of_it(self):
        ours, _ = self.replay("ours")
        theirs, _ = self.replay("capture", "--kernel", self.release)
        self.assertEqual(plain(ours), plain(theirs))
        self.assertLessEqual({str(cookie) for cookie in self.world.sockets}, {record["cookie"] for record in ours})


kernels.main()
