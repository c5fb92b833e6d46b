#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""udp, udplite and mptcp agree with `ss` socket for socket and value for value (udplite, which ss does not know, with
/proc); several tables in one query are what each is alone; and tables that this kernel lacks are said, by their modules."""
import os
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import witness
from as_ss import attributes, head, head_of, is_cgroup
from world import SO_MARK, release

UDPLITE, MPTCP = 136, 262
V4, V6 = socket.AF_INET, socket.AF_INET6
INET = {"tcp": "tcp_diag", "udp": "udp_diag", "udplite": "udp_diag", "raw": "raw_diag", "sctp": "sctp_diag",
        "mptcp": "mptcp_diag"}
OF_MPTCP_LISTENERS = [f"mptcp.{name}" for name in ("add_addr_accepted_max", "add_addr_signal_max", "csum_enabled",
                                                   "local_addr_max", "subflows_max")]
opened = []


def datagram(family, address, protocol=0, peer=None, setup=None):
    sock = socket.socket(family, socket.SOCK_DGRAM, protocol)
    opened.append(sock)
    if setup:
        setup(sock)
    sock.bind((address, 0))
    if peer:
        sock.connect(peer.getsockname()[:2])
    return sock


def options(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_MARK, 42)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, 5)
    if sock.family == V4:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x28)
        sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 0x50)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


def datagrams(protocol):
    """Connected and not, of both families, with options, with unread data, with drops."""
    server = datagram(V4, "127.0.0.1", protocol)
    client = datagram(V4, "127.0.0.1", protocol, server)
    for _ in range(3):
        client.send(b"u" * 700)
    six = datagram(V6, "::1", protocol)
    datagram(V6, "::1", protocol, six).send(b"v" * 90)
    datagram(V4, "0.0.0.0", protocol)
    datagram(V6, "::", protocol)
    mapped = datagram(V6, "::", protocol)
    mapped.connect(("::ffff:127.0.0.1", server.getsockname()[1]))
    for family, address in ((V4, "127.0.0.1"), (V6, "::1")):
        datagram(family, address, protocol, setup=options)
    full = datagram(V4, "127.0.0.1", protocol, setup=lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096))
    for _ in range(20):
        client.sendto(b"w" * 1000, full.getsockname())
    half = datagram(V4, "127.0.0.1", protocol, server)
    half.shutdown(socket.SHUT_RD)


def streams():
    """MPTCP: listeners with and without a backlog, connections of both families, with unread data."""
    for family, address in ((V4, "127.0.0.1"), (V6, "::")):
        listener = socket.socket(family, socket.SOCK_STREAM, MPTCP)
        listener.bind((address, 0))
        listener.listen(7)
        opened.append(listener)
        target = ("127.0.0.1" if family == V4 else "::1", listener.getsockname()[1])
        for accepted in (True, False):
            client = socket.socket(family, socket.SOCK_STREAM, MPTCP)
            client.connect(target)
            opened.append(client)
            if not accepted:
                continue
            server = listener.accept()[0]
            opened.append(server)
            client.sendall(b"m" * 5000)
            server.sendall(b"n" * 100)
            assert len(client.recv(100)) == 100


def rows(option, words=("--tos", "--inet-sockopt")):
    """By cookie, what ss says; with the names of these tables for the states."""
    found = {row.cookie: row for row in witness.ask(list(words), f"-{option}animoeOH")}
    for row in found.values():
        row.state = "unconnected" if row.state == "bound-inactive" else row.state
    return found


def mptcp_as_ss(f):
    said = {}
    for name in ("subflows", "add_addr_signal", "add_addr_accepted", "subflows_max", "add_addr_signal_max",
                 "add_addr_accepted_max"):
        if f.get(f"mptcp.{name}"):
            said[name] = str(f[f"mptcp.{name}"])
    for flag, word in (("fallback", "fallback"), ("remote_key_received", "remote_key")):
        if flag in f.get("mptcp.flags", ()):
            said[word] = True
    if f.get("mptcp.token"):
        said["token"] = f"{f['mptcp.token']:x}"
    for name in ("write_seq", "snd_una", "rcv_nxt"):
        if int(f.get(f"mptcp.{name}", 0)):
            said[name] = f"{int(f[f'mptcp.{name}']):x}"
    return said


def as_ss(record):
    f = feed.flat(record)
    said = {"ino": str(f.get("inode", 0)), "sk": f"{int(f['cookie']):x}", **attributes(f), **mptcp_as_ss(f)}
    if f.get("uid"):
        said["uid"] = str(f["uid"])
    return said


class Agreement(unittest.TestCase):
    def agree(self, table, option):
        before = rows(option)
        records, run = feed.run(["state", "all"], sockets=table)
        self.assertEqual(before.keys(), {int(record["cookie"]) for record in records})
        self.assertEqual([(walk["table"], walk["dumps"]) for walk in run["walks"]], [(table, 2)])
        self.assertEqual(run["absent"], [])
        for record in records:
            row = before[int(record["cookie"])]
            theirs, name = witness.details(row), f"{record} {row.line}"
            path = theirs.pop("cgroup", None)
            if path and not path.startswith("unreachable"):
                self.assertTrue(is_cgroup(record["cgroup"]["id"], path), name)
            self.assertEqual((record["table"], record["protocol"]), (table, table))
            self.assertEqual(record["family"], "inet6" if ":" in record["local"]["address"] else "inet")
            self.assertEqual(head_of(record), head(row), name)
            ours = as_ss(record)
            for newer in set(theirs) - set(ours) if witness.version() > (6, 1) else ():
                print(f"note: this ss prints {newer}, which was not compared")
                theirs.pop(newer)
            self.assertEqual(ours, theirs, name)
        return records

    def test_udp(self):
        records = self.agree("udp", "u")
        flat = [feed.flat(record) for record in records]
        self.assertEqual({f["state"] for f in flat}, {"established", "unconnected"})
        for f in flat:
            self.assertEqual("peer.port" in f, f["state"] == "established")
            self.assertFalse([name for name in f if name.startswith(("tcp.", "timer.", "listen.", "mptcp.", "sctp."))])
        self.assertTrue(any(f["skmem.drops"] for f in flat))
        self.assertTrue(any(f["recv_q_bytes"] for f in flat))
        self.assertTrue({"mark", "interface.index", "v6only", "tclass"} <= {name for f in flat for name in f})

    def test_mptcp(self):
        records = self.agree("mptcp", "M")
        flat = [feed.flat(record) for record in records]
        listeners = [f for f in flat if f["state"] == "listening"]
        self.assertEqual(len(listeners), 2)
        self.assertEqual({f["listen.backlog_limit"] for f in listeners}, {7})
        connected = [f for f in flat if f["state"] == "established"]
        self.assertGreaterEqual(len(connected), 6)
        of_listeners = [] if release() >= (6, 5) else OF_MPTCP_LISTENERS
        for f in listeners:
            self.assertEqual(sorted(name for name in f if name.startswith("mptcp.")), of_listeners)
        for f in connected:
            self.assertEqual("mptcp.bytes_sent" in f, release() >= (6, 5))
            self.assertEqual("mptcp.last_data_sent_ms" in f, release() >= (6, 10))
            self.assertEqual("mptcp.endp_laminar_max" in f, release() >= (6, 18))
        if release() >= (6, 5):
            self.assertIn(5000, {f["mptcp.bytes_sent"] for f in connected})
            self.assertIn(5000, {f["mptcp.bytes_received"] for f in connected})
        tokens = {f["mptcp.token"] for f in connected}
        subflows = [feed.flat(record) for record in feed.run(["has", "subflow.token_loc"])[0]]
        self.assertTrue(tokens & {f["subflow.token_loc"] for f in subflows})

    def test_udplite(self):
        def ends(path):
            with open(path) as file:
                for line in list(file)[1:]:
                    words = line.split()
                    yield int(words[1].split(":")[1], 16), int(words[2].split(":")[1], 16), int(words[9])
        records, _ = feed.run(["state", "all"], sockets="udplite")
        self.assertEqual(sorted((r["local"]["port"], r["peer"]["port"] if "peer" in r else 0, r["inode"]) for r in records),
                         sorted([*ends("/proc/net/udplite"), *ends("/proc/net/udplite6")]))
        self.assertGreater(len(records), 8)
        self.assertEqual({(r["table"], r["protocol"]) for r in records}, {("udplite", "udplite")})

    def test_the_usual_states_are_those_of_ss(self):
        for table, option in (("udp", "u"), ("mptcp", "M")):
            ours = {int(record["cookie"]) for record in feed.run([], sockets=table)[0]}
            self.assertEqual(ours, {row.cookie for row in witness.ask([], f"-{option}nHeO", "established")})

    def test_filters_are_those_of_ss(self):
        port = next(sock for sock in opened if sock.type & 15 == socket.SOCK_DGRAM).getsockname()[1]
        for table, option in (("udp", "u"), ("mptcp", "M")):
            for text in (f"dport = :{port}", f"sport != :{port}", "src 127.0.0.1", "dst [::1]", "not src [::1]", "dev = lo",
                         "dst 127.0.0.0/8 and sport > :1024", "fwmark = 42", "src [::ffff:127.0.0.1] or dport < :2000"):
                ours = {int(record["cookie"]) for record in feed.run(["state", "all", "(", *text.split(), ")"],
                                                                     sockets=table)[0]}
                theirs = {row.cookie for row in witness.ask(["(", *text.split(), ")"], f"-{option}anHeO")}
                self.assertEqual(ours, theirs, (table, text))


class Several(unittest.TestCase):
    def test_several_tables_are_what_each_is_alone(self):
        apart = {}
        for table in ("tcp", "udp", "udplite", "mptcp"):
            apart[table] = {record["cookie"] for record in feed.run(["state", "all"], sockets=table)[0]}
        records, run = feed.run(["state", "all"], sockets="mptcp,udp,tcp,udplite,udp")
        self.assertEqual([walk["table"] for walk in run["walks"]], ["tcp", "udp", "udplite", "mptcp"])
        self.assertEqual(len({walk["id"] for walk in run["walks"]}), 4)
        together = {table: set() for table in apart}
        for record in records:
            together[record["table"]].add(record["cookie"])
        self.assertEqual(together, apart)
        self.assertEqual(run["sockets_seen"], sum(map(len, apart.values())))

    def test_a_field_of_one_table_leaves_the_others_unasked(self):
        records, run = feed.run(["mptcp.token > 0"], sockets="inet")
        self.assertEqual({record["table"] for record in records}, {"mptcp"})
        self.assertEqual([walk["table"] for walk in run["walks"]], ["mptcp"])

    def test_states_are_those_of_each_table(self):
        self.assertEqual({r["table"] for r in feed.run(["state", "unconnected"], sockets="tcp,udp,udplite")[0]},
                         {"udp", "udplite"})
        self.assertEqual({r["table"] for r in feed.run(["state", "listening"], sockets="udp,mptcp")[0]}, {"mptcp"})


class Lacking(unittest.TestCase):
    def setUp(self):
        _, run = feed.run(["state", "all"], ["--fields", "cookie"], sockets="inet")
        self.absent = run["absent"]
        if not self.absent:
            self.skipTest("this kernel has all tables")

    def query(self, sockets, *options):
        done = subprocess.run([feed.SOCKFEED, "query", "--sockets", sockets, *options, "state", "all"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        lines = [feed.parse(line.encode()) for line in done.stdout.splitlines() if line.startswith("{")]
        return done, lines

    def test_of_a_group_they_are_absent_and_the_others_are_there(self):
        for word in ("inet", "all"):
            done, lines = self.query(word, "--format", "json")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            run = lines[-1]
            self.assertLessEqual(set(self.absent), set(run["absent"]))
            self.assertEqual((run["errors"], run["partial"]), ([], False))
            self.assertLessEqual({"tcp", "udp"}, {line["table"] for line in lines[:-1]})
            self.assertLessEqual(set(self.absent), {walk["table"] for walk in run["walks"]})

    def test_named_themselves_they_are_errors_that_name_their_modules(self):
        for table in self.absent:
            for words in (table, f"all,{table}"):
                done, lines = self.query(words, "--format", "json")
                errors = lines[-1]["errors"]
                self.assertEqual(done.returncode, 1)
                self.assertEqual([(error["table"], error["code"]) for error in errors], [(table, "ENOENT")])
                self.assertIn(INET.get(table, "_diag"), errors[0]["message"])
                self.assertIn("module", errors[0]["message"])
                self.assertNotIn(table, lines[-1]["absent"])
                self.assertIn(f"{table}: this kernel has no", done.stderr)
            done, _ = self.query(table, "--format", "table")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{table}: this kernel has no", done.stderr)

    def test_they_are_asked_again_at_every_run(self):
        done, lines = self.query(self.absent[0], "--format", "json", "--count", "3", "--interval", "100ms")
        self.assertEqual(done.returncode, 1)
        self.assertEqual([line["errors"][0]["code"] for line in lines], ["ENOENT"] * 3)
        self.assertEqual([line["walks"][0]["dumps"] for line in lines], [1] * 3)


netns.enter()
datagrams(socket.IPPROTO_UDP)
try:
    datagrams(UDPLITE)
    streams()
except OSError as error:
    netns.skip(f"UDP-Lite or MPTCP cannot be made here: {error}")
unittest.main()
