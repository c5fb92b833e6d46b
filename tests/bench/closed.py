# SPDX-License-Identifier: Apache-2.0
"""What it costs to be told of each socket that ends, for tests/bench/run: one process makes connections as fast as it can,
each of which ends at both its ends, while a closed query writes all fields of every one to /dev/null. It is compared
with receiving the events one by one and throwing them away; CPU is that of the whole process, by getrusage, less what
it takes where nothing ends.
"""
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time

import __main__ as bench

BUFFERS = {"4 MiB": 4 << 20, "16 MiB": 16 << 20}
GOALS = {"closed / floor": (2.0, 1.4, ""), "closed, lost": (0, 0, ""), "closed, lost of 4 MiB": (0, 0, "")}
TITLES = {
    "ends": "connections that one process makes a second",
    "closed / floor": "CPU an event, against receive and throw away",
    "closed": "CPU an event, closed query, all fields",
    "ends floor": "CPU an event, received and thrown away",
    "closed, lost": "events lost, receive buffer of 16 MiB",
    "closed, lost of 4 MiB": "events lost, receive buffer of 4 MiB",
}


def make(count):
    """Connections a second."""
    said = subprocess.run([bench.binary("ends"), "make", str(count)], check=True, capture_output=True, text=True,
                          timeout=bench.COMMAND_SECONDS).stdout
    return int(re.search(r"(\d+) a second", said).group(1))


def settle():
    time.sleep(0.3)  # the kernel's worker brings the last events


def cpu_us(program):
    return 1e6 * (program.usage.ru_utime + program.usage.ru_stime)


def run_floor(count):
    """(CPU us, events, lost, connections a second)"""
    reads, writes = os.pipe2(os.O_CLOEXEC)
    with os.fdopen(reads) as said, bench.Started([bench.binary("ends"), "floor", str(4 << 20)], stdout=writes) as program:
        os.close(writes)
        if said.readline() != "ready\n":
            raise RuntimeError("bench_ends is not ready")
        rate = make(count) if count else 0
        settle()
        os.kill(program.pid, signal.SIGTERM)
        program.wait(20)
        events, lost = map(int, re.search(r"(\d+) events, (\d+) lost", said.readline()).groups())
        return cpu_us(program), events, lost, rate


def counts(program, log):
    """What SIGUSR2 writes of the query: (records, events lost), as of the last run that has ended."""
    os.kill(program.pid, signal.SIGUSR2)
    until = time.monotonic() + 10
    while not (found := re.findall(rb'"ends":\{"runs":\d+,"skipped":\d+,"errors":\d+,"records":(\d+)', said := log())):
        if time.monotonic() > until or program.ended():
            raise RuntimeError("SIGUSR2 brought no counts to the log")
        time.sleep(0.02)
    return int(found[-1]), sum(map(int, re.findall(rb"(\d+) sockets that ended are lost", said)))


def run_agent(count, folder, buffer):
    """The same, of an agent with a closed query that wants all fields of all of them."""
    path = os.path.join(folder, "sockfeed.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write("version: 1\nschedule: { align: false }\nqueries:\n"
                   f"  ends: {{ mode: closed, interval: 1s, receive_buffer: {buffer}B, include_unconnected: true, "
                   "outputs: [console] }\noutputs:\n  console: { type: stdout }\n")
    with open(os.path.join(folder, "log"), "w+b") as file:
        def log():
            return os.pread(file.fileno(), 1 << 20, 0)

        with bench.Started([bench.SOCKFEED, "run", "-c", path], stderr=file.fileno()) as program:
            until = time.monotonic() + 10
            while b"runs 1 query" not in log():
                if time.monotonic() > until or program.ended():
                    raise RuntimeError("sockfeed run does not begin")
                time.sleep(0.01)
            rate = make(count) if count else 0
            settle()
            time.sleep(1.2)  # the run ends in which they were
            records, lost = counts(program, log)
            os.kill(program.pid, signal.SIGTERM)
            program.wait(20)
    return cpu_us(program), records, lost, rate


def measure(rounds, count):
    with open("/proc/sys/net/ipv4/tcp_max_tw_buckets", "w", encoding="ascii") as file:
        file.write("0")  # no TIME-WAIT: it would slow the next round
    taken = {"floor": [], **{key: [] for key in BUFFERS}}
    lost, rates, seen = {key: 0 for key in taken}, [], 0
    with tempfile.TemporaryDirectory(prefix="sockfeed-bench-") as folder:
        runs = {"floor": run_floor, **{key: (lambda count, buffer=size: run_agent(count, folder, buffer))
                                       for key, size in BUFFERS.items()}}
        idle = {key: run(0)[0] for key, run in runs.items()}
        for _ in range(rounds):
            for key, run in runs.items():
                cpu, events, missing, rate = run(count)
                taken[key].append((cpu - idle[key]) / max(events, 1))
                lost[key] += missing
                rates.append(rate)
                seen += events
    median = {key: statistics.median(times) for key, times in taken.items()}
    note = f"{min(taken['16 MiB']):.2f} to {max(taken['16 MiB']):.2f}"
    return {"ends": (statistics.median(rates), "/s", f"{seen:,} events in all"),
            "ends floor": (median["floor"], "us", f"{min(taken['floor']):.2f} to {max(taken['floor']):.2f}; {lost['floor']} lost of 4 MiB"),
            "closed": (median["16 MiB"], "us", note),
            "closed / floor": (median["16 MiB"] / max(median["floor"], 0.001), "", f"4 MiB: {median['4 MiB'] / max(median['floor'], 0.001):.2f}"),
            "closed, lost": (lost["16 MiB"], "", f"of {2 * count * rounds:,}"),
            "closed, lost of 4 MiB": (lost["4 MiB"], "", f"of {2 * count * rounds:,}")}
