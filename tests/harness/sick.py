# SPDX-License-Identifier: Apache-2.0
"""Disks that fail an agent: a small one of its own (netns.enter_mounts() comes first), and calls that fail (disk.c)."""
import errno
import os
import struct
import subprocess
import tempfile

# In the order of disk.h.
CALLS = ["write", "sync", "cut", "create", "remove", "read"]
CHANGES = [call for call in CALLS if call != "read"]


class SmallDisk:
    """A file system in memory over `folder`, which was empty. All but its `spool` is what others do with it."""

    def __init__(self, test, folder, options):
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "sockfeed-test", folder], check=True)
        test.addCleanup(subprocess.run, ["umount", folder], check=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def fill(self):
        """To the last byte."""
        with open(self.path("filler"), "ab", buffering=0) as file:
            size = 1 << 16
            while size:
                try:
                    file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC
                    size //= 2

    def take_inodes(self):
        """All that are left."""
        os.makedirs(self.path("files"), exist_ok=True)
        number = len(os.listdir(self.path("files")))
        try:
            while True:
                os.mknod(self.path(f"files/{number}"))
                number += 1
        except OSError as error:
            assert error.errno == errno.ENOSPC

    def relieve(self):
        """What others put there goes."""
        subprocess.run(["rm", "-rf", self.path("filler"), self.path("files")], check=True)

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.folder], check=True)


class Sick:
    """What is asked of the disk by an agent that runs with `environment`."""

    def __init__(self, test):
        self.file = tempfile.NamedTemporaryFile(prefix="sockfeed-sick-")
        test.addCleanup(self.file.close)
        self.file.truncate(4096)
        options = os.environ.get("ASAN_OPTIONS", "")
        self.environment = {**os.environ, "SICK_DISK": self.file.name,
                            "LD_PRELOAD": os.path.join(os.environ["BUILD"], "tests", "libdisk.so"),
                            "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0"}

    def fail(self, code, *calls):
        """They do from now on, each time. Code 0: they work."""
        for call in calls:
            os.pwrite(self.file.fileno(), struct.pack("i", code), 4 * CALLS.index(call))

    def heal(self):
        self.fail(0, *CALLS)
