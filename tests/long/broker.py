#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker that the tests of this folder judge by, itself judged by kcat: it keeps every byte, it survives an accident,
it refuses who must be refused for the reason that is meant, and nothing of it is left behind.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
HARNESS = os.path.join(HERE, "..", "harness")
sys.path.insert(0, HARNESS)
import broker as harness
from broker import PASSWORD, USER, Broker
from broker_certificates import LOCKED

BYTES = b'{"a":"\xc3\xa9\\u0000"}\n\x00\xff\r\n'
KEY = b"k\xff\n"


def kcat(*words, data=b""):
    """(status, what it said)"""
    done = subprocess.run(["kcat", *words], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
    return done.returncode, done.stdout.decode(errors="replace")


def send(broker, topic, listener="PLAINTEXT", data=b"x", host="127.0.0.1", **properties):
    """One message, the whole of stdin, as a client that is configured so; what goes unanswered fails after a minute."""
    words = []
    for name, value in {"message_timeout_ms": 60000, **properties}.items():
        words += "-X", f"{name.replace('_', '.')}={value}"
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return kcat("-P", "-b", ",".join(broker.brokers(listener, host)), "-t", topic, *words, file.name)


def sasl(broker, mechanism="SCRAM-SHA-512", password=PASSWORD, protocol="SASL_SSL"):
    return dict(security_protocol=protocol, sasl_mechanism=mechanism, sasl_username=USER, sasl_password=password,
                ssl_ca_location=f"{broker.tls}/ca.pem")


class OneNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())

    def accepted(self, answer):
        self.assertEqual(answer[0], 0, answer[1])

    def refused(self, answer, *reasons):
        self.assertNotEqual(answer[0], 0, answer[1])
        self.assertTrue(any(reason in answer[1] for reason in reasons), answer[1])

    def test_a_message_comes_back_byte_for_byte(self):
        self.broker.create_topic("bytes")
        before = time.time() * 1000
        with tempfile.NamedTemporaryFile() as file:
            file.write(BYTES)
            file.flush()
            self.accepted(kcat("-P", "-b", self.broker.brokers()[0], "-t", "bytes", "-k", KEY, "-H", b"source=\xfe=x",
                               "-H", "empty=", file.name))
        (message,) = self.broker.read("bytes", 1)
        self.assertEqual((message.key, message.value), (KEY, BYTES))
        self.assertEqual(message.headers, [("source", b"\xfe=x"), ("empty", b"")])
        self.assertEqual((message.partition, message.offset), (0, 0))
        self.assertTrue(before - 1 <= message.timestamp <= time.time() * 1000, message)

    def test_all_messages_of_all_partitions_are_read_in_their_order(self):
        self.broker.create_topic("many", partitions=3)
        self.broker.write("many", *(b"%d" % number for number in range(30000)))
        messages = self.broker.read("many")
        self.assertEqual(sorted(int(message.value) for message in messages), list(range(30000)))
        places = [(message.partition, message.offset) for message in messages]
        self.assertEqual(places, sorted(set(places)))
        self.assertEqual(self.broker.count("many"), 30000)
        self.assertEqual(self.broker.topics()["many"], 3)

    def test_what_was_acknowledged_is_there_after_a_kill_and_a_start(self):
        self.broker.create_topic("kept")
        self.accepted(send(self.broker, "kept", data=BYTES))
        self.broker.kill()
        self.assertEqual(self.broker.running(), [])
        self.refused(send(self.broker, "kept", message_timeout_ms=1000), "refused", "timed out")
        self.broker.start()
        self.accepted(send(self.broker, "kept", data=b"after"))
        self.assertEqual([message.value for message in self.broker.read("kept")], [BYTES, b"after"])

    def test_a_topic_comes_and_goes_by_order_alone(self):
        self.refused(send(self.broker, "unknown", message_timeout_ms=1000), "Unknown topic", "timed out")
        self.broker.create_topic("small", max_message_bytes=100)
        self.refused(send(self.broker, "small", data=b"x" * 200), "Message size too large")
        self.broker.configure_topic("small", max_message_bytes=1000)
        self.accepted(send(self.broker, "small", data=b"x" * 200))
        self.broker.delete_topic("small")
        self.assertNotIn("small", self.broker.topics())

    def test_a_user_may_do_what_was_granted_while_it_is(self):
        self.broker.create_topic("granted")
        self.refused(send(self.broker, "granted", "SASL_SSL", **sasl(self.broker)), "Topic authorization failed")
        self.broker.grant(USER, "granted")
        for mechanism in "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN":
            self.accepted(send(self.broker, "granted", "SASL_SSL", **sasl(self.broker, mechanism)))
        self.accepted(send(self.broker, "granted", "SASL_PLAINTEXT", **sasl(self.broker, protocol="SASL_PLAINTEXT")))
        self.broker.revoke(USER, "granted")
        self.refused(send(self.broker, "granted", "SASL_SSL", **sasl(self.broker)), "Topic authorization failed")
        self.assertEqual(self.broker.count("granted"), 4)

    def test_a_wrong_password_is_refused_until_it_is_the_right_one(self):
        self.broker.create_topic("secret")
        self.broker.grant(USER, "secret")
        for mechanism in "SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN":
            self.refused(send(self.broker, "secret", "SASL_SSL", **sasl(self.broker, mechanism, "wrong")), "uthentication")
        self.broker.set_password(USER, "changed")
        self.addCleanup(self.broker.set_password, USER, PASSWORD)
        self.refused(send(self.broker, "secret", "SASL_SSL", **sasl(self.broker)), "invalid credentials")
        self.accepted(send(self.broker, "secret", "SASL_SSL", **sasl(self.broker, password="changed")))

    def test_each_bad_certificate_is_refused(self):
        self.broker.create_topic("tls")
        good = dict(security_protocol="SSL", ssl_ca_location=f"{self.broker.tls}/ca.pem")
        for host in "127.0.0.1", "localhost":
            self.accepted(send(self.broker, "tls", "SSL", host=host, **good))
        other = {**good, "ssl_ca_location": f"{self.broker.tls}/other-ca.pem"}
        self.refused(send(self.broker, "tls", "SSL", **other), "certificate verify failed")
        self.refused(send(self.broker, "tls", "EXPIRED", **good), "certificate verify failed")
        self.refused(send(self.broker, "tls", "ELSEWHERE", **good), "certificate verify failed")
        self.accepted(send(self.broker, "tls", "ELSEWHERE", ssl_endpoint_identification_algorithm="none", **good))

    def test_a_client_without_a_certificate_is_refused_where_one_is_wanted(self):
        self.broker.create_topic("mutual")
        self.broker.grant("client", "mutual")
        good = dict(security_protocol="SSL", ssl_ca_location=f"{self.broker.tls}/ca.pem")
        self.refused(send(self.broker, "mutual", "MTLS", **good), "alert bad certificate", "certificate required")
        good["ssl_certificate_location"] = f"{self.broker.tls}/client.pem"
        self.accepted(send(self.broker, "mutual", "MTLS", ssl_key_location=f"{self.broker.tls}/client.key", **good))
        good["ssl_key_location"] = f"{self.broker.tls}/client-locked.key"
        self.accepted(send(self.broker, "mutual", "MTLS", ssl_key_password=LOCKED, **good))

    def test_a_paused_node_answers_when_it_is_resumed(self):
        self.broker.create_topic("paused")
        self.broker.pause()
        self.refused(send(self.broker, "paused", message_timeout_ms=1000), "timed out")
        self.broker.resume()
        self.accepted(send(self.broker, "paused"))


