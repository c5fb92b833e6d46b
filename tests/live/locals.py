#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unix, netlink and packet agree with `ss` socket for socket and value for value, and say besides what ss does not (owner,
identity, flags, time stamps, memberships), which who made the sockets knows; names are bytes and come back as such; and
vsock, xdp and tipc, where this kernel lacks them, are said by their modules."""
import base64
import collections
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import witness
from as_ss import SKMEM
from world import cookie_of, release

SOL_PACKET, SOL_NETLINK = 263, 270  # linux/socket.h
(ADD_MEMBERSHIP, RX_RING, COPY_THRESH, AUXDATA, ORIGDEV, VERSION, RESERVE, TX_RING, LOSS, VNET_HDR, TIMESTAMP,
 FANOUT) = 1, 5, 7, 8, 9, 10, 12, 13, 14, 15, 17, 18  # PACKET_*, linux/if_packet.h
ETH_P_ALL, ETH_P_IP, ETH_P_LLDP = 3, 0x800, 0x88CC
GENERIC = 16
SO_ATTACH_FILTER = 26
MODULES = {"vsock": "vsock_diag", "xdp": "xsk_diag", "tipc": "tipc_diag" if release() >= (6, 9) else "diag"}
WORDS = {1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket"}
OF_SS = {"u_str": "stream", "u_dgr": "dgram", "u_seq": "seqpacket", "p_raw": "raw", "p_dgr": "dgram"}

kept = []
known = {}  # inode: what is known of a socket beyond what ss says of it


def make(family, kind, protocol=0, **facts):
    sock = socket.socket(family, kind, protocol)
    kept.append(sock)
    known[os.fstat(sock.fileno()).st_ino] = {"cookie": str(cookie_of(sock)), "socket_type": WORDS[kind], **facts}
    return sock


def inode(sock):
    return os.fstat(sock.fileno()).st_ino


# ---- unix ----

def unix(kind=socket.SOCK_STREAM, name=None, peer=None, **facts):
    sock = make(socket.AF_UNIX, kind, **facts)
    if name is not None:
        sock.bind(name)
    if peer is not None:
        sock.connect(peer)
    return sock


def as_user(uid, work):
    os.seteuid(uid)
    try:
        return work()
    finally:
        os.seteuid(0)


def unixes(folder):
    """Every type, state and kind of name; unread data, halves that are shut down, other owners, who waits to be accepted."""
    path = os.path.join(folder, "listener")
    listener = unix(name=path)
    listener.listen(5)
    for _ in range(3):
        unix(peer=path).send(b"waits")
    quiet = unix(socket.SOCK_SEQPACKET, "\0quiet")
    quiet.listen(0)
    accepted = unix(socket.SOCK_SEQPACKET, peer="\0quiet")
    kept.append(quiet.accept()[0])
    accepted.send(b"12345")
    sink = unix(socket.SOCK_DGRAM, os.path.join(folder, "sink of messages"))
    for length in (7, 900):
        unix(socket.SOCK_DGRAM, peer=sink.getsockname()).send(b"d" * length)
    unix(socket.SOCK_DGRAM, "\0lonely\0name")
    unix(socket.SOCK_DGRAM)
    unix(socket.SOCK_STREAM, "")  # the kernel chooses a name
    for how in (socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR):
        ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ends[0].shutdown(how)
        kept.extend(ends)
    unlinked = os.path.join(folder, "unlinked")
    unix(socket.SOCK_DGRAM, unlinked)
    os.unlink(unlinked)
    as_user(1234, lambda: unix(socket.SOCK_DGRAM, uid=1234))


NAME = rb"(?P<name>.*?)"
UNIX = re.compile(rb"^(?P<type>u_\w+) +(?P<state>\S+) +(?P<recv>\d+) +(?P<send>\d+) +" + NAME + rb" (?P<ino>\d+) +\* (?P<peer>\d+)"
                  rb" +skmem:(?P<skmem>\S+) (?P<open>\S+)(?: +ino:(?P<file>\d+) dev:(?P<major>\d+)/(?P<minor>\d+))?"
                  rb"(?: +peers:(?P<peers>[ \d]*))?\s*$", re.M)
OPEN = {b"<->": "none", b"-->": "recv", b"<--": "send", b"---": "both"}
STATES = {**witness.STATES, "UNCONN": "unconnected"}


def run_ss(*options):
    done = subprocess.run(["ss", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


def unix_of_ss(options="-xanemHO"):
    """A multiset of rows."""
    said = run_ss(options)
    rows = collections.Counter()
    for found in UNIX.finditer(said):
        number = {name: int(found[name] or 0) for name in ("recv", "send", "ino", "peer", "file", "major", "minor")}
        name = found["name"].strip(b" ")
        rows[(OF_SS[found["type"].decode()], STATES[found["state"].decode()], number["recv"], number["send"],
              b"" if name == b"*" else name, number["ino"], number["peer"], found["skmem"].decode(), OPEN[found["open"]],
              number["file"], (number["major"], number["minor"]), tuple(map(int, (found["peers"] or b"").split())))] += 1
    assert sum(rows.values()) == len(re.findall(rb"^u_", said, re.MULTILINE)), said
    return rows


def inode_of_ss(line):
    return int(re.search(rb"(\d+) +\* +\d+\s*$", line)[1])


def exact(group, name):
    """The bytes of a field of bytes."""
    twin = group.get(f"{name}_base64")
    return group[name].encode() if twin is None else base64.b64decode(twin)


def skmem_of(f):
    parts = [f"{letters}{f[f'skmem.{name}_bytes'] % 2 ** 32}" for letters, name in SKMEM]
    return f"({','.join(parts)},d{f['skmem.drops']})"


def name_of(record):
    group = record.get("unix", {})
    assert not ("path" in group and "abstract" in group), record
    if "abstract" in group:
        return b"@" + exact(group, "abstract").replace(b"\0", b"@")
    return exact(group, "path") if "path" in group else b""


def unix_of_ours(record):
    f = feed.flat(record)
    listens = f["state"] == "listening"
    device = f.get("unix.vfs_dev", 0)  # major << 20 | minor, which ss takes for what stat(2) says
    assert ("unix.pending_inodes" in f) == listens, record
    queues = ("listen.backlog", "listen.backlog_limit") if listens else ("recv_q_bytes", "send_q_bytes")
    return (f["socket_type"], f["state"], *(f[queue] for queue in queues), name_of(record), f["inode"],
            f.get("unix.peer_inode", 0), skmem_of(f), f["shutdown"], f.get("unix.vfs_inode", 0),
            (os.major(device), os.minor(device)), tuple(f.get("unix.pending_inodes", ())))


ODD = [b"\0", b"\0\0", b"\0\xff\xfe", b"\0a\nb", b"\0\"\\\x1b[31m", b"\0" + b"n" * 107, b"\0caf\xc3\xa9", b"\0{\"x\":1}", b"\0 ", b"\0\0x\0"]


class Unix(unittest.TestCase):
    def test_it_agrees_with_ss(self):
        before = unix_of_ss()
        records, run = feed.run(["state", "all"], sockets="unix")
        ours = collections.Counter(map(unix_of_ours, records))
        self.assertEqual(ours, before)
        self.assertEqual([(walk["table"], walk["dumps"]) for walk in run["walks"]], [("unix", 1)])
        for record in records:
            f = feed.flat(record)
            self.assertEqual((f["table"], f["family"]), ("unix", "unix"))
            self.assertFalse([name for name in f if name.startswith(("local", "peer", "tcp", "protocol", "timer", "tls"))], f)
        self.assertEqual({r["state"] for r in records}, {"established", "listening", "unconnected"})
        self.assertEqual({r["socket_type"] for r in records}, {"stream", "dgram", "seqpacket"})
        self.assertIn(3, {len(r["unix"]["pending_inodes"]) for r in records if r["state"] == "listening"})
        self.assertIn([], [r["unix"]["pending_inodes"] for r in records if r["state"] == "listening"])

    def test_owner_and_identity_are_those_of_their_maker(self):
        records = {record["inode"]: record for record in feed.run(["state", "all"], sockets="unix")[0]}
        self.assertEqual(len({record["cookie"] for record in records.values()}), len(records))
        made = {number: facts for number, facts in known.items() if number in records}
        self.assertGreater(len(made), 10)
        for number, facts in made.items():
            self.assertLessEqual({"uid": os.geteuid(), **facts}.items(), records[number].items())
        files = [record["unix"] for record in records.values() if "path" in record.get("unix", {})]
        for file in files:
            if os.path.exists(file["path"]):
                status = os.stat(file["path"])
                self.assertEqual((file["vfs_inode"], file["vfs_dev"]),
                                 (status.st_ino, os.major(status.st_dev) << 20 | os.minor(status.st_dev)))
        self.assertGreaterEqual(len(files), 3)

    def test_usual_are_the_connected_and_all_datagrams(self):
        everything = {r["inode"]: r for r in feed.run(["state", "all"], sockets="unix")[0]}
        usual = {r["inode"] for r in feed.run([], sockets="unix")[0]}
        self.assertEqual(usual, {n for n, r in everything.items() if r["state"] == "established" or r["socket_type"] == "dgram"})
        self.assertLessEqual({row[5] for row in unix_of_ss("-xnemHO")}, usual)

    def test_states_are_asked_and_judged(self):
        for state in ("established", "listening", "unconnected", "connected", "closed"):
            ours = {r["inode"] for r in feed.run(["state", state], sockets="unix")[0]}
            theirs = {inode_of_ss(line) for line in run_ss("-xanHO", "state", state).splitlines()}
            self.assertEqual(ours, theirs, state)

    def test_src_is_a_pattern_of_names_as_in_ss(self):
        everything = {r["inode"]: name_of(r) for r in feed.run(["state", "all"], sockets="unix")[0]}
        folder = os.path.dirname(next(n for n in everything.values() if n.endswith(b"/listener"))).decode()
        for pattern in (f"{folder}/listener", f"{folder}/*", "*/SINK*", "@quiet", "@*", "@lonely@name", "*", "/nowhere/*"):
            ours = {r["inode"] for r in feed.run(["state", "all", "src", f'"{pattern}"'], sockets="unix")[0]}
            theirs = {inode_of_ss(line) for line in run_ss("-xanHO", "src", f"unix:{pattern}").splitlines()}
            if pattern != "*":  # ss takes `*` for what it shows of no name
                self.assertEqual(ours, theirs, pattern)
            rest = {r["inode"] for r in feed.run(["state", "all", "not", "src", f'"unix:{pattern}"'], sockets="unix")[0]}
            self.assertEqual(rest, everything.keys() - ours, pattern)
            other = {r["inode"] for r in feed.run(["state", "all", "src", "!=", f'"{pattern}"'], sockets="unix")[0]}
            self.assertEqual(other, everything.keys() - ours, pattern)

    def test_fields_may_be_compared(self):
        def found(*words):
            return {r["inode"] for r in feed.run(["state", "all", *words], sockets="unix")[0]}
        records = feed.run(["state", "all"], sockets="unix")[0]
        listener = next(r for r in records if len(r.get("unix", {}).get("pending_inodes", ())) == 3)
        waiting = listener["unix"]["pending_inodes"]
        self.assertEqual(found("unix.pending_inodes", "=", str(waiting[1])), {listener["inode"]})
        self.assertEqual(found(f"unix.pending_inodes in (1, {waiting[2]})"), {listener["inode"]})
        self.assertEqual(found(f"unix.pending_inodes != {waiting[0]}"),
                         {r["inode"] for r in records if r["state"] == "listening"} - {listener["inode"]})
        self.assertEqual(found(f'unix.path = "{listener["unix"]["path"]}"'), {listener["inode"]})
        self.assertEqual(found('unix.abstract ~ "^lonely"'), {r["inode"] for r in records if b"@lonely" in name_of(r)})
        self.assertEqual(found("socket_type", "=", "seqpacket"),
                         {r["inode"] for r in records if r["socket_type"] == "seqpacket"})
        self.assertEqual(found("has", "listen.backlog"), {r["inode"] for r in records if r["state"] == "listening"})

    def test_names_are_any_bytes(self):
        socks = {}
        for name in ODD:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.bind(name)
            socks[inode(sock)] = (sock, name)
        with tempfile.TemporaryDirectory() as folder:
            path = folder.encode() + b"/\xff\"\n\x01"
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.bind(path)
            socks[inode(sock)] = (sock, path)
            longest = (folder.encode() + b"/" + b"p" * 108)[:107]
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.bind(longest)
            socks[inode(sock)] = (sock, longest)
            records = {r["inode"]: r for r in feed.run(["state", "all"], sockets="unix")[0]}
        for number, (sock, name) in socks.items():
            group = records[number]["unix"]
            if name.startswith(b"\0"):
                self.assertEqual(b"\0" + exact(group, "abstract"), name)
                self.assertNotIn("path", group)
            else:
                self.assertEqual(exact(group, "path"), name)
                self.assertNotIn("abstract", group)
            sock.close()

    def test_a_listener_with_thousands_of_waiting_is_one_line(self):
        limit = int(open("/proc/sys/net/core/somaxconn").read())
        many = min(limit, 2000)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind("\0crowd")
            listener.listen(many)
            waiting = []
            try:
                for _ in range(many):
                    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    sock.connect("\0crowd")
                    waiting.append(sock)
            except OSError as error:
                self.skipTest(f"so many sockets cannot be opened: {error}")
            records, _ = feed.run(["state", "listening", "src", "@crowd"], sockets="unix")
            self.assertEqual(records[0]["unix"]["pending_inodes"], [inode(sock) for sock in waiting])
            everything, run = feed.run(["state", "all"], sockets="unix")
            self.assertEqual(len({r["cookie"] for r in everything}), run["records"])
            for sock in waiting:
                sock.close()


# ---- netlink ----

def netlinks():
    sock = make(socket.AF_NETLINK, socket.SOCK_RAW, 0, groups=[1, 5, 33],
                flags=["pktinfo", "no_enobufs", "cap_ack"], state="unconnected", dst=(0, 0))
    sock.bind((0, 1 | 1 << 4))
    sock.setsockopt(SOL_NETLINK, 1, 33)  # NETLINK_ADD_MEMBERSHIP
    for option in (3, 5, 10):  # PKTINFO, NO_ENOBUFS, CAP_ACK
        sock.setsockopt(SOL_NETLINK, option, 1)
    sock = make(socket.AF_NETLINK, socket.SOCK_DGRAM, GENERIC, flags=["broadcast_error"], state="connected",
                dst=(0, 2))
    sock.bind((0, 0))
    sock.setsockopt(SOL_NETLINK, 4, 1)  # BROADCAST_ERROR
    sock.connect((0, 1 << 1))
    sock = make(socket.AF_NETLINK, socket.SOCK_RAW, 15, groups=[1], flags=[], state="unconnected", dst=(0, 0))
    sock.bind((0, 1))


NETLINK = re.compile(r"^UNCONN +(\d+) +(\d+) +(\S+):(\d+) +(?:\*|(\d+):(\d+)) +sk=\S+ cb=\S+ groups=0x(\S+)\s+skmem:(\S+)\s*$", re.M)
PROTOCOLS = {0: "route", 2: "usersock", 4: "sock_diag", 6: "xfrm", 7: "selinux", 9: "audit", 10: "fib_lookup", 11: "connector",
             12: "netfilter", 15: "kobject_uevent", 16: "generic", 18: "scsitransport", 20: "rdma", 21: "crypto", 22: "smc"}


def netlink_of_ss():
    said = run_ss("-f", "netlink", "-anemHO").decode()
    rows = set()
    for recv, send, protocol, port, _, _, groups, skmem in NETLINK.findall(said):
        if int(protocol) != 4 or not int(port):  # those who ask just now
            rows.add((PROTOCOLS.get(int(protocol), f"unknown-{protocol}"), int(port), int(groups, 16), skmem))
    return rows


class Netlink(unittest.TestCase):
    def test_it_agrees_with_ss(self):
        def moving(rows):
            """The kernel's own socket of sock_diag has what is on its way."""
            return {(protocol, port, groups, "" if protocol == "sock_diag" else skmem) for protocol, port, groups, skmem in rows}
        theirs = netlink_of_ss()
        records, run = feed.run(["state", "all"], sockets="netlink")
        ours = set()
        for record in records:
            f = feed.flat(record)
            self.assertEqual((f["table"], f["family"]), ("netlink", "netlink"))
            self.assertNotIn("state", f)
            groups = sum(1 << group - 1 for group in f.get("netlink.groups", ()) if group <= 32)
            if f["protocol"] != "sock_diag" or not f["netlink.portid"]:
                ours.add((f["protocol"], f["netlink.portid"], groups, skmem_of(f)))
        self.assertEqual(moving(ours), moving(theirs))
        self.assertEqual(len({record["cookie"] for record in records}), len(records))
        self.assertGreaterEqual(run["duplicates"], 0)

    def test_what_ss_does_not_say_is_what_was_made(self):
        records = {r["inode"]: feed.flat(r) for r in feed.run(["state", "all"], sockets="netlink")[0] if "inode" in r}
        made = {number: facts for number, facts in known.items() if "dst" in facts}
        self.assertEqual(len(made), 3)
        for number, facts in made.items():
            f = records[number]
            self.assertEqual((f["cookie"], f["socket_type"]), (facts["cookie"], facts["socket_type"]))
            self.assertEqual(set(f["netlink.flags"]), set(facts["flags"]))
            self.assertEqual(f.get("netlink.groups", []), facts.get("groups", f.get("netlink.groups", [])))
            self.assertEqual((f["netlink.dst_portid"], f["netlink.dst_group"]), facts["dst"])
            self.assertEqual(f["netlink.state"], facts["state"])

    def test_the_usual_ones_are_all(self):
        def key(record):
            return record["cookie"]
        def mine(records):
            return {key(r) for r in records if r["protocol"] != "sock_diag"}
        self.assertEqual(mine(feed.run([], sockets="netlink")[0]), mine(feed.run(["state", "all"], sockets="netlink")[0]))

    def test_filters(self):
        everything = {r["cookie"]: feed.flat(r) for r in feed.run([], sockets="netlink")[0] if r["protocol"] != "sock_diag"}

        def found(*words):
            return {r["cookie"] for r in feed.run(words, sockets="netlink")[0]} & everything.keys()

        def where(holds):
            return {cookie for cookie, f in everything.items() if holds(f)}
        self.assertEqual(found("protocol", "=", "route"), where(lambda f: f["protocol"] == "route"))
        self.assertEqual(found("src", "route:kernel"),
                         where(lambda f: f["protocol"] == "route" and not f["netlink.portid"]))
        self.assertEqual(found("src", "*:kernel"), where(lambda f: not f["netlink.portid"]))
        self.assertEqual(found("src", "netlink:generic"), where(lambda f: f["protocol"] == "generic"))
        self.assertEqual(found("not", "src", "15:*"), where(lambda f: f["protocol"] != "kobject_uevent"))
        self.assertEqual(found("netlink.groups", "=", "33"), where(lambda f: 33 in f.get("netlink.groups", ())))
        self.assertEqual(found("netlink.flags", "=", "pktinfo"), where(lambda f: "pktinfo" in f["netlink.flags"]))
        self.assertEqual(found("protocol in (route, unknown-99)"), where(lambda f: f["protocol"] == "route"))


