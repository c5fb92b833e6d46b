#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What becomes of records behind the collector: counted at every moment; a healthy but slow output slows the run and loses
nothing; one that is stuck loses by its policy, counted, and stops no other; --once waits; files are followed and reopened."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import (ARCHIVE, CONSOLE, FAST, FULL, ONE, SOCKFEED, Agent, SlowReader, chain, config, fill, is_run, main, small,
                   until)
from proof import judge

TO_FILE = FAST.replace("console", "archive")
DISK = "  disk: { type: file, path: /dev/full }\n"


class Counts(unittest.TestCase):
    def test_they_add_up_and_agree_with_the_file(self):
        fill(self, 50)
        agent = Agent(self, config(FULL.replace("console", "archive"), ARCHIVE), stdout=subprocess.DEVNULL)
        until("some", lambda: agent.counts()["queries"]["full"]["runs"] > 5)
        agent.signal(signal.SIGSTOP)  # what the next counts say is what the file has, and what they call waiting
        agent.signal(signal.SIGUSR2)
        agent.signal(signal.SIGCONT)
        counts = agent.counts()
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.status(), 0, agent.log())
        records = agent.file()
        runs = [r for r in records if is_run(r)]
        chain(self, runs)
        self.assertEqual(len(records), sum(r["records"] + 1 for r in runs))
        self.assertGreaterEqual(1 + len(records), counts["outputs"]["archive"]["accepted"])
        self.assertEqual(counts["outputs"]["archive"]["lost"], 0)
        query = counts["queries"]["full"]
        self.assertEqual(query["records"], sum(r["records"] for r in runs[:query["runs"]]))
        self.assertEqual(query["errors"], 0)

    def test_both_outputs_of_a_query_get_the_same(self):
        agent = Agent(self, config(ONE.replace("console", "console, archive"), CONSOLE + ARCHIVE), "--once")
        records, status = agent.all()
        self.assertEqual((records, status), (agent.file(), 0))


class Slow(unittest.TestCase):
    def slow(self, when_full, rate):
        """A reader of 1 MB/s of ten times as much; it must not be late itself, or it would count as stuck."""
        agent = Agent(self, config(FULL, small(when_full)))
        reader = SlowReader(agent.process.stdout, rate)
        until("runs", lambda: agent.counts()["queries"]["full"]["runs"] > 2)
        counts = agent.counts()
        agent.signal(signal.SIGTERM)
        status = agent.status()
        return agent, counts, reader, status

    def test_a_slow_reader_slows_the_run_and_loses_nothing(self):
        fill(self, 300)
        for when_full, rate in ("drop_oldest", 1_000_000), ("drop_newest", 3_000_000), ("block", 3_000_000):
            for _ in range(5):
                agent, counts, reader, status = self.slow(when_full, rate)
                if reader.longest < 0.7:
                    break
            records = reader.records()
            self.assertEqual((status, counts["outputs"]["console"]["lost"]), (0, 0), agent.log())
            runs = [r for r in records if is_run(r)]
            chain(self, runs)
            for run in runs:
                mine = [r for r in records if r["run"] == run["run"]]
                self.assertEqual([r["seq"] for r in mine], list(range(run["records"] + 1)))
            self.assertGreaterEqual(runs[0]["records"], 600)
            # Ticks that found the query still running are told by the next run.
            self.assertGreater(sum(r["skipped"] for r in runs), 0)
            self.assertFalse(any(r["partial"] for r in runs[:-1]))

    def test_an_agent_that_was_stopped_loses_nothing_that_a_slow_reader_would_have_taken(self):
        fill(self, 300)
        agent = Agent(self, config(FULL, small("drop_oldest")))
        SlowReader(agent.process.stdout)
        until("a full queue", lambda: agent.counts()["outputs"]["console"]["waiting_bytes"] > 300_000)
        agent.signal(signal.SIGSTOP)
        time.sleep(1.5)
        agent.signal(signal.SIGCONT)
        runs = agent.counts()["queries"]["full"]["runs"]
        until("a run", lambda: agent.counts()["queries"]["full"]["runs"] > runs)
        self.assertEqual(agent.counts()["outputs"]["console"]["lost"], 0)

    def test_waiting_for_a_slow_reader_is_not_the_time_of_the_query(self):
        fill(self, 300)
        agent = Agent(self, config(FULL.replace("1m", "500ms"), small("block")))
        time.sleep(1.5)
        reader = SlowReader(agent.process.stdout, 4_000_000)
        until("runs", lambda: agent.counts()["queries"]["full"]["runs"] > 1)
        agent.signal(signal.SIGTERM)
        agent.status()
        runs = [r for r in reader.records() if is_run(r)]
        self.assertGreater(runs[0]["duration_us"], 500_000)
        self.assertEqual([e["code"] for r in runs for e in r["errors"] if e["code"] != "ECANCELED"], [])

    def test_usr1_leaves_a_run_under_way_alone(self):
        fill(self, 300)
        agent = Agent(self, config(FULL.replace("100ms", "1h"), small("block")), size=4096)
        until("what waits", lambda: agent.counts()["outputs"]["console"]["waiting"])
        for _ in range(3):
            agent.signal(signal.SIGUSR1)
            agent.counts()
        first = agent.run()
        self.assertFalse(first["partial"])
        until("its end", lambda: agent.counts()["queries"]["full"]["runs"])
        self.assertEqual(agent.counts()["queries"]["full"]["runs"], 1)
        agent.signal(signal.SIGUSR1)
        chain(self, [first, agent.run()])

    def test_once_waits_for_a_slow_reader(self):
        fill(self, 300)
        for when_full in "drop_oldest", "block":
            agent = Agent(self, config(ONE.replace("listening", "all"), small(when_full)), "--once", size=4096)
            until("what waits", lambda: agent.counts()["outputs"]["console"]["waiting"])
            time.sleep(2)  # twice what makes an output stuck
            self.assertIsNone(agent.process.poll())
            records, status = agent.all()
            self.assertEqual((status, records[-1]["records"]), (0, len(records) - 1), agent.log())


