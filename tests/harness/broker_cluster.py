# SPDX-License-Identifier: Apache-2.0
"""The processes of a Kafka cluster of one or three nodes (KRaft, each a broker and a controller), and the folder that
they live in: `cluster.json` (what it is), `tls/` (certificates), and for each node `N/` with its log, its settings, its
process id and its data. Of clients nothing is known here.
"""
import ctypes
import json
import os
import signal
import socket
import subprocess
import time

import broker_cache as cache
import broker_certificates as certificates
from broker_cache import PASSWORD, USER, Broken

# Name of the listener: its protocol, and more settings of its own. The port of the first is the node's first, and so on.
LISTENERS = {
    "PLAINTEXT": ("PLAINTEXT", {}),
    "SASL_SSL": ("SASL_SSL", {}),
    "SSL": ("SSL", {}),
    "MTLS": ("SSL", {"ssl.client.auth": "required"}),
    "SASL_PLAINTEXT": ("SASL_PLAINTEXT", {}),
    "EXPIRED": ("SSL", {"ssl.keystore.location": "@TLS@/expired.pem"}),
    "ELSEWHERE": ("SSL", {"ssl.keystore.location": "@TLS@/elsewhere.pem"}),
    "CONTROLLER": ("PLAINTEXT", {}),
}
PORTS = 10  # from one node's first to the next one's
SASL = {
    "SCRAM-SHA-256": "scram.ScramLoginModule required;",
    "SCRAM-SHA-512": "scram.ScramLoginModule required;",
    "PLAIN": f'plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
}

SETTINGS = """process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN
ssl.keystore.type=PEM
ssl.keystore.location=@TLS@/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=@TLS@/ca.pem
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
min.insync.replicas=1
transaction.state.log.min.isr=1
num.network.threads=1
num.io.threads=4
num.partitions=1
log.retention.ms=-1
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=4194304
"""


def port_is_free(port):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def die_with_parent():
    """The kernel's word that a child goes when the thread that started it does, whatever ends that."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask():
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, linux/prctl.h
        if os.getppid() != parent:
            os._exit(1)
    return ask


class Cluster:
    def __init__(self, directory):
        self.directory, self.children = os.path.abspath(directory), {}
        self.tls = os.path.join(self.directory, "tls")
        try:
            with open(os.path.join(self.directory, "cluster.json")) as file:
                self.facts = json.load(file)
        except FileNotFoundError:
            self.facts = None

    def make(self, nodes, port, settings):
        os.makedirs(self.directory, exist_ok=True)
        facts = {"id": cache.random_id(), "nodes": nodes, "port": port, "settings": settings}
        certificates.make(self.tls)
        for number in range(1, nodes + 1):
            os.makedirs(os.path.join(self.directory, str(number)), exist_ok=True)
            cache.format_node(number, facts["id"], self.path(number, "data"))
        self.facts = facts
        with open(os.path.join(self.directory, "cluster.json"), "w") as file:
            json.dump(facts, file)

    def path(self, number, name):
        return os.path.join(self.directory, str(number), name)

    def numbers(self):
        return range(1, self.facts["nodes"] + 1)

    def port(self, number, listener):
        return self.facts["port"] + (number - 1) * PORTS + list(LISTENERS).index(listener)

    def ports(self, number):
        return [self.port(number, listener) for listener in LISTENERS]

    def settings(self, number):
        nodes = self.facts["nodes"]
        lines = [SETTINGS, f"node.id={number}", f"log.dirs={self.path(number, 'data')}"]
        ends = {name: f"{name}://127.0.0.1:{self.port(number, name)}" for name in LISTENERS}
        lines.append("listeners=" + ",".join(ends.values()))
        lines.append("advertised.listeners=" + ",".join(end for name, end in ends.items() if name != "CONTROLLER"))
        lines.append("listener.security.protocol.map=" + ",".join(f"{name}:{LISTENERS[name][0]}" for name in LISTENERS))
        voters = (f"{other}@127.0.0.1:{self.port(other, 'CONTROLLER')}" for other in self.numbers())
        lines.append("controller.quorum.voters=" + ",".join(voters))
        for name, (protocol, more) in LISTENERS.items():
            lines += (f"listener.name.{name.lower()}.{key}={value}" for key, value in more.items())
            if protocol.startswith("SASL"):
                lines += (f"listener.name.{name.lower()}.{mechanism.lower()}.sasl.jaas.config="
                          f"org.apache.kafka.common.security.{module}" for mechanism, module in SASL.items())
        for name in "default", "offsets.topic", "transaction.state.log":
            lines.append(f"{name}.replication.factor={nodes}")
        lines += (f"{key}={value}" for key, value in self.facts["settings"].items())
        return "\n".join(lines).replace("@TLS@", self.tls) + "\n"

    def pid(self, number):
        """None: it does not run. A process that got the same number later started at another time."""
        try:
            with open(self.path(number, "pid")) as file:
                pid, start = file.read().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if self.start_time(pid) == start else None

    def start_time(self, pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]

    def launch(self, number, stays):
        """Starts the node's process; it is not ready yet. One that `stays` outlives this process."""
        if self.pid(number):
            raise Broken(f"node {number} runs")
        with open(self.path(number, "server.properties"), "w") as file:
            file.write(self.settings(number))
        words = [*cache.java("-Djava.net.preferIPv4Stack=true"), "kafka.Kafka", self.path(number, "server.properties")]
        with open(self.path(number, "log"), "a") as log:
            child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                     cwd=self.path(number, ""), preexec_fn=None if stays else die_with_parent(),
                                     env={**os.environ, "MALLOC_ARENA_MAX": "2"})
        self.children[number] = child
        with open(self.path(number, "pid"), "w") as file:
            file.write(f"{child.pid} {self.start_time(child.pid)}\n")

    def signal(self, number, which):
        pid = self.pid(number)
        if pid is None:
            raise Broken(f"node {number} does not run")
        os.kill(pid, which)

    def end(self, number, which):
        self.signal(number, which)
        self.wait_end(number)

    def wait_end(self, number, patience=60):
        """What does not end is killed."""
        limit = time.monotonic() + patience
        while pid := self.pid(number):
            if number in self.children:
                self.children[number].poll()
            if time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        if number in self.children:
            self.children.pop(number).wait()

    def log(self, number, size=4000):
        """The end of what the node has said."""
        with open(self.path(number, "log"), errors="replace") as file:
            return file.read()[-size:]