# ---- packet ----

def packet(kind=socket.SOCK_RAW, protocol=ETH_P_ALL, device="lo", setup=None, **facts):
    sock = make(socket.AF_PACKET, kind, **facts)
    if setup:
        setup(sock)
    if device:
        sock.bind((device, protocol))
    return sock


def option(sock, name, value):
    sock.setsockopt(SOL_PACKET, name, value)


def packets():
    packet()
    packet(socket.SOCK_DGRAM, ETH_P_IP)
    packet(protocol=ETH_P_LLDP)
    packet(device=None)

    def flags(sock):
        for name in (AUXDATA, ORIGDEV, VNET_HDR):
            option(sock, name, 1)
        option(sock, COPY_THRESH, 5)
        option(sock, TIMESTAMP, 1 << 6 | 1 << 3)
    packet(setup=flags, timestamp=["rx_software", "raw_hardware"])

    def rx(sock):
        option(sock, VERSION, 2)
        option(sock, RESERVE, 16)
        option(sock, LOSS, 1)
        option(sock, RX_RING, struct.pack("7I", 8192, 4, 2048, 16, 60, 16, 1))
    packet(setup=rx, reserve_bytes=16, rx_ring_sizeof_priv_bytes=16)

    def tx(sock):
        option(sock, VERSION, 1)
        option(sock, TX_RING, struct.pack("4I", 4096, 4, 2048, 8))
    packet(setup=tx)
    option(packet(), FANOUT, struct.pack("I", 77 | 2 << 16))

    def members(sock):
        index = socket.if_nametoindex("lo")
        option(sock, ADD_MEMBERSHIP, struct.pack("IHH8s", index, 0, 6, b"\1\0^\0\0\1"))
        for _ in range(2):
            option(sock, ADD_MEMBERSHIP, struct.pack("IHH8s", index, 1, 0, b""))
        code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xFFFF) * 3)
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 3, ctypes.addressof(code)))
    packet(setup=members, filter_length=3, mclist={("multicast", "01:00:5e:00:00:01", 1), ("promisc", "", 2)})


