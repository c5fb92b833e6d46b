#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How `sockfeed run` and `sockfeed query` end: in order by a signal, at once by a second one, when the reader of the only
output goes away; never held up by a reader that has stopped reading. What is lost then is counted, and the status says it."""
import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import (ARCHIVE, CONSOLE, FAST, FULL, PATIENCE, SOCKFEED, Agent, SlowReader, chain, config, fill, is_run, main, pipe,
                   small, until)
from feed import parse


def lost(agent):
    """(lost, accepted) of the only output, from the last line of the log."""
    found = re.search(r"output \S+: (\d+) of (\d+) records were not delivered", agent.log())
    return (int(found[1]), int(found[2])) if found else (0, None)


def warnings(agent):
    """But for the one that a host without a machine-id gets, as many containers are."""
    return [line for line in agent.log().splitlines() if "warning" in line and "/etc/machine-id" not in line]


def waits(file):
    """Bytes in the pipe."""
    return struct.unpack("i", fcntl.ioctl(file, termios.FIONREAD, b"1234"))[0]


class Signals(unittest.TestCase):
    def test_each_of_both_ends_in_order(self):
        for number in signal.SIGTERM, signal.SIGINT:
            agent = Agent(self, config(FAST))
            runs = [agent.run() for _ in range(3)]
            agent.signal(number)
            rest, status = agent.all()
            self.assertEqual(status, 0, agent.log())
            chain(self, runs + [r for r in rest if is_run(r)])
            self.assertTrue(not rest or is_run(rest[-1]))
            self.assertEqual(warnings(agent), [])

    def slowly(self, *signals, size="512KiB", waiting=300_000):
        """The agent, with a slow reader of the more that it has to say, got these signals, each with a pause behind it."""
        fill(self, 400)
        agent = Agent(self, config(FULL, small("block", size)))
        reader = SlowReader(agent.process.stdout, 2_000_000)
        until("a full queue", lambda: agent.counts()["outputs"]["console"]["waiting_bytes"] > waiting)
        for number, pause in signals:
            agent.signal(number)
            time.sleep(pause)
        status = agent.status()
        return agent, status, reader.records()

    def test_what_waits_is_written_as_long_as_the_reader_reads(self):
        agent, status, records = self.slowly((signal.SIGTERM, 0), size="2MiB", waiting=1_500_000)
        self.assertEqual(status, 0, agent.log())
        runs = [r for r in records if is_run(r)]
        chain(self, runs)
        self.assertIs(records[-1], runs[-1])
        self.assertTrue(runs[-1]["partial"])  # it was under way, and waited
        self.assertEqual([e["code"] for e in runs[-1]["errors"]], ["ECANCELED"])
        self.assertEqual(warnings(agent), [])

    def test_those_that_do_not_end_it_do_not_kill_one_that_is_just_beginning(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sockfeed.yaml")
            os.mkfifo(path)  # whose reading lasts until somebody writes
            with subprocess.Popen([SOCKFEED, "run", "-c", path], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL) as process:
                time.sleep(0.3)
                for number in signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2:
                    process.send_signal(number)
                time.sleep(0.1)
                # Who is not there any more reads nothing: ENXIO.
                with open(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "w", encoding="utf-8") as file:
                    file.write(config(FAST))
                first = process.stdout.readline()
                process.terminate()
                process.stdout.read()
                self.assertEqual(process.wait(PATIENCE), 0)
        self.assertTrue(first)

    def test_the_same_signal_twice_at_once_is_one(self):
        """timeout(1), and whoever signals a process and its group, sends two."""
        agent, status, _ = self.slowly((signal.SIGTERM, 0.005), (signal.SIGTERM, 0))
        self.assertEqual((status, lost(agent)), (0, (0, None)), agent.log())

    def test_a_second_signal_ends_at_once(self):
        agent, status, records = self.slowly((signal.SIGTERM, 0.5), (signal.SIGINT, 0), size="16MiB", waiting=8_000_000)
        self.assertEqual(status, 1)
        missing, accepted = lost(agent)
        self.assertGreater(missing, 0)
        self.assertEqual(1 + len(records), accepted - missing)

    def test_a_stuck_reader_holds_up_no_end(self):
        fill(self, 60)
        for arguments in (), ("--once",):
            for when_full in "block", "drop_oldest":
                agent = Agent(self, config(FULL, small(when_full)), *arguments, size=4096)
                agent.wait_log("info: sockfeed")
                until("what waits", lambda: agent.counts()["outputs"]["console"]["waiting"])
                agent.signal(signal.SIGTERM)
                self.assertEqual(agent.status(), 1)
                missing, accepted = lost(agent)
                self.assertEqual(len(agent.process.stdout.read().splitlines()), accepted - missing)

    def test_a_log_that_nobody_reads_holds_up_neither_the_agent_nor_its_end(self):
        ours, theirs = pipe(4096)
        self.addCleanup(ours.close)
        agent = Agent(self, config(FAST), stderr=theirs)
        os.close(theirs)
        for _ in range(50):
            agent.run()
            agent.signal(signal.SIGUSR2)
        agent.signal(signal.SIGTERM)
        agent.process.stdout.read()
        self.assertEqual(agent.process.wait(PATIENCE), 0)


class Readers(unittest.TestCase):
    def test_one_that_goes_away_ends_the_only_output_with_1(self):
        for arguments in (), ("--stdout",):
            agent = Agent(self, config(FAST), *arguments)
            agent.run()
            agent.process.stdout.close()
            self.assertEqual(agent.status(), 1)
            self.assertIn("the only output", agent.log())

    def test_one_that_goes_away_while_the_agent_waits_for_it_ends_it(self):
        fill(self, 60)
        agent = Agent(self, config(FULL, small("block")), "--once", size=4096)
        until("what waits", lambda: agent.counts()["outputs"]["console"]["waiting"])
        agent.process.stdout.close()
        self.assertEqual(agent.status(), 1)

    def test_one_that_goes_away_leaves_other_outputs_alone(self):
        agent = Agent(self, config(FAST.replace("console", "console, archive"), CONSOLE + ARCHIVE))
        agent.run()
        agent.process.stdout.close()
        agent.wait_log("output console")
        before = agent.counts()["outputs"]
        until("more", lambda: agent.counts()["outputs"]["archive"]["delivered"] > before["archive"]["delivered"] + 2)
        after = agent.counts()["outputs"]
        self.assertGreater(after["console"]["lost_reasons"]["closed"], before["console"]["lost_reasons"]["closed"])
        self.assertEqual(after["archive"]["lost"], 0)
        self.assertEqual(agent.log().count("warning: output console"), 1)
        agent.signal(signal.SIGTERM)
        agent.status()
        chain(self, [r for r in agent.file() if is_run(r)])


class Query(unittest.TestCase):
    FORMATS = "json", "table"

    def query(self, *arguments, size=4096):
        ours, theirs = pipe(size)
        self.addCleanup(ours.close)
        stderr = tempfile.TemporaryFile("w+")
        self.addCleanup(stderr.close)
        process = subprocess.Popen([SOCKFEED, "query", *arguments], stdout=theirs, stderr=stderr)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(theirs)
        process.stdout, process.stderr = ours, stderr
        return process

    def said(self, process):
        process.stderr.seek(0)
        return process.stderr.read()

    def test_a_stuck_reader_does_not_hold_up_the_end(self):
        fill(self, 200)
        for form in self.FORMATS:
            process = self.query("--format", form, "state", "all")
            until("what waits to be read", lambda: waits(process.stdout))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(PATIENCE), 1, form)

    def test_a_reader_gets_whole_lines_and_the_run_record_when_a_signal_ends_it(self):
        fill(self, 2000)
        process = self.query("state", "all", size=65536)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        records = [parse(line) for line in [first, *process.stdout]]
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertEqual([r["seq"] for r in records], list(range(len(records))))
        self.assertEqual((records[-1]["type"], records[-1]["partial"]), ("run", True))
        self.assertLess(len(records), 4000)

    def test_without_an_end_a_signal_is_the_end_in_order(self):
        for form in self.FORMATS:
            process = self.query("--format", form, "--interval", "1h", "state", "listening", size=65536)
            process.stdout.readline()
            time.sleep(0.2)  # by now it sleeps
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            self.assertEqual((process.wait(PATIENCE), self.said(process)), (0, ""), form)

    def test_a_reader_that_goes_away_ends_it_with_1(self):
        fill(self, 200)
        for form in self.FORMATS:
            process = self.query("--format", form, "--interval", "100ms", "state", "all")
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual((process.wait(PATIENCE), self.said(process)), (1, ""), form)

    def test_runs_of_an_interval_know_the_one_before(self):
        process = self.query("--interval", "100ms", "--count", "4", "state", "listening", size=65536)
        runs = [parse(line) for line in process.stdout]
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual([(r["type"], r["interval_ms"]) for r in runs], [("run", 100)] * 4)
        self.assertIsNone(runs[0]["previous_run"])
        chain(self, runs)


if __name__ == "__main__":
    main()
