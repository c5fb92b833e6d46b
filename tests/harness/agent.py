# SPDX-License-Identifier: Apache-2.0
"""A running `sockfeed run` on a configuration of its own, and what tests ask of it. In a network namespace of our own, so
that the sockets that it sees are those that the test made.
"""
import faulthandler
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import netns
from feed import parse

SOCKFEED = os.environ.get("SOCKFEED", "sockfeed")
DESCRIPTORS = 8192  # for connections on loopback
PATIENCE = int(os.environ.get("PATIENCE", 100))  # seconds for what comes at once; a time-out that is reached is a failure

LISTENERS = "filter: state listening, outputs: [console]"
ONE = f"  one: {{ interval: 1h, {LISTENERS} }}\n"
FAST = f"  fast: {{ interval: 100ms, timeout: 1m, {LISTENERS} }}\n"
# Of so many connections one run is more than a pipe of 4,096 bytes, or a queue of a few batches, holds.
FULL = "  full: { interval: 100ms, timeout: 1m, filter: state all, outputs: [console] }\n"
CONSOLE = "  console: { type: stdout }\n"
ARCHIVE = "  archive: { type: file, path: @DIR@/out.jsonl }\n"


def small(when_full, size="512KiB"):
    """A console with a queue that is soon full."""
    return f"  console: {{ type: stdout, queue: {{ max_size: {size}, when_full: {when_full} }} }}\n"


def config(queries, outputs=CONSOLE, more="", schedule="align: false, splay: 0s"):
    return f"version: 1\nschedule: {{ {schedule} }}\n{more}\nqueries:\n{queries}outputs:\n{outputs}"


def is_run(record):
    return record["type"] == "run"


def begun(records):
    """Without the start record, with which an output begins."""
    assert not records or records[0]["type"] == "start", records[0]
    return records[1:]


def fill(test, pairs):
    """Established connections on loopback."""
    if 2 * pairs + 100 > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        test.skipTest("too few descriptors")
    listener = socket.create_server(("127.0.0.1", 0), backlog=pairs)
    made = [listener]
    for _ in range(pairs):
        made += socket.create_connection(listener.getsockname()), listener.accept()[0]
    for sock in made:
        test.addCleanup(sock.close)
    return made


def until(what, condition):
    """Waits until it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} s: {what() if callable(what) else what}")
        time.sleep(0.02)


class SlowReader(threading.Thread):
    """Reads so many bytes a second; `longest` is the longest time between two reads, which a loaded machine decides."""

    def __init__(self, file, rate=1_000_000, step=16384):
        super().__init__(daemon=True)
        self.file, self.rate, self.step, self.longest, self.data = file, rate, step, 0, bytearray()
        self.start()

    def run(self):
        last = time.monotonic()
        while data := os.read(self.file.fileno(), self.step):
            self.data += data
            time.sleep(len(data) / self.rate)
            self.longest, last = max(self.longest, time.monotonic() - last), time.monotonic()

    def records(self):
        """All of them; after the agent has ended, or closed its end."""
        self.join()
        return begun([parse(line) for line in bytes(self.data).splitlines()])


def pipe(size=None):
    """Both ends; the size is 65,536 bytes unless given."""
    ours, theirs = os.pipe()
    if size:
        fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, size)
    return os.fdopen(ours, "rb"), theirs


class Agent:
    """Its stdout is a pipe of `size` bytes (process.stdout), or what `stdout` says."""

    def __init__(self, test, text, *arguments, stdout=None, size=None, wrap=(), **more):
        self.directory = tempfile.TemporaryDirectory()
        test.addCleanup(self.directory.cleanup)
        path = self.path("sockfeed.yaml")
        with open(path, "w") as file:
            file.write(text.replace("@DIR@", self.directory.name))
        self.stderr = more.get("stderr") or tempfile.TemporaryFile("w+")
        self.start = None  # the record
        more["stderr"] = self.stderr
        ours, theirs = (None, stdout) if stdout is not None else pipe(size)
        self.process = subprocess.Popen([*wrap, SOCKFEED, "run", "-c", path, *arguments], stdout=theirs, **more)
        if ours:
            os.close(theirs)
            self.process.stdout = ours
        test.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        if hasattr(self.stderr, "close"):
            self.stderr.close()

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def log(self):
        with open(f"/proc/self/fd/{self.stderr.fileno()}") as file:
            return file.read()

    def wait_log(self, text):
        until(lambda: f"no {text!r} in the log:\n{self.log()}", lambda: text in self.log())

    def status(self):
        """Of its end, which must come."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError("it does not end:\n" + self.log()) from None

    def all(self):
        """Every record until its end, but for the start, and its status."""
        records = [parse(line) for line in self.process.stdout.read().splitlines()]
        if not self.start and records:
            self.start, records = records[0], begun(records)
        return records, self.status()

    def until(self, wanted):
        """Records up to the first that `wanted` holds for; without the start."""
        seen = []
        while not seen or not wanted(seen[-1]):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("the agent ended:\n" + self.log())
            record = parse(line)
            if self.start:
                seen.append(record)
            else:
                self.start = record
                begun([record])
        return seen

    def run(self):
        """The next run record."""
        return self.until(is_run)[-1]

    def signal(self, number):
        self.process.send_signal(number)

    def counts(self):
        """What SIGUSR2 writes: one JSON line a signal. It adds up."""
        def lines():
            return [line for line in self.log().splitlines(True) if '"message":"counts"' in line and line[-1] == "\n"]

        self.wait_log("info: sockfeed ")  # before it says what it runs, a signal ends it
        before = len(lines())
        self.signal(signal.SIGUSR2)
        until(lambda: "no counts:\n" + self.log(), lambda: len(lines()) > before)
        counts = json.loads(lines()[-1])
        for name, o in counts["outputs"].items():
            assert o["accepted"] == o["delivered"] + o["dead_letters"] + o["lost"] + o["waiting"], (name, o)
            assert o["lost"] == sum(o["lost_reasons"].values()), (name, o)
        return counts

    def file(self, name="out.jsonl", first=True):
        """The records of a file; of an output's first one, without the start."""
        with open(self.path(name), "rb") as file:
            records = [parse(line) for line in file if line.endswith(b"\n")]
        return begun(records) if first else records


def chain(test, runs):
    """Nothing is missing between them."""
    for before, after in zip(runs, runs[1:]):
        test.assertEqual(after["previous_run"], before["run"])
        test.assertGreater(after["run"], before["run"])


def main():
    faulthandler.dump_traceback_later(280, exit=True)
    root = netns.enter()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if 0 <= most < DESCRIPTORS and root:
        most = DESCRIPTORS
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, DESCRIPTORS) if most > 0 else DESCRIPTORS, most))
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