ETHER = {"*": "all", "[0]": "none", "[2048]": "ip", "ip": "ip", "lldp": "lldp", f"[{ETH_P_LLDP}]": "lldp"}


def packet_of_ss():
    rows = {}
    for line in run_ss("-0anemHOb").decode().splitlines():
        kind, _, recv, send, local, _, *rest = line.split()
        protocol, device = local.rsplit(":", 1)
        words = " ".join(rest)
        facts = dict(re.findall(r"(ino|sk|ver|cpy_thresh):(\S+)", words))
        rings = {name: dict(re.findall(r"(\w+):(\w+)", found)) for name, found in re.findall(r"ring_([rt]x)\(([^)]*)\)", words)}
        fanout = re.search(r"fanout\(id:(\d+),type:(\w+)\)", words)
        flags = re.search(r"flags\( ([^)]*) \)", words)[1].split()
        filters = re.search(r"bpf filter \((\d+)\)", words)
        rows[int(facts["ino"])] = (
            OF_SS[kind], ETHER[protocol], socket.if_nametoindex(device) if device != "*" else 0, int(facts["sk"], 16),
            int(facts["ver"]), int(facts["cpy_thresh"]), [f for f in flags if f != "0"],
            {name: (int(r["blk_size"]), int(r["blk_nr"]), int(r["frm_size"]), int(r["frm_nr"]), int(r["tmo"]),
                    int(r["features"], 16)) for name, r in rings.items()},
            (int(fanout[1]), fanout[2]) if fanout else None, int(filters[1]) if filters else None,
            re.search(r"skmem:(\S+)", words)[1])
    return rows


