#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent and the loss of power: it samples sockets in a machine, for a broker that is not there, into a spool, and prints
the same records on the serial port. The machine is killed at a random moment, and the next one starts from its disk. What
was sampled longer before the last word than `sync` says is in the spool, in order and without a hole; and where the spool
knew that it had accepted more, it owes a gap for it (which it tells when the broker is back).

POWER_KILLS (10) are shared by two disks: one is synced every 500 ms, one so seldom that its state runs ahead of it.
"""
import concurrent.futures
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
import vm
from disk import Disk
from feed import SOCKFEED, librdkafka, parse

KILLS = int(os.environ.get("POWER_KILLS", 10))
COMPLETE = os.path.join(HERE, "..", "kafka", "complete")
SYNCS = 0.5, 2  # seconds
EMULATION = 1_000_000  # what the emulator may be late, at least: the guest's clock goes on while it stands
CONFIG = """version: 1
host: { name: guest, id: guest }
schedule: { align: false, splay: 0s }
defaults: { timeout: 1m, filter: state listening, outputs: [port, kafka] }
queries:
  fast: { interval: 100ms, fields: [local] }
  slow: { interval: 200ms, fields: [local, state, skmem] }
outputs:
  port: { type: stdout }
  kafka:
    type: kafka
    brokers: ["127.0.0.1:1"]
    topic: "sockets.{query}"
    spool: { path: /mnt/spool, max_size: 48MiB, keep_free: 0%, sync: @SYNC@ms }
"""
COMMAND = """mount -t ext4 /dev/vda /mnt
for port in 7001 7002 7003 7004; do nc -ll -p $port -e true & done
echo up
/sockfeed run -c /sockfeed.yaml 2>/tmp/log &
agent=$!
tail -f /tmp/log >&2 &
until grep -q 'info: sockfeed' /tmp/log; do usleep 50000; done
while kill -USR2 $agent; do usleep 400000; done
"""


def sampled(record):
    return record["type"] in ("socket", "run")


class Chain:
    """One disk, and what is known of its spool here."""

    def __init__(self, test, sync, folder, seed):
        self.test, self.sync, self.random, self.folder = test, sync, random.Random(seed), folder
        config = CONFIG.replace("@SYNC@", str(round(sync * 1000))).encode()
        library = librdkafka()
        self.guest = vm.Guest(COMMAND, {"sockfeed": SOCKFEED, "sockfeed.yaml": config, library: library}, ["tcp_diag"])
        self.disk = Disk(os.path.join(folder, "disk"))
        self.lines, self.looks, self.worst, self.lost = [], 0, 0, 0

    def kill(self):
        machine = vm.Machine(self.guest, self.disk)
        try:
            machine.wait_line(b"up")
            # One in five dies while the agent starts.
            if self.random.random() < 0.2:
                time.sleep(self.random.random() * 0.3)
            else:
                machine.wait_line(b"{")
                time.sleep(self.random.random() * 4)
        finally:
            machine.kill()
        self.disk.cut(self.random.choice((None, 0, 0.5, 0.9)), self.random)
        return machine

    def look(self):
        """(the lines in the spool, how many more it knows that it had, the gaps that it owes), from outside, from a copy."""
        self.looks += 1
        copy = self.disk.files("/spool", os.path.join(self.folder, str(self.looks)))
        if not os.path.isdir(copy):
            return [], 0, []
        exported, inspected = (subprocess.run([SOCKFEED, "spool", verb, copy], capture_output=True)
                               for verb in ("export", "inspect"))
        if b"not the directory of a spool" in inspected.stderr and not self.lines:
            return [], 0, []  # it died before there was anything in it
        self.test.assertEqual(inspected.returncode, 0, inspected.stderr.decode())
        lines, facts = exported.stdout.splitlines(), parse(inspected.stdout)
        lost = facts["end"]["line"] - len(lines)
        if lost == sum(gap["records"] for gap in facts["gaps"]):  # all known; what is torn besides is normal
            self.test.assertEqual(exported.returncode, 0, exported.stderr.decode())
        return lines, lost, facts["gaps"]

    def crash(self):
        test, machine = self.test, self.kill()
        before, lost = self.lines, self.lost
        self.lines, self.lost, gaps = self.look()
        story = machine.story()
        test.assertEqual(self.lines[:len(before)], before, story)  # what was there once stays, as it was
        records = [parse(line) for line in self.lines[len(before):]]
        printed = [line for line in machine.lines if line.startswith(b"{") and sampled(parse(line))]
        kept = [line for line in self.lines[len(before):] if sampled(parse(line))]
        test.assertLessEqual(len({record["host"]["boot_id"] for record in records}), 1, story)
        for query in "fast", "slow":
            self.compare([line for line in printed if parse(line)["query"] == query],
                         [line for line in kept if parse(line)["query"] == query], printed, story)
        self.counted(machine, len(before), story)
        if any(record["type"] == "run" for record in records):  # the agent has begun, and synced what it found
            test.assertEqual(sum(gap["records"] for gap in gaps if gap["reason"] == "power_loss"), lost, (gaps, story))
            test.assertEqual([gap for gap in gaps if gap["reason"] != "power_loss"], [], story)
        self.prove(story)
        return len(printed)

    def compare(self, printed, kept, all_printed, story):
        """One is the beginning of the other; what lacks in the spool was sampled just before the end."""
        test, both = self.test, min(len(printed), len(kept))
        test.assertEqual(printed[:both], kept[:both], story)
        if len(printed) <= both:
            return
        runs = sorted({parse(line)["run"] for line in all_printed})
        late = max([after - before for before, after in zip(runs, runs[1:])], default=0)
        lost = runs[-1] - parse(printed[both])["run"]
        self.worst = max(self.worst, lost)
        test.assertLess(lost, self.sync * 1e6 + max(EMULATION, 3 * late), story)

    def counted(self, machine, before, story):
        """What the agent says of what it found agrees with what was seen from outside."""
        for line in machine.story().splitlines():
            if '"message":"counts"' not in line or not line.endswith("}"):
                continue
            counts = parse(line.encode())["outputs"]["kafka"]
            self.test.assertEqual(counts["accepted"], counts["lost"] + counts["waiting"], story)
            self.test.assertGreaterEqual(counts["waiting"], before, story)

    def prove(self, story):
        """From the records alone: nothing lacks. (Of what is owed they do not tell yet.)"""
        if self.lines and not self.lost:
            said = subprocess.run([sys.executable, COMPLETE], input=b"".join(line + b"\n" for line in self.lines),
                                  capture_output=True)
            self.test.assertEqual(said.returncode, 0, said.stdout.decode() + said.stderr.decode() + story)


class Agent(unittest.TestCase):
    def test_what_it_sampled_half_a_second_before_the_power_went_is_in_its_spool(self):
        seed = int(os.environ.get("POWER_SEED", random.randrange(2**32)))
        print(f"POWER_SEED={seed}")

        def crashes(number):
            with tempfile.TemporaryDirectory() as folder:
                chain = Chain(self, SYNCS[number], folder, seed + number)
                printed = [chain.crash() for _ in range((KILLS + number) // 2)]
                chain.guest.close()
                return (f"synced every {chain.sync} s: {len(printed)} kills, {sum(printed)} records printed, "
                        f"{len(chain.lines)} in the spool, which knows of {chain.lost} more; "
                        f"the oldest that was lost was {chain.worst // 1000} ms old")

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for sentence in pool.map(crashes, range(2)):
                print(sentence)


if __name__ == "__main__":
    vm.main()
