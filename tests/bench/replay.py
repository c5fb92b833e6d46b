# SPDX-License-Identifier: Apache-2.0
"""What it costs to answer from a capture, for tests/bench/run: the same sockets, all fields, from the kernel and from a
file, in turns. User CPU alone, by getrusage: what the kernel does is another matter each time. It is counted in ticks, so
each is the mean of several runs.
"""
import os
import statistics
import subprocess
import tempfile

import __main__ as bench

RUNS = 4  # a round
GOALS = {"replay / live": (1.2, 1.0, "")}
TITLES = {
    "replay / live": "replay against the live query, user CPU",
    "replay": "replay of a capture, all fields, user CPU",
    "replay, live": "live query, all fields, user CPU",
    "capture": "capture of them, CPU",
}


def user_ms(argv):
    taken = 0
    for _ in range(RUNS):
        with bench.Started(argv) as program:
            program.wait()
            taken += 1000 * program.usage.ru_utime
    return taken / RUNS


def measure(rounds):
    with tempfile.TemporaryDirectory(prefix="sockfeed-bench-") as folder:
        path = os.path.join(folder, "sockets.pcap")
        subprocess.run([bench.SOCKFEED, "capture", path], check=True, stdin=subprocess.DEVNULL)
        size = os.path.getsize(path)
        taken = {"live": [], "file": [], "capture": []}
        for _ in range(rounds):
            taken["live"].append(user_ms(bench.QUERY))
            taken["file"].append(user_ms([*bench.QUERY[:2], "--from", path, *bench.QUERY[2:]]))
            taken["capture"].append(bench.cpu_ms([bench.SOCKFEED, "capture", path]))
    median = {key: statistics.median(times) for key, times in taken.items()}
    note = {key: f"{min(times):.0f} to {max(times):.0f}" for key, times in taken.items()}
    return {"replay": (median["file"], "ms", note["file"]), "replay, live": (median["live"], "ms", note["live"]),
            "replay / live": (median["file"] / max(median["live"], 0.001), "", ""),
            "capture": (median["capture"], "ms", f"{note['capture']}; {size:,} bytes")}
