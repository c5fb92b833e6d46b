#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records in real topics, read by another client: every line once and byte for byte as the file output beside it has it,
with its key, its time, its headers, in its topic, for every compression and number of records a message."""
import os
import subprocess
import sys
import unittest
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import Agent, config, fill
from broker import Broker
from feed import parse

QUERY = "  all: { interval: 1h, filter: state all, outputs: [kafka, archive], labels: { tier: front } }\n"
HOST = "host: { name: web-1, id: host-7, labels: { cluster: edge } }\n"
ARCHIVE = "  archive: { type: file, path: @DIR@/out.jsonl }\n"


def milliseconds(record):
    time = datetime.strptime(record["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return round(time.timestamp() * 1_000_000) // 1000


def flow(record):
    """Both ends, the same from either side."""
    ends = sorted(f"{record[end]['address']}:{record[end]['port']}" for end in ("local", "peer"))
    return ends


class Produce(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())
        cls.number = 0

    def once(self, keys="", topic=None, queries=QUERY, partitions=1):
        """One run of the agent with these keys of the output: its messages, and the lines of the file beside it."""
        type(self).number += 1
        topic = topic or f"produce-{self.number}"
        if topic not in self.broker.topics() and "{" not in topic:
            self.broker.create_topic(topic, partitions)
        brokers = ", ".join(f'"{broker}"' for broker in self.broker.brokers())
        kafka = f'  kafka: {{ type: kafka, brokers: [{brokers}], topic: "{topic}"{keys and ", "}{keys} }}\n'
        agent = Agent(self, config(queries, kafka + ARCHIVE, HOST), "--once", stdout=subprocess.DEVNULL)
        self.assertEqual(agent.status(), 0, agent.log())
        with open(agent.path("out.jsonl"), "rb") as file:
            lines = file.read().splitlines()
        return topic, lines

    def messages(self, keys="", **more):
        topic, lines = self.once(keys, **more)
        messages = self.broker.read(topic)
        # Of the start record each output has its own.
        values = b"\n".join(message.value for message in messages).splitlines()
        self.assertEqual(parse(values[0])["type"], "start")
        self.assertEqual(values[1:], lines[1:])
        return messages, [parse(value) for value in values]

    def test_every_compression_carries_the_same_bytes(self):
        fill(self, 50)
        for compression in "none", "gzip", "snappy", "lz4", "zstd":
            messages, records = self.messages(f"compression: {compression}")
            self.assertEqual(len(messages), len(records))
            self.assertGreater(len(records), 100)

    def test_lines_share_a_message_up_to_the_number_that_is_asked_for(self):
        fill(self, 200)
        for number in 1, 2, 100, 100000:
            messages, records = self.messages(f"records_per_message: {number}")
            lines = [message.value.count(b"\n") + 1 for message in messages]
            self.assertEqual(sum(lines), len(records))
            self.assertEqual(max(lines), min(number, max(lines)))
            self.assertFalse(any(message.value.endswith(b"\n") for message in messages))
            if number == 100:
                self.assertIn(100, lines)
            self.assertTrue(all(len(message.value) <= 900_000 for message in messages))

    def test_a_message_has_the_time_at_which_its_first_record_was_sampled(self):
        fill(self, 20)
        for number in 1, 10:
            messages, _ = self.messages(f"records_per_message: {number}")
            for message in messages:
                self.assertEqual(message.timestamp, milliseconds(parse(message.value.splitlines()[0])))

    def test_headers_are_those_of_the_configuration(self):
        messages, _ = self.messages("headers: { source: sockfeed, X-Empty: '', x.y: 'caf\u00e9' }")
        for message in messages:
            self.assertEqual(message.headers, [("source", b"sockfeed"), ("X-Empty", b""), ("x.y", "caf\u00e9".encode())])
        self.assertEqual(self.messages()[0][0].headers, [])

    def test_a_key_is_none_or_the_host_or_the_query(self):
        for key, want in ("none", None), ("host", b"host-7"), ("query", b"all"):
            for number in 1, 10:
                messages, _ = self.messages(f"key: {key}, records_per_message: {number}")
                for message in messages:
                    if key == "query" and parse(message.value.splitlines()[0])["type"] == "start":
                        self.assertIsNone(message.key)  # it is of no query
                    else:
                        self.assertEqual(message.key, want)

    def test_a_key_by_socket_is_its_own_and_by_flow_that_of_both_ends(self):
        fill(self, 30)
        messages, records = self.messages("key: socket")
        for message, record in zip(messages, records):
            if record["type"] == "socket":
                self.assertEqual(message.key.decode(), f"{record['host']['boot_id']}/{record['cookie']}")
            else:
                self.assertIsNone(message.key)
        messages, records = self.messages("key: flow")
        keys = {}
        for message, record in zip(messages, records):
            if record["type"] == "socket" and record["state"] == "established":
                keys.setdefault(tuple(flow(record)), set()).add(message.key)
        self.assertGreaterEqual(len(keys), 30)
        self.assertTrue(all(len(found) == 1 for found in keys.values()))
        self.assertEqual(len({key for found in keys.values() for key in found}), len(keys))

    def test_a_key_decides_on_the_partition_and_without_one_all_are_used(self):
        fill(self, 100)
        topic, lines = self.once("key: host", partitions=4)
        self.assertEqual(len({message.partition for message in self.broker.read(topic, len(lines))}), 1)
        topic, lines = self.once("key: none, librdkafka: { sticky.partitioning.linger.ms: 0 }", partitions=4)
        self.assertEqual(len({message.partition for message in self.broker.read(topic, len(lines))}), 4)

    def test_a_topic_is_what_its_placeholders_say(self):
        for topic in "p.all.socket.web-1.edge.front", "p.all.run.web-1.edge.front", "p.sockfeed.start.web-1.edge.front":
            self.broker.create_topic(topic)
        _, lines = self.once(topic="p.{query}.{type}.{host}.{label.cluster}.{label.tier}")
        sockets = self.broker.read("p.all.socket.web-1.edge.front")
        runs = self.broker.read("p.all.run.web-1.edge.front")
        starts = self.broker.read("p.sockfeed.start.web-1.edge.front")
        self.assertEqual([message.value for message in sockets + runs], lines[1:])
        self.assertEqual([len(runs), len(starts)], [1, 1])

    def test_one_output_may_serve_several_queries_each_in_its_topic(self):
        for name in "q.one", "q.two", "q.sockfeed":
            self.broker.create_topic(name)
        queries = QUERY.replace("all:", "one:", 1) + QUERY.replace("all:", "two:", 1)
        _, lines = self.once(topic="q.{query}", queries=queries)
        for name in "one", "two":
            values = [message.value for message in self.broker.read(f"q.{name}")]
            self.assertEqual(values, [line for line in lines if parse(line).get("query") == name])
            self.assertEqual(parse(values[-1])["type"], "run")


if __name__ == "__main__":
    unittest.main(verbosity=2)
