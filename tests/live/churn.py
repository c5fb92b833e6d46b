#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""While connections come and go as fast as they can, many queries: each is whole, valid JSON without a socket twice, and
the sockets that stand still are in it; an agent that tells of sockets that end tells of none of them until it does.

A dump of the kernel may show a socket twice, and miss one whose neighbours in the table moved: rarely, and not the same
one again and again. So that both happen the table is made small, where that is permitted. SF_SIZE=long: 8,000 sockets,
200 queries, and at least 10,000 connections a second, or it is said that they were too few to prove anything.
"""
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import world as worlds

LONG = os.environ.get("SF_SIZE") == "long"
QUERIES, PAIRS, RATE = (200, 4000, 10000) if LONG else (50, 250, 0)
CHURN = os.path.join(os.environ["BUILD"], "tests", "churn")
BUCKETS = 512
IN_A_ROW = 3


def watch(stable):
    """(sentences, duplicates that were removed, what is to be said at the end)"""
    wrong, missed, others, duplicates, last = [], 0, 0, 0, []
    for number in range(QUERIES):
        records, run = feed.run(["state", "all"], ["--fields", "cookie,state"])
        cookies = [int(record["cookie"]) for record in records]
        if len(set(cookies)) != len(cookies):
            wrong.append(f"query {number}: {len(cookies) - len(set(cookies))} sockets twice")
        if run["sockets_seen"] != run["sockets_matched"] + run["duplicates"]:
            wrong.append(f"query {number}: the counts of the run do not add up: {run}")
        wrong += [f"query {number}: cookie {record['cookie']} should be established: {record['state']}"
                  for record in records if int(record["cookie"]) in stable and record["state"] != "established"]
        last = [*last, stable - set(cookies)][-IN_A_ROW:]
        if len(last) == IN_A_ROW:
            wrong += [f"query {number}: cookie {cookie} is missing again and again" for cookie in set.intersection(*last)]
        missed, duplicates = missed + len(last[-1]), duplicates + run["duplicates"]
        others += len(set(cookies) - stable)
    if missed > QUERIES * len(stable) // 100:
        wrong.append(f"{missed} of {QUERIES * len(stable)} were missing")
    if others < QUERIES:
        wrong.append(f"only {others} other sockets were seen: nothing came and went")
    return wrong, duplicates, f"{QUERIES} queries of {len(stable)} that stand still and {others // QUERIES} others: " \
        f"{missed} missing, {duplicates} duplicates removed"


class Closed:
    """An agent that tells of all sockets that end but for those at some ports."""

    def __init__(self, ports):
        self.file, self.log = tempfile.NamedTemporaryFile(), tempfile.NamedTemporaryFile()
        others = " or ".join(f"sport = :{port} or dport = :{port}" for port in ports)
        self.file.write(f"version: 1\nqueries: {{ ends: {{ mode: closed, interval: 1h, filter: not ( {others} ), fields: [cookie], "
                        "outputs: [out] } }\noutputs: { out: { type: stdout } }\n".encode())
        self.file.flush()
        self.agent = subprocess.Popen([feed.SOCKFEED, "run", "-c", self.file.name], stdout=subprocess.PIPE, stderr=self.log)
        self.wait(b"runs ")

    def said(self):
        with open(self.log.name, "rb") as file:
            return file.read()

    def wait(self, words):
        until = time.monotonic() + 100
        while words not in self.said():
            assert time.monotonic() < until and self.agent.poll() is None, self.said().decode()
            time.sleep(0.05)

    def end(self):
        """Of whom it told, and the run record."""
        time.sleep(0.5)  # the kernel's worker brings the last events
        self.agent.send_signal(signal.SIGTERM)
        records = [feed.parse(line) for line in self.agent.communicate(timeout=100)[0].splitlines()]
        assert self.agent.returncode == 0, self.said().decode()
        return [int(record["cookie"]) for record in records if record["type"] == "closed"], records[-1]


def end(churner):
    """Connections a second."""
    said = churner.communicate(timeout=100)[0].split()
    return int(said[1]) if churner.returncode == 0 else 0


netns.enter()
with worlds.sysctl("tcp_child_ehash_entries", str(BUCKETS)) as small:
    if small:
        netns.unshare(netns.CLONE_NEWNET)
        netns.up()
resource.setrlimit(resource.RLIMIT_NOFILE, 2 * (resource.getrlimit(resource.RLIMIT_NOFILE)[1],))
world = worlds.World()
for number in range(PAIRS):
    world.add_pair(f"pair {number}", world.pair(worlds.V4 if number % 2 else worlds.V6))
churners = [subprocess.Popen([CHURN, family], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for family in "46"]
try:
    ports = [int(churner.stdout.readline()) for churner in churners]
    closed = None if LONG else Closed(ports)  # which takes time from the connections
    wrong, duplicates, said = watch(set(world.sockets))
    rates = [end(churner) for churner in churners]
finally:
    for churner in churners:
        churner.kill()
if not all(rates):
    wrong.append("one of those that open and close has ended")
if sum(rates) < RATE or RATE and not duplicates:
    wrong.append(f"{sum(rates)} connections a second and {duplicates} duplicates are too few to prove anything")
gone = set(world.sockets) - {int(record["cookie"]) for record in feed.run([])[0]}
if gone:
    wrong.append(f"now that nothing moves, {len(gone)} sockets are missing")
if closed:
    ends = [worlds.cookie_of(sock) for sock in world.open[:2]]
    for sock in world.open[:2]:
        sock.close()
    told, run = closed.end()
    if sorted(told) != sorted(ends):
        wrong.append(f"cookies {sorted(ends)} have ended, it was told of {sorted(told)}: {run}")
for sentence in wrong:
    print(sentence)
print(f"{said}; {sum(rates)} connections a second, " + (f"{BUCKETS} buckets" if small else "a table of the usual size"))
sys.exit(1 if wrong else 0)
