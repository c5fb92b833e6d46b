# SPDX-License-Identifier: Apache-2.0
"""A machine that can lose its power: a Debian kernel under qemu's software emulation, with busybox, given programs with
their shared libraries, and a disk. Its kernel is fetched once and unpacked, never installed; no rights are needed.

The guest runs one command of busybox's shell as root. What that prints is read live; the kernel's words and the
command's stderr are the console. kill() is the loss of power; a machine never outlives the thread that started it.
"""
import glob
import json
import lzma
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import netns
from cache import Broken, once

PACKAGE = "linux-image-cloud-amd64"
NEEDED = "qemu-system-x86_64", "busybox", "mke2fs", "e2fsck", "debugfs", "setpriv"
PATIENCE = int(os.environ.get("PATIENCE", 100))  # seconds for what comes at once
STATUS = "the command ended with status "

INIT = """#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
ifconfig lo 127.0.0.1 up
stty -F /dev/ttyS1 raw -echo
sh /command </dev/null >/dev/ttyS1 2>/dev/ttyS0; status=$?
stty -F /dev/ttyS1 raw # waits until all is out
echo "STATUS$status" >/dev/ttyS0; stty -F /dev/ttyS0 raw
poweroff -f
""".replace("STATUS", STATUS)


class Unavailable(Exception):
    """Why there is no machine here."""


def tool(name):
    """Where it is; the tools of file systems are not on every user's path."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


def run(*words, **more):
    """Its stdout."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        raise Broken(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}".strip())
    return done.stdout


def fetch(package, folder):
    """A name without a version leads to the packages that hold its image and, in newer releases, its modules."""
    if os.geteuid() == 0:  # lists that are old or not there name no package that can be had
        subprocess.run(["apt-get", "-q", "update"], stdin=subprocess.DEVNULL, capture_output=True)
    depends = run("apt-cache", "depends", "--recurse", "--important", package)
    names = set(re.findall(r"^(linux-(?:image|binary|modules)-\d\S*)$", depends, re.MULTILINE)) | {package}
    with tempfile.TemporaryDirectory() as scratch:
        run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *sorted(names), cwd=scratch)
        for deb in glob.glob(os.path.join(scratch, "*.deb")):
            run("dpkg-deb", "-x", deb, folder)


def info(module, name):
    """What a module says of itself by that name."""
    return [value.decode() for value in re.findall(rb"\0%s=([^\0]*)" % name.encode(), module)]


class Kernel:
    """vmlinuz and the modules of a package."""

    def __init__(self, package=PACKAGE):
        folder = once(package, lambda fresh: fetch(package, fresh))
        modules = glob.glob(f"{folder}/lib/modules/*") + glob.glob(f"{folder}/usr/lib/modules/*")
        self.release, self.paths = os.path.basename(modules[0]), {}
        for path in glob.glob(f"{modules[0]}/**/*.ko*", recursive=True):
            self.paths[os.path.basename(path).split(".ko")[0].replace("-", "_")] = path
        with open(f"{modules[0]}/modules.builtin") as file:
            self.builtin = {os.path.basename(line)[:-len(".ko\n")].replace("-", "_") for line in file}
        self.image = (glob.glob(f"{folder}/boot/vmlinuz-*") + glob.glob(f"{modules[0]}/vmlinuz"))[0]

    def module(self, name):
        with open(self.paths[name], "rb") as file:
            data = file.read()
        return lzma.decompress(data) if self.paths[name].endswith(".xz") else data

    def modules(self, names):
        """{name: its bytes} in the order to load them: what one depends on is before it."""
        found = {}
        for name in names:
            if name in found or name in self.builtin:
                continue
            if name not in self.paths:
                raise Broken(f"this kernel has no module {name}")
            data = self.module(name)
            depends = "".join(info(data, "depends")).replace("-", "_")
            for below, its in self.modules(depends.split(",") if depends else []).items():
                found.setdefault(below, its)
            found[name] = data
        return found


class Archive:
    """A file system that a kernel starts with: cpio's format "newc"."""

    def __init__(self):
        self.data, self.names = bytearray(), set()

    def add(self, name, data=b"", mode=stat.S_IFREG | 0o644):
        name = name.strip("/")
        if name in self.names:
            return
        if os.path.dirname(name):
            self.add(os.path.dirname(name), mode=stat.S_IFDIR | 0o755)
        self.names.add(name)
        fields = len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name.encode()) + 1, 0
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.data += bytes(-len(self.data) % 4) + data
        self.data += bytes(-len(self.data) % 4)

    def copy(self, path, name=None):
        """A file, and the shared libraries that it says it needs; links are followed."""
        with open(path, "rb") as file:
            data = file.read()
        self.add(name or path, data, stat.S_IFREG | stat.S_IMODE(os.stat(path).st_mode))
        if data[:4] == b"\x7fELF" and name != "bin/busybox":
            listed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            for library in re.findall(r"(/\S+) \(0x", listed):
                if library.strip("/") not in self.names:
                    self.copy(library)