class Around(unittest.TestCase):
    def test_two_of_three_nodes_go_on(self):
        with Broker(nodes=3) as broker:
            broker.create_topic("three", partitions=3, min_insync_replicas=2)
            broker.kill(2)
            broker.write("three", *[b"x"] * 300)
            broker.start(2)
            broker.stop(1)
            broker.write("three", *[b"y"] * 300)
            self.assertEqual(broker.running(), [2, 3])
            self.assertEqual(len(broker.read("three")), 600)

    def test_nothing_outlives_a_test_that_is_killed(self):
        code = "import sys, time; sys.path.insert(0, sys.argv[1]); import broker; b = broker.Broker(); b.__enter__(); " \
               "print(b.cluster.pid(1), b.cluster.directory, flush=True); time.sleep(1000)"
        child = subprocess.Popen([sys.executable, "-c", code, HARNESS], stdout=subprocess.PIPE)
        pid, directory = child.stdout.readline().decode().split()
        child.stdout.close()
        self.addCleanup(subprocess.run, ["rm", "-rf", directory])
        os.kill(int(pid), 0)
        child.send_signal(signal.SIGKILL)
        child.wait()
        harness.until(f"the end of process {pid}", lambda: not alive(pid))

    def test_it_can_be_used_by_hand(self):
        port, reserved = harness.reserve_ports()
        self.addCleanup(reserved.close)
        place = self.enterContext(tempfile.TemporaryDirectory())
        self.addCleanup(self.hand, place, "down")
        self.assertIn(f"127.0.0.1:{port} ", self.hand(place, "up", "--port", str(port)))
        self.assertEqual(kcat("-P", "-b", f"127.0.0.1:{port}", "-t", "made", data=b"one\ntwo\n")[0], 0)
        self.hand(place, "kill")
        self.assertIn("node 1: does not run", self.hand(place, "status", status=1))
        self.hand(place, "start")
        self.assertEqual(self.hand(place, "read", "made"), "one\ntwo\n")
        self.hand(place, "topic", "ordered", "--partitions", "2", "--config", "max.message.bytes=1000")
        self.assertIn("already exists", self.hand(place, "topic", "ordered", status=1))
        self.assertEqual(self.hand(place, "topics"), "made 1\nordered 2\n")
        self.hand(place, "down")
        self.assertIn(f"127.0.0.1:{port} ", self.hand(place, "up"))
        self.assertEqual(self.hand(place, "read", "made"), "one\ntwo\n")
        self.hand(place, "down", "--remove")
        self.assertEqual(os.listdir(place), [])

    def hand(self, place, verb, *words, status=0):
        done = subprocess.run([os.path.join(HERE, "..", "kafka", "broker"), verb, "--dir", os.path.join(place, "state"), *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout + (done.stderr if status else "")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


unittest.main(verbosity=2)
