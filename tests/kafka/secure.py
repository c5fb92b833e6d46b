#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Brokers that want to know who we are, and that must prove who they are: what is right is delivered, what is wrong is
named with what to do, and once the cause is gone everything arrives. `check --connect` says the same beforehand.
"""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import SOCKFEED, Agent, config, fill, until
from broker import PASSWORD, USER, Broker
from broker_certificates import LOCKED
from feed import parse

QUERY = "  all: { interval: INTERVAL, filter: state listening, outputs: [kafka, archive] }\n"
ARCHIVE = "  archive: { type: file, path: @DIR@/out.jsonl }\n"
TLS = "tls: { ca_file: @TLS@/ca.pem }"
SASL = "sasl: { username: USER, password_file: @PASSWORD@, mechanism: MECHANISM }"


class Secure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Broker())
        cls.number = 0

    def secret(self, name, text):
        path = os.path.join(self.broker.tls, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text + "\n")
        return path

    def topic(self, *users):
        """A new one, which these users may write."""
        type(self).number += 1
        topic = f"secure-{self.number}"
        self.broker.create_topic(topic)
        for user in users:
            self.broker.grant(user, topic)
        return topic

    def text(self, listener, keys, topic, password=PASSWORD, mechanism="SCRAM-SHA-512", user=USER, interval="1h"):
        brokers = ", ".join(f'"{broker}"' for broker in self.broker.brokers(listener))
        keys = keys.replace("@PASSWORD@", self.secret(f"password-{type(self).number}", password)).replace("MECHANISM", mechanism)
        keys = keys.replace("USER", user).replace("@TLS@", self.broker.tls)
        kafka = f"  kafka: {{ type: kafka, brokers: [{brokers}], topic: {topic}, {keys} }}\n"
        return config(QUERY.replace("INTERVAL", interval), kafka + ARCHIVE)

    def delivers(self, topic, text):
        agent = Agent(self, text, "--once", stdout=subprocess.DEVNULL)
        self.assertEqual(agent.status(), 0, agent.log())
        self.arrived(agent, topic)

    def arrived(self, agent, topic):
        """Every line that the file beside it has, once, in order."""
        with open(agent.path("out.jsonl"), "rb") as file:
            lines = file.read().splitlines()
        values = [message.value for message in self.broker.read(topic, len(lines))]
        self.assertEqual(parse(values[0])["type"], "start")
        self.assertEqual(values[1:], lines[1:])

    def check(self, text):
        """(status, what is said) of check --connect."""
        folder = os.path.join(self.broker.tls, "sockfeed.yaml")
        with open(folder, "w") as file:
            file.write(text.replace("@DIR@", self.broker.tls))
        done = subprocess.run([SOCKFEED, "check", "--connect", "-c", folder], capture_output=True, text=True, timeout=100)
        return done.returncode, done.stderr

    def refused(self, text, *words):
        """The agent says it, and so does check; nothing arrives, nothing is lost. Gives the agent, which runs."""
        status, said = self.check(text)
        self.assertEqual(status, 1, said)
        for word in words:
            self.assertIn(word, said)
        agent = Agent(self, text, stdout=subprocess.DEVNULL)
        for word in words:
            agent.wait_log(word)
        counts = agent.counts()["outputs"]["kafka"]
        self.assertEqual((counts["delivered"], counts["lost"], counts["dead_letters"]), (0, 0, 0), agent.log())
        return agent

    def then_arrives(self, agent, topic):
        until(lambda: f"delivery:\n{agent.log()}",
              lambda: not (counts := agent.counts()["outputs"]["kafka"])["waiting"] and counts["delivered"])
        agent.signal(15)
        self.assertEqual(agent.status(), 0, agent.log())
        self.arrived(agent, topic)

    # what is right

    def test_a_name_and_a_password_by_every_mechanism(self):
        fill(self, 20)
        for mechanism in "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
            topic = self.topic(USER)
            text = self.text("SASL_SSL", f"{TLS}, {SASL}", topic, mechanism=mechanism)
            self.assertEqual(self.check(text)[0], 0)
            self.delivers(topic, text)
        topic = self.topic(USER)
        self.delivers(topic, self.text("SASL_PLAINTEXT", SASL, topic))

    def test_encrypted_with_and_without_a_certificate_of_ours(self):
        topic = self.topic("client")
        self.delivers(topic, self.text("SSL", TLS, topic))
        os.chmod(f"{self.broker.tls}/client.key", 0o600)
        os.chmod(f"{self.broker.tls}/client-locked.key", 0o600)
        ours = "tls: { ca_file: @TLS@/ca.pem, cert_file: @TLS@/client.pem, key_file: @TLS@/client"
        topic = self.topic("client")
        self.delivers(topic, self.text("MTLS", f"{ours}.key }}", topic))
        topic = self.topic("client")
        self.delivers(topic, self.text("MTLS", f"{ours}-locked.key, key_password_file: @PASSWORD@ }}", topic, password=LOCKED))

    def test_a_broker_need_not_prove_who_it_is_where_we_say_so(self):
        for listener in "SSL", "EXPIRED", "ELSEWHERE":
            topic = self.topic()
            self.delivers(topic, self.text(listener, "tls: { verify: false }", topic))

    # what is wrong

    def test_a_wrong_password_and_then_it_is_right(self):
        self.broker.set_password("late", "before")
        topic = self.topic("late")
        text = self.text("SASL_SSL", f"{TLS}, {SASL}", topic, user="late", password="after", interval="1s")
        agent = self.refused(text, "invalid credentials", "look at `sasl:`")
        self.broker.set_password("late", "after")
        self.then_arrives(agent, topic)

    def test_no_right_to_write_and_then_it_is_granted(self):
        self.broker.set_password("new", PASSWORD)
        topic = self.topic()
        text = self.text("SASL_SSL", f"{TLS}, {SASL}", topic, user="new", interval="1s")
        agent = self.refused(text, "opic authorization failed", "the rights Write and Describe")
        self.broker.grant("new", topic)
        self.then_arrives(agent, topic)

    def test_no_right_on_one_topic_does_not_hold_up_another(self):
        self.broker.set_password("half", PASSWORD)
        allowed, forbidden = self.topic("half"), self.topic()
        text = self.text("SASL_SSL", f"{TLS}, {SASL}", '"{label.topic}"', user="half", interval="200ms")
        queries = "".join(f"  {name}: {{ interval: 200ms, filter: state listening, outputs: [kafka], labels: {{ topic: {topic} }} }}\n"
                          for name, topic in (("may", allowed), ("not", forbidden)))
        text = text.replace(QUERY.replace("INTERVAL", "200ms"), queries).replace(ARCHIVE, "")
        agent = Agent(self, text, stdout=subprocess.DEVNULL)
        agent.wait_log(f"topic {forbidden}: ")
        before = self.broker.count(allowed)
        until("more of the other", lambda: self.broker.count(allowed) > before + 20)
        self.assertEqual(self.broker.count(forbidden), 0)
        self.broker.grant("half", forbidden)
        until("those that waited", lambda: self.broker.count(forbidden))
        agent.signal(15)
        self.assertEqual(agent.status(), 0, agent.log())
        # One that was under way when the right came may overtake one that was refused just before.
        records = map(parse, {message.value for message in self.broker.read(forbidden)})
        runs = sorted((r for r in records if r["type"] == "run"), key=lambda r: r["run"])
        self.assertIsNone(runs[0]["previous_run"])
        for last, run in zip(runs, runs[1:]):
            self.assertEqual(run["previous_run"], last["run"])

    def test_a_certificate_that_is_wrong_is_named(self):
        for listener, authority, words in (("SSL", "other-ca", "is signed by who is not in ca_file"),
                                           ("EXPIRED", "ca", "has expired"),
                                           ("ELSEWHERE", "ca", "is for another address than the one under `brokers:`")):
            topic = self.topic()
            text = self.text(listener, f"tls: {{ ca_file: @TLS@/{authority}.pem }}", topic)
            agent = self.refused(text, words)
            agent.signal(15)
            self.assertEqual(agent.status(), 1)
            self.assertEqual(self.broker.count(topic), 0)

    def test_what_waited_for_the_right_configuration_in_a_spool_arrives_with_it(self):
        topic = self.topic()
        wrong, right = (self.text("SSL", f"tls: {{ ca_file: @TLS@/{authority}.pem }}, spool: {{ path: @TLS@/spool, keep_free: 1% }}",
                                  topic, interval="200ms") for authority in ("other-ca", "ca"))
        first = self.refused(wrong, "is signed by who is not in ca_file")
        until("some that wait", lambda: first.counts()["outputs"]["kafka"]["waiting"] > 10)
        first.signal(15)
        self.assertEqual(first.status(), 0, first.log())
        second = Agent(self, right, stdout=subprocess.DEVNULL)
        until("some of its own", lambda: second.counts()["queries"]["all"]["runs"] > 3)
        second.signal(15)
        self.assertEqual(second.status(), 0, second.log())
        lines = []
        for agent in first, second:
            with open(agent.path("out.jsonl"), "rb") as file:
                lines += file.read().splitlines()
        values = [message.value for message in self.broker.read(topic)]
        made, found = ([line for line in all_of if parse(line)["type"] in ("socket", "run")] for all_of in (lines, values))
        self.assertEqual(found, made)

    def test_a_broker_that_wants_a_certificate_says_so(self):
        self.refused(self.text("MTLS", TLS, self.topic()), "cert_file")

    def test_what_is_not_spoken_at_a_port_is_named(self):
        topic = self.topic()
        for listener, keys in ("SSL", "client_id: x"), ("PLAINTEXT", TLS):
            self.refused(self.text(listener, keys, topic), "is what the broker speaks at that port")


if __name__ == "__main__":
    unittest.main(verbosity=2)
