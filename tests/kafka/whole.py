#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole agent and a real broker that dies: what comes out of the topics is what was sampled. The judge is
tests/kafka/complete, and what sockets there were, which the test itself held."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import until
from broker import Broker
from pipeline import Pipeline, kafka

LONG = os.environ.get("SF_SIZE") == "long"
ROUNDS = 10 if LONG else 1  # of kills of all nodes
MESSAGES = 100_000 if LONG else 5_000


class OneNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())

    def made(self, topic):
        self.broker.create_topic(topic)

    def test_what_is_sampled_arrives(self):
        for more in "", "records_per_message: 100":
            outputs, topic = kafka(more)
            self.made(topic)
            path = Pipeline(self, self.broker, 50, outputs)
            path.start()
            path.runs(10)
            path.stop()
            lines = path.lines(topic)
            runs, gaps = path.prove(lines, "--ended", "--exact")
            self.assertGreaterEqual(len(runs), 10)
            self.assertEqual((gaps, len(lines)), ([], len(set(lines))))

    def test_a_broker_that_dies_and_comes_back_costs_nothing(self):
        outputs, topic = kafka("records_per_message: 10")
        self.made(topic)
        path = Pipeline(self, self.broker, 50, outputs)
        path.start()
        path.runs(5)
        self.broker.kill()
        path.runs(30)
        self.assertGreater(path.counts()["waiting"], 25 * 51)
        self.broker.start()
        path.runs(5)
        path.delivered()
        path.stop()
        runs, gaps = path.prove(path.lines(topic), "--ended", "--exact")
        self.assertGreaterEqual(len(runs), 40)
        self.assertEqual(gaps, [])

    def test_of_four_outputs_a_dead_one_disturbs_no_other(self):
        texts, names = zip(*(kafka(name=name) for name in ("a", "b", "c")))
        dead = '  dead: { type: kafka, brokers: ["127.0.0.1:9"], topic: nowhere, queue: { max_size: 512KiB } }\n'
        for topic in names:
            self.made(topic)
        path = Pipeline(self, self.broker, 50, "".join(texts) + dead, names="a, b, c, dead")
        path.start()
        until("losses", lambda: path.counts("dead")["lost"])
        path.runs(10)
        for name in "a", "b", "c":
            path.delivered(name)
        path.stop(status=1)  # what waits for the dead one is lost, and said
        for name, topic in zip("abc", names):
            _, gaps = path.prove(path.lines(topic), "--ended", "--exact")
            self.assertEqual(gaps, [])


class ThreeNodes(unittest.TestCase):
    def test_each_killed_in_turn_costs_nothing(self):
        outputs, topic = kafka("key: socket")
        with Broker(nodes=3) as broker:
            broker.create_topic(topic, partitions=3, min_insync_replicas=2)
            path = Pipeline(self, broker, 100, outputs)
            path.start()
            path.runs(3)
            for _ in range(ROUNDS):
                for node in broker.running():
                    broker.kill(node)
                    path.runs(10)
                    broker.start(node)
            until("messages", lambda: path.counts()["accepted"] > MESSAGES)
            path.delivered()
            counts = path.counts()
            path.stop()
            lines = path.lines(topic)
        _, gaps = path.prove(lines, "--ended", "--exact")
        self.assertEqual((gaps, counts["lost"], counts["dead_letters"]), ([], 0, 0))
        self.assertGreater(len(set(lines)), MESSAGES)


if __name__ == "__main__":
    unittest.main(verbosity=2)
