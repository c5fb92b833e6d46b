#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""raw and sctp agree with `ss` socket for socket, where the kernel has them: what is lacking is skipped here and shown by
the tests of kernels/."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import rarities
import witness
from as_ss import attributes

STATES = {**witness.STATES, "UNCONN": "unconnected"}
FLAG = {"raw": "-w", "sctp": "-S"}


def words_of_ss(table):
    """Each line's words; the mark of an association is none of them."""
    said = subprocess.run(["ss", FLAG[table], "-animeOH", *(["--tos", "--inet-sockopt"] if table == "raw" else [])],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True, check=True)
    return [line.replace("`-", "").split() for line in said.stdout.splitlines()]


def skmem(f):
    return attributes(f)["skmem"]


class Rare(unittest.TestCase):
    def ask(self, table):
        """(records, flat; what ss says)"""
        if made[table]:
            self.skipTest(f"no socket of {table} can be made here: {made[table]}")
        records, run = feed.run(["state", "all"], sockets=table)
        self.assertEqual({record["table"] for record in records}, {table})
        self.assertEqual(run["duplicates"], 0)
        return [feed.flat(record) for record in records], words_of_ss(table)

    def test_raw(self):
        ours, theirs = self.ask("raw")
        said = {}
        for words in theirs:
            row = witness.Row(" ".join(words), None)
            facts = witness.details(row)
            facts.pop("cgroup", None)
            peer = words[4].rsplit(":", 1)[0].strip("[]")
            said[row.cookie] = (STATES[words[0]], row.recv_q, row.send_q, row.local, row.local_port,
                                peer if words[0] == "ESTAB" else None, facts)
        self.assertEqual({int(f["cookie"]): (f["state"], f["recv_q_bytes"], f["send_q_bytes"], f["local.address"],
                                             f["local.port"], f.get("peer.address"),
                                             {"ino": str(f["inode"]), "sk": f"{int(f['cookie']):x}", **attributes(f)})
                          for f in ours}, said)
        self.assertEqual({f["protocol"] for f in ours}, {"icmp", "ipv6-icmp", "ospf", "raw"})

    def test_sctp(self):
        ours, theirs = self.ask("sctp")

        def fact(f):
            said = {"skmem": skmem(f), "ino": str(f["inode"]), "locals": set(f["sctp.locals"])}
            if "sctp.tag" in f:
                said.update(peers=set(f["sctp.peers"]), tag=f"{f['sctp.tag']:x}", ptag=f"{f['sctp.peer_tag']:x}",
                            instrms=f["sctp.instrms"], outstrms=f["sctp.outstrms"], rwnd=f["sctp.rwnd_bytes"],
                            prwnd=f["sctp.peer_rwnd_bytes"], maxburst=f["sctp.max_burst"], maxseg=f["sctp.maxseg_bytes"])
            queues = f.get("listen.backlog", f.get("recv_q_bytes")), f.get("listen.backlog_limit", f.get("send_q_bytes"))
            return f["state"], queues, f["local.port"], said

        def fact_of_ss(words):
            d = {name: value for name, _, value in (word.partition(":") for word in words[5:])}
            said = {"skmem": d["skmem"], "ino": d["ino"], "locals": set(d["locals"].split(","))}
            if "tag" in d:
                said.update(peers=set(d["peers"].split(",")), tag=d["tag"], ptag=d["ptag"],
                            **{name: int(d[name]) for name in ("instrms", "outstrms", "rwnd", "prwnd", "maxburst", "maxseg")})
            return STATES[words[0]], (int(words[1]), int(words[2])), int(words[3].rsplit(":", 1)[1]), said
        self.assertCountEqual(map(fact, ours), map(fact_of_ss, theirs))
        self.assertGreaterEqual({f["state"] for f in ours}, {"listening", "established", "unconnected"})
        self.assertEqual(sum("sctp.tag" in f for f in ours), 6)


def lacking(table):
    """Why this kernel does not answer, or None."""
    said = subprocess.run([feed.SOCKFEED, "query", "--sockets", table, "--format", "json", "state", "all"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout
    errors = feed.parse(said.splitlines()[-1])["errors"]
    return errors[0]["message"] if errors else None


if os.geteuid() != 0:
    netns.skip("raw sockets are made by root")
netns.enter()
made = rarities.make()
made = {table: why or lacking(table) for table, why in made.items()}
if all(made.values()):
    netns.skip(f"none of these tables is here: {made}")
unittest.main(verbosity=2)
