#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics that are not there, or take less than we send: what waits arrives when the cause is gone and holds up no other
topic; what is too large together goes out in parts, and what is too large alone becomes a dead letter, unchanged.
"""
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import SOCKFEED, Agent, config, fill, until
from broker import Broker
from feed import parse

ALL = "  all: { interval: 1h, filter: state all, outputs: [kafka, archive] }\n"
ARCHIVE = "  archive: { type: file, path: @DIR@/out.jsonl }\n"
LETTERS = "dead_letters: { path: @DIR@/dead }"


class Topics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())
        cls.number = 0

    def name(self):
        type(self).number += 1
        return f"topics-{self.number}"

    def text(self, topic, keys="", queries=ALL):
        brokers = ", ".join(f'"{broker}"' for broker in self.broker.brokers())
        kafka = f'  kafka: {{ type: kafka, brokers: [{brokers}], topic: "{topic}", compression: none{keys and ", "}{keys} }}\n'
        return config(queries, kafka + ARCHIVE)

    def check(self, text):
        with open(os.path.join(self.broker.tls, "sockfeed.yaml"), "w") as file:
            file.write(text.replace("@DIR@", self.broker.tls))
        done = subprocess.run([SOCKFEED, "check", "--connect", "-c", file.name], capture_output=True, text=True, timeout=100)
        return done.returncode, done.stderr

    def values(self, topic):
        """Of each line once: what is sent again for its neighbours' sake may be there twice."""
        lines = [line for message in self.broker.read(topic) for line in message.value.splitlines()]
        return list(dict.fromkeys(lines))

    def lines(self, agent, name="out.jsonl"):
        try:
            with open(agent.path(name), "rb") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    # not there

    def test_a_topic_that_is_made_later_gets_all_and_holds_up_no_other(self):
        there, missing = "later.there", "later.missing"
        self.broker.create_topic(there)
        queries = "".join(f"  {name}: {{ interval: 200ms, filter: state listening, outputs: [kafka] }}\n"
                          for name in ("there", "missing"))
        self.broker.create_topic("later.sockfeed")
        text = self.text("later.{query}", queries=queries).replace(ARCHIVE, "")
        status, said = self.check(text)
        self.assertEqual(status, 1)
        self.assertIn(f"topic {missing}: ", said)
        self.assertIn("create the topic", said)
        self.assertIn(f"topic {there} can be written", said)
        agent = Agent(self, text, stdout=subprocess.DEVNULL)
        agent.wait_log(f"topic {missing}: ")
        self.assertIn("create the topic", agent.log())
        before = self.broker.count(there)
        until("more of the other", lambda: self.broker.count(there) > before + 20)
        self.assertNotIn(missing, self.broker.topics())
        self.broker.create_topic(missing)
        until("those that waited", lambda: self.broker.count(missing) > 20)
        agent.signal(15)
        self.assertEqual(agent.status(), 0, agent.log())
        # One that was under way when the topic came may overtake one that was refused just before.
        records = [record for record in map(parse, self.values(missing)) if record["type"] == "run"]
        runs = sorted(records, key=lambda record: record["run"])
        self.assertIsNone(runs[0]["previous_run"])
        for last, run in zip(runs, runs[1:]):
            self.assertEqual(run["previous_run"], last["run"])

    def test_once_does_not_wait_for_ever_for_a_topic_that_is_not_there(self):
        agent = Agent(self, self.text(self.name()), "--once", stdout=subprocess.DEVNULL)
        self.assertEqual(agent.status(), 1)
        self.assertIn("create the topic", agent.log())

    # too large

    def once(self, limit, keys, pairs=60, **topic_config):
        """What a topic that takes so many bytes at once has of a run, and the agent, which has ended."""
        fill(self, pairs)
        topic = self.name()
        self.broker.create_topic(topic, max_message_bytes=limit, **topic_config)
        text = self.text(topic, keys)
        status, said = self.check(text)
        self.assertEqual((status, f"topic {topic} takes {limit} bytes at once" in said), (1, True), said)
        agent = Agent(self, text, "--once", stdout=subprocess.DEVNULL)
        agent.status()
        return agent, topic, status

    def test_messages_that_are_too_large_go_out_line_by_line(self):
        agent, topic, _ = self.once(20_000, "records_per_message: 100")
        self.assertEqual(agent.status(), 0, agent.log())
        self.assertEqual(sorted(self.values(topic)[1:]), sorted(self.lines(agent)[1:]))
        self.assertGreater(len(self.lines(agent)), 120)

    def test_messages_that_are_too_large_together_go_out_in_smaller_sets(self):
        agent, topic, _ = self.once(20_000, "", pairs=200)
        self.assertEqual(agent.status(), 0, agent.log())
        self.assertEqual(sorted(self.values(topic)[1:]), sorted(self.lines(agent)[1:]))

    def test_lines_that_are_too_large_alone_are_dead_letters_and_the_others_arrive(self):
        for keys in "", "records_per_message: 10, ":
            agent, topic, _ = self.once(1_000, keys + LETTERS, pairs=20)
            self.assertEqual(agent.status(), 0, agent.log())
            dead, there, made = self.lines(agent, "dead"), self.values(topic), self.lines(agent)
            self.assertEqual(sorted(dead + there[1:]), sorted(made[1:]))
            self.assertGreaterEqual(len(dead), 40)
            self.assertTrue(all(len(line) > 700 for line in dead))
            self.assertGreaterEqual(len(there), 2)
            reasons = [json.loads(line) for line in self.lines(agent, "dead.reasons")]
            self.assertEqual(len(reasons), len(dead))
            self.assertTrue(all("too large" in json.dumps(reason) for reason in reasons))

    def test_a_message_without_a_key_for_a_compacted_topic_is_a_dead_letter(self):
        fill(self, 3)
        topic = self.name()
        self.broker.create_topic(topic, cleanup_policy="compact")
        agent = Agent(self, self.text(topic, "key: socket, " + LETTERS), "--once", stdout=subprocess.DEVNULL)
        self.assertEqual(agent.status(), 0, agent.log())
        dead, there, made = self.lines(agent, "dead"), self.values(topic), self.lines(agent)
        # The start record differs: it is the output's own. Neither it nor a run has a socket for its key.
        self.assertEqual([parse(line)["type"] for line in dead], ["start", "run"])
        self.assertEqual(sorted(dead[1:] + there), sorted(made[1:]))

    # made by the broker

    def test_a_check_says_that_the_broker_has_made_the_topic(self):
        self.broker = self.enterContext(Broker(auto_create=True))
        topic = self.name()
        for made in True, False:
            status, said = self.check(self.text(topic))
            self.assertEqual(status, 0, said)
            self.assertIn(f"topic {topic} can be written" + ("; the broker has made it\n" if made else "\n"), said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
