# SPDX-License-Identifier: Apache-2.0
"""A disk for vm.Machine: an ext4 file system in a file, and what is left on it when its power is cut.

A disk owes nothing that came after its last flush: of that, a cut leaves any part, page by page. For this the emulator
logs every write and flush (its driver blklogwrites, the format of Linux' dm-log-writes). An image is read without
rights and without being mounted: e2fsck replays its journal, debugfs copies its files out.
"""
import os
import struct
import subprocess

from cache import Broken
from vm import run, tool

SECTOR, PAGE = 512, 4096
ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, length of a mark
FLUSH, DISCARD = 1, 4


def entries(log):
    """(flags, offset on the disk, data) in the order in which the disk had them done. Where the emulator was killed one
    may be cut short, or be a hole, whose place was taken when a later one was written: neither was ever answered."""
    with open(log, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = SECTOR
        while at + SECTOR <= size:
            file.seek(at)
            head = file.read(SECTOR)
            at += SECTOR
            if not any(head):
                continue
            sector, sectors, flags, _ = ENTRY.unpack_from(head)
            length = 0 if flags & DISCARD else sectors * SECTOR
            if at + length > size:
                return
            yield flags, sector * SECTOR, file.read(length)
            at += length


class Disk:
    """The image at `path`, which begins with an empty file system; files beside it bear its name."""

    def __init__(self, path, size="64M"):
        self.path, self.before, self.log = path, path + ".before", path + ".log"
        run(tool("mke2fs"), "-q", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0", path, size)

    def node(self, name):
        """As qemu wants it. From here on, until a cut, is one run of a machine."""
        copy(self.path, self.before)
        with open(self.log, "wb"):
            pass
        # The host keeps its power: what it was given is there for cut(), also without its own flushes.
        file = {"driver": "file", "cache": {"direct": False, "no-flush": True}}
        return {"driver": "blklogwrites", "node-name": name, "log-sector-size": SECTOR,
                "file": {**file, "filename": self.path}, "log": {**file, "filename": self.log}}

    def cut(self, chance=None, random=None):
        """The power is gone (the machine is dead already): each page of a write that was not followed by a flush is there
        with that chance. None: all that the emulator has written. Returns how many pages are lost. May be done again."""
        if chance is None:
            return 0
        waiting, lost = [], 0
        copy(self.before, self.path)
        with open(self.path, "r+b") as image:
            for flags, offset, data in entries(self.log):
                pages = [(offset + at, data[at:at + PAGE]) for at in range(0, len(data), PAGE)]
                waiting += pages
                if flags & FLUSH:
                    for at, page in waiting:
                        os.pwrite(image.fileno(), page, at)
                    waiting = []
            for at, page in waiting:
                if random.random() < chance:
                    os.pwrite(image.fileno(), page, at)
                else:
                    lost += 1
        return lost

    def files(self, folder, into):
        """Copies a folder of the image out, as the next mount would show it; the image stays as it is."""
        scratch = self.path + ".scratch"
        copy(self.path, scratch)
        checked = subprocess.run([tool("e2fsck"), "-f", "-y", scratch], capture_output=True, text=True)
        if checked.returncode > 1:  # 1: the journal was replayed, or counts put right
            raise Broken(f"e2fsck: status {checked.returncode}\n{checked.stdout}{checked.stderr}")
        os.makedirs(into)
        run(tool("debugfs"), "-R", f"rdump {folder} {into}", scratch)
        return os.path.join(into, os.path.basename(folder))


def copy(source, target):
    """Holes stay holes."""
    run("cp", "--sparse=always", source, target)
