# SPDX-License-Identifier: Apache-2.0
"""Network namespaces with a name, and others that only a process is in, for a test that is alone with its processes: it has
a /proc and a /run of its own, so that what is found there is what the test made.
"""
import ctypes
import os
import socket
import subprocess
import sys
import threading

import netns

NAMES = "/run/netns"
INSIDE = "SOCKFEED_INSIDE"


def isolate():
    """From here on only our own processes and names are seen. Says whether the user is the real root."""
    if INSIDE not in os.environ:
        root = netns.enter()
        os.environ[INSIDE] = "root" if root else "user"
        probe = subprocess.run(["unshare", "--pid", "--mount", "--fork", "--mount-proc", "true"], stderr=subprocess.PIPE)
        if probe.returncode:
            netns.skip(f"no namespace of processes can be made here: {probe.stderr.decode(errors='replace').strip()}")
        os.execvp("unshare", ["unshare", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv])
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    os.mkdir(NAMES, 0o755)
    return os.environ[INSIDE] == "root"


def inode(path):
    return os.stat(path).st_ino


OWN = "/proc/self/ns/net"


def within(path, call):
    """What `call` returns in the namespace of that path: on a thread that ends there."""
    result = []

    def go():
        libc = ctypes.CDLL(None, use_errno=True)
        with open(path) as file:
            if libc.setns(file.fileno(), netns.CLONE_NEWNET):
                result.append(OSError(ctypes.get_errno(), "setns"))
                return
        try:
            result.append(call())
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    if isinstance(result[0], Exception):
        raise result[0]
    return result[0]


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Space:
    """A namespace with a name, with lo up, until the test ends."""

    def __init__(self, test, name):
        self.name, self.path, self.kept = name, f"{NAMES}/{name}", []
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        self.inode = inode(self.path)
        test.addCleanup(self.remove)

    def remove(self):
        for sock in self.kept:
            sock.close()
        self.kept = []
        if os.path.exists(self.path) and inode(self.path) == self.inode:
            ip("netns", "del", self.name)

    def listen(self, count=1):
        def make():
            return [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        made = within(self.path, make)
        self.kept += made
        return made

    def connect(self, count=1):
        """Established ones, and the listener."""
        listener = self.listen()[0]
        for _ in range(count):
            self.kept.append(within(self.path, lambda: socket.create_connection(listener.getsockname())))
            self.kept.append(listener.accept()[0])


class Hermit:
    """A process in a namespace of its own that has no name."""

    def __init__(self, test):
        code = ("import os, socket, sys, netns; netns.enter(); s = socket.create_server(('127.0.0.1', 0));"
                "print(s.getsockname()[1], flush=True); sys.stdin.read()")
        path = os.pathsep.join([os.path.dirname(os.path.abspath(__file__)), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, "PYTHONPATH": path})
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid
        self.inode = inode(f"/proc/{self.pid}/ns/net")
        test.addCleanup(self.end)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