class Stuck(unittest.TestCase):
    def test_it_loses_by_its_policy_what_is_counted_and_stops_no_other(self):
        fill(self, 100)
        queries = FULL.replace("console", "console, archive") + TO_FILE
        for when_full in "drop_oldest", "drop_newest":
            agent = Agent(self, config(queries, small(when_full) + ARCHIVE), size=4096)
            until("losses", lambda: agent.counts()["outputs"]["console"]["lost_reasons"]["queue_full"] > 1000)
            before = agent.counts()
            until("runs", lambda: agent.counts()["queries"]["full"]["runs"] > before["queries"]["full"]["runs"] + 3)
            self.assertEqual(agent.log().count("warning: output console: nothing got out for a second"), 1, agent.log())
            after = agent.counts()["outputs"]
            self.assertEqual(after["archive"]["lost"], 0)
            self.assertLess(after["console"]["waiting_bytes"], 512 * 1024 + 2 * 256 * 1024)
            agent.signal(signal.SIGTERM)
            records, _ = agent.all()
            # What came out of it, and what its end says was lost, is what it was given.
            missing, accepted = map(int, re.search(r"output console: (\d+) of (\d+) records", agent.log()).groups())
            self.assertEqual(1 + len(records), accepted - missing)
            runs = [r for r in agent.file() if is_run(r)]
            chain(self, [r for r in runs if r["query"] == "fast"])
            runs = [r for r in runs if r["query"] == "full"]
            chain(self, runs)
            # Of the runs while it was stuck, without those that may have ended when it was read again.
            while_stuck = [r["run"] for r in runs[before["queries"]["full"]["runs"]:-2]]
            records = [r for r in records if r["type"] != "gap"]
            there = [r for r in records if r["run"] in while_stuck]
            if when_full == "drop_newest":
                self.assertEqual(there, [])
            else:
                self.assertNotEqual([r for r in records if r["run"] >= while_stuck[0]], [])

    def test_what_was_lost_is_told_by_gaps_to_the_record(self):
        fill(self, 100)
        queries = FULL + FULL.replace("full", "half").replace("state all", "state all and sport >= 0, limit: 100")
        for when_full in "drop_oldest", "drop_newest":
            agent = Agent(self, config(queries, small(when_full)), size=4096)
            until("losses", lambda: agent.counts()["outputs"]["console"]["lost_reasons"]["queue_full"] > 3000)
            reader = SlowReader(agent.process.stdout, 100_000_000)
            agent.wait_log("info: output console: goes on; ")
            runs = agent.counts()["queries"]["full"]["runs"]
            until("runs", lambda: agent.counts()["queries"]["full"]["runs"] > runs + 3)
            lost = agent.counts()["outputs"]["console"]["lost"]
            agent.signal(signal.SIGTERM)
            self.assertEqual(agent.status(), 0, agent.log())
            records = reader.records()
            problems, summaries, _ = judge(bytes(reader.data).splitlines(), "--exact", "--ended")
            self.assertEqual(problems, [], summaries)
            gaps = [r for r in records if r["type"] == "gap"]
            self.assertEqual(sum(r["records"] for r in gaps), lost)
            self.assertEqual({(r["output"], r["reason"]) for r in gaps}, {("console", "queue_full")})

    def test_that_it_goes_on_is_said_with_what_was_lost(self):
        fill(self, 100)
        agent = Agent(self, config(FULL, small("drop_oldest")), size=4096)
        agent.wait_log("warning: output console: nothing got out for a second")
        SlowReader(agent.process.stdout, 100_000_000)
        agent.wait_log("info: output console: goes on; ")
        said = int(re.search(r"goes on; (\d+) records were lost", agent.log())[1])
        self.assertEqual(agent.counts()["outputs"]["console"]["lost_reasons"]["queue_full"], said)

    def test_a_disk_that_is_full_is_said_and_stops_no_other(self):
        agent = Agent(self, config(FAST.replace("console", "console, disk"), CONSOLE + DISK))
        agent.wait_log("output disk: cannot write /dev/full: No space left on device; will try again")
        chain(self, [agent.run() for _ in range(5)])
        counts = agent.counts()["outputs"]
        self.assertEqual((counts["disk"]["delivered"], counts["console"]["lost"]), (0, 0))
        agent.signal(signal.SIGTERM)
        agent.process.stdout.read()
        self.assertEqual(agent.status(), 1)


