#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries of other network namespaces: those with a name, those that only processes are in, and what becomes of them while
queries run. `ip netns exec NAME ss` is the second witness.
"""
import faulthandler
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import spaces
from agent import Agent, chain, config, is_run, until
from feed import SOCKFEED, parse, run
from spaces import Hermit, Space

SANITIZE = bool(os.environ.get("SANITIZE"))  # then memory is a sanitizer's, and time too
CYCLES = int(os.environ.get("CYCLES", 100 if SANITIZE else 1000))
NAMESPACES = 100 if SANITIZE else 200
KIB = 1024
TOGETHER_US = 20000  # queries that are due within that time share a tick


def fast(words, filter_text="state all", interval="100ms"):
    return f"  fast: {{ interval: {interval}, timeout: 1m, filter: {filter_text}, outputs: [console], namespaces: {words} }}\n"


def by_inode(records):
    result = {}
    for record in records:
        result.setdefault(record["netns"]["inode"], []).append(record)
    return result


def end(record, name):
    if name not in record:
        return None
    return f"{record[name]['address']}:{record[name]['port']}"


def ends(records):
    return sorted((end(r, "local"), end(r, "peer") or "0.0.0.0:*") for r in records)


def ss(name):
    done = subprocess.run(["ip", "netns", "exec", name, "ss", "-tanH"], stdout=subprocess.PIPE, check=True, text=True)
    return sorted(tuple(line.split()[3:5]) for line in done.stdout.splitlines())


def held(agent):
    """The sockets that it has open, which no other sockets are."""
    folder = f"/proc/{agent.process.pid}/fd"
    return {link for fd in os.listdir(folder) if (link := os.readlink(f"{folder}/{fd}")).startswith("socket:")}


def descriptors(agent):
    return len(held(agent))


def private(pid):
    """Bytes of memory that are its own."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        text = file.read()
    return sum(int(n) for n in re.findall(r"Private_(?:Clean|Dirty):\s+(\d+) kB", text)) * KIB


def unprivileged():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


