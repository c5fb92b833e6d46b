#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries of sockets that end: every one is told once, with its final numbers, or is counted as lost; what the event lacks
is absent; a run follows another without a hole."""
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from agent import PATIENCE, SOCKFEED, Agent, chain, config, is_run, main, until
from feed import flat
from proof import judge

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close by a reset
KEYS = {"time", "type", "schema", "host", "query", "run", "seq", "netns", "table", "family", "protocol", "local", "peer",
        "cookie", "tcp"}


def query(text="", more="", interval="1h", name="ends"):
    return f"  {name}: {{ mode: closed, interval: {interval}, outputs: [console], filter: \"{text}\", {more} }}\n"


def serve(test, address="127.0.0.1", family=socket.AF_INET):
    listener = socket.create_server((address, 0), family=family, backlog=512)
    test.addCleanup(listener.close)
    return listener


def receive(sock, size):
    while size:
        size -= len(sock.recv(size))


def connect(listener, address=None):
    client = socket.create_connection((address or listener.getsockname()[0], listener.getsockname()[1]))
    return client, listener.accept()[0]


def transfer(listener, there, back, first="client", address=None):
    """One connection with so many bytes; returns the client's port."""
    client, server = connect(listener, address)
    port = client.getsockname()[1]
    client.sendall(bytes(there))
    receive(server, there)
    server.sendall(bytes(back))
    receive(client, back)
    for sock in (client, server) if first == "client" else (server, client):
        sock.shutdown(socket.SHUT_WR)
        (server if sock is client else client).recv(1)
    client.close()
    server.close()
    return port


def dropped():
    """Events for which a subscription of this namespace had no room."""
    with open("/proc/self/net/netlink") as file:
        rows = [line.split() for line in file][1:]
    return sum(int(row[8]) for row in rows if row[1] == "4" and int(row[3], 16))


def port_of(listener):
    return listener.getsockname()[1]


