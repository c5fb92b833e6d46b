#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The machine and the disk that the tests of power judge by, themselves judged: what was synced outlives the loss of
power, what was not does not, and nothing of a machine is left behind.
"""
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

MOUNT = "set -e\nmount -t ext4 -o commit=600 /dev/vda /mnt\n"  # no commit that nobody asked for

APPEND = MOUNT + """
echo never >/mnt/unsynced
number=0
while :; do
	number=$((number + 1))
	echo "$number" | dd of=/mnt/synced oflag=append conv=notrunc,fsync status=none
	echo "synced $number"
done
"""

WITHOUT_A_FLUSH = MOUNT + """
dd if=/dev/zero of=/mnt/file bs=4096 count=64 conv=fsync status=none
dd if=/letters of=/mnt/file bs=4096 oflag=direct conv=notrunc status=none
echo written
sleep 600
"""

START = """
import sys
sys.path.insert(0, sys.argv[1])
import vm
guest = vm.Guest("echo up; sleep 600")
machine = vm.Machine(guest)
machine.wait_line(b"up")
print(machine.process.pid, flush=True)
sys.stdin.read()
"""


class Power(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.disk = Disk(os.path.join(self.folder, "disk"))
        self.copies = 0

    def machine(self, *arguments, **more):
        guest = vm.Guest(*arguments, **more)
        self.addCleanup(guest.close)
        machine = vm.Machine(guest, self.disk)
        self.addCleanup(machine.close)
        return machine

    def file(self, name):
        self.copies += 1
        with open(os.path.join(self.disk.files("/", os.path.join(self.folder, str(self.copies))), name), "rb") as file:
            return file.read()

    def test_what_was_synced_is_there_and_what_was_not_is_not(self):
        machine = self.machine(APPEND)
        machine.wait_line(b"synced")
        time.sleep(random.random())
        machine.kill()
        self.disk.cut(0.5, random)
        said = int(machine.lines[-1].split()[1])
        numbers = [int(line) for line in self.file("synced").splitlines()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertIn(len(numbers), (said, said + 1))  # the next one may have been synced and not yet said
        self.assertEqual(self.file("unsynced"), b"")

    def test_of_what_came_after_the_last_flush_any_page_may_be_lost(self):
        letters = b"A" * 4096 * 64
        machine = self.machine(WITHOUT_A_FLUSH, files={"letters": letters})
        machine.wait_line(b"written")
        machine.kill()
        left = {}
        for chance in None, 1, 0.5, 0:
            self.disk.cut(chance, random)
            left[chance] = self.file("file")
        self.assertEqual(left[None], letters)
        self.assertEqual(left[1], letters)
        self.assertEqual(left[0], bytes(len(letters)))
        pages = {left[0.5][at:at + 4096] for at in range(0, len(letters), 4096)}
        self.assertEqual(pages, {letters[:4096], bytes(4096)})

    def test_the_status_of_the_command_comes_out_and_so_does_what_it_says_on_stderr(self):
        machine = self.machine("echo out; echo err >&2; exit 3")
        self.assertEqual(machine.wait(), 3)
        self.assertEqual(machine.lines, [b"out"])
        self.assertIn("err", machine.story())


class Ends(unittest.TestCase):
    def test_a_machine_dies_with_the_test_that_started_it(self):
        test = subprocess.Popen([sys.executable, "-c", START, HARNESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pid = int(test.stdout.readline())
        with open(f"/proc/{pid}/comm") as file:
            self.assertIn("qemu", file.read())
        test.kill()
        test.communicate()
        end = time.monotonic() + vm.PATIENCE
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))


if __name__ == "__main__":
    vm.main()
