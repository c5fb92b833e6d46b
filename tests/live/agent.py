#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent as a user runs it: schedules, signals, outputs, the order of its end. Real processes, pipes, files and signals."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOCKFEED = os.environ.get("SOCKFEED", "build/sockfeed")
SLOW = 10 if os.environ.get("SANITIZE") else 1  # sanitizers are slow; a time-out is ten times the figure


class Agent:
    """A running `sockfeed run` on a configuration of its own."""

    def __init__(self, test, config, *arguments, stdout=subprocess.PIPE):
        self.directory = tempfile.TemporaryDirectory()
        test.addCleanup(self.directory.cleanup)
        path = os.path.join(self.directory.name, "sockfeed.yaml")
        with open(path, "w") as file:
            file.write(config.replace("@DIR@", self.directory.name))
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([SOCKFEED, "run", "-c", path, *arguments], stdout=stdout, stderr=self.stderr)
        test.addCleanup(self.end)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.stderr.close()

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def records(self, count):
        return [json.loads(self.process.stdout.readline()) for _ in range(count)]

    def until(self, wanted):
        """Records up to the first that `wanted` holds for."""
        seen = []
        while not seen or not wanted(seen[-1]):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("the agent ended: " + self.log())
            seen.append(json.loads(line))
        return seen

    def signal(self, number):
        self.process.send_signal(number)

    def log(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def wait_log(self, text, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while text not in self.log():
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} in the log:\n{self.log()}")
            time.sleep(0.02)
        return self.log()

    def counts(self):
        """What SIGUSR2 writes: one JSON line a signal."""
        before = self.log().count('"message":"counts"')
        self.signal(signal.SIGUSR2)
        end = time.monotonic() + 10 * SLOW
        while self.log().count('"message":"counts"') == before:
            if time.monotonic() > end:
                raise AssertionError("no counts:\n" + self.log())
            time.sleep(0.02)
        return json.loads([line for line in self.log().splitlines() if '"message":"counts"' in line][-1])

    def wait(self, seconds=20):
        return self.process.wait(seconds * SLOW)


def config(queries, outputs="console: { type: stdout }", more=""):
    return f"version: 1\nschedule: {{ align: false, splay: 0s }}\n{more}\nqueries:\n{queries}\noutputs:\n  {outputs}\n"


ONE = "  one: { interval: 1h, run_on_start: true, filter: state listening }\n"
FAST = "  fast: { interval: 100ms, run_on_start: true, filter: state listening }\n"


def is_run(record):
    return record["type"] == "run"


class Runs(unittest.TestCase):
    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.port = self.listener.getsockname()[1]

    def test_once_runs_every_query_once_and_ends_with_0(self):
        agent = Agent(self, config(ONE + "  two: { interval: 1h, filter: state listening, fields: [local] }\n"), "--once")
        out, _ = agent.process.communicate(timeout=20 * SLOW)
        records = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(agent.process.returncode, 0, agent.log())
        self.assertEqual(sorted(r["query"] for r in records if is_run(r)), ["one", "two"])
        for run in filter(is_run, records):
            self.assertIsNone(run["interval_ms"])
            self.assertIsNone(run["previous_run"])
            mine = [r for r in records if r["type"] == "socket" and r["query"] == run["query"]]
            self.assertEqual(len(mine), run["records"])
            self.assertEqual([r["seq"] for r in mine] + [run["seq"]], list(range(len(mine) + 1)))
            self.assertIn(self.port, [r["local"]["port"] for r in mine])

    def test_named_queries_alone_are_run(self):
        agent = Agent(self, config(ONE + "  two: { interval: 1h, filter: state listening }\n"), "--once", "--query", "two")
        out, _ = agent.process.communicate(timeout=20 * SLOW)
        self.assertEqual({json.loads(line)["query"] for line in out.splitlines()}, {"two"})

    def test_a_query_that_is_not_there_is_wrong_usage(self):
        agent = Agent(self, config(ONE), "--once", "--query", "onee")
        self.assertEqual(agent.wait(), 2)
        self.assertIn('did you mean "one"', agent.log())

    def test_ticks_come_each_interval_and_runs_know_the_one_before(self):
        agent = Agent(self, config(FAST))
        runs = []
        while len(runs) < 8:
            runs.append(agent.until(is_run)[-1])
        self.assertTrue(all(r["interval_ms"] == 100 for r in runs))
        self.assertIsNone(runs[0]["previous_run"])
        for before, after in zip(runs, runs[1:]):
            self.assertEqual(after["previous_run"], before["run"])
            self.assertGreater(after["run"], before["run"])
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 0)

    def test_a_stopped_agent_makes_no_burst_and_counts_what_it_missed(self):
        agent = Agent(self, config(FAST))
        for _ in range(3):
            agent.until(is_run)
        agent.signal(signal.SIGSTOP)
        time.sleep(1.5)
        agent.signal(signal.SIGCONT)
        runs = []
        start = time.monotonic()
        while time.monotonic() - start < 1.0 or len(runs) < 3:
            runs.append(agent.until(is_run)[-1])
        skipped = sum(r["skipped"] for r in runs)
        self.assertGreaterEqual(skipped, 10)
        self.assertLess(len(runs), 20)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 0)

    def test_usr1_runs_every_query_now(self):
        agent = Agent(self, config(ONE))
        first = agent.until(is_run)[-1]
        agent.signal(signal.SIGUSR1)
        second = agent.until(is_run)[-1]
        self.assertEqual(second["previous_run"], first["run"])
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 0)

    def test_a_limit_cuts_and_says_so(self):
        others = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
        self.addCleanup(lambda: [s.close() for s in others])
        agent = Agent(self, config("  few: { interval: 1h, run_on_start: true, limit: 2, filter: state listening }\n"), "--once")
        out, _ = agent.process.communicate(timeout=20 * SLOW)
        run = json.loads(out.splitlines()[-1])
        self.assertEqual(run["records"], 2)
        self.assertGreaterEqual(run["sockets_matched"], 6)
        self.assertEqual(run["cut"], run["sockets_matched"] - 2)

    def test_labels_of_host_and_query_are_in_every_record(self):
        agent = Agent(self, config("  one: { interval: 1h, filter: state listening, labels: { tier: front, role: own } }\n",
                                   more="host: { name: web-1, id: abc, labels: { role: web, cluster: edge } }"), "--once")
        out, _ = agent.process.communicate(timeout=20 * SLOW)
        for line in out.splitlines():
            record = json.loads(line)
            self.assertEqual(record["labels"], {"role": "own", "cluster": "edge", "tier": "front"})
            self.assertEqual((record["host"]["name"], record["host"]["id"]), ("web-1", "abc"))


