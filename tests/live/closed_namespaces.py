#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets that end in other network namespaces: those that a query names and that have a number in ours, an nsid, without
which the kernel tells nothing."""
import faulthandler
import os
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import spaces
from agent import Agent, config, is_run
from spaces import Space, within


def query(words, interval="1h", name="ends"):
    return f"  {name}: {{ mode: closed, interval: {interval}, outputs: [console], namespaces: {words} }}\n"


def numbered(test, name):
    space = Space(test, name)
    spaces.ip("netns", "set", name, "auto")
    return space


def connect(size):
    """One connection with so many bytes; both ends and the listener end."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(bytes(size))
            while size:
                size -= len(server.recv(size))
            client.shutdown(socket.SHUT_WR)
            server.recv(1)


class Ends(unittest.TestCase):
    def watch(self, text):
        agent = Agent(self, config(text))
        agent.wait_log("runs ")
        return agent

    def told(self, agent, wanted):
        """(inode, bytes) of the connections' first ends, once so many sockets were told; the run records."""
        records = []
        while sum(not is_run(r) for r in records) < wanted:
            records += agent.until(lambda r: True)
        agent.signal(signal.SIGTERM)
        more, _ = agent.all()
        records += more
        sent = {(r["netns"]["inode"], r["tcp"]["bytes_sent"]) for r in records if not is_run(r) and r["tcp"]["bytes_sent"]}
        return sent, [r for r in records if is_run(r)]

    def test_all_is_each_that_has_a_number_and_ours(self):
        blue, red = numbered(self, "blue"), Space(self, "red")
        agent = self.watch(query("[all]"))
        within(red.path, lambda: connect(3))
        within(blue.path, lambda: connect(2))
        connect(1)
        sent, [run] = self.told(agent, 6)
        self.assertEqual(sent, {(spaces.inode(spaces.OWN), 1), (blue.inode, 2)})
        self.assertEqual((run["records"], run["errors"], "netns" in run), (6, [], False))

    def test_self_hears_nothing_of_others(self):
        blue = numbered(self, "blue")
        agent = self.watch(query("[self]") + query("[all]", name="others"))
        within(blue.path, lambda: connect(2))
        connect(1)
        _, runs = self.told(agent, 9)
        self.assertEqual({r["query"]: r["records"] for r in runs}, {"ends": 3, "others": 6})
        self.assertEqual([r["netns"]["inode"] for r in runs if r["query"] == "ends"], [spaces.inode(spaces.OWN)])

    def test_of_those_with_a_number_the_named_ones(self):
        blue, red = numbered(self, "blue"), numbered(self, "red")
        agent = self.watch(query("[blue]"))
        within(red.path, lambda: connect(3))
        connect(1)
        within(blue.path, lambda: connect(2))
        sent, [run] = self.told(agent, 3)
        self.assertEqual((sent, run["records"], run["sockets_seen"]), ({(blue.inode, 2)}, 3, 3))

    def test_one_without_a_number_is_said_until_it_has_one(self):
        blue = Space(self, "blue")
        agent = self.watch(query("[blue]", "200ms"))
        run = agent.run()
        self.assertTrue(run["partial"])
        self.assertIn("without an nsid (ip netns set NAME auto): blue", run["errors"][0]["message"])
        spaces.ip("netns", "set", "blue", "auto")
        agent.until(lambda r: is_run(r) and not r["partial"])
        within(blue.path, lambda: connect(7))
        sent, runs = self.told(agent, 3)
        self.assertEqual((sent, runs[-1]["errors"]), ({(blue.inode, 7)}, []))
        agent.wait_log("works again")

    def test_that_one_has_no_number_is_said_of_a_group_of_tables_too(self):
        Space(self, "blue")
        run = self.watch(query("[blue], sockets: [inet]", "200ms")).run()
        self.assertEqual((run["partial"], run["absent"], len(run["errors"])), (True, [], 1))
        self.assertIn("without an nsid", run["errors"][0]["message"])

    def test_one_that_comes_later_is_told_from_its_first_end_on(self):
        agent = self.watch(query("[all]"))
        connect(1)
        green = numbered(self, "green")
        within(green.path, lambda: connect(5))
        sent, _ = self.told(agent, 6)
        self.assertIn((green.inode, 5), sent)

    def test_what_a_namespace_told_before_it_was_gone_is_told_or_said_to_be_lost(self):
        agent = self.watch(query("[all]"))
        blue = numbered(self, "blue")
        agent.signal(signal.SIGSTOP)
        within(blue.path, lambda: connect(4))
        blue.remove()
        time.sleep(1)  # the kernel takes its time to take the number back
        agent.signal(signal.SIGCONT)
        agent.signal(signal.SIGTERM)
        records, _ = agent.all()
        run = records[-1]
        self.assertEqual((run["records"] + run["lost"], run["partial"]), (3, run["lost"] > 0))
        self.assertEqual([e["code"] for e in run["errors"]], ["ENOENT"] if run["lost"] else [])

    def test_one_after_the_other_with_the_same_name(self):
        """Its number may be used again, too."""
        agent, wanted = self.watch(query("[blue]", "100ms")), set()
        for size in range(1, 6):
            blue = numbered(self, "blue")
            within(blue.path, lambda: connect(size))
            agent.until(lambda r: not is_run(r) and r["netns"]["inode"] == blue.inode and r["tcp"]["bytes_sent"] == size)
            blue.remove()


if __name__ == "__main__":
    faulthandler.dump_traceback_later(280, exit=True)
    ROOT = spaces.isolate()
    unittest.main(verbosity=2)
