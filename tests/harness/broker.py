# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker for a test, on free ports, gone with the test: `with Broker() as broker: ...`.

PLAINTEXT may do everything. SASL_SSL and SASL_PLAINTEXT know the user USER with PASSWORD (SCRAM-SHA-256, SCRAM-SHA-512,
PLAIN), MTLS the one of the client's certificate; those may do what `grant` gives them. EXPIRED and ELSEWHERE are as SSL,
with a certificate that is no longer valid, and one for another name. `broker.tls` is the folder of certificates (see
broker_certificates.py). A node that a thread started ends with that thread: start nodes from the main one.
"""
import contextlib
import fcntl
import os
import random
import signal
import tempfile
import time
from collections import namedtuple

import broker_cache as cache
from broker_cache import PASSWORD, USER, Broken  # PASSWORD and USER for tests
from broker_cluster import PORTS, Cluster, port_is_free

PATIENCE = int(os.environ.get("PATIENCE", 100))  # seconds for what comes at once, or within a start of Java
STEP = 0.05
READY = "__ready"  # a topic of our own, to see whether one can be written
# Errors after which one asks again: there was no answer, or none yet. _DESTROY_BROKER: the node left meanwhile.
NO_ANSWER = """_TRANSPORT _TIMED_OUT _ALL_BROKERS_DOWN _DESTROY_BROKER LEADER_NOT_AVAILABLE NOT_LEADER_FOR_PARTITION
    NOT_CONTROLLER REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE""".split()
PORTS_FROM, PORTS_TO, BLOCK = 10240, 32000, 32  # below those that the kernel gives to who asks for none

# `headers` is a list of (name, bytes); `timestamp` in milliseconds since the epoch; bytes may be None.
Message = namedtuple("Message", "key value headers timestamp partition offset")


def until(what, condition, patience=PATIENCE):
    """What the condition returns when it holds at last."""
    end = time.monotonic() + patience
    while not (result := condition()):
        if time.monotonic() > end:
            raise Broken(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(STEP)
    return result


def reserve_ports():
    """The first of a block of free ports, and a file that keeps others from it while it is open."""
    blocks = list(range(PORTS_FROM, PORTS_TO, BLOCK))
    random.shuffle(blocks)
    folder = os.path.join(cache.root(), "ports")
    os.makedirs(folder, exist_ok=True)
    for block in blocks:
        file = open(os.path.join(folder, str(block)), "w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if all(port_is_free(port) for port in range(block, block + cache.MOST_NODES * PORTS)):
                return block, file
        except BlockingIOError:
            pass
        file.close()
    raise Broken("no free ports")


class Broker:
    """`settings` are the broker's own, with _ for the dots: message_max_bytes=2000. A `directory` that is given stays, with
    all messages; `stays`: so do the processes."""

    def __init__(self, nodes=1, directory=None, port=None, stays=False, auto_create=False, **settings):
        self.stays, self.exit = stays, contextlib.ExitStack()
        self.kafka = cache.confluent_kafka()
        self.no_answer = {getattr(self.kafka.KafkaError, name) for name in NO_ANSWER}
        if directory is None:
            directory = self.exit.enter_context(tempfile.TemporaryDirectory(prefix="sockfeed-broker-"))
        self.cluster = Cluster(directory)
        if not self.cluster.facts:
            if port is None:
                port, file = reserve_ports()
                self.exit.enter_context(file)
            settings = {name.replace("_", "."): value for name, value in settings.items()}
            settings["auto.create.topics.enable"] = str(auto_create).lower()
            self.cluster.make(nodes, port, settings)
        self.tls = self.cluster.tls

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def up(self):
        """Starts the nodes that do not run."""
        down = [number for number in self.cluster.numbers() if not self.cluster.pid(number)]
        for number in down:
            self.cluster.launch(number, self.stays)
        self.wait_ready(down)

    def down(self):
        """At once, and everything of it is gone."""
        for number in self.cluster.numbers():
            if self.cluster.pid(number):
                self.cluster.end(number, signal.SIGKILL)
        self.exit.close()

    def start(self, number=1, wait=True):
        """Until every topic can be written, with the node in its place; or only begins."""
        self.cluster.launch(number, self.stays)
        if wait:
            self.wait_ready([number])

    def stop(self, number=1):
        """In order: its partitions move first."""
        self.cluster.end(number, signal.SIGTERM)

    def kill(self, number=1):
        self.cluster.end(number, signal.SIGKILL)

    def pause(self, number=1):
        """It keeps its connections, and answers nothing."""
        self.cluster.signal(number, signal.SIGSTOP)

    def resume(self, number=1):
        self.cluster.signal(number, signal.SIGCONT)

    def running(self):
        return [number for number in self.cluster.numbers() if self.cluster.pid(number)]

    def port(self, listener="PLAINTEXT", number=1):
        return self.cluster.port(number, listener)

    def brokers(self, listener="PLAINTEXT", host="127.0.0.1"):
        """What a client is told: all nodes, whether they run or not."""
        return [f"{host}:{self.cluster.port(number, listener)}" for number in self.cluster.numbers()]

    def log(self, number=1):
        return self.cluster.log(number)

    def client(self, **more):
        """Properties of a client that may do everything, and keeps quiet."""
        return {"bootstrap.servers": ",".join(self.brokers()), "reconnect.backoff.max.ms": 200, "log_level": 0,
                "error_cb": lambda error: None, **more}

    def admin(self, **more):
        return self.kafka.admin.AdminClient(self.client(**more))

    def complete(self, number):
        """Whether that node says of itself and of those that run that they are in their places for every partition. Only
        its own word counts: the others believe for a while in one that was killed."""
        if not self.cluster.pid(number):
            raise Broken(f"node {number} ended:\n{self.log(number)}")
        try:
            address = f"127.0.0.1:{self.port(number=number)}"
            found = self.admin(**{"bootstrap.servers": address}).list_topics(timeout=1)
        except self.kafka.KafkaException:
            return False
        live = set(self.running())
        partitions = [part for topic in found.topics.values() for part in topic.partitions.values()]
        return live <= set(found.brokers) and all(
            part.leader in live and live & set(part.replicas) <= set(part.isrs) for part in partitions)

    def wait_ready(self, numbers):
        """Until nodes that were launched are in their places, and topics can be written."""
        for number in numbers:
            until(lambda: f"node {number} is not ready:\n{self.log(number)}", lambda: self.complete(number))
        if READY not in self.metadata():
            self.create_topic(READY)
        self.write(READY, b"")

    def write(self, topic, *values, key=None, headers=None):
        """One message a value; acknowledged by all replicas that are there."""
        errors = []
        producer = self.kafka.Producer(self.client(**{"acks": "all", "message.timeout.ms": PATIENCE * 1000}))
        for value in values:
            producer.produce(topic, value, key, headers=headers,
                             on_delivery=lambda error, _: error and errors.append(error))
        if producer.flush(PATIENCE) or errors:
            raise Broken(f"{topic} cannot be written: {errors[:1] or 'no answer'}")

    def persist(self, call, done=None):
        """What `call` returns, asked again where no answer came. An error of the name `done` is then the answer to the
        question that was lost."""
        limit, again = time.monotonic() + PATIENCE, False
        while True:
            try:
                return call()
            except self.kafka.KafkaException as error:
                code = error.args[0].code()
                if again and done and code == getattr(self.kafka.KafkaError, done):
                    return None
                if code not in self.no_answer or time.monotonic() > limit:
                    raise
            again = True
            time.sleep(STEP)

    def ask(self, what, *arguments, done=None, **more):
        """Of the cluster's administration; the client must live until every answer is there."""
        def call():
            admin = self.admin()
            answers = getattr(admin, what)(*arguments, request_timeout=PATIENCE, **more)
            return [answer.result(PATIENCE) for answer in answers.values()]
        return self.persist(call, done)

    def metadata(self, topic=None, client=None):
        client = client or self.admin()
        return self.persist(lambda: client.list_topics(topic, timeout=PATIENCE)).topics

    def topics(self):
        """Name: number of partitions."""
        found = self.metadata()
        return {name: len(topic.partitions) for name, topic in sorted(found.items()) if not name.startswith("__")}

    def create_topic(self, name, partitions=1, replicas=-1, **config):
        """`config` with _ for the dots: max_message_bytes=2000. Until every partition has its leader. On all nodes, unless
        `replicas` says otherwise."""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        new = self.kafka.admin.NewTopic(name, partitions, replicas, config=settings)
        self.ask("create_topics", [new], operation_timeout=PATIENCE, done="TOPIC_ALREADY_EXISTS")

        def led():
            found = self.metadata(name)[name].partitions.values()
            return len(found) == partitions and all(part.leader > 0 for part in found)
        until(f"a leader for each partition of {name}", led)

    def delete_topic(self, name):
        self.ask("delete_topics", [name], operation_timeout=PATIENCE, done="UNKNOWN_TOPIC_OR_PART")
        until(f"no topic {name}", lambda: name not in self.metadata())

    def configure_topic(self, name, **config):
        """As of create_topic; at run time."""
        admin = self.kafka.admin
        entries = [admin.ConfigEntry(key.replace("_", "."), str(value),
                                     incremental_operation=admin.AlterConfigOpType.SET) for key, value in config.items()]
        self.ask("incremental_alter_configs", [admin.ConfigResource("topic", name, incremental_configs=entries)])

    def rights(self, user, topic, operations):
        admin = self.kafka.admin
        return [admin.AclBinding(admin.ResourceType.TOPIC, topic, admin.ResourcePatternType.LITERAL, f"User:{user}", "*",
                                 admin.AclOperation[operation], admin.AclPermissionType.ALLOW) for operation in operations]

    def grant(self, user, topic, *operations):
        """Write and Describe unless said otherwise: what a producer needs."""
        self.ask("create_acls", self.rights(user, topic, operations or ("WRITE", "DESCRIBE")))

    def revoke(self, user, topic):
        admin = self.kafka.admin
        everything = admin.AclBindingFilter(admin.ResourceType.TOPIC, topic, admin.ResourcePatternType.LITERAL,
                                            f"User:{user}", None, admin.AclOperation.ANY, admin.AclPermissionType.ANY)
        self.ask("delete_acls", [everything])

    def set_password(self, user, password):
        """Of both SCRAM mechanisms; a new user, or an old one's new password."""
        admin = self.kafka.admin
        for kind in admin.ScramMechanism.SCRAM_SHA_256, admin.ScramMechanism.SCRAM_SHA_512:
            self.ask("alter_user_scram_credentials", [
                admin.UserScramCredentialUpsertion(user, admin.ScramCredentialInfo(kind, 4096), password.encode())])

    def offsets(self, consumer, topic):
        """[(partition, first, end)]"""
        parts = self.metadata(topic, consumer)[topic].partitions
        if not parts:
            raise Broken(f"no topic {topic}")

        def ends(part):
            return consumer.get_watermark_offsets(self.kafka.TopicPartition(topic, part), timeout=PATIENCE)
        return [(part, *self.persist(lambda: ends(part))) for part in sorted(parts)]

    def consumer(self):
        return self.kafka.Consumer(self.client(**{"group.id": "harness", "enable.auto.commit": False,
                                                  "check.crcs": True, "enable.partition.eof": True,
                                                  "auto.offset.reset": "error"}))

    def count(self, topic):
        """Of all messages that are there."""
        with contextlib.closing(self.consumer()) as consumer:
            return sum(end - first for _, first, end in self.offsets(consumer, topic))

    def read(self, topic, at_least=0, patience=PATIENCE):
        """All messages that are there, partition by partition; waits until there are so many."""
        with contextlib.closing(self.consumer()) as consumer:
            def spans():
                found = self.offsets(consumer, topic)
                return sum(end - first for _, first, end in found) >= at_least and found
            found = until(lambda: f"{at_least} messages in {topic}: there are {self.count(topic)}", spans, patience)
            left = {part: end for part, first, end in found if end > first}
            consumer.assign([self.kafka.TopicPartition(topic, part, first) for part, first, end in found if part in left])
            messages, limit = [], time.monotonic() + patience
            while left:
                if time.monotonic() > limit:
                    raise Broken(f"{topic} cannot be read to its end: {left} are left, {len(messages)} were read")
                for message in consumer.consume(10000, 0.2):
                    self.take(message, left, messages)
        return sorted(messages, key=lambda message: (message.partition, message.offset))

    def take(self, message, left, messages):
        error, part = message.error(), message.partition()
        if error and error.code() == self.kafka.KafkaError._PARTITION_EOF:
            left.pop(part, None)
        elif error and error.code() not in self.no_answer:
            raise Broken(f"{message.topic()}: {error}")
        elif not error and part in left:
            if message.offset() < left[part]:
                messages.append(Message(message.key(), message.value(), message.headers() or [], message.timestamp()[1],
                                        part, message.offset()))
            if message.offset() + 1 >= left[part]:
                left.pop(part)
