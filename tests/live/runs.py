#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which queries run and when, and how each run is told: once, on schedules, by SIGUSR1; numbers, skipped ticks, time-outs."""
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import ARCHIVE, CONSOLE, FAST, ONE, Agent, chain, config, fill, is_run, main, until
from feed import parse

START = ["time", "type", "schema", "host", "labels", "version", "kernel", "config_hash", "output", "last"]
ENVELOPE = ["time", "type", "schema", "host", "labels", "query", "run", "seq", "netns"]
RUN_RECORD = ENVELOPE + ["previous_run", "interval_ms", "skipped", "records", "sockets_seen", "sockets_matched", "cut",
                         "duplicates", "walks", "duration_us", "partial", "absent", "errors"]
TWO = "  two: { interval: 1h, filter: state listening, fields: [local], outputs: [console] }\n"


def boot():
    """The clock of the numbers of runs."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1e6


class Listening(unittest.TestCase):
    def setUp(self):
        self.listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(6)]
        for listener in self.listeners:
            self.addCleanup(listener.close)
        self.ports = sorted(listener.getsockname()[1] for listener in self.listeners)


class Start(Listening):
    def test_the_first_record_of_every_output_says_what_runs_and_how(self):
        text = config(ONE.replace("console", "console, archive"), CONSOLE + ARCHIVE, "host: { id: h, labels: { a: b } }")
        agent = Agent(self, text, "--once")
        _, status = agent.all()
        with open(agent.path("out.jsonl"), "rb") as file:
            lines = [parse(line) for line in file]
        self.assertEqual((status, [r["type"] for r in lines]), (0, ["start"] + ["socket"] * 6 + ["run"]))
        self.assertEqual([start["output"] for start in (agent.start, lines[0])], ["console", "archive"])
        for start in agent.start, lines[0]:
            self.assertEqual(list(start), START)
            self.assertEqual((start["host"], start["labels"]), (lines[-1]["host"], {"a": "b"}))
            self.assertEqual((start["kernel"], start["last"]), (os.uname().release, {}))
            self.assertLessEqual(start["time"], lines[1]["time"])
        self.assertEqual(agent.start["config_hash"], lines[0]["config_hash"])

    def test_the_hash_is_that_of_what_the_configuration_says(self):
        def told(text):
            agent = Agent(self, text, "--once")
            agent.all()
            return agent.start["config_hash"]

        text = config(ONE)
        self.assertRegex(told(text), "^[0-9a-f]{16}$")
        self.assertEqual(told(text), told(text.replace("interval: 1h", "interval:  60m") + "# a remark\n"))
        self.assertNotEqual(told(text), told(text.replace("interval: 1h", "interval: 2h")))

    def test_it_is_counted_as_every_line(self):
        agent = Agent(self, config(ONE.replace("filter", "run_on_start: false, filter")))
        agent.wait_log("runs 1 query")
        until("the start", lambda: agent.counts()["outputs"]["console"]["delivered"] == 1)
        self.assertEqual(agent.counts()["outputs"]["console"]["accepted"], 1)

    def test_stdout_in_place_of_the_outputs_has_it_too(self):
        agent = Agent(self, config(ONE.replace("console", "archive"), ARCHIVE), "--once", "--stdout")
        agent.all()
        self.assertEqual(agent.start["output"], "stdout")


class Once(Listening):
    def test_every_query_runs_once_and_the_status_is_0(self):
        before = boot()
        records, status = Agent(self, config(ONE + TWO), "--once").all()
        self.assertEqual(status, 0)
        runs = {r["query"]: r for r in records if is_run(r)}
        self.assertEqual(sorted(runs), ["one", "two"])
        for name, run in runs.items():
            mine = [r for r in records if r["query"] == name]
            self.assertIs(mine[-1], run)
            self.assertEqual([r["seq"] for r in mine], list(range(7)))
            self.assertEqual({r["run"] for r in mine}, {run["run"]})
            self.assertEqual(sorted(r["local"]["port"] for r in mine[:-1]), self.ports)
            self.assertTrue(before <= run["run"] <= boot())

    def test_the_run_record_says_all_of_it(self):
        records, _ = Agent(self, config(ONE, more="host: { labels: { a: b } }"), "--once").all()
        run = records[-1]
        self.assertEqual(list(run), RUN_RECORD)
        self.assertEqual(list(records[0])[:9], ENVELOPE)
        expected = {"previous_run": None, "interval_ms": None, "skipped": 0, "records": 6, "sockets_matched": 6, "cut": 0,
                    "duplicates": 0, "partial": False, "absent": [], "errors": []}
        self.assertEqual({key: run[key] for key in expected}, expected)
        self.assertGreaterEqual(run["sockets_seen"], 6)
        self.assertEqual([(w["id"], w["table"]) for w in run["walks"]], [(1, "tcp")])
        self.assertEqual(run["netns"]["inode"], os.stat("/proc/self/ns/net").st_ino)

    def test_a_run_that_matches_nothing_is_a_run_record_with_zeros(self):
        records, status = Agent(self, config(ONE.replace("listening", "closing")), "--once").all()
        self.assertEqual((len(records), status, records[0]["records"], records[0]["errors"]), (1, 0, 0, []))

    def test_named_queries_alone_are_run(self):
        three = TWO.replace("two", "three")
        records, _ = Agent(self, config(ONE + TWO + three), "--once", "--query", "two", "--query=one").all()
        self.assertEqual({r["query"] for r in records}, {"one", "two"})

    def test_a_query_that_is_not_there_is_wrong_usage(self):
        agent = Agent(self, config(ONE), "--once", "--query", "onee")
        self.assertEqual(agent.status(), 2)
        self.assertIn('did you mean "one"', agent.log())

    def test_a_wrong_configuration_is_said_with_78(self):
        agent = Agent(self, config(ONE.replace("filter", "filtre")))
        self.assertEqual(agent.status(), 78)
        self.assertIn('did you mean "filter"', agent.log())

    def test_stdout_takes_the_place_of_the_outputs(self):
        agent = Agent(self, config(ONE.replace("console", "archive"), ARCHIVE), "--once", "--stdout")
        records, status = agent.all()
        self.assertEqual((len(records), status), (7, 0))
        self.assertFalse(os.path.exists(agent.path("out.jsonl")))

    def test_a_limit_cuts_and_says_so(self):
        records, _ = Agent(self, config(ONE.replace("filter", "limit: 2, filter")), "--once").all()
        run = records[-1]
        self.assertEqual((len(records), run["records"], run["sockets_matched"], run["cut"]), (3, 2, 6, 4))

    def test_labels_of_host_and_query_are_in_every_record(self):
        text = config(ONE.replace("filter", "labels: { tier: front, role: own }, filter"),
                      more="host: { name: web-1, id: abc, labels: { role: web, cluster: edge } }")
        records, _ = Agent(self, text, "--once").all()
        for record in records:
            self.assertEqual(record["labels"], {"role": "own", "cluster": "edge", "tier": "front"})
            self.assertEqual((record["host"]["name"], record["host"]["id"]), ("web-1", "abc"))

    def test_labels_that_no_record_has_room_for_are_refused(self):
        agent = Agent(self, config(ONE, more=f"host: {{ labels: {{ big: {'x' * 300000} }} }}"), "--once")
        self.assertEqual(agent.status(), 78)
        self.assertIn("labels", agent.log())

    def test_labels_of_control_characters_as_long_as_is_permitted_fit(self):
        text = config(ONE, more='host: { labels: { big: "%s" } }' % ("\\u0001" * 4000))
        records, status = Agent(self, text, "--once").all()
        self.assertEqual((len(records), status), (7, 0))
        self.assertEqual({r["labels"]["big"] for r in records}, {"\1" * 4000})

    def test_a_timeout_ends_the_run_which_says_partial(self):
        fill(self, 3000)
        agent = Agent(self, config(ONE.replace("state listening", "state all, timeout: 1ms")), "--once")
        records, status = agent.all()
        run = records[-1]
        self.assertEqual((run["partial"], [e["code"] for e in run["errors"]]), (True, ["ETIME"]))
        self.assertEqual(run["records"], len(records) - 1)
        self.assertLess(run["records"], 6000)
        self.assertEqual(status, 1)
        self.assertIn("timeout", agent.log())


class Schedules(Listening):
    def ends(self, agent):
        agent.signal(signal.SIGTERM)
        records, status = agent.all()
        self.assertEqual(status, 0, agent.log())
        return records

    def test_ticks_come_each_interval_and_runs_know_the_one_before(self):
        agent = Agent(self, config(FAST))
        runs = [agent.run() for _ in range(12)]
        self.assertEqual({r["interval_ms"] for r in runs}, {100})
        self.assertIsNone(runs[0]["previous_run"])
        chain(self, runs + [r for r in self.ends(agent) if is_run(r)])
        # Late ones may be, and then skip: but every interval is a run or a skipped tick.
        ticks = len(runs) - 1 + sum(r["skipped"] for r in runs[1:])
        self.assertAlmostEqual((runs[-1]["run"] - runs[0]["run"]) / 1e5, ticks, delta=4)

    def test_without_run_on_start_the_first_run_is_a_tick(self):
        agent = Agent(self, config(ONE.replace("filter", "run_on_start: false, filter")))
        agent.wait_log("runs 1 query")
        self.assertEqual(agent.counts()["queries"]["one"]["runs"], 0)
        agent.signal(signal.SIGUSR1)
        self.assertIsNone(agent.run()["previous_run"])
        self.ends(agent)

    def test_usr1_runs_every_query_now(self):
        agent = Agent(self, config(ONE + TWO))
        first = [agent.run(), agent.run()]
        until("the ends of both", lambda: all(q["runs"] == 1 for q in agent.counts()["queries"].values()))
        agent.signal(signal.SIGUSR1)
        second = [agent.run(), agent.run()]
        self.assertEqual([(r["query"], r["previous_run"]) for r in second], [(r["query"], r["run"]) for r in first])
        self.assertEqual([r["skipped"] for r in second], [0, 0])
        self.ends(agent)

    def test_aligned_ticks_are_multiples_of_the_interval_plus_the_phase_of_the_host(self):
        """The phase is the same for every query: FNV-1a of the id, modulo the splay."""
        splay, host = 1_000_000, "h37"
        phase = 0xcbf29ce484222325
        for byte in host.encode():
            phase = (phase ^ byte) * 0x100000001b3 % 2**64
        phase %= splay
        self.assertTrue(400_000 < phase < 600_000, phase)  # far from where it would be without one
        queries = ONE.replace("1h", "1s").replace("filter", "run_on_start: false, filter")
        queries += queries.replace("one", "two").replace("1s", "2s")
        agent = Agent(self, config(queries, more=f"host: {{ id: {host} }}", schedule="align: true, splay: 1s"))
        wall = time.time() * 1e6 - boot()
        runs = [agent.run() for _ in range(5)]
        late = {}
        for run in runs:
            lateness = (run["run"] + wall - phase) % (run["interval_ms"] * 1000)
            late[run["query"]] = min(lateness, late.get(run["query"], lateness))
        self.assertLess(max(late.values()), 250_000, (late, phase))
        self.ends(agent)

    def test_a_stopped_agent_makes_no_burst_and_counts_what_it_missed(self):
        agent = Agent(self, config(FAST))
        first = [agent.run() for _ in range(3)]
        agent.signal(signal.SIGSTOP)
        time.sleep(1.5)
        agent.signal(signal.SIGCONT)
        runs = [agent.run() for _ in range(6)]
        self.assertGreaterEqual(sum(r["skipped"] for r in runs), 10)
        chain(self, first + runs)
        for before, after in zip(runs[1:], runs[2:]):  # but the first: its tick may have come just before the stop
            self.assertGreaterEqual(after["run"] - before["run"], 49_000)
        self.ends(agent)

    def took(self, text):
        """Milliseconds of a run, rounded down."""
        return min(Agent(self, config(text), "--once").all()[0][-1]["duration_us"] for _ in range(3)) // 1000

    def test_a_run_that_fails_is_said_once_and_so_is_that_it_works_again(self):
        """It fails by a timeout that the walk keeps without sockets of ours, and with them does not."""
        text = FAST.replace("state listening", "state established")
        timeout = 2 * self.took(text) + 1
        holders = fill(self, 3000)
        if self.took(text) < 2 * timeout:
            self.skipTest("connections make no difference to this table")
        agent = Agent(self, config(text.replace("1m", f"{timeout}ms")), stdout=subprocess.DEVNULL)
        until("errors", lambda: agent.counts()["queries"]["fast"]["errors"] > 2)
        self.assertEqual(agent.log().count("query fast: "), 1, agent.log())
        for holder in holders:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no TIME-WAIT
            holder.close()
        agent.wait_log("query fast: works again")


if __name__ == "__main__":
    main()