class Ends(unittest.TestCase):
    def test_a_reader_that_goes_away_ends_the_only_output_with_1(self):
        agent = Agent(self, config(FAST))
        agent.until(is_run)
        agent.process.stdout.close()
        self.assertEqual(agent.wait(), 1)
        agent.process.stdout = None

    def test_a_reader_that_goes_away_leaves_other_outputs_alone(self):
        agent = Agent(self, config("  fast: { interval: 100ms, filter: state listening, outputs: [console, archive] }\n",
                                   "console: { type: stdout }\n  archive: { type: file, path: @DIR@/out.jsonl }"))
        agent.until(is_run)
        agent.process.stdout.close()
        agent.process.stdout = None
        time.sleep(0.5)
        before = agent.counts()["outputs"]
        time.sleep(0.5)
        after = agent.counts()["outputs"]
        self.assertGreater(after["archive"]["delivered"], before["archive"]["delivered"])
        self.assertGreater(after["console"]["lost_reasons"]["closed"], 0)
        agent.signal(signal.SIGTERM)
        agent.wait()

    def test_a_query_without_an_end_asks_once_a_second_until_it_is_interrupted(self):
        query = subprocess.Popen([SOCKFEED, "query", "--count", "0", "--format", "json", "state", "listening"],
                                 stdout=subprocess.PIPE)
        self.addCleanup(query.kill)
        runs = []
        while len(runs) < 2:
            record = json.loads(query.stdout.readline())
            runs += [record] if is_run(record) else []
        query.send_signal(signal.SIGINT)
        query.stdout.read()
        query.stdout.close()
        self.assertEqual(query.wait(20), 0)
        self.assertEqual([run["interval_ms"] for run in runs], [1000, 1000])

    def test_interrupt_ends_in_order(self):
        agent = Agent(self, config(FAST))
        agent.until(is_run)
        agent.signal(signal.SIGINT)
        rest = agent.process.stdout.read()
        self.assertEqual(agent.wait(), 0, agent.log())
        for line in rest.splitlines():
            json.loads(line)
        self.assertTrue(rest.endswith(b"\n") or not rest)

    def test_a_stuck_reader_does_not_hold_up_the_end(self):
        agent = Agent(self, config("  fast: { interval: 100ms }\n", more="defaults: { filter: state all }"))
        holders = fill(60)
        self.addCleanup(lambda: [s.close() for s in holders])
        fcntl.fcntl(agent.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        time.sleep(1)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 1)
        self.assertIn("not delivered", agent.log())

    def test_once_waits_for_a_slow_reader(self):
        holders = fill(60)
        self.addCleanup(lambda: [s.close() for s in holders])
        agent = Agent(self, config("  all: { interval: 1h, filter: state all }\n"), "--once")
        fcntl.fcntl(agent.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        time.sleep(2.5)
        self.assertIsNone(agent.process.poll())
        records = [json.loads(line) for line in agent.process.stdout]
        self.assertEqual(agent.wait(), 0, agent.log())
        self.assertEqual(records[-1]["records"], len(records) - 1)


def fill(pairs):
    """Established connections on loopback."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=pairs)
    made = [listener]
    for _ in range(pairs):
        made.append(socket.create_connection(listener.getsockname()))
        made.append(listener.accept()[0])
    return made


class Outputs(unittest.TestCase):
    def adds_up(self, counts):
        for name, o in counts["outputs"].items():
            self.assertEqual(o["accepted"], o["delivered"] + o["dead_letters"] + o["lost"] + o["waiting"], name)
            self.assertEqual(o["lost"], sum(o["lost_reasons"].values()), name)

    def test_the_counts_add_up_and_agree_with_the_file(self):
        agent = Agent(self, config("  fast: { interval: 100ms, filter: state listening }\n",
                                   "archive: { type: file, path: @DIR@/out.jsonl }"), stdout=subprocess.DEVNULL)
        time.sleep(1)
        self.adds_up(agent.counts())
        time.sleep(0.5)
        self.adds_up(agent.counts())
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 0, agent.log())
        with open(agent.path("out.jsonl")) as file:
            runs = [r for r in map(json.loads, file) if is_run(r)]
        self.assertGreater(len(runs), 5)

    def test_an_output_without_progress_loses_by_policy_and_stops_no_other(self):
        holders = fill(60)
        self.addCleanup(lambda: [s.close() for s in holders])
        agent = Agent(self, config(
            "  fast: { interval: 100ms, filter: state all, outputs: [console, archive] }\n",
            "console: { type: stdout, queue: { max_size: 1MiB, when_full: drop_oldest } }\n"
            "  archive: { type: file, path: @DIR@/out.jsonl }"))
        end = time.monotonic() + 60 * SLOW
        while True:
            counts = agent.counts()
            self.adds_up(counts)
            if counts["outputs"]["console"]["lost_reasons"]["queue_full"]:
                break
            self.assertLess(time.monotonic(), end, counts)
            time.sleep(0.2)
        before = counts["outputs"]["archive"]
        time.sleep(0.5)
        after = agent.counts()["outputs"]["archive"]
        self.assertGreater(after["delivered"], before["delivered"])
        self.assertEqual(after["lost"], 0)
        agent.signal(signal.SIGKILL)

    def test_hup_reopens_a_file_that_was_moved_away(self):
        agent = Agent(self, config("  fast: { interval: 100ms, filter: state listening }\n",
                                   "archive: { type: file, path: @DIR@/out.jsonl }"), stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10 * SLOW
        while not os.path.exists(agent.path("out.jsonl")) and time.monotonic() < end:
            time.sleep(0.05)
        os.rename(agent.path("out.jsonl"), agent.path("moved"))
        agent.signal(signal.SIGHUP)
        while not os.path.exists(agent.path("out.jsonl")) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 0, agent.log())
        runs = []
        for name in ("moved", "out.jsonl"):
            with open(agent.path(name)) as file:
                runs += [r for r in map(json.loads, file) if is_run(r)]
        for before, after in zip(runs, runs[1:]):
            self.assertEqual(after["previous_run"], before["run"])

    def test_stdout_takes_the_place_of_the_outputs(self):
        agent = Agent(self, config(ONE, "archive: { type: file, path: @DIR@/out.jsonl }"), "--once", "--stdout")
        out, _ = agent.process.communicate(timeout=20 * SLOW)
        self.assertEqual(agent.process.returncode, 0, agent.log())
        self.assertTrue(is_run(json.loads(out.splitlines()[-1])))
        self.assertFalse(os.path.exists(agent.path("out.jsonl")))

    def test_a_file_that_cannot_be_opened_is_said(self):
        agent = Agent(self, config(ONE, "archive: { type: file, path: @DIR@/nowhere/out.jsonl }"), "--once")
        self.assertEqual(agent.wait(), 1)
        self.assertIn("nowhere", agent.log())

    def test_a_slow_reader_slows_the_run_and_loses_nothing(self):
        holders = fill(100)
        self.addCleanup(lambda: [s.close() for s in holders])
        agent = Agent(self, config("  fast: { interval: 100ms, filter: state all }\n",
                                   "console: { type: stdout, queue: { max_size: 1MiB, when_full: drop_oldest } }"))
        runs, end = [], time.monotonic() + 4
        while time.monotonic() < end:
            data = agent.until(is_run)
            runs.append(data[-1])
            self.assertEqual(data[-1]["records"], len(data) - 1)
            time.sleep(0.3)
        counts = agent.counts()
        self.adds_up(counts)
        self.assertEqual(counts["outputs"]["console"]["lost"], 0)
        for before, after in zip(runs, runs[1:]):
            self.assertEqual(after["previous_run"], before["run"])
        self.assertGreater(sum(r["skipped"] for r in runs) + counts["queries"]["fast"]["skipped"], 0)


if __name__ == "__main__":
    sys.exit(not unittest.main(exit=False, verbosity=2).result.wasSuccessful())
