#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On another kernel (KERNEL names its package): vsock, tipc and xdp, which ours seldom has, agree with `ss` socket for
socket and value for value, and with what was made; one that the kernel lacks is said with its module's name."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import as_ss
import emulated
import feed
import kernels
import vm
import witness

TABLES = "vsock", "tipc", "xdp"
STATES = {**witness.STATES, "UNCONN": "unconnected"}


def end(text):
    return tuple(None if part == "*" else int(part) for part in text.split(":"))


def skmem(f):
    parts = [f"{letters}{f[f'skmem.{name}_bytes'] % 2 ** 32}" for letters, name in as_ss.SKMEM]
    return f"({','.join(parts)},d{f['skmem.drops']})"


class Odd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kernel = vm.Kernel(kernels.PACKAGE)
        cls.modules = kernels.tables(kernel)
        cls.there = [table for table in TABLES
                     if all(name in kernel.paths or name in kernel.builtin for name in cls.modules[table])]
        modules = [name for table in cls.there for name in cls.modules[table] if name in kernel.paths] + ["vsock_loopback"]
        commands = []
        for table in TABLES:
            commands += [feed.command(["state", "all"], program=emulated.SOCKFEED, sockets=table),
                         ["/usr/bin/ss", f"--{table}", "-anemiHO"]]
        (cls.made,), said = emulated.run(kernels.PACKAGE, commands, ["odd"], modules)
        cls.ours = {table: said[2 * i] for i, table in enumerate(TABLES)}
        cls.theirs = {table: said[2 * i + 1].stdout.decode().splitlines() for i, table in enumerate(TABLES)}

    def records(self, table):
        """[each record flat]; skips where the kernel has no such sockets."""
        said = self.ours[table]
        if table not in self.there:
            self.assertEqual(said.status, 1)
            (error,) = feed.read(said.stdout, table)[1]["errors"]
            self.assertRegex(error["message"], rf"this kernel has no {self.modules[table][-1]} \(module")
            self.skipTest(f"this kernel has no {self.modules[table][-1]}, which is said")
        self.assertEqual(said.status, 0, said)
        self.assertIsInstance(self.made[table], dict, self.made[table])
        records, run = feed.read(said.stdout, table)
        self.assertEqual((run["errors"], run["partial"]), ([], False))
        flat = [feed.flat(record) for record in records]
        self.assertLessEqual(set(self.made[table].values()), {f["inode"] for f in flat})
        self.assertEqual(len({f["cookie"] for f in flat}), len(flat))
        return flat

    def test_vsock(self):
        records = self.records("vsock")
        ours = sorted(str((f["state"], *(f[f"vsock.{name}"] for name in ("src_cid", "src_port", "dst_cid", "dst_port"))))
                      for f in records)
        theirs = []
        for line in self.theirs["vsock"]:
            _, state, _, _, local, peer = line.split()[:6]
            theirs.append(str((STATES[state], *end(local), *end(peer))))
        self.assertEqual(ours, sorted(theirs))
        made = {f["inode"]: f for f in records}
        self.assertEqual(made[self.made["vsock"]["server"]]["shutdown"], "send")
        self.assertEqual(made[self.made["vsock"]["listener"]]["vsock.src_port"], 1024)
        self.assertEqual({f["socket_type"] for f in records}, {"stream"})

    def test_tipc(self):
        records = self.records("tipc")
        ours = {f["inode"]: (f["state"], f["tipc.stat_rcvq"], f["tipc.stat_sendq"], (f["tipc.addr"], f["tipc.ref"]),
                             (f["tipc.con_node"], f["tipc.con_sock"]) if "tipc.con_node" in f else None, int(f["cookie"]))
                for f in records}
        theirs = {}
        for line in self.theirs["tipc"]:
            found = re.match(r"(\S+) +(\d+) +(\d+) +(\S+) +(\S+) +ino:(\d+) sk:(\w+)", line)
            theirs[int(found[6])] = (STATES[found[1]], int(found[2]), int(found[3]), end(found[4]),
                                     end(found[5]) if found[5] != "-" else None, int(found[7], 16))
        self.assertEqual(ours, theirs)
        made = {name: next(f for f in records if f["inode"] == inode) for name, inode in self.made["tipc"].items()}
        self.assertEqual((made["listener"]["tipc.has_publ"], made["client"]["tipc.has_publ"]), (True, False))
        self.assertEqual((made["client"]["tipc.con_type"], made["client"]["tipc.con_inst"]), (18888, 3))
        self.assertEqual((made["server"]["tipc.stat_rcvq"], made["idle"]["socket_type"]), (1, "rdm"))

    def test_xdp(self):
        records = self.records("xdp")
        for f in records:
            line = next(line for line in self.theirs["xdp"] if f"ino:{f['inode']} " in line)
            for part in (f"sk:{int(f['cookie']):x} ", f"rx(entries:{f['xdp.rx_ring_entries']})",
                         f"umem(id:{f['xdp.umem_id']},size:{f['xdp.umem_size_bytes']},num_pages:{f['xdp.umem_num_pages']},"
                         f"chunk_size:{f['xdp.umem_chunk_size_bytes']},headroom:{f['xdp.umem_headroom_bytes']},"
                         f"ifindex:{f['xdp.umem_ifindex']},qid:{f['xdp.umem_queue_id']},zc:{int('zerocopy' in f['xdp.umem_flags'])},"
                         f"refs:{f['xdp.umem_refs']})", f"fr(entries:{f['xdp.umem_fill_ring_entries']})",
                         f"cr(entries:{f['xdp.umem_completion_ring_entries']})", f"rx dropped:{f['xdp.n_rx_dropped']},",
                         f"skmem:{skmem(f)}", f":q{f['xdp.queue_id']} "):
                self.assertIn(part, line)
            self.assertEqual((f["xdp.umem_size_bytes"], f["xdp.umem_headroom_bytes"], f["uid"]), (64 * 4096, 128, 0))
        self.assertEqual(len(records), len(self.theirs["xdp"]))


kernels.main()