def packet_of_ours(record):
    f = feed.flat(record)
    ring = ("block_size_bytes", "block_nr", "frame_size_bytes", "frame_nr", "retire_tmo_ms", "features")
    return (f["socket_type"], f["protocol"], f.get("interface.index", 0), int(f["cookie"]), f["packet.version"],
            f["packet.copy_thresh"], f["packet.flags"],
            {way: tuple(f[f"packet.{way}_ring_{name}"] for name in ring) for way in ("rx", "tx")
             if f"packet.{way}_ring_block_nr" in f},
            (f["packet.fanout_id"], f["packet.fanout_type"]) if "packet.fanout_id" in f else None,
            f.get("packet.filter_length"), skmem_of(f))


class Packet(unittest.TestCase):
    def test_it_agrees_with_ss(self):
        theirs = packet_of_ss()
        records, run = feed.run(["state", "all"], sockets="packet")
        self.assertEqual({record["inode"]: packet_of_ours(record) for record in records}, theirs)
        self.assertGreaterEqual(len(records), 9)
        self.assertEqual(run["duplicates"], 0)
        for record in records:
            self.assertEqual((record["table"], record["family"]), ("packet", "packet"))
            self.assertNotIn("state", record)

    def test_what_ss_does_not_say_is_what_was_made(self):
        records = {r["inode"]: feed.flat(r) for r in feed.run([], sockets="packet")[0]}
        seen = set()
        for number, f in records.items():
            facts = known[number]
            self.assertEqual((f["cookie"], f["uid"]), (facts["cookie"], os.geteuid()))
            self.assertEqual(f["packet.timestamp"], facts.get("timestamp", []))
            for name in ("reserve_bytes", "rx_ring_sizeof_priv_bytes", "filter_length"):
                if name in facts:
                    self.assertEqual(f[f"packet.{name}"], facts[name])
                    seen.add(name)
            members = set(zip(f["packet.mclist_type"], f["packet.mclist_addr"], f["packet.mclist_count"]))
            self.assertEqual(members, facts.get("mclist", set()))
            self.assertEqual(set(f["packet.mclist_index"]), {socket.if_nametoindex("lo")} if members else set())
        self.assertEqual(len(seen), 3)

    def test_filters(self):
        everything = {r["cookie"]: feed.flat(r) for r in feed.run([], sockets="packet")[0]}

        def check(words, holds):
            found = {r["cookie"] for r in feed.run(words, ["--fields", "cookie"], sockets="packet")[0]}
            self.assertEqual(found, {cookie for cookie, f in everything.items() if holds(f)}, words)
        check(["dev", "lo"], lambda f: "interface.index" in f)
        check(["not", "dev", "lo"], lambda f: "interface.index" not in f)
        check(["src", "ip:lo"], lambda f: f["protocol"] == "ip")
        check(["src", "link:lldp"], lambda f: f["protocol"] == "lldp")
        check(["protocol", "=", "ip"], lambda f: f["protocol"] == "ip")
        check(["protocol", "!=", "all"], lambda f: f["protocol"] != "all")
        check(["packet.mclist_addr", "=", "01:00:5e:00:00:01"], lambda f: f["packet.mclist_addr"])
        check(["packet.mclist_type", "=", "promisc"], lambda f: f["packet.mclist_addr"])
        check(["packet.timestamp", "=", "raw_hardware"], lambda f: f["packet.timestamp"])
        check(["packet.rx_ring_block_size_bytes", "=", "8KiB"], lambda f: "packet.rx_ring_block_nr" in f)
        check(["packet.fanout_type", "=", "cpu"], lambda f: "packet.fanout_id" in f)