class Query(unittest.TestCase):
    def test_named_ones_agree_with_ss_in_each(self):
        made = [Space(self, name) for name in ("blue", "red", "green")]
        for number, space in enumerate(made):
            space.connect(number + 1)
            space.listen(number)
        records, last = run(["state", "all"], ["--namespaces", "blue,red,green"])
        seen = by_inode(records)
        self.assertEqual(set(seen), {space.inode for space in made})
        for space in made:
            self.assertEqual(ends(seen[space.inode]), ss(space.name))
        self.assertNotIn("netns", last)
        self.assertEqual((len(last["walks"]), last["walks"][0]["dumps"]), (1, 3))
        self.assertEqual(last["sockets_seen"], len(records))

    def test_a_single_one_is_said_in_the_run_record_too(self):
        blue = Space(self, "blue")
        self.assertEqual(run([], ["--namespaces", "blue"])[1]["netns"], {"inode": blue.inode})
        self.assertEqual(run([], ["--namespaces", "self"])[1]["netns"], {"inode": spaces.inode(spaces.OWN)})

    def test_globs_take_names(self):
        made = [Space(self, name) for name in ("web-1", "web-2", "db")]
        for space in made:
            space.listen()
        for words, wanted in (("web-*", made[:2]), ("web-?,db", made), ("[d]*", made[2:]), ("x*", [])):
            records, last = run(["state", "all"], ["--namespaces", words])
            self.assertEqual(set(by_inode(records)), {space.inode for space in wanted}, words)
            self.assertEqual(len(last["walks"]), len(wanted) > 0)

    def test_all_are_self_the_named_and_those_of_processes_each_once(self):
        blue, hermit, two = Space(self, "blue"), Hermit(self), Hermit(self)
        blue.listen()
        subprocess.run(["mount", "--bind", blue.path, self.again("again")], check=True)
        self.addCleanup(subprocess.run, ["umount", f"{spaces.NAMES}/again"])
        records, last = run(["state", "listening"], ["--namespaces", "all"])
        seen = by_inode(records)
        self.assertEqual(set(seen), {blue.inode, hermit.inode, two.inode})
        self.assertEqual([r["local"]["port"] for r in seen[hermit.inode]], [hermit.port])
        self.assertEqual(len(records), 3)
        self.assertEqual(last["walks"][0]["dumps"], 4)

    def again(self, name):
        path = f"{spaces.NAMES}/{name}"
        with open(path, "w"):
            pass
        self.addCleanup(os.unlink, path)
        return path

    def test_that_of_a_process(self):
        hermit = Hermit(self)
        records, last = run(["state", "listening"], ["--namespaces", f"pid:{hermit.pid}"])
        self.assertEqual([(r["netns"]["inode"], r["local"]["port"]) for r in records], [(hermit.inode, hermit.port)])
        self.assertEqual(last["netns"], {"inode": hermit.inode})

    def fails(self, words, **more):
        """(what was said, the records); with status 1."""
        done = subprocess.run([SOCKFEED, "query", "--format", "json", "--namespaces", words, "state", "all"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100, **more)
        self.assertEqual(done.returncode, 1, done)
        return done.stderr.decode(), [parse(line) for line in done.stdout.splitlines()]

    def test_what_is_not_there_is_an_error_and_the_rest_is_walked(self):
        blue = Space(self, "blue")
        blue.listen()
        self.again("file")
        for word, code, words in (("nosuch", "ENOENT", "no namespace is named nosuch"), ("pid:4000000", "ESRCH", "no process 4000000"),
                                  ("file", "EINVAL", "/run/netns/file is no network namespace")):
            said, records = self.fails(f"blue,{word}")
            self.assertIn(words, said)
            self.assertEqual([e["code"] for e in records[-1]["errors"]], [code])
            self.assertTrue(records[-1]["partial"])
            self.assertEqual([r["netns"]["inode"] for r in records[:-1]], [blue.inode])

    def test_who_may_not_enter_is_told_so(self):
        if not ROOT:
            self.skipTest("nobody else to be")
        Space(self, "blue").listen()
        hermit = Hermit(self)
        said, records = self.fails("all", preexec_fn=unprivileged)
        errors = records[-1]["errors"]
        self.assertEqual([(e["code"], e["table"]) for e in errors], [("EPERM", None), ("EACCES", None)])
        self.assertEqual(errors[0]["message"], "cannot enter the namespace blue: CAP_SYS_ADMIN is needed")
        self.assertIn("CAP_SYS_PTRACE", errors[1]["message"])
        self.assertEqual(said, "".join(f"sockfeed: {e['message']}\n" for e in errors))
        said, _ = self.fails(f"pid:{hermit.pid}", preexec_fn=unprivileged)
        self.assertIn("CAP_SYS_PTRACE", said)

    def test_a_capture_replays_with_the_inodes(self):
        blue, red = Space(self, "blue"), Space(self, "red")
        blue.connect(2)
        red.connect(1)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "some.pcap")
        for words, said in (("x*", "no namespace"), ("black", "named black")):
            done = subprocess.run([SOCKFEED, "capture", "--namespaces", words, path], stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, said in done.stderr, os.path.exists(path)), (1, True, False), done.stderr)
        for words, spaces in (("blue", [blue]), ("blue,red", [blue, red])):
            subprocess.run([SOCKFEED, "capture", "--namespaces", words, path], check=True)
            records, last = run(["state", "all"], ["--from", path])
            live, live_last = run(["state", "all"], ["--namespaces", words])
            self.assertEqual(set(by_inode(records)), {space.inode for space in spaces})
            self.assertEqual({inode: ends(found) for inode, found in by_inode(records).items()},
                             {inode: ends(found) for inode, found in by_inode(live).items()})
            self.assertEqual(ends(by_inode(records)[blue.inode]), ss("blue"))
            self.assertEqual(last.get("netns"), live_last.get("netns"))
        subprocess.run([SOCKFEED, "capture", "--namespaces", "blue,red", "--sockets", "udp,tcp", path], check=True)
        records, last = run(["state", "all"], ["--sockets", "tcp,udp", "--from", path])
        self.assertEqual(set(by_inode(records)), {blue.inode, red.inode})
        self.assertEqual({walk["table"]: walk["dumps"] for walk in last["walks"]}, {"tcp": 4, "udp": 4})
        done = subprocess.run([SOCKFEED, "query", "--format", "table", "--from", path, "state", "all"],
                              stdout=subprocess.PIPE, check=True, text=True)
        self.assertEqual(set(re.findall(r"^namespace of the capture \(inode (\d+)\)$", done.stdout, re.MULTILINE)),
                         {str(blue.inode), str(red.inode)})
        done = subprocess.run([SOCKFEED, "capture", "--namespaces", "blue,black", path], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, "named black" in done.stderr), (1, True))
        self.assertEqual(set(by_inode(run(["state", "all"], ["--from", path])[0])), {blue.inode})
        done = subprocess.run([SOCKFEED, "query", "--namespaces", "blue", "--from", path], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, "leave out --namespaces" in done.stderr), (2, True))

    def test_the_table_says_which_one_it_is(self):
        blue, red, _ = Space(self, "blue"), Space(self, "red"), Space(self, "empty")
        blue.listen()
        red.listen()
        done = subprocess.run([SOCKFEED, "query", "--format", "table", "--namespaces", "*", "state", "all"],
                              stdout=subprocess.PIPE, check=True, text=True)
        titles = re.findall(r"^namespace (\S+) \(inode (\d+)\)$", done.stdout, re.MULTILINE)
        self.assertEqual(sorted(titles), sorted([("blue", str(blue.inode)), ("red", str(red.inode))]))
        self.assertEqual(done.stdout.count("listening"), 2)