class Once(unittest.TestCase):
    def test_a_disk_that_is_full_fails_it(self):
        agent = Agent(self, config(ONE.replace("console", "console, disk"), CONSOLE + DISK), "--once")
        records, status = agent.all()
        self.assertEqual((len(records), status), (1, 1))
        self.assertIn("output disk: cannot write /dev/full: No space left on device\n", agent.log())

    def test_stdout_that_is_full_fails_it(self):
        with open("/dev/full", "w") as full:
            for arguments in ("--once",), ("--stdout",), ("--once", "--stdout"):
                agent = Agent(self, config(FAST), *arguments, stdout=full)
                self.assertEqual(agent.status(), 1)
                self.assertIn("cannot write to standard output: No space left on device\n", agent.log())


class Files(unittest.TestCase):
    def test_a_check_says_where_who_asks_may_not_write(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "sockfeed.yaml"), "w") as file:
                file.write(config(TO_FILE, ARCHIVE).replace("@DIR@", folder))
            root = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
            for mode, said in (0o755, ""), (0o555, f"may not write to {folder};"):
                os.chmod(folder, mode)
                done = subprocess.run([*root, SOCKFEED, "check", "--connect", "-c", file.name], capture_output=True, text=True,
                                      timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertEqual("may not" in done.stderr, bool(said), done.stderr)
            os.chmod(folder, 0o755)

    def test_one_that_was_moved_away_is_begun_anew(self):
        """By itself and on SIGHUP; nothing is lost."""
        agent = Agent(self, config(TO_FILE, ARCHIVE), stdout=subprocess.DEVNULL)
        for number, hup in enumerate((False, True)):
            until("the file", lambda: os.path.exists(agent.path("out.jsonl")) and os.path.getsize(agent.path("out.jsonl")))
            os.rename(agent.path("out.jsonl"), agent.path(f"moved.{number}"))
            if hup:
                agent.signal(signal.SIGHUP)
        until("the file", lambda: os.path.exists(agent.path("out.jsonl")) and os.path.getsize(agent.path("out.jsonl")))
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.status(), 0, agent.log())
        runs = [agent.file(name, name == "moved.0") for name in ("moved.0", "moved.1", "out.jsonl")]
        runs = sum(runs, [])
        self.assertIsNone(runs[0]["previous_run"])
        chain(self, runs)

    def test_hup_reopens_also_what_nothing_is_written_to(self):
        agent = Agent(self, config(TO_FILE.replace("100ms", "1h"), ARCHIVE), stdout=subprocess.DEVNULL)
        until("a run", lambda: os.path.exists(agent.path("out.jsonl")) and len(agent.file()))
        os.rename(agent.path("out.jsonl"), agent.path("moved"))
        agent.signal(signal.SIGHUP)
        until("the file", lambda: os.path.exists(agent.path("out.jsonl")))

    def test_one_that_cannot_be_opened_is_said(self):
        agent = Agent(self, config(ONE.replace("console", "archive"), ARCHIVE.replace("@DIR@", "@DIR@/nowhere")))
        self.assertEqual(agent.status(), 1)
        self.assertRegex(agent.log(), "error: output archive: cannot open .*/nowhere/out.jsonl: its directory does not exist")


if __name__ == "__main__":
    main()
