#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An output with a spool, whose agent or broker dies: nothing is missing that was accepted, over any number of agents; above
the cap every record that is not there is named by a gap. The judge is tests/kafka/complete, and what sockets there were."""
import concurrent.futures
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import Agent, until
from broker import Broker
from feed import parse
from pipeline import Pipeline, flapping, kafka
from proof import judge

SHIPPED = os.path.join(os.environ.get("SOURCE", "."), "conf", "kafka.yaml")
KILLS = 2000 if os.environ.get("SF_SIZE") == "long" else 60 if os.environ.get("SANITIZE") else 300  # of agents
AGENTS = 4  # that are killed at a time
SLOW = 10  # seconds: ten times what a start may take


class OneNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())
        cls.slowest = 0

    @classmethod
    def tearDownClass(cls):
        print(f"the slowest start took {cls.slowest * 1000:.0f} ms")

    def started(self, path):
        begun = time.monotonic()
        path.start()
        path.agent.wait_log("runs 1 query")
        took = time.monotonic() - begun
        type(self).slowest = max(self.slowest, took)
        self.assertLess(took, SLOW)

    def killed(self, path, times):
        for _ in range(times):
            self.started(path)
            time.sleep(random.uniform(0, 0.5))
            path.kill()
            path.agent.end()

    def made(self, topic):
        self.broker.create_topic(topic)

    def test_an_agent_that_ends_while_the_broker_is_away_leaves_it_to_the_next_one(self):
        outputs, topic = kafka("records_per_message: 10", spool="64MiB")
        self.made(topic)
        path = Pipeline(self, self.broker, 50, outputs)
        self.started(path)
        path.runs(5)
        self.broker.kill()
        for _ in range(2):
            path.runs(5)
            path.stop()
            self.started(path)
        path.runs(5)
        self.broker.start()
        path.delivered()
        path.stop()
        lines = path.lines(topic)
        runs, gaps = path.prove(lines, "--spool", "--ended", "--exact")
        self.assertGreaterEqual(len(runs), 20)
        self.assertEqual((gaps, sum(b'"type":"start"' in line for line in set(lines))), ([], 3))

    def test_the_configuration_that_is_shipped_runs_as_it_stands(self):
        self.made("sockets")
        with tempfile.TemporaryDirectory() as state, open(SHIPPED) as file:
            environment = {**os.environ, "SOCKFEED_BROKER": self.broker.brokers()[0], "STATE_DIRECTORY": state}
            for _ in range(2):
                agent = Agent(self, file.read(), "--once", stdout=subprocess.DEVNULL, env=environment)
                self.assertEqual(agent.status(), 0, agent.log())
                file.seek(0)
        lines = [message.value for message in self.broker.read("sockets")]
        problems, summaries, _ = judge(lines, "--spool", "--ended", "--exact")
        self.assertEqual(problems, [], summaries)
        self.assertEqual({parse(line).get("query") for line in lines}, {None, "connections", "listeners", "trouble"})

    def test_above_the_cap_gaps_name_exactly_what_is_missing(self):
        outputs, topic = kafka("records_per_message: 10", spool="4MiB")
        self.made(topic)
        path = Pipeline(self, self.broker, 300, outputs)
        self.started(path)
        path.runs(5)
        self.broker.kill()
        until("losses", lambda: path.counts()["lost"])
        path.runs(20)
        self.broker.start()
        path.delivered()
        path.runs(5)
        path.delivered()
        counts = path.counts()
        path.stop()
        runs, gaps = path.prove(path.lines(topic), "--spool", "--ended", "--exact")
        self.assertEqual(counts["lost_reasons"]["spool_full"], counts["lost"])
        self.assertEqual(sum(gap["records"] for gap in gaps), counts["lost"])
        self.assertEqual({(gap["output"], gap["reason"]) for gap in gaps}, {("kafka", "spool_full")})
        self.assertGreater(len(runs), 10)

    def test_an_agent_that_is_killed_again_and_again_loses_nothing_that_it_had_accepted(self):
        paths, topics = [], []
        for _ in range(AGENTS):
            outputs, topic = kafka("records_per_message: 10", spool="64MiB")
            self.made(topic)
            topics.append(topic)
            paths.append(Pipeline(self, self.broker, 50, outputs))
        with flapping(self.broker), concurrent.futures.ThreadPoolExecutor(AGENTS) as pool:
            list(pool.map(self.killed, paths, [KILLS // AGENTS] * AGENTS))
        for path, topic in zip(paths, topics):
            self.started(path)
            path.runs(3)
            path.delivered()
            path.stop()
            _, gaps = path.prove(path.lines(topic), "--spool", "--ended")
            self.assertEqual(gaps, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
