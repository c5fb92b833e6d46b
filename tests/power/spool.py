#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The spool and the loss of power: what it has promised is there afterwards, in order and whole, what it lost it knows
exactly, and it always starts.

spool.c fills a spool in a machine, whose serial port is read here; the machine is killed at a random moment, its disk
loses what was not flushed, and goes on with the next machine. POWER_KILLS (10) are shared by disks of four kinds.
"""
import concurrent.futures
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest

HARNESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness")
sys.path.insert(0, HARNESS)
import vm
from disk import Disk

FILL = os.path.join(os.environ["BUILD"], "tests", "power_spool")
KILLS = int(os.environ.get("POWER_KILLS", 10))
COMMAND = """mount -t ext4 /dev/vda /mnt
exec /fill fill /mnt/spool "$serial" "$seed" "$sync" "$size" "$share"
"""
KINDS = {  # microseconds until it syncs, bytes that it may have, percent of the batches that are acknowledged
    "always": (0, 40 << 20, 85),
    "in intervals": (100_000, 40 << 20, 85),
    "in intervals, and acknowledged at once": (100_000, 40 << 20, 100),
    "in intervals, dropping the oldest": (100_000, 512 << 10, 0),
}


# ---- what is in a batch: harness/spools.h, once more ----

def mixed(x):
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 % 2**64
    x = (x ^ x >> 27) * 0x94d049bb133111eb % 2**64
    return x ^ x >> 31


def lines_of(serial):
    return 1 + mixed(serial) % 9


def places_of(serial):
    """(query, of its first line, of its last line)"""
    query, run = serial % 3, serial // 24
    seq = sum(map(lines_of, range(run * 24 + query, serial, 3)))
    return ("alpha", "beta", "gamma")[query], (run + 1000, seq), (run + 1000, seq + lines_of(serial) - 1)


class Found:
    """What a spool says when it is opened."""

    def __init__(self, lines):
        self.has, self.gaps, self.end, self.counts = {}, [], None, None
        for line in lines:
            words = line.decode().split(" ")
            if words[0] == "has":
                self.has[int(words[1])] = int(words[2])
            elif words[0] == "gap":
                first, last = (int(words[2]), int(words[3])), (int(words[4]), int(words[5]))
                self.gaps.append((words[1], words[7], first, last, int(words[6])))
            elif words[0] == "counts":
                self.counts = words[1:]
            elif words[0] == "end":
                self.end = int(words[1])
                break

    def lost(self, reason):
        """Lines."""
        return sum(records for why, _, _, _, records in self.gaps if why == reason)


class Chain:
    """One spool, and what is known of it here."""

    def __init__(self, test, guest, kind, folder, seed):
        self.test, self.guest, self.kind, self.random = test, guest, kind, random.Random(seed)
        self.folder, self.disk = folder, Disk(os.path.join(folder, "disk"))
        self.synced, self.done, self.lost, self.last, self.looks = set(), set(), set(), 0, 0
        self.found = None  # by the last look

    def kill(self):
        """One machine's life: (the lines that it printed, the serial it began with, pages that its disk lost)."""
        sync, size, share = KINDS[self.kind]
        words = [f"serial={self.last + 1000}", f"seed={self.random.getrandbits(32)}", f"sync={sync}", f"size={size}",
                 f"share={share}"]
        machine = vm.Machine(self.guest, self.disk, words)
        try:
            # One in four dies while it starts, if there is something to start from.
            machine.wait_line(b"has" if self.found and self.found.has and self.random.random() < 0.25 else b"end")
            time.sleep(self.random.random() * 1.5)
        finally:
            machine.kill()
        return machine, self.last + 1000, self.disk.cut(self.random.choice((None, 0, 0.5, 0.9)), self.random)

    def look(self):
        """From outside, at a copy."""
        self.looks += 1
        copy = self.disk.files("/spool", os.path.join(self.folder, str(self.looks)))
        said = subprocess.run([FILL, "look", copy], capture_output=True)
        self.test.assertEqual(said.returncode, 0, said.stderr.decode())
        return Found(said.stdout.splitlines())

    def crash(self):
        machine, first, pages = self.kill()
        start = Found(machine.lines)
        story = f"spool synced {self.kind}, {pages} pages lost, first {first}\n{machine.story()}"
        if self.found and start.end is not None:
            self.test.assertEqual(vars(start), vars(self.found), story)  # the machine saw what was seen here
        put = [int(line.split()[1]) for line in machine.lines if line.startswith(b"put ")]
        self.synced.update(int(line.split()[1]) for line in machine.lines if line.startswith(b"synced "))
        self.done.update(int(line.split()[1]) for line in machine.lines if line.startswith(b"done "))
        before, self.found = self.found, self.look()
        self.judge(first, put, start, before, story)
        return len(put), pages

    def judge(self, first, put, start, before, story):
        test, found = self.test, self.found
        has = list(found.has)
        mine = [serial for serial in has if serial >= first]
        # What the port had not sent yet may have been done all the same.
        put = set(put) | set(mine)
        self.last = max([first, *put])
        test.assertEqual(sorted(has), has, story)
        test.assertEqual(sorted(found.has.values()), list(found.has.values()), story)
        test.assertEqual(self.lost & set(has), set(), story)
        for serial in mine:
            test.assertEqual(found.has[serial] - start.end, serial - first, story)
        missing = self.synced - self.done - set(has)
        if KINDS[self.kind][2]:
            test.assertEqual(missing, set(), story)
        self.dropped(missing, has, story)
        gone = {serial for serial in put if serial not in found.has} - self.synced - self.done
        if mine:
            test.assertLess(max(mine), min(gone | {max(mine) + 1}), story)  # no hole
        self.cut_off(first, start, before, gone, story)
        self.lost |= gone
        self.synced |= set(has)  # what was there once stays

    def dropped(self, missing, has, story):
        """The oldest, and the gaps name them all and nothing else."""
        test, found = self.test, self.found
        test.assertLess(max(missing, default=-1), min(has, default=2**63), story)
        test.assertEqual(found.lost("spool_full"), sum(map(lines_of, missing)), story)
        for why, query, low, high, _ in found.gaps:
            test.assertIn(why, ("spool_full", "power_loss"), story)
        ranges = [(query, low, high) for why, query, low, high, _ in found.gaps if why == "spool_full"]
        for serial in missing:
            query, low, high = places_of(serial)
            test.assertTrue(any(q == query and a <= low and high <= b for q, a, b in ranges), (serial, story))
        for serial in has:
            query, low, high = places_of(serial)
            test.assertFalse(any(q == query and a <= high and low <= b for q, a, b in ranges), (serial, story))

    def cut_off(self, first, start, before, gone, story):
        """The state may know of batches that are not there: they are the last that are not, and were never promised. It may
        not know that some of them have been acknowledged since it was written."""
        test, known = self.test, self.found.end - (start.end or 0) + first
        missing = sorted(({*gone, *self.done, *self.synced} - set(self.found.has)) & set(range(first, known)))
        lines = self.found.lost("power_loss") - (before.lost("power_loss") if before else 0)
        while lines > 0:
            test.assertTrue(missing, story)
            serial = missing.pop()
            test.assertNotIn(serial, self.synced - self.done, story)
            lines -= lines_of(serial)
        test.assertEqual(lines, 0, story)
        test.assertEqual(set(missing) & gone, set(), story)


class Spool(unittest.TestCase):
    def test_what_it_promised_outlives_the_loss_of_power_and_what_it_lost_it_knows(self):
        seed = int(os.environ.get("POWER_SEED", random.randrange(2**32)))
        print(f"POWER_SEED={seed}")
        guest = vm.Guest(COMMAND, {"fill": FILL})
        self.addCleanup(guest.close)
        shares = [KILLS // len(KINDS) + (number < KILLS % len(KINDS)) for number in range(len(KINDS))]

        def crashes(number):
            kind = list(KINDS)[number]
            with tempfile.TemporaryDirectory() as folder:
                chain = Chain(self, guest, kind, folder, seed + number)
                seen = [chain.crash() for _ in range(shares[number])]
            return (f"synced {kind}: {len(seen)} kills, {sum(put for put, _ in seen)} batches put, {len(chain.synced)} synced, "
                    f"{len(chain.done)} acknowledged, {len(chain.lost)} lost; {sum(pages for _, pages in seen)} pages lost")

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for sentence in pool.map(crashes, range(len(KINDS))):
                print(sentence)


if __name__ == "__main__":
    vm.main()