def prepare(package=PACKAGE):
    """Whatever a machine with that kernel needs, or Unavailable."""
    missing = [name for name in NEEDED if not tool(name)]
    if missing:
        raise Unavailable(f"no machine can be emulated here: {', '.join(missing)} not found")
    if "not a dynamic" not in subprocess.run(["ldd", tool("busybox")], capture_output=True, text=True).stderr:
        raise Unavailable("no machine can be emulated here: busybox needs shared libraries (busybox-static does not)")
    try:
        Kernel(package)
    except (Broken, OSError, IndexError) as error:
        raise Unavailable(f"no kernel for an emulated machine ({package}): {error}") from None


def main(package=PACKAGE):
    """The tests of the file that was started; skipped where there is no machine."""
    try:
        prepare(package)
    except Unavailable as reason:
        netns.skip(reason)
    unittest.main(verbosity=2)


def add_loadable(archive, kernel, names):
    """They are where the kernel's helper finds them when something asks for them."""
    needs, aliases, folder = [], [], f"lib/modules/{kernel.release}"
    for name, data in kernel.modules(names).items():
        archive.add(f"{folder}/{name}.ko", data)
        needs.append(f"{name}.ko:" + "".join(f" {below}.ko" for below in reversed(kernel.modules([name])) if below != name))
        aliases += [f"alias {alias} {name}" for alias in info(data, "alias")]
    archive.add(f"{folder}/modules.dep", "".join(f"{line}\n" for line in needs).encode())
    archive.add(f"{folder}/modules.alias", "".join(f"{line}\n" for line in aliases).encode())
    archive.add("sbin/modprobe", b"/bin/busybox", stat.S_IFLNK | 0o777)


class Guest:
    """What a machine starts from: made once, started often. `files`: paths, or {path in the guest: path here, or bytes}.
    `modules` are loaded, `loadable` ones are there."""

    def __init__(self, command, files=(), modules=(), package=PACKAGE, loadable=()):
        kernel, archive = Kernel(package), Archive()
        self.kernel = kernel.image
        for folder in "proc", "sys", "dev", "tmp", "mnt", "var", "etc":
            archive.add(folder, mode=stat.S_IFDIR | 0o755)
        archive.copy(tool("busybox"), "bin/busybox")
        archive.add("bin/sh", b"busybox", stat.S_IFLNK | 0o777)
        archive.add("init", INIT.encode(), stat.S_IFREG | 0o755)
        archive.add("command", command.encode())
        for number, data in enumerate(kernel.modules(["virtio_pci", "virtio_blk", "ext4", *modules]).values()):
            archive.add(f"modules/{number:03}", data)
        if loadable:
            add_loadable(archive, kernel, loadable)
        for name, source in (files.items() if isinstance(files, dict) else zip(files, files)):
            archive.add(name, source) if isinstance(source, bytes) else archive.copy(source, name)
        archive.add("TRAILER!!!", mode=0)
        self.initramfs = tempfile.NamedTemporaryFile(prefix="initramfs-")
        self.initramfs.write(archive.data)
        self.initramfs.flush()

    def close(self):
        self.initramfs.close()


class Machine:
    """A running guest. `disk`, a Disk, is /dev/vda there; `words` are variables that its command finds set, "name=value".
    `lines` grows while it prints."""

    def __init__(self, guest, disk=None, words=(), memory=256):
        self.console = tempfile.NamedTemporaryFile(prefix="console-")
        words = [tool("setpriv"), "--pdeathsig", "KILL", tool("qemu-system-x86_64"), "-accel", "tcg", "-cpu", "max",
                 "-m", str(memory), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                 "-kernel", guest.kernel, "-initrd", guest.initramfs.name,
                 "-append", " ".join(["console=ttyS0 quiet panic=-1 mitigations=off no_timer_check", *words]),
                 "-chardev", f"file,id=console,path={self.console.name},append=on", "-serial", "chardev:console",
                 "-serial", "stdio"]
        if disk:
            words += ["-blockdev", json.dumps(disk.node("disk")), "-device", "virtio-blk-pci,drive=disk"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.console)
        self.lines, self.said = [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        """Whole lines only: the last one may have been cut by the loss of power."""
        for line in self.process.stdout:
            if line.endswith(b"\n"):
                with self.said:
                    self.lines.append(line[:-1])
                    self.said.notify_all()
        with self.said:
            self.process.stdout.close()
            self.said.notify_all()

    def story(self):
        with open(self.console.name, errors="replace") as file:
            return f"console:\n{file.read()}\nlast lines: {self.lines[-5:]}"

    def wait_line(self, start, after=0):
        """The index of the first line from `after` on that starts so."""
        end = time.monotonic() + PATIENCE
        with self.said:
            while True:
                for index in range(after, len(self.lines)):
                    if self.lines[index].startswith(start):
                        return index
                after = max(after, len(self.lines))
                if self.process.stdout.closed or time.monotonic() > end:
                    raise AssertionError(f"no line {start!r}; {self.story()}")
                self.said.wait(1)

    def kill(self):
        """The power is gone. Everything that was printed before is in `lines`."""
        self.process.kill()
        self.close()

    def wait(self, patience=PATIENCE):
        """The status of the command, which must end."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end; {self.story()}") from None
        self.reader.join()
        found = re.search(STATUS + r"(\d+)", self.story())
        if not found:
            raise AssertionError(f"it ended without a status; {self.story()}")
        return int(found.group(1))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
