#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries that are due together share a walk, as their run records say: once, on schedules, by SIGUSR1. Each gets what it
would have got alone; none suffers from another's time-out, limit, or output; the end tells all of them."""
import os
import signal
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import ARCHIVE, Agent, SlowReader, chain, config, fill, is_run, main, small, until
from feed import flat

# What a socket that nobody uses says again and again, but for what counts its time.
STILL = "fields: [-tcp.last_*, -timer]"


def query(name, text, more=""):
    return f"  {name}: {{ interval: 1h, outputs: [console], filter: \"{text}\", {more} }}\n"


def walk(run):
    return [w["id"] for w in run["walks"]]


def runs_of(records):
    return {r["query"]: r for r in records if is_run(r)}


def sockets_of(records, name):
    """Without what is the run's own."""
    return [{key: value for key, value in flat(r).items() if key not in ("time", "run")}
            for r in records if r["query"] == name and not is_run(r)]


class Together(unittest.TestCase):
    def test_ten_queries_due_together_are_one_walk(self):
        fill(self, 20)
        queries = "".join(query(f"q{i}", f"state established and sport >= {i * 7000} and sport < {i * 7000 + 7000}"
                                .replace("< 70000", "<= 65535")) for i in range(10))
        records, status = Agent(self, config(queries), "--once").all()
        runs = runs_of(records)
        self.assertEqual((status, len(runs)), (0, 10))
        self.assertEqual({tuple(walk(r)) for r in runs.values()}, {(1,)})
        self.assertEqual(len({r["sockets_seen"] for r in runs.values()}), 1)
        self.assertEqual(sum(r["records"] for r in runs.values()), 40)
        for name, run in runs.items():
            mine = [r for r in records if r["query"] == name]
            self.assertIs(mine[-1], run)
            self.assertEqual([r["seq"] for r in mine], list(range(run["records"] + 1)))
            self.assertEqual({r["run"] for r in mine}, {run["run"]})

    def test_each_gets_what_it_would_have_got_alone(self):
        """The kernel itself, with sockets in several states and of both families."""
        pairs = fill(self, 10)
        for end in pairs[3], pairs[6]:
            end.shutdown(socket.SHUT_WR)
        six = socket.create_server(("::1", 0), family=socket.AF_INET6)
        self.addCleanup(six.close)
        port = pairs[0].getsockname()[1]
        texts = ["", "state all exclude time-wait", "state listening", f"sport = {port}", f"dport = {port} and not state fin-wait-2", "src ::/0",
                 "state big and tcp.rtt_us >= 0", "tcp.congestion_control = nosuch", "state close-wait", "uid = 0 or dport > 1024"]
        fields = [STILL, "fields: [local, peer]", f"{STILL}, limit: 2", "fields: [cookie]", "fields: [skmem, uid]"]
        queries = "".join(query(f"q{i}", text, fields[i % len(fields)]) for i, text in enumerate(texts))
        together, status = Agent(self, config(queries), "--once").all()
        self.assertEqual(status, 0)
        self.assertEqual({tuple(walk(r)) for r in runs_of(together).values()}, {(1,)})
        for i in range(len(texts)):
            name = f"q{i}"
            alone, _ = Agent(self, config(queries), "--once", "--query", name).all()
            self.assertEqual(sockets_of(together, name), sockets_of(alone, name), texts[i])
            for key in "records", "sockets_matched", "cut", "partial", "errors":
                self.assertEqual(runs_of(together)[name][key], alone[-1][key], (texts[i], key))
        self.assertGreater(runs_of(together)["q1"]["records"], 20)

    def test_every_second_tick_of_the_faster_query_is_the_slower_ones_too(self):
        queries = "".join(f"  {name}: {{ interval: {interval}, timeout: 1m, run_on_start: false, filter: state listening, "
                          "outputs: [console] }\n" for name, interval in (("fast", "500ms"), ("slow", "1s")))
        agent = Agent(self, config(queries, schedule="align: true, splay: 0s"))
        runs = [agent.run() for _ in range(13)]
        agent.signal(signal.SIGTERM)
        fast, slow = ([r for r in runs if r["query"] == name] for name in ("fast", "slow"))
        walks = [walk(r)[0] for r in fast]
        together = [r for r in slow if walk(r)[0] in walks]
        skipped = sum(r["skipped"] for r in runs)
        self.assertGreaterEqual(len(together), len(slow) - 1 - skipped)  # the last one's other half may be the next record
        self.assertGreaterEqual(len(together), 1)
        self.assertGreaterEqual(len(set(walks)), len(slow))  # and has ticks of its own
        self.assertEqual(len(set(walks)), len(fast))
        for shared in together:
            other = next(r for r in fast if walk(r) == walk(shared))
            self.assertLess(abs(other["run"] - shared["run"]), 1_000_000)

    def test_what_is_not_due_together_is_not_one_walk(self):
        queries = "".join(f"  {name}: {{ interval: {interval}, timeout: 1m, run_on_start: false, filter: state listening, "
                          "outputs: [console] }\n" for name, interval in (("a", "1s"), ("b", "1800ms")))
        agent = Agent(self, config(queries))
        runs = [agent.run(), agent.run()]
        agent.signal(signal.SIGTERM)
        self.assertEqual([r["query"] for r in runs], ["a", "b"])
        self.assertNotEqual(walk(runs[0]), walk(runs[1]))

    def test_usr1_is_one_walk_of_all_that_are_idle(self):
        queries = query("one", "state listening") + query("two", "state all") + query("three", "state established")
        agent = Agent(self, config(queries))
        first = [agent.run() for _ in range(3)]
        until("their ends", lambda: all(q["runs"] == 1 for q in agent.counts()["queries"].values()))
        agent.signal(signal.SIGUSR1)
        second = [agent.run() for _ in range(3)]
        for runs in first, second:
            self.assertEqual({r["query"] for r in runs}, {"one", "two", "three"})
            self.assertEqual(len({tuple(walk(r)) for r in runs}), 1)
        self.assertNotEqual(walk(first[0]), walk(second[0]))
        for run in second:
            self.assertEqual([r["run"] for r in first if r["query"] == run["query"]], [run["previous_run"]])
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.status(), 0, agent.log())


