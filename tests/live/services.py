#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A port may be the name of a service, which is looked up for the protocols of the tables that are asked, in an
/etc/services of our own. Where one protocol is asked, or all agree, ss shows the same sockets; else it compares with whatever
entry its two look-ups left in their one buffer. One that has several ports is an error here, as it was meant to be there."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns

SERVICES = """message 7001/udp
every 7002/tcp
every 7002/udp other
twofold 7003/tcp
twofold 7004/udp
stream-of-messages 7005/sctp
twofold 7003/sctp
"""
OF_SS = {"tcp": "-t", "udp": "-u", "mptcp": "-M", "tcp,udp": "-tu"}


def explain(tables, *words):
    return subprocess.run([feed.SOCKFEED, "explain", "--sockets", tables, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60)


def ss(tables, *words):
    return subprocess.run(["ss", "-Han", OF_SS[tables], *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)


class Services(unittest.TestCase):
    def test_a_name_is_looked_up_for_the_protocols_that_are_asked(self):
        for tables, name, port in (("udp", "message", 7001), ("udplite", "message", 7001), ("tcp,udp", "message", 7001),
                                   ("tcp", "every", 7002), ("mptcp", "every", 7002), ("udp", "other", 7002),
                                   ("all", "every", 7002), ("tcp", "twofold", 7003), ("udp", "twofold", 7004),
                                   ("udp,netlink", "twofold", 7004), ("tcp,sctp,raw", "twofold", 7003),
                                   ("sctp", "stream-of-messages", 7005), ("inet", "stream-of-messages", 7005)):
            for words, form in ((("sport", "=", f":{name}"), f"sport = :{port}"), (("dst", f"*:{name}"), f"dst = :{port}"),
                                (("local.port", "=", name), f"local.port = {port}"),
                                (("dport", "in", f"(:{name},", "1)"), f"dport in (1, {port})"),
                                (("dport", "in", f"({name}-8000)"), f"dport in ({port}-8000)")):
                with self.subTest(tables=tables, words=words):
                    done = explain(tables, "state", "all", *words)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(f"({form})", done.stdout.splitlines()[0])

    def test_one_that_none_of_them_has_is_an_error_that_names_them(self):
        for tables, name, protocols in (("tcp", "message", "tcp"), ("udp", "stream-of-messages", "udp"),
                                        ("tcp,udp", "stream-of-messages", "tcp or udp"),
                                        ("mptcp,sctp,netlink", "message", "tcp or sctp"), ("all", "nobody", "tcp, udp or sctp")):
            with self.subTest(tables=tables, name=name):
                done = explain(tables, "dport", "=", f":{name}")
                self.assertEqual(done.returncode, 2)
                self.assertIn(f'no service is named "{name}"', done.stderr)
                self.assertIn(f"a name that /etc/services has for {protocols}\n", done.stderr)

    def test_raw_sockets_have_no_services(self):
        done = explain("raw", "dport", "=", ":every")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r'no service is named "every"\n(.*\n)+ *write a number such as :443\n$')

    def test_one_that_means_several_ports_is_an_error(self):
        for tables, ports in (("tcp,udp", "7003 for tcp, 7004 for udp"), ("udp,mptcp", "7003 for tcp, 7004 for udp"),
                              ("udp,sctp", "7004 for udp, 7003 for sctp"),
                              ("all", "7003 for tcp, 7004 for udp, 7003 for sctp")):
            for words in (("dport", "=", ":twofold"), ("peer.port", "=", "twofold"), ("src", ":twofold"),
                          ("sport", "in", "(1,", "twofold)"), ("sport", "in", "(1-twofold)"), ("sport", "in", "(twofold-8000)")):
                with self.subTest(tables=tables, words=words):
                    done = explain(tables, *words)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn(f'the service "twofold" has several ports: {ports}', done.stderr)
                    self.assertRegex(done.stderr, r"write a number such as :700[34]\n$")

    def test_ss_shows_the_same(self):
        for tables, name in (("udp", "message"), ("tcp", "twofold"), ("udp", "twofold"), ("tcp,udp", "every")):
            with self.subTest(tables=tables, name=name):
                ours, _ = feed.run(["state", "all", "sport", "=", f":{name}"], sockets=tables)
                theirs = ss(tables, "sport", "=", f":{name}")
                self.assertEqual((theirs.returncode, theirs.stderr), (0, ""))
                ports = re.findall(r"127\.0\.0\.1:(\d+) ", theirs.stdout)
                self.assertEqual(sorted(str(record["local"]["port"]) for record in ours), sorted(ports))
                self.assertTrue(ports)

    def test_ss_takes_no_others(self):
        for tables, name in (("tcp", "message"), ("tcp,udp", "nobody")):
            self.assertIn("Error: ", ss(tables, "sport", "=", f":{name}").stderr, name)


netns.enter()
netns.enter_mounts()
with tempfile.NamedTemporaryFile("w") as file:
    file.write(SERVICES)
    file.flush()
    if subprocess.run(["mount", "--bind", file.name, "/etc/services"], stderr=subprocess.DEVNULL).returncode:
        netns.skip("there is no /etc/services to lay another one over")
    opened = []
    for port, protocol in sorted(set(re.findall(r"(\d+)/(tcp|udp)", SERVICES))):
        opened.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM))
        opened[-1].bind(("127.0.0.1", int(port)))
        if protocol == "tcp":
            opened[-1].listen()
    result = unittest.main(exit=False).result
sys.exit(not result.wasSuccessful())