class Life(unittest.TestCase):
    def test_a_replaced_one_is_renewed(self):
        blue = Space(self, "blue")
        blue.listen()
        agent = Agent(self, config(fast("[blue]")))
        self.assertEqual({r["netns"]["inode"] for r in agent.until(is_run)}, {blue.inode})
        before = descriptors(agent)
        for _ in range(5):
            blue.remove()
            blue = Space(self, "blue")
            blue.listen(3)
            records = agent.until(lambda r: is_run(r) and r["records"] == 3 and r["netns"]["inode"] == blue.inode)
            self.assertEqual([r["netns"]["inode"] for r in records[-4:]], [blue.inode] * 4)
        self.assertEqual(descriptors(agent), before)

    def test_one_that_went_is_said_once_and_one_that_came_back_too(self):
        blue = Space(self, "blue")
        agent = Agent(self, config(fast("[blue]")))
        self.assertEqual(agent.run()["errors"], [])
        blue.remove()
        runs = [agent.until(lambda r: is_run(r) and r["errors"])[-1], *(agent.run() for _ in range(5))]
        chain(self, runs)
        for r in runs:
            self.assertEqual([(e["table"], e["code"]) for e in r["errors"]], [(None, "ENOENT")])
            self.assertTrue(r["partial"])
        agent.wait_log("no namespace is named blue")
        Space(self, "blue")
        agent.until(lambda r: is_run(r) and not r["errors"])
        agent.run()
        self.assertEqual(agent.log().count("no namespace is named blue"), 1, agent.log())
        self.assertEqual(agent.log().count("query fast"), 2, agent.log())

    def test_an_error_is_said_again_when_it_is_back_and_the_others_are_not(self):
        agent = Agent(self, config(fast("[self, blue, nosuch]")))
        self.assertEqual(len(agent.run()["errors"]), 2)
        blue = Space(self, "blue")
        agent.until(lambda r: is_run(r) and len(r["errors"]) == 1)
        blue.remove()
        agent.until(lambda r: is_run(r) and len(r["errors"]) == 2)
        until("three lines", lambda: agent.log().count("query fast") == 3)
        agent.run()
        said = [agent.log().count(f"no namespace is named {name}") for name in ("blue", "nosuch")]
        self.assertEqual((said, agent.log().count("query fast")), ([2, 1], 3), agent.log())

    def test_queries_of_others_and_of_none_let_it_open(self):
        for name in "blue", "red":
            Space(self, name).listen()
        queries = "".join(f"  {name}: {{ interval: {interval}, timeout: 1m, filter: state all, outputs: [console], namespaces: {words} }}\n"
                          for name, interval, words in (("a", "1s", "[blue]"), ("b", "100ms", "[red]"), ("c", "110ms", "[self]")))
        agent = Agent(self, config(queries))
        until("both", lambda: len(held(agent)) == 3)
        before = held(agent)
        runs = [agent.run() for _ in range(40)]
        self.assertEqual({r["query"] for r in runs}, {"a", "b", "c"})
        self.assertEqual(held(agent), before)

    def test_a_refusal_is_said_once_and_the_rest_goes_on(self):
        Space(self, "blue").listen()
        agent = Agent(self, config(fast("[self, blue]")), wrap=["setpriv", "--bounding-set", "-sys_admin"])
        own = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(own.close)
        agent.until(lambda r: is_run(r) and r["records"] == 1)
        runs = [agent.run() for _ in range(5)]
        chain(self, runs)
        for r in runs:
            self.assertEqual([(e["table"], e["code"]) for e in r["errors"]], [(None, "EPERM")])
            self.assertEqual(r["records"], 1)
        Space(self, "red")
        agent.run()
        self.assertEqual(agent.log().count("cannot enter the namespace blue"), 1, agent.log())
        self.assertEqual(agent.log().count("query fast"), 1, agent.log())
        self.assertEqual(descriptors(agent), 1)

    def test_it_is_let_go_of_when_its_name_is(self):
        """A namespace that somebody holds keeps its interfaces; the other end of a pair is here."""
        Space(self, "blue")
        agent = Agent(self, config(fast("[all]")))
        agent.run()
        for name in "blue", "red":
            if name == "red":
                Space(self, "red")
            spaces.ip("link", "add", f"to-{name}", "type", "veth", "peer", "name", "inside", "netns", name)
        agent.until(lambda r: is_run(r) and r["walks"] and r["walks"][0]["dumps"] == 3)
        for name in "blue", "red":
            spaces.ip("netns", "del", name)
            until(f"the end of {name}", lambda name=name: not os.path.exists(f"/sys/class/net/to-{name}"))
        self.assertEqual(agent.until(is_run)[-1]["errors"], [])

    def test_one_that_is_asked_seldom_is_let_go_of_too(self):
        """Long before it is asked again."""
        made = [Space(self, f"n{i}") for i in range(4)]
        agent = Agent(self, config(fast('["n*"]', interval="1h")))
        self.assertEqual(agent.run()["walks"][0]["dumps"], 4)
        spaces.ip("link", "add", "to-n0", "type", "veth", "peer", "name", "inside", "netns", "n0")
        before = held(agent)
        self.assertEqual(len(before), 5)
        for left in range(3, -1, -1):
            made.pop(0).remove()
            until("an end", lambda left=left: len(held(agent)) == left + 1)
            self.assertLess(held(agent), before)
        self.assertFalse(os.path.exists("/sys/class/net/to-n0"))
        agent.signal(signal.SIGUSR1)
        self.assertEqual((agent.run()["walks"], len(held(agent))), ([], 1))

    def test_a_thousand_come_and_go_while_queries_run(self):
        Space(self, "stays").listen()
        agent = Agent(self, config(fast("[all]")))
        for _ in range(5):
            agent.run()
        before = None
        for cycle in range(CYCLES):
            subprocess.run(["ip", "netns", "add", f"n{cycle % 7}"], check=True)
            if cycle % 3 == 0:
                agent.until(is_run)
            subprocess.run(["ip", "netns", "del", f"n{cycle % 7}"], check=True)
            if cycle == CYCLES // 10:
                before = private(agent.process.pid)
        last = agent.until(lambda r: is_run(r) and r["walks"][0]["dumps"] == 2)[-1]
        self.assertEqual(last["errors"], [])
        self.assertEqual(descriptors(agent), 2)
        if not SANITIZE:
            self.assertLess(private(agent.process.pid) - before, 256 * KIB)
        agent.signal(signal.SIGTERM)
        records, status = agent.all()
        self.assertEqual(status, 0)
        self.assertNotIn("error", agent.log())
        self.assertNotIn("warning", agent.log())


