#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""While connections come and go as fast as they can, fifty queries: each is whole, valid JSON without a socket twice, and
the sockets that stand still are in it.

A dump of the kernel may miss a socket whose neighbours in the table moved: rarely, and not the same one again and again.
"""
import os
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import world as worlds

QUERIES, PAIRS, CHURNERS = 50, 150, 2
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by a reset, which leaves nothing behind


def churn(number):
    """Opens and closes until it is killed; few connections end in TIME-WAIT."""
    where = worlds.V4 if number % 2 else worlds.V6
    listener = socket.socket(where[1])
    listener.bind((where[0], 0))
    listener.listen(64)
    turn = 0
    while True:
        ends = []
        for _ in range(8):
            client = socket.socket(where[1])
            client.connect(listener.getsockname())
            ends += [client, listener.accept()[0]]
        for sock in ends:
            turn += 1
            if turn % 64:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()


def start(number):
    pid = os.fork()
    if not pid:
        try:
            churn(number)
        finally:
            os._exit(1)
    return pid


def watch(stable):
    """(sentences, what is to be said at the end)"""
    wrong, missed, others, duplicates, last = [], 0, 0, 0, set()
    for number in range(QUERIES):
        records, run = feed.run(["state", "all"])
        cookies = [int(record["cookie"]) for record in records]
        if len(set(cookies)) != len(cookies):
            wrong.append(f"query {number}: {len(cookies) - len(set(cookies))} sockets twice")
        if run["sockets_seen"] != run["sockets_matched"] + run["duplicates"]:
            wrong.append(f"query {number}: the counts of the run do not add up: {run}")
        missing = stable - set(cookies)
        wrong += [f"query {number}: cookie {cookie} is missing, as in the query before" for cookie in missing & last]
        wrong += [f"query {number}: cookie {record['cookie']} should be established: {record['state']}"
                  for record in records if int(record["cookie"]) in stable and record["state"] != "established"]
        last, missed, duplicates = missing, missed + len(missing), duplicates + run["duplicates"]
        others += len(set(cookies) - stable)
    if missed > QUERIES * len(stable) // 100:
        wrong.append(f"{missed} of {QUERIES * len(stable)} were missing")
    if others < QUERIES:
        wrong.append(f"only {others} other sockets were seen: nothing came and went")
    return wrong, f"{QUERIES} queries of {len(stable)} that stand still and {others // QUERIES} others: {missed} missing, " \
        f"{duplicates} duplicates"


netns.enter()
world = worlds.World()
for number in range(PAIRS):
    world.add_pair(f"pair {number}", world.pair(worlds.V4 if number % 2 else worlds.V6))
churners = [start(number) for number in range(CHURNERS)]
try:
    wrong, said = watch(set(world.sockets))
    for pid in list(churners):
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            churners.remove(pid)
            wrong.append("one of those that open and close has ended")
finally:
    for pid in churners:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
for sentence in wrong:
    print(sentence)
print(said)
sys.exit(1 if wrong else 0)
