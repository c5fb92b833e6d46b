# SPDX-License-Identifier: Apache-2.0
"""The whole path, from sockets that a test holds to what an independent consumer finds in topics: nothing here asks the
agent what became of a record.
"""
import contextlib
import random
import resource
import socket
import subprocess
import tempfile
import threading

from agent import Agent, until
from feed import parse
from proof import judge

MOST = 4096  # descriptors
KAFKA = "  kafka: { type: kafka, brokers: @BROKERS@, topic: TOPIC, librdkafka: { reconnect.backoff.max.ms: 1000 } MORE }\n"
topics = 0


def kafka(more="", name="kafka", spool=None):
    """The text of an output with a topic of its own, and the topic. `spool`: its size."""
    global topics
    topics += 1
    topic = f"whole-{topics}"
    if spool:
        more += f"{more and ', '}spool: {{ path: @DIR@/spool, max_size: {spool}, keep_free: 1%, sync: 500ms }}"
    return KAFKA.replace("TOPIC", topic).replace("MORE", more and f", {more}").replace("kafka:", f"{name}:", 1), topic


@contextlib.contextmanager
def flapping(broker):
    """It falls silent for up to a second, again and again."""
    over = threading.Event()

    def flap():
        while not over.wait(random.uniform(0.2, 1.5)):
            broker.pause()
            over.wait(random.uniform(0.1, 1))
            broker.resume()
    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def held(test, count):
    """(the port that they are connected to, the ports of their other ends) of so many connections on loopback."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if least < MOST <= most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST, most))
    listener = socket.create_server(("127.0.0.1", 0), backlog=count)
    made, ends = [listener], set()
    for _ in range(count):
        end = socket.create_connection(listener.getsockname())
        made += end, listener.accept()[0]
        ends.add(end.getsockname()[1])
    for sock in made:
        test.addCleanup(sock.close)
    return listener.getsockname()[1], ends


class Pipeline:
    """`count` sockets, asked for every `interval`; agents come and go, their folder (spools) stays. `outputs` is the
    section's text; in it @BROKERS@ and @DIR@ are filled in."""

    def __init__(self, test, broker, count, outputs, interval="100ms", names="kafka", query="q"):
        self.test, self.broker, self.query = test, broker, query
        folder = tempfile.TemporaryDirectory(prefix="sockfeed-pipeline-")
        test.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.port, self.ends = held(test, count)
        brokers = ", ".join(f'"{name}"' for name in broker.brokers())
        filled = outputs.replace("@BROKERS@", f"[{brokers}]").replace("@DIR@", self.folder)
        self.text = (f"version: 1\nhost: {{ name: web-1, id: pipeline-{random.getrandbits(64):x} }}\n"
                     f"schedule: {{ align: false, splay: 0s }}\nqueries:\n  {query}: {{ interval: {interval}, timeout: 1m, "
                     f'filter: "state established and sport = :{self.port}", fields: [local, peer], outputs: [{names}] }}\noutputs:\n{filled}')
        self.agent = None

    def start(self, *arguments, **more):
        self.agent = Agent(self.test, self.text, *arguments, stdout=subprocess.DEVNULL, **more)
        return self.agent

    def counts(self, output="kafka"):
        return self.agent.counts()["outputs"][output]

    def runs(self, more):
        """Waits for so many more of them."""
        before = self.agent.counts()["queries"][self.query]["runs"]
        until(f"{more} runs", lambda: self.agent.counts()["queries"][self.query]["runs"] >= before + more)

    def log(self):
        """But for the counts."""
        return "".join(line for line in self.agent.log().splitlines(True) if '"message":"counts"' not in line)

    def delivered(self, output="kafka"):
        """Waits until so much is delivered as was accepted before, but for what was lost."""
        before = self.counts(output)

        def settled():
            now = self.counts(output)
            return now["delivered"] + now["dead_letters"] >= before["accepted"] - now["lost"]
        until(lambda: f"what waits: {self.counts(output)}\n{self.log()}", settled)

    def stop(self, status=0):
        """In order."""
        self.agent.signal(15)
        self.test.assertEqual(self.agent.status(), status, self.log())

    def kill(self):
        self.agent.process.kill()
        self.agent.process.wait()

    def lines(self, *topics):
        """Of every message, as bytes."""
        return [line for topic in topics for message in self.broker.read(topic) for line in message.value.splitlines()]

    def prove(self, lines, *options):
        """Nothing is missing, and every run has the sockets that we held: all of them, but for gaps, what a kill cut, and
        an agent's last, which was under way when the agent was told to end, and says that it is partial. Gives the
        records of sockets and runs by run number, and all gaps."""
        problems, summaries, told = judge(lines, *options)
        self.test.assertEqual(problems, [], "\n".join(summaries + told))
        runs, gaps = {}, []
        for line in set(lines):
            record = parse(line)
            if record["type"] == "gap":
                gaps.append(record)
            elif record["type"] != "start":
                runs.setdefault(record["run"], []).append(record)
        followed = {record["previous_run"] for records in runs.values() for record in records if record["type"] == "run"}
        for number, records in runs.items():
            ports = [record["peer"]["port"] for record in records if record["type"] == "socket"]
            self.test.assertEqual(len(ports), len(set(ports)), number)
            self.test.assertLessEqual(set(ports), self.ends, number)
            whole = any(record["type"] == "run" and (number in followed or not record["partial"]) for record in records) \
                and not any(gap["first"]["run"] <= number <= gap["last"]["run"] for gap in gaps)
            if whole:
                self.test.assertEqual(set(ports), self.ends, number)
        return runs, gaps
