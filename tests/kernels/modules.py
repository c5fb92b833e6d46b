#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On another kernel (KERNEL names its package), where every part that answers is a module: without it a table says which
module is missing, never that it is empty; where it can be loaded the first request brings it; an agent that runs asks
again each time. (That all works where they are loaded already, compared.py shows.)
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import emulated
import feed
import kernels
import vm

AWAY = ["mv", "/lib/modules", "/lib/away"]
BACK = ["mv", "/lib/away", "/lib/modules"]
NOT_OURS = {"smc_diag", "dccp_diag"}  # tables that we do not ask
CONFIG = """version: 1
schedule: { align: false, splay: 0s }
defaults: { filter: state all, outputs: [out] }
queries: { often: { interval: 200ms, sockets: [tcp] } }
outputs: { out: { type: file, path: /tmp/records } }
"""
# Until it has failed, then with the modules until it has not, each time for a while at most.
AGENT = """/sockfeed run -c /sockfeed.yaml 2>/tmp/log & agent=$!
seen() { for i in $(seq 300); do grep -q "$1" /tmp/records 2>/dev/null && return; usleep 100000; done; cat /tmp/log >&2; }
seen '"errors":\\[{'; mv /lib/away /lib/modules; seen '"errors":\\[\\]'
kill $agent; wait $agent; status=$?; mv /lib/modules /lib/away; rmmod tcp_diag; cat /tmp/records; exit $status
"""


def ask(table):
    return feed.command(["state", "all"], program=emulated.SOCKFEED, sockets=table)


class Modules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kernel = vm.Kernel(kernels.PACKAGE)
        cls.tables = {name: modules for name, modules in kernels.tables(kernel).items() if modules[-1] not in kernel.builtin}
        there = {name: modules for name, modules in cls.tables.items() if modules[-1] in kernel.paths}
        cls.answer = {name for name in kernel.paths if name.endswith("diag")}
        commands = [AWAY, ["sh", "-c", AGENT], *map(ask, cls.tables), BACK]
        for table, modules in there.items():
            # What makes the sockets does not come for being asked about them.
            needed = [module for module in modules[:-1] if not module.endswith("_diag")]
            commands += [["modprobe", "-a", *needed] if needed else ["true"], ask(table), ["lsmod"]]
        _, said = emulated.run(kernels.PACKAGE, commands, loadable=[module for ms in there.values() for module in ms],
                               files={"sockfeed.yaml": CONFIG.encode()})
        said = iter(said)
        assert next(said).status == 0
        cls.agent = next(said)
        cls.absent = {table: next(said) for table in cls.tables}
        assert next(said).status == 0
        cls.loadable = {table: (next(said), next(said), next(said)) for table in there}

    def test_every_module_that_answers_is_known(self):
        self.assertEqual(self.answer - NOT_OURS, {module for modules in self.tables.values() for module in modules} & self.answer)

    def test_a_table_without_its_module_names_it(self):
        for table, said in self.absent.items():
            with self.subTest(table):
                records, run = feed.read(said.stdout, table)
                self.assertEqual((said.status, records), (1, []), said)
                (error,) = run["errors"]
                self.assertEqual(error["table"], table)
                self.assertIn(self.tables[table][-1], error["message"])

    def test_the_first_request_brings_the_module(self):
        for table, (loaded, said, modules) in self.loadable.items():
            with self.subTest(table):
                self.assertEqual((loaded.status, said.status), (0, 0), (loaded, said))
                self.assertEqual(feed.read(said.stdout, table)[1]["errors"], [])
                self.assertRegex(modules.stdout.decode(), rf"(?m)^{self.tables[table][-1]} ")

    def test_an_agent_that_runs_asks_again(self):
        self.assertEqual(self.agent.status, 0, self.agent)
        runs = [feed.parse(line) for line in self.agent.stdout.splitlines() if b'"type":"run"' in line]
        failed = [bool(run["errors"]) for run in runs]
        self.assertEqual(failed, sorted(failed, reverse=True))  # first each one fails, then none
        self.assertEqual({True, False}, set(failed))


kernels.main()
