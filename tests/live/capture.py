#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A capture of real sockets replays to the records of a live query, and so does a dump of ss; the kernel's TCP-MD5 keys are
in no record, capture, message or core.

A socket counts when two live queries, before and after the capture, said the same of it; what runs (timers, milliseconds
since) must lie between the two.
"""
import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import refuse
import world as worlds
from agent import config

TCP_MD5SIG = 14  # linux/tcp.h
KEY = b"a-secret-of-two-routers"
CLOCKS = ("timer.expires_ms", "tcp.last_data_sent_ms", "tcp.last_data_recv_ms", "tcp.last_ack_recv_ms")
ENVELOPE = ("time", "run", "seq")


def sockfeed(*arguments, **more):
    done = subprocess.run([feed.SOCKFEED, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, **more)
    return done.returncode, done.stdout, done.stderr.decode()


def by_cookie(records):
    return {record["cookie"]: {name: value for name, value in feed.flat(record).items() if name not in ENVELOPE}
            for record in records}


def steady(record):
    return {name: value for name, value in record.items() if name not in CLOCKS}


def between(before, here, after):
    """timer.expires_ms goes down, the others up."""
    return all(min(before[name], after[name]) <= here[name] <= max(before[name], after[name])
               for name in CLOCKS if name in before)


def keyed_pair(world):
    """With TCP-MD5 keys at both ends, or None: a kernel without."""
    def add_key(sock):
        address = struct.pack("=HH4s120x", socket.AF_INET, 0, socket.inet_aton("127.0.0.1"))
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, address + struct.pack("=BBHi80s", 0, 0, len(KEY), 0, KEY))

    try:
        return world.pair(worlds.V4, add_key)
    except OSError:
        return None


def full_pipe():
    """Both ends of it; the next to write waits."""
    out, end = os.pipe()
    os.set_blocking(end, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(end, b"\n" * 4096):
            pass
    os.set_blocking(end, True)
    return out, end


class Capture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = worlds.make()
        cls.keyed = keyed_pair(cls.world)
        cls.folder = tempfile.TemporaryDirectory()
        cls.release = os.uname().release

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def captured(self, *options):
        """(live before, the file, live after)"""
        path = self.path("live.pcap")
        before = by_cookie(feed.run(["state", "all"])[0])
        status, out, said = sockfeed("capture", *options, path)
        self.assertEqual((status, out, said), (0, b"", ""))
        return before, path, by_cookie(feed.run(["state", "all"])[0])

    def compare(self, before, replayed, after, left_out=()):
        """Says how many sockets held still."""
        compared = 0
        for cookie, made in self.world.sockets.items():
            cookie = str(cookie)
            if not made.idle or cookie not in before or cookie not in after or cookie not in replayed:
                self.assertFalse(made.idle and cookie in before and cookie in after, f"{made} is not in the file")
                continue
            if steady(before[cookie]) != steady(after[cookie]):
                continue
            ours = steady(replayed[cookie])
            theirs = {name: value for name, value in steady(before[cookie]).items() if not name.startswith(left_out or "-")}
            self.assertEqual({name: value for name, value in ours.items() if not name.startswith(left_out or "-")}, theirs,
                             made)
            self.assertTrue(between(before[cookie], replayed[cookie], after[cookie]), made)
            compared += 1
        return compared

    def test_a_capture_replays_to_the_records_of_a_live_query(self):
        before, path, after = self.captured()
        records, run = feed.run(["state", "all"], ["--from", path])
        self.assertGreater(self.compare(before, by_cookie(records), after), 30)
        self.assertEqual(run["walks"][0]["dumps"], 2)
        self.assertEqual(run["netns"]["inode"], os.stat("/proc/self/ns/net").st_ino)

    def test_all_tables_come_into_one_capture(self):
        kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(kept.close)
        kept.bind(("127.0.0.1", 0))
        path = self.path("all.pcap")
        status, out, said = sockfeed("capture", "--sockets", "all", path)
        self.assertEqual((status, out, said), (0, b"", ""))
        live, live_run = self.asked("--sockets", "all")
        replayed, run = self.asked("--sockets", "all", "--from", path)
        for table in {table for table, _ in live} | {table for table, _ in replayed}:
            self.assertGreaterEqual(len([1 for each, _ in live & replayed if each == table]),
                                    len([1 for each, _ in live if each == table]) - 10, table)
        self.assertIn(("udp", str(worlds.cookie_of(kept))), replayed)
        self.assertEqual(run["absent"], live_run["absent"])
        self.assertEqual(run["errors"], [])
        self.assertEqual(self.asked("--sockets", "udp", "--from", path)[0], {one for one in replayed if one[0] == "udp"})

    def asked(self, *options):
        """({(table, cookie)}, the run record)"""
        status, out, said = sockfeed("query", "--format", "json", *options, "state", "all")
        self.assertEqual(status, 0, said)
        records = [feed.parse(line) for line in out.splitlines()]
        return {(record["table"], record["cookie"]) for record in records[:-1]}, records[-1]

    def test_the_judge_alone_chooses(self):
        _, path, _ = self.captured()
        records, run = feed.run(["state", "established", "( sport = :443 or dport = :443 )"], ["--from", path])
        everything, _ = feed.run(["state", "all"], ["--from", path])
        wanted = [record["cookie"] for record in everything
                  if record["state"] == "established" and 443 in (record["local"]["port"], record["peer"]["port"])]
        self.assertEqual([record["cookie"] for record in records], wanted)
        self.assertEqual(run["sockets_seen"], len(everything))
        self.assertGreater(len(everything), len(records))
        self.assertGreater(len(records), 0)

    def test_a_capture_of_less_has_less(self):
        filter_file, path = self.path("filter"), self.path("less.pcap")
        with open(filter_file, "w") as file:
            file.write("state listening sport = :443")
        self.assertEqual(sockfeed("capture", "-F", filter_file, "--fields", "local", path), (0, b"", ""))
        records, run = feed.run(["state", "all"], ["--from", path])
        self.assertEqual({(record["state"], record["local"]["port"]) for record in records}, {("listening", 443)})
        self.assertFalse(any("tcp" in record for record in records))
        self.assertEqual(run["sockets_seen"], len(records))

    def test_nothing_of_this_host_is_asked(self):
        _, path, _ = self.captured()
        refused = refuse.sock_diag(1)
        if subprocess.run(["true"], preexec_fn=refused, check=False).returncode == netns.SKIPPED:
            self.skipTest("no seccomp here")
        records, _ = feed.run(["state", "all"], ["--from", path], preexec_fn=refused)
        self.assertGreater(len(records), 30)
        self.assertEqual(sockfeed("query", "--format", "table", "--from", path, preexec_fn=refused)[0], 0)

    def test_the_owner_alone_may_read_it(self):
        _, path, _ = self.captured()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def test_a_dump_of_ss_replays(self):
        path = self.path("ss.dump")
        before = by_cookie(feed.run(["state", "all"])[0])
        subprocess.run(["ss", "-atinemO", "--tos", "-D", path], check=True, timeout=60)
        after = by_cookie(feed.run(["state", "all"])[0])
        for kernel, left_out in ((["--kernel", self.release], ("netns.", "host.")),
                                 ([], ("netns.", "host.", "tcp.accecn_", "tcp.ecn_mode"))):
            records, run = feed.run(["state", "all"], ["--from", path, *kernel])
            for cookie in [cookie for cookie in before if cookie not in by_cookie(records)]:
                # ss before 6.8 does not ask for them.
                self.assertEqual(before.pop(cookie)["state"], "bound-inactive")
            self.assertGreater(self.compare(before, by_cookie(records), after, left_out), 30)
            self.assertEqual({tuple(record["host"].values()) for record in records}, {("", "", "")})
            self.assertTrue(all("netns" not in record for record in records))
            self.assertEqual(any("accecn_fail_mode" in record.get("tcp", {}) for record in records),
                             bool(kernel) and any("tcp.accecn_fail_mode" in record for record in before.values()))
            self.assertEqual(run["walks"][0]["dumps"], 2)

    def test_what_is_cut_off_gives_what_is_whole(self):
        _, path, _ = self.captured()
        cut = self.path("cut.pcap")
        shutil.copyfile(path, cut)
        os.truncate(cut, os.path.getsize(path) - 1000)
        status, out, said = sockfeed("query", "--format", "json", "--from", cut, "state", "all")
        records = [feed.parse(line) for line in out.splitlines()]
        self.assertEqual(status, 1)
        self.assertGreater(len(records), 5)
        self.assertRegex(said, r"^sockfeed: tcp: the capture ends at byte \d+, in the middle of the packet that begins at byte \d+\n$")
        self.assertTrue(records[-1]["partial"])
        self.assertEqual(records[-1]["errors"][0]["code"], "EBADMSG")

    @unittest.skipIf(os.environ.get("SANITIZE"), "sanitizers take memory of their own")
    def test_memory_does_not_grow_with_the_file(self):
        path, most = self.path("ss.dump"), self.path("much.dump")
        subprocess.run(["ss", "-atiD", path], check=True, timeout=60)
        with open(path, "rb") as file:
            content = file.read()
        with open(most, "wb") as file:
            for _ in range((64 << 20) // len(content)):
                file.write(content)
        taken = []
        for name in (path, most):
            asks = subprocess.Popen([feed.SOCKFEED, "query", "--format", "json", "--limit", "1", "--from", name, "state", "all"],
                                    stdout=subprocess.PIPE)
            lines = asks.stdout.read().splitlines()
            asks.stdout.close()
            _, status, usage = os.wait4(asks.pid, 0)
            asks.returncode = 0
            self.assertEqual((status, len(lines)), (0, 2))
            taken.append((usage.ru_maxrss, feed.parse(lines[-1])["sockets_seen"]))
        self.assertGreater(taken[1][1], 100 * taken[0][1])
        self.assertLess(taken[1][0] - taken[0][0], 2048, f"KiB: {taken}")

    @unittest.skipUnless(shutil.which("tshark"), "no tshark here")
    def test_wireshark_reads_it(self):
        _, path, _ = self.captured()
        records, _ = feed.run(["state", "all"], ["--from", path])
        done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "netlink-sock_diag.inet_sport", "-e", "_ws.malformed"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=120, text=True)
        ports = sorted(int(port) for line in done.stdout.splitlines() for port in line.split("\t")[0].split(",") if port)
        self.assertNotIn("Malformed", done.stdout)
        # Each of both requests has ports too: 0.
        self.assertEqual(ports, sorted([0, 0] + [record["local"]["port"] for record in records]))

    # ---- keys ----

    def need_keys(self):
        """What ss is told has them, else there is nothing to look for."""
        if not self.keyed:
            self.skipTest("no TCP-MD5 here")
        dump = self.path("keys.dump")
        subprocess.run(["ss", "-tiD", dump], check=True, timeout=60)
        with open(dump, "rb") as file:
            if KEY not in file.read():
                self.skipTest("the kernel does not tell keys to this user")
        return dump

    def test_no_key_is_in_a_capture_or_a_record(self):
        dump = self.need_keys()
        _, path, _ = self.captured()
        with open(path, "rb") as file:
            content = file.read()
        self.assertNotIn(KEY, content)
        self.assertNotIn(KEY[:8], content)
        cookie = str(worlds.cookie_of(self.keyed[0]))
        for options in ([], ["--from", path], ["--from", dump]):
            for form in ("json", "table"):
                status, out, said = sockfeed("query", "--format", form, *options, "state", "all")
                self.assertEqual(status, 0, said)
                self.assertNotIn(KEY, out)
                self.assertNotIn(KEY, said if isinstance(said, bytes) else said.encode())
                if form == "json":
                    self.assertIn(cookie.encode(), out)

    def test_no_key_is_in_what_an_agent_writes_or_logs(self):
        self.need_keys()
        queries = "  all: { interval: 1h, filter: state all, outputs: [console] }\n"
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=self.folder.name) as file:
            file.write(config(queries, more="log: { level: debug }"))
            file.flush()
            done = subprocess.run([feed.SOCKFEED, "run", "--once", "-c", file.name], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(str(worlds.cookie_of(self.keyed[0])).encode(), done.stdout)
        self.assertNotIn(KEY, done.stdout + done.stderr)

    def test_no_key_is_in_a_core(self):
        self.need_keys()
        if os.environ.get("SANITIZE"):
            self.skipTest("sanitizers write no core")
        with open("/proc/sys/kernel/core_pattern") as file:
            if not re.fullmatch(r"core(\.%p)?", file.read().strip()):
                self.skipTest("cores go elsewhere here")
        if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
            self.skipTest("the size of cores is limited here")
        keyed = f"( sport = :{self.keyed_port()} or dport = :{self.keyed_port()} )"
        dump = self.path("keyed.dump")
        subprocess.run(["ss", "-tiD", dump, keyed], check=True, timeout=60)
        for options in (["--interval", "100ms"], ["--from", dump]):
            with self.subTest(options):
                self.look_at_core([*options, keyed])

    def keyed_port(self):
        return self.keyed[0].getsockname()[1]

    def look_at_core(self, arguments):
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        def with_core():
            resource.setrlimit(resource.RLIMIT_CORE, (most, most))

        folder = tempfile.mkdtemp(dir=self.folder.name)
        out, end = full_pipe()
        # Its first record finds no room: it stands with answers in its memory, and none but those with keys.
        asks = subprocess.Popen([feed.SOCKFEED, "query", "--format", "json", *arguments], cwd=folder, stdout=end,
                                preexec_fn=with_core)
        os.close(end)
        until = time.monotonic() + 30
        while not (has_key := self.memory_has_key(asks.pid)) and time.monotonic() < until and asks.poll() is None:
            time.sleep(0.05)
        asks.send_signal(signal.SIGABRT)
        asks.wait(timeout=60)
        os.close(out)
        self.assertTrue(has_key, "the key never came into its memory: this test would find nothing")
        cores = os.listdir(folder)
        self.assertEqual(len(cores), 1, "no core was written")
        with open(os.path.join(folder, cores[0]), "rb") as file:
            content = file.read()
        self.assertGreater(len(content), 100000)
        self.assertNotIn(KEY, content)

    @staticmethod
    def memory_has_key(pid):
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                start, end = (int(number, 16) for number in line.split()[0].split("-"))
                if " rw-p " not in line:
                    continue
                try:
                    memory.seek(start)
                    if KEY in memory.read(end - start):
                        return True
                except OSError:
                    continue
        return False


if __name__ == "__main__":
    netns.enter()
    unittest.main()