class Many(unittest.TestCase):
    def test_a_hundred_cost_little_memory_and_one_walk_each(self):
        agents = {}
        for words, count in (("[n0]", 1), ('["n*"]', 100)):
            while count > 1 and len(os.listdir(spaces.NAMES)) < count:
                Space(self, f"n{len(os.listdir(spaces.NAMES))}").listen()
            if count == 1:
                Space(self, "n0").listen()
            agents[count] = Agent(self, config(fast(words)))
            for _ in range(5):
                last = agents[count].run()
            self.assertEqual((last["records"], last["walks"][0]["dumps"]), (count, count))
            self.assertEqual(descriptors(agents[count]), count + 1)
        one, hundred = (private(agents[count].process.pid) for count in (1, 100))
        print(f"private memory: {one // KIB} KiB with one namespace, {hundred // KIB} KiB with a hundred")
        if not SANITIZE:
            self.assertLess(hundred - one, 1024 * KIB)

    def test_more_than_descriptors_are_walked_all_the_same(self):
        for number in range(40):
            Space(self, f"n{number}").listen()
        for soft, hard in ((30, 4096), (30, 30), (90, 90)):
            agent = Agent(self, config(fast('["n*"]')), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
            for _ in range(2):
                last = agent.until(is_run)[-1]
                self.assertEqual((last["records"], last["errors"]), (40, []), (soft, hard))
            if hard == 4096:
                self.assertEqual(descriptors(agent), 41)
            agent.end()


class Together(unittest.TestCase):
    def test_queries_share_walks_where_they_ask_the_same_namespaces(self):
        made = [Space(self, name) for name in ("blue", "red")]
        for space in made:
            space.listen()
        queries = "".join(f"  {name}: {{ interval: 1h, filter: {text}, outputs: [console], namespaces: {words} }}\n"
                          for name, text, words in (("a", "state all", "[blue, red]"), ("b", "state listening", "[red, blue]"),
                                                    ("c", "state all", "[red]"), ("d", "state all", "[self, blue]")))
        records, status = Agent(self, config(queries), "--once").all()
        runs = {r["query"]: r for r in records if is_run(r)}
        self.assertEqual(status, 0)
        for name, count in (("a", 2), ("b", 2), ("c", 1), ("d", 1)):
            self.assertEqual(sum(r["query"] == name and not is_run(r) for r in records), count)
        walks = {name: {w["id"] for w in r["walks"]} for name, r in runs.items()}
        self.assertEqual(walks["a"], walks["b"])
        self.assertLess(walks["c"], walks["a"])
        self.assertEqual(len(walks["d"] & walks["a"]), 1)
        self.assertEqual(len(set().union(*walks.values())), 3)

    def test_others_have_their_turn_between_two_namespaces(self):
        """Runs of later ticks than that of many namespaces end before it."""
        for number in range(NAMESPACES):
            Space(self, f"n{number}").listen()
        queries = "".join(f"  {name}: {{ interval: {interval}, timeout: 1m, sockets: [inet], filter: state all, "
                          f"outputs: [console], namespaces: {words} }}\n"
                          for name, interval, words in (("many", "1s", '["n*"]'), ("own", "100ms", "[self]"), ("one", "100ms", "[n7]"),
                                                        ("lacking", "100ms", "[n8, nosuch]")))
        agent = Agent(self, config(queries))
        last, inside = {}, set()
        for _ in range(20):
            while True:
                run = agent.run()
                if run["query"] in last:
                    chain(self, [last[run["query"]], run])
                last[run["query"]] = run
                if run["query"] == "many":
                    break
                self.assertEqual([e["message"] for e in run["errors"]], ["no namespace is named nosuch: No such file or directory"]
                                 if run["query"] == "lacking" else [])
                self.assertEqual(run["records"], run["query"] != "own")
            self.assertEqual((run["records"], run["errors"]), (NAMESPACES, []))
            self.assertEqual(sum(walk["dumps"] for walk in run["walks"] if walk["table"] == "tcp"), NAMESPACES)
            inside |= {name for name, other in last.items() if other["run"] > run["run"] + TOGETHER_US}
            if len(inside) == 3:
                return
        self.fail(f"only these had a turn: {inside}")


if __name__ == "__main__":
    faulthandler.dump_traceback_later(280, exit=True)
    ROOT = spaces.isolate()
    unittest.main(verbosity=2)
