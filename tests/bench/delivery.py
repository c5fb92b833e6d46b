# SPDX-License-Identifier: Apache-2.0
"""What delivery to Kafka costs, for tests/bench/run: `sockfeed run --once` with a real broker, in the namespace where the
connections are. The broker shares the processors; what is compared is the agent's own CPU time, by getrusage.
"""
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

import __main__ as bench

sys.path.insert(0, os.path.join(bench.ROOT, "tests", "harness"))

MIB = 1 << 20
# The broker keeps little of what is measured. A virtual machine that lends its free memory to the host takes it back page
# by page (10 us each where this was found), and a log that grows by as much as was produced does so all the time.
KEPT = {"segment_bytes": 8 * MIB, "retention_bytes": 16 * MIB, "file_delete_delay_ms": 0}
BROKER = {"log_segment_delete_delay_ms": 0, "log_segment_bytes": 64 * MIB, "log_retention_check_interval_ms": 50,
          "log_initial_task_delay_ms": 100}
HUNDRED = "records_per_message: 100"
SPOOL = "spool: { path: @DIR@/spool, max_size: 4GiB, keep_free: 1%, sync: 500ms }"
# key of the measurement: settings of the output
KINDS = {
    "kafka plain / F": f"{HUNDRED}, compression: none",
    "kafka lz4 / F": f"{HUNDRED}, compression: lz4",
    "kafka one / F": "compression: lz4",
    "kafka spool": f"{HUNDRED}, compression: none, {SPOOL}",
}
GOALS = {
    "kafka plain / F": (1.9, 1.65, ""),
    "kafka lz4 / F": (2.3, 1.9, ""),
    "kafka one / F": (3.8, 3.0, ""),
    "spool added / F": (0.35, 0.2, ""),
    "private, down": (24.0, 14.0, "MiB"),
    "first sent": (300.0, 50.0, "ms"),
}
TITLES = {
    "kafka plain / F": "Kafka, 100 lines a message, no codec, against F",
    "kafka lz4 / F": "Kafka, 100 lines a message, lz4, against F",
    "kafka one / F": "Kafka, one record a message, lz4, against F",
    "spool added / F": "spool, sync 500ms: added, against F",
    "private, down": "Private_Dirty, spool, broker down",
    "first sent": "a full spool: start to first record sent",
}


class Folder:
    """Configurations, and spools that go with them."""

    def __init__(self, broker):
        self.broker, self.topics = broker, 0
        # On the disk: the folder for temporary files may be memory.
        self.path = tempfile.mkdtemp(prefix="sockfeed-bench-", dir=os.environ.get("SF_BENCH_DIR", "/var/tmp"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def topic(self, **config):
        self.topics += 1
        self.broker.create_topic(f"bench-{self.topics}", max_message_bytes=2 * MIB, **config)
        return f"bench-{self.topics}"

    def conf(self, topic, settings, interval="1s"):
        path = os.path.join(self.path, "sockfeed.yaml")
        settings = settings.replace("@DIR@", self.path)
        with open(path, "w", encoding="ascii") as file:
            file.write("version: 1\nschedule: { splay: 0s }\nqueries:\n"
                       f"  bench: {{ interval: {interval}, timeout: 1m, filter: state all, outputs: [kafka] }}\noutputs:\n"
                       f'  kafka: {{ type: kafka, brokers: ["{self.broker.brokers()[0]}"], topic: {topic}, {settings} }}\n')
        return [bench.SOCKFEED, "run", "-c", path]


def measure_cost(folder, rounds):
    taken = {key: [] for key in ("F", *KINDS)}
    for _ in range(rounds):
        taken["F"].append(bench.cpu_ms([bench.binary("floor"), "v2"]))
        for key, settings in KINDS.items():
            topic = folder.topic(**KEPT)
            taken[key].append(bench.cpu_ms([*folder.conf(topic, settings), "--once"]))
            folder.broker.delete_topic(topic)
    floor = max(statistics.median(taken["F"]), 0.001)
    found = {key: (statistics.median(taken[key]) / floor, "", f"{statistics.median(taken[key]):.0f} ms")
             for key in KINDS if key.endswith("/ F")}
    by_round = [spool - plain for spool, plain in zip(taken["kafka spool"], taken["kafka plain / F"])]
    added = statistics.median(taken["kafka spool"]) - statistics.median(taken["kafka plain / F"])
    found["spool added / F"] = (added / floor, "", f"{added:.0f} ms; {min(by_round):.0f} to {max(by_round):.0f} by round")
    found["F"] = (floor, "ms", f"{min(taken['F']):.0f} to {max(taken['F']):.0f}")
    return found


def size_of(path):
    return sum(os.path.getsize(os.path.join(path, name)) for name in os.listdir(path)) if os.path.isdir(path) else 0


def measure_down(folder, seconds, topic, settings):
    """Of an agent whose broker is not there: the most private memory that was seen, and the size of its spool. It is then
    killed, and the spool stays."""
    spool, most = os.path.join(folder.path, "spool"), 0.0
    with bench.Started(folder.conf(topic, settings)) as program:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if program.ended():
                raise RuntimeError(f"sockfeed run ended with {program.status}")
            most = max(most, program.private() or 0)
            time.sleep(0.2)
        os.kill(program.pid, signal.SIGKILL)
        program.wait(20, status=-signal.SIGKILL)
    return {"private, down": (most, "MiB", f"{seconds:.0f} s, a run each second, a spool of {size_of(spool) // MIB} MiB")}


def measure_first(folder, topic, settings):
    """From the program's start until a consumer that waits has its first message."""
    spool = os.path.join(folder.path, "spool")
    size, consumer = size_of(spool), folder.broker.consumer()
    try:
        consumer.assign([folder.broker.kafka.TopicPartition(topic, 0, 0)])
        while consumer.poll(1) is not None:  # the end of the partition; from then on it waits
            pass
        with bench.Started(folder.conf(topic, settings, "1h")) as program:
            while (message := consumer.poll(30)) is None or message.error():
                if message is None:
                    raise RuntimeError("nothing came out of the spool")
            took = 1000 * (time.monotonic() - program.began)
    finally:
        consumer.close()
    return {"first sent": (took, "ms", f"a spool of {size // MIB} MiB")}


def measure(rounds, options):
    from broker import Broker

    spool = SPOOL.replace("4GiB", options.spool)
    with Broker(**BROKER) as broker, Folder(broker) as folder:
        found = measure_cost(folder, rounds)
        shutil.rmtree(os.path.join(folder.path, "spool"), ignore_errors=True)
        topic, settings = folder.topic(), f"{HUNDRED}, compression: none, {spool}"
        broker.kill()
        found.update(measure_down(folder, options.down, topic, settings))
        broker.start()
        # The broker knows again who may write: a second that is its own, at the first who asks.
        bench.cpu_ms([*folder.conf(folder.topic(), HUNDRED), "--once"])
        found.update(measure_first(folder, topic, settings))
    return found
