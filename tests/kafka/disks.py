#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An output whose spool stands on a disk that fails: the agent goes on collecting, what can go out from memory does, what is
lost is named by gaps, and all is as before soon after the disk is. The judge is tests/kafka/complete."""
import errno
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import netns
from agent import until
from broker import Broker
from pipeline import Pipeline, kafka
from sick import CHANGES, SmallDisk, Sick

LONG = os.environ.get("SF_SIZE") == "long"
SPOOL = "spool: { path: @DIR@/spool, max_size: SIZE, keep_free: FREE, sync: 100ms }, queue: { max_size: 512KiB }"


class Disks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())

    def setUp(self):
        self.path, self.sick, self.disk = None, Sick(self), None

    def made(self, count, options=None, size="64MiB", free="0%"):
        """`options`: of a file system of its own."""
        outputs, self.topic = kafka("records_per_message: 10, " + SPOOL.replace("SIZE", size).replace("FREE", free))
        self.broker.create_topic(self.topic)
        self.path = Pipeline(self, self.broker, count, outputs)
        if options:
            self.disk = SmallDisk(self, self.path.folder, options)
        return self.path

    def begun(self):
        self.path.start(env=self.sick.environment)
        self.path.runs(3)
        self.path.delivered()

    def goes_on(self, times=1):
        until(lambda: f"it does not go on:\n{self.path.log()}", lambda: self.path.log().count("spool: goes on") >= times)

    def ended(self, *reasons):
        """In order; something was lost for some of these reasons, or nothing."""
        path = self.path
        path.runs(3)
        path.delivered()
        counts = path.counts()
        path.stop()
        _, gaps = path.prove(path.lines(self.topic), "--spool", "--ended", "--exact")
        self.assertEqual(sum(gap["records"] for gap in gaps), counts["lost"])
        said = {gap["reason"] for gap in gaps}
        self.assertEqual({reason for reason, records in counts["lost_reasons"].items() if records}, said)
        self.assertLessEqual(said, set(reasons))
        self.assertEqual(bool(said), bool(reasons))

    # ---- the broker is away, too ----

    def test_what_a_full_disk_does_not_take_is_lost_and_said_until_there_is_room(self):
        path = self.made(300, "size=4m")
        self.begun()
        self.broker.pause()
        path.runs(3)
        self.disk.fill()
        path.agent.wait_log("No space left on device")
        until("losses", lambda: path.counts()["lost"])
        begun, runs = time.monotonic(), 100 if LONG else 20
        path.runs(runs)
        # Held up until the output is known to stand still, each would take a second.
        self.assertLess(time.monotonic() - begun, runs)
        self.disk.relieve()
        self.goes_on()
        path.runs(3)
        self.broker.resume()
        self.ended("disk_full")

    def test_what_others_fill_is_not_free(self):
        path = self.made(300, "size=4m", free="25%", size="2MiB")
        self.begun()
        self.broker.pause()
        path.runs(3)
        self.disk.fill()
        until("losses", lambda: path.counts()["lost"])
        path.runs(10)
        self.disk.relieve()
        self.broker.resume()
        self.ended("spool_full", "disk_full")

    def test_errors_of_the_disk_are_survived_and_said(self):
        path = self.made(300)
        self.begun()
        self.broker.pause()
        self.sick.fail(errno.EIO, *CHANGES)
        path.agent.wait_log("Input/output error")
        until("losses", lambda: path.counts()["lost"])
        path.runs(10)
        self.sick.heal()
        self.goes_on()
        path.runs(3)
        self.broker.resume()
        self.ended("disk_full")

    # ---- the broker is there: what memory holds goes out ----

    def test_a_full_disk_keeps_nothing_from_a_broker(self):
        path = self.made(50, "size=4m")
        self.begun()
        self.disk.fill()
        for _ in range(5):
            path.runs(4)
            self.disk.fill()
        path.agent.wait_log("No space left on device")
        path.delivered()
        self.disk.relieve()
        self.goes_on()
        self.ended()

    def test_without_inodes_nothing_is_kept_from_a_broker(self):
        path = self.made(100, "size=16m,nr_inodes=64", size="1MiB")
        os.mkdir(self.disk.path("spool"), 0o700)
        self.disk.take_inodes()
        self.begun()
        path.agent.wait_log("No space left on device")
        path.runs(10)
        path.delivered()
        self.disk.relieve()
        self.goes_on()
        for _ in range(10):  # one that it has used up makes room for the next
            path.runs(2)
            self.disk.take_inodes()
        self.disk.relieve()
        self.ended()

    def test_a_disk_that_is_read_only_from_the_start_gives_what_it_has(self):
        path = self.made(50, "size=16m")
        self.begun()
        self.broker.pause()
        path.runs(5)
        path.agent.signal(15)
        path.agent.status()
        self.broker.resume()
        self.disk.remount("ro")
        self.begun()
        path.agent.wait_log("Read-only file system")
        path.runs(10)
        path.delivered()
        self.disk.remount("rw")
        self.goes_on()
        self.ended()

    def test_calls_that_fail_keep_nothing_from_a_broker(self):
        path = self.made(50)
        self.begun()
        for times, (code, calls) in enumerate([(errno.EROFS, CHANGES), (errno.EIO, ["write"]), (errno.EIO, ["sync"]),
                                               (errno.EIO, ["read"]), (errno.EDQUOT, ["create", "write"])], 1):
            self.sick.fail(code, *calls)
            path.runs(10 if LONG else 4)
            if calls != ["read"]:
                path.agent.wait_log(os.strerror(code))
            path.delivered()
            self.sick.heal()
            path.runs(1)
        self.goes_on()
        self.ended()
        # What could not be removed then is gone, but for what is written to.
        left = [name for name in os.listdir(os.path.join(path.folder, "spool")) if name.endswith(".seg")]
        self.assertLessEqual(len(left), 1)


if __name__ == "__main__":
    netns.enter_mounts()
    unittest.main(verbosity=2)