class Apart(unittest.TestCase):
    def test_a_timeout_ends_one_and_not_the_other(self):
        fill(self, 3000)
        queries = query("short", "state established", "timeout: 1ms") + query("long", "state established", "timeout: 1m")
        records, status = Agent(self, config(queries), "--once").all()
        runs = runs_of(records)
        self.assertEqual((runs["short"]["partial"], [e["code"] for e in runs["short"]["errors"]]), (True, ["ETIME"]))
        self.assertEqual((runs["long"]["partial"], runs["long"]["errors"], runs["long"]["records"]), (False, [], 6000))
        self.assertLess(runs["short"]["records"], 6000)
        self.assertEqual(walk(runs["short"]), walk(runs["long"]))
        self.assertEqual(status, 1)
        for name in runs:
            self.assertEqual(sum(r["query"] == name for r in records), runs[name]["records"] + 1)

    def test_a_limit_cuts_one_and_not_the_other(self):
        fill(self, 10)
        records, _ = Agent(self, config(query("some", "state established", "limit: 3") + query("every", "state established")),
                           "--once").all()
        runs = runs_of(records)
        self.assertEqual([(runs[n]["records"], runs[n]["cut"]) for n in ("some", "every")], [(3, 17), (20, 0)])

    def test_a_stuck_output_loses_nothing_of_another_ones(self):
        """Both queries share their walks; one's console is never read, the other's file must have every record."""
        fill(self, 100)
        queries = "".join(f"  {name}: {{ interval: 100ms, timeout: 1m, filter: state all, outputs: [{output}] }}\n"
                          for name, output in (("deaf", "console"), ("well", "archive")))
        agent = Agent(self, config(queries, small("drop_oldest") + ARCHIVE), size=4096)
        until("losses", lambda: agent.counts()["outputs"]["console"]["lost_reasons"]["queue_full"] > 1000)
        agent.signal(signal.SIGTERM)
        agent.process.stdout.read()
        agent.status()
        records = agent.file()
        runs = [r for r in records if is_run(r)]
        chain(self, runs)
        self.assertEqual(len(records), sum(r["records"] + 1 for r in runs))
        self.assertGreater(len(runs), 5)
        self.assertEqual([r["errors"] for r in runs[:-1] if r["errors"]], [])

    def test_the_end_closes_every_run_of_the_sweep_under_way(self):
        fill(self, 400)
        queries = "".join(query(f"q{i}", "state all").replace("1h", "100ms") for i in range(4))
        agent = Agent(self, config(queries, small("block", "2MiB")))
        reader = SlowReader(agent.process.stdout, 4_000_000)
        until("a full queue", lambda: agent.counts()["outputs"]["console"]["waiting_bytes"] > 500_000)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.status(), 0, agent.log())
        records = reader.records()
        for name in (f"q{i}" for i in range(4)):
            mine = [r for r in records if r["query"] == name]
            runs = [r for r in mine if is_run(r)]
            chain(self, runs)
            self.assertTrue(is_run(mine[-1]))
            self.assertEqual(len(mine), sum(r["records"] + 1 for r in runs))


if __name__ == "__main__":
    main()