def settle():
    """Until the kernel's worker has nothing more to say of what ended before, in the tests before."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as sock:  # NETLINK_SOCK_DIAG
        sock.bind((0, 0))
        for group in 1, 2, 3, 4:  # SKNLGRP_INET_TCP_DESTROY ... SKNLGRP_INET6_UDP_DESTROY
            sock.setsockopt(270, 1, group)  # SOL_NETLINK, NETLINK_ADD_MEMBERSHIP
        sock.settimeout(0.3)
        try:
            while sock.recv(4096):
                pass
        except TimeoutError:
            pass


class Watching(unittest.TestCase):
    def setUp(self):
        settle()

    def watch(self, queries, *arguments, **more):
        agent = Agent(self, config(queries, **more), *arguments)
        agent.wait_log("runs ")
        return agent

    def ended(self, agent, wanted, seen=()):
        """All records after a SIGTERM, which must end it well; it comes when so many sockets were told. The kernel's own
        worker brings the events, later than the sockets end where the machine is busy."""
        records = list(seen)
        while sum(not is_run(r) for r in records) < wanted:
            records += agent.until(lambda record: True)
        agent.signal(signal.SIGTERM)
        more, status = agent.all()
        self.assertEqual(status, 0, agent.log())
        records += more
        return [r for r in records if not is_run(r)], [r for r in records if is_run(r)]


class Numbers(Watching):
    def check(self, first):
        listener = serve(self)
        agent = self.watch(query(f"sport = {port_of(listener)} or dport = {port_of(listener)}"))
        sizes = [(0, 0), (1, 1), (5000, 100), (100, 5000), (300000, 7)]
        ports = [transfer(listener, there, back, first) for there, back in sizes]
        records, runs = self.ended(agent, 10)
        self.assertEqual((len(records), len(runs), runs[0]["records"]), (10, 1, 10))
        by_end = {(r["local"]["port"], r["peer"]["port"]): r["tcp"] for r in records}
        self.assertEqual(len(by_end), 10)
        for port, (there, back) in zip(ports, sizes):
            client, server = by_end[port, port_of(listener)], by_end[port_of(listener), port]
            # the SYN of who connects is acknowledged as a byte, and each FIN; at the other end of a SYN it is not counted
            self.assertEqual((client["bytes_sent"], client["bytes_acked"], client["bytes_received"]), (there, there + 2, back + 1))
            self.assertEqual((server["bytes_sent"], server["bytes_acked"], server["bytes_received"]), (back, back + 1, there + 1))
            self.assertEqual((client["bytes_retrans"], server["bytes_retrans"], client["total_retrans"]), (0, 0, 0))

    def test_every_connection_gives_one_record_an_end_with_exactly_its_bytes(self):
        self.check("client")

    def test_whoever_closes_first(self):
        self.check("server")

    def test_ipv6_and_what_is_ipv4_inside(self):
        listener = serve(self, "::1", socket.AF_INET6)
        both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.addCleanup(both.close)
        agent = self.watch(query(f"dport = {port_of(listener)}") + query(f"sport = {port_of(both)}", name="mapped"))
        transfer(listener, 10, 20)
        transfer(both, 30, 40, address="127.0.0.1")
        records, _ = self.ended(agent, 2)
        self.assertEqual([(r["query"], r["family"], r["local"]["address"], r["tcp"]["bytes_sent"]) for r in records],
                         [("ends", "inet6", "::1", 10), ("mapped", "inet6", "::ffff:127.0.0.1", 40)])

    def test_the_record_has_what_the_event_has_and_nothing_else(self):
        listener = serve(self)
        before = time.time()
        agent = self.watch(query(f"dport = {port_of(listener)}"))
        client, server = connect(listener)
        inode = os.stat("/proc/self/ns/net").st_ino
        ours = client.getsockname()
        cookie = struct.unpack("Q", client.getsockopt(socket.SOL_SOCKET, 57, 8))[0]  # SO_COOKIE
        client.close(), server.close()
        [record], [run] = self.ended(agent, 1)
        self.assertEqual(set(record), KEYS)
        self.assertEqual((record["type"], record["seq"], record["run"]), ("closed", 0, run["run"]))
        self.assertEqual((record["table"], record["family"], record["protocol"]), ("tcp", "inet", "tcp"))
        self.assertEqual((record["local"], record["peer"]), ({"address": ours[0], "port": ours[1]},
                                                           {"address": "127.0.0.1", "port": port_of(listener)}))
        self.assertEqual((record["cookie"], record["netns"], run["netns"]), (str(cookie), {"inode": inode}, {"inode": inode}))
        self.assertNotIn("congestion_control", record["tcp"])
        self.assertGreater(record["time"], time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before)))

    def test_the_run_record_says_what_was_seen_and_lost(self):
        listener = serve(self)
        text = f"dport = {port_of(listener)}"
        agent = self.watch(query(text, "limit: 2") + query("", name="all"))
        for _ in range(5):
            transfer(listener, 1, 1)
        records, runs = self.ended(agent, 12)
        records, [run] = ([r for r in what if r["query"] == "ends"] for what in (records, runs))
        self.assertEqual((len(records), run["records"], run["sockets_matched"], run["cut"], run["sockets_seen"]), (2, 2, 5, 3, 10))
        self.assertEqual((run["lost"], run["partial"], run["errors"], run["walks"], run["skipped"]), (0, False, [], [], 0))
        self.assertEqual((run["previous_run"], run["interval_ms"], run["seq"]), (None, 3600000, 2))


class Datagrams(Watching):
    def test_udp_ends_too_with_addresses_and_nothing_more(self):
        agent = self.watch(query("", "sockets: [udp]"))
        connected = [socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)]
        for sock, address in zip(connected, ("127.0.0.1", "::1")):
            sock.connect((address, 9))
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind(("127.0.0.1", 0))
        never = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        port = bound.getsockname()[1]
        for sock in never, *connected, bound:
            sock.close()
            transfer(serve(self), 1, 1)  # which is not asked for
        records, [run] = self.ended(agent, 3)
        self.assertEqual(sorted((r["family"], r.get("peer", {}).get("port")) for r in records if "peer" in r),
                         [("inet", 9), ("inet6", 9)])
        [alone] = [r for r in records if "peer" not in r]
        self.assertEqual((alone["table"], alone["protocol"], alone["local"]["port"]), ("udp", "udp", port))
        self.assertEqual(set(alone), KEYS - {"peer", "tcp"})
        self.assertEqual((run["sockets_seen"], run["records"]), (4, 3))

    def test_beside_tcp_in_one_query(self):
        listener = serve(self)
        agent = self.watch(query(f"dport = {port_of(listener)}", "sockets: [tcp, udp]"))
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect(listener.getsockname())
        sock.close()
        transfer(listener, 1, 1)
        records, _ = self.ended(agent, 2)
        self.assertEqual(sorted(r["table"] for r in records), ["tcp", "udp"])


class Runs(Watching):
    def test_one_follows_another_and_nothing_is_missing_between(self):
        listener = serve(self)
        agent = self.watch(query(f"dport = {port_of(listener)}", interval="100ms"))
        for _ in range(300):
            transfer(listener, 3, 3)
            time.sleep(0.005)
        records, runs = self.ended(agent, 300)
        self.assertEqual(len(records), 300)
        self.assertGreater(len(runs), 5)
        chain(self, runs)
        self.assertEqual(sum(r["records"] for r in runs), 300)
        self.assertEqual([p for p in judge([agent.start] + records + runs)[0]], [])
        for run in runs:
            self.assertEqual([r["seq"] for r in records if r["run"] == run["run"]], list(range(run["records"])))

    def test_what_ends_is_told_within_a_second_or_two_of_a_long_run(self):
        listener = serve(self)
        agent = self.watch(query(f"dport = {port_of(listener)}"))
        for _ in range(2):
            transfer(listener, 1, 1)
            self.assertEqual(agent.until(lambda r: True)[0]["type"], "closed")

    def test_once_is_one_interval(self):
        listener = serve(self)
        agent = Agent(self, config(query(f"dport = {port_of(listener)}", interval="2s")), "--once")
        agent.wait_log("runs ")
        transfer(listener, 1, 1)
        records, status = agent.all()
        self.assertEqual((status, [r["type"] for r in records]), (0, ["closed", "run"]))
        self.assertGreater(records[1]["duration_us"], 1_900_000)

    def test_beside_a_snapshot_that_runs_all_the_time(self):
        listener = serve(self)
        snapshots = "  all: { interval: 100ms, timeout: 1m, filter: state all, outputs: [console] }\n"
        agent = self.watch(snapshots + query(f"dport = {port_of(listener)}"))
        for _ in range(50):
            transfer(listener, 1, 1)
            time.sleep(0.01)
        seen = []
        while sum(r["type"] == "closed" for r in seen) < 50:
            seen += agent.until(lambda r: True)
        _, runs = self.ended(agent, 0)
        self.assertEqual([r["records"] for r in runs if r["query"] == "ends"], [50])

    def test_usr1_leaves_it_alone(self):
        agent = self.watch(query())
        agent.signal(signal.SIGUSR1)
        agent.counts()
        _, runs = self.ended(agent, 0)
        self.assertEqual(len(runs), 1)

    def test_several_queries_each_get_what_they_want(self):
        one, two = serve(self), serve(self)
        text = "".join(query(f"dport = {port_of(listener)}", more, name=name) for name, listener, more in (
            ("one", one, ""), ("again", one, "fields: [local, cookie]"), ("two", two, ""), ("same", one, "")))
        agent = self.watch(text)
        for listener in one, two, one:
            transfer(listener, 1, 1)
        records, runs = self.ended(agent, 7)
        self.assertEqual({r["query"]: r["records"] for r in runs}, {"one": 2, "again": 2, "two": 1, "same": 2})
        fields = {name: [flat({k: v for k, v in r.items() if k not in ("query", "run", "seq")}) for r in records if r["query"] == name]
                  for name in ("one", "same")}
        self.assertEqual(fields["one"], fields["same"])
        self.assertEqual({k for r in records if r["query"] == "again" for k in r} & {"tcp", "peer", "cookie"}, {"cookie"})


class Unconnected(Watching):
    def ends(self):
        """Those that are left out, and those that never are."""
        refused = socket.socket()
        with self.assertRaises(ConnectionRefusedError):
            refused.connect(("127.0.0.1", 1))
        refused.close()
        waits = socket.socket()
        waits.setblocking(False)
        self.assertIn(waits.connect_ex(("127.0.0.1", 1)), (111, 115))
        waits.close()
        socket.socket().close()
        listener = serve(self)
        client, server = connect(listener)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close(), server.close()
        listener.close()
        return listener

    def test_refused_given_up_and_never_bound_are_left_out(self):
        agent = self.watch(query() + query("", "include_unconnected: true", name="every"))
        self.ends()
        records, runs = self.ended(agent, 8)
        self.assertEqual([r["sockets_seen"] for r in runs], [6, 6])
        # the listener; who was reset
        self.assertEqual(sorted(("peer" in r) for r in records if r["query"] == "ends"), [False, True])

    def test_they_are_told_where_that_is_wanted(self):
        agent = self.watch(query("", "include_unconnected: true"))
        self.ends()
        records, _ = self.ended(agent, 6)
        self.assertEqual(len(records), 6)
        never = [r for r in records if r["local"]["port"] == 0]
        self.assertEqual([("peer" in r) for r in never], [False])
        refused = [r for r in records if r.get("peer", {}).get("address") == "127.0.0.1" and "port" not in r["peer"]]
        self.assertEqual([r["local"]["address"] for r in refused], ["0.0.0.0", "0.0.0.0"])  # the reset one's own end, too


class Losses(Watching):
    def test_ten_thousand_connections_are_told_or_counted(self):
        listener = serve(self)
        agent = Agent(self, config(query(f"dport = {port_of(listener)}", "fields: [local, tcp.bytes_sent, tcp.bytes_acked]", "500ms"),
                                   "  console: { type: file, path: @DIR@/out.jsonl }\n"))
        agent.wait_log("runs ")
        for number in range(10000):
            client, server = connect(listener)
            client.send(bytes(1 + number % 100))
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # no TIME-WAIT: ports are few
            receive(server, 1 + number % 100)
            client.shutdown(socket.SHUT_WR)
            server.close()
            client.close()
        until("all of them", lambda: agent.counts()["queries"]["ends"]["records"] == 10000)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.status(), 0, agent.log())
        records = agent.file()
        runs = [r for r in records if is_run(r)]
        told = [r for r in records if not is_run(r)]
        self.assertEqual((len(told), sum(r["records"] for r in runs)), (10000 - sum(r["lost"] for r in runs),) * 2)
        self.assertEqual(sum(r["lost"] for r in runs), 0)  # 16 MiB hold them all
        self.assertEqual(sorted(r["tcp"]["bytes_sent"] for r in told), sorted(1 + n % 100 for n in range(10000)))
        with open(agent.path("out.jsonl"), "rb") as file:
            self.assertEqual(judge(list(file))[0], [])

    def overflow(self, agent, pairs):
        """So many ends are told while the agent does not read; when the events have come, it goes on."""
        listener = serve(self)
        pairs = [connect(listener) for _ in range(pairs)]
        agent.signal(signal.SIGSTOP)
        before = dropped()
        for client, server in pairs:
            client.close(), server.close()
        last = [before]
        until("drops", lambda: last.append(dropped()) or time.sleep(0.3) or last[-1] > before and dropped() == last[-1])
        agent.signal(signal.SIGCONT)

    def test_what_a_small_buffer_has_no_room_for_is_counted_exactly(self):
        agent = self.watch(query("", "receive_buffer: 64KiB, fields: [local]"))
        self.overflow(agent, 400)
        records, [run] = self.ended(agent, 0)
        self.assertEqual((len(records) + run["lost"], run["records"]), (800, len(records)))
        self.assertGreater(run["lost"], 500)
        self.assertTrue(run["partial"])
        self.assertEqual([e["code"] for e in run["errors"]], ["ENOBUFS"])
        self.assertIn(f"{run['lost']} sockets that ended are lost", run["errors"][0]["message"])

    def test_the_next_run_has_only_its_own_losses(self):
        agent = self.watch(query("", "receive_buffer: 64KiB, fields: [local]", "1s"))
        self.overflow(agent, 200)
        records = agent.until(lambda r: is_run(r) and r["lost"])
        told = sum(not is_run(r) for r in records)
        self.assertEqual(told + records[-1]["lost"], 400)
        agent.wait_log(f"{records[-1]['lost']} sockets that ended are lost")
        transfer(serve(self), 1, 1)
        records, runs = self.ended(agent, 2)
        self.assertEqual((len(records), sum(r["lost"] for r in runs), any(r["partial"] for r in runs)), (2, 0, False))


class Words(unittest.TestCase):
    def check(self, text, *arguments, verb="check"):
        agent = Agent(self, text, stdout=subprocess.DEVNULL)  # for its file alone
        agent.end()
        return subprocess.run([SOCKFEED, verb, "-c", agent.path("sockfeed.yaml"), *arguments], capture_output=True, text=True, timeout=PATIENCE)

    def test_a_filter_on_what_the_event_lacks_is_an_error(self):
        for text, name in (("uid = 0", "uid"), ("dport = :443 and skmem.drops > 0", "skmem.drops"), ("has inode", "inode"),
                           ("tcp.congestion_control = cubic", "tcp.congestion_control"), ("fwmark = 1", "mark"), ("recv_q_bytes > 0", "recv_q_bytes")):
            done = self.check(config(query(text)))
            self.assertEqual(done.returncode, 78, text)
            self.assertIn("this filter can never hold", done.stderr)
            self.assertIn(f"the kernel does not tell {name} of a socket that has ended", done.stderr)

    def test_a_state_is_an_error_as_it_has_none(self):
        done = self.check(config(query("state established and dport = :443")))
        self.assertEqual(done.returncode, 78)
        self.assertIn("a socket that has ended is in no state any more", done.stderr)

    def test_a_field_that_never_comes_is_warned_of_or_refused(self):
        done = self.check(config(query("", "fields: [local, uid]")))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the kernel does not tell uid of a socket that has ended", done.stderr)
        self.assertEqual(self.check(config(query("", "fields: [uid, skmem]"))).returncode, 78)

    def test_explain_says_what_is_watched_and_what_is_never_told(self):
        done = self.check(config(query("dport = :443 or uid = 0")), verb="explain")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in ("filter: dport = :443 or uid = 0", "tables: tcp", "mode: closed, each socket when it ends", "receive buffer: 16MiB",
                     "never told of a socket that has ended, so not compared with: uid"):
            self.assertIn(line + "\n", done.stdout)
        self.assertNotIn("states", done.stdout)


if __name__ == "__main__":
    main()