class All(unittest.TestCase):
    def test_all_is_what_each_table_is(self):
        records, run = feed.run(["state", "all"], sockets="all")
        for table in ("unix", "packet"):
            alone = {r["cookie"] for r in feed.run(["state", "all"], sockets=table)[0]}
            self.assertEqual({r["cookie"] for r in records if r["table"] == table}, alone)
        walked = [walk["table"] for walk in run["walks"]]
        self.assertEqual(len(walked), 12)
        self.assertLessEqual(set(run["absent"]), set(walked))

    def test_ports_and_addresses_are_of_those_that_have_them(self):
        for words in (["sport", "!=", ":1"], ["dport", "=", ":0"], ["not", "has", "unix.path", "dst", "!=", "10.0.0.1"]):
            tables = {r["table"] for r in feed.run(["state", "all", *words], sockets="all")[0]}
            self.assertFalse(tables & {"unix", "netlink", "packet"}, words)
        self.assertEqual({r["table"] for r in feed.run(["state", "all", "src", "/*"], sockets="all")[0]}, {"unix"})

    def test_the_usual_ones_of_all_are_those_of_each(self):
        def keys(records):
            return {(r["table"], r["cookie"]) for r in records if r["table"] != "netlink"}
        apart = set()
        for table in ("tcp", "udp", "unix", "packet"):
            apart |= keys(feed.run([], sockets=table)[0])
        together = keys(feed.run([], sockets="tcp,udp,unix,netlink,packet")[0])
        self.assertEqual(together, apart)


class Lacking(unittest.TestCase):
    def test_they_are_errors_that_name_their_modules(self):
        _, run = feed.run(["state", "all"], sockets="all")
        absent = [table for table in MODULES if table in run["absent"]]
        if not absent:
            self.skipTest("this kernel has vsock, xdp and tipc")
        for table in absent:
            done = subprocess.run([feed.SOCKFEED, "query", "--sockets", table, "--format", "json", "state", "all"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
            last = feed.parse(done.stdout.splitlines()[-1])
            self.assertEqual((done.returncode, last["records"], last["partial"]), (1, 0, True))
            self.assertEqual([(error["table"], error["code"]) for error in last["errors"]], [(table, "ENOENT")])
            self.assertRegex(last["errors"][0]["message"], rf"modules? .*\b{MODULES[table]}\)")


if os.geteuid() != 0:
    netns.skip("packet sockets, and sockets of others, are made by root")
netns.enter()
with tempfile.TemporaryDirectory() as folder:
    unixes(folder)
    netlinks()
    packets()
    result = unittest.main(exit=False).result
sys.exit(not result.wasSuccessful())
