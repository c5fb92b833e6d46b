# SPDX-License-Identifier: Apache-2.0
"""What other tables than TCP's cost, for tests/bench/run: all fields of 50,000 sockets of each, in a namespace of their own,
against a dump of them that is thrown away."""
import statistics

import __main__ as bench

PAIRS = 25000
TABLES = "udp", "unix"
GOALS = {f"{table} / F": (1.6, 1.3, "") for table in TABLES}
TITLES = {f"{table} / F": f"query of {table}, all fields, against its F" for table in TABLES}


def measure(rounds, table):
    query, floor = [], []
    for _ in range(rounds):
        floor.append(bench.cpu_ms([bench.binary("floor"), table]))
        query.append(bench.cpu_ms([bench.SOCKFEED, "query", "--sockets", table, "state", "all"]))
    ratios = [ours / max(base, 0.001) for ours, base in zip(query, floor)]
    return {"F": (statistics.median(floor), "ms", f"{min(floor):.0f} to {max(floor):.0f}"),
            f"{table} / F": (statistics.median(query) / max(statistics.median(floor), 0.001), "",
                             f"{statistics.median(query):.1f} ms; {min(ratios):.2f} to {max(ratios):.2f} by round")}
