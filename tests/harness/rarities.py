# SPDX-License-Identifier: Apache-2.0
"""Sockets of the tables that not every host has: raw and sctp. make() makes what can be made here."""
import select
import socket

SCTP = 132  # linux/in.h
V4, V6 = ("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)
kept = []


def keep(sock):
    kept.append(sock)
    return sock


def raw():
    for address, family, protocol in ((*V4, socket.IPPROTO_ICMP), (*V6, socket.IPPROTO_ICMPV6), (*V4, 89)):
        sock = keep(socket.socket(family, socket.SOCK_RAW, protocol))
        sock.bind((address, 0))
        connected = keep(socket.socket(family, socket.SOCK_RAW, protocol))
        connected.connect((address, 0))
        connected.send(b"\0" * 16)
    keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))


def connected(listener, to, *how):
    """A client and a server with data both ways, some of it unread; the listener stays."""
    client = keep(socket.socket(*how))
    client.setblocking(False)  # some answer only when the other end is accepted
    client.connect_ex(to)
    server = keep(listener.accept()[0])
    select.select([], [client], [], 10)
    client.setblocking(True)
    client.sendall(b"c" * 700)
    server.sendall(b"s" * 90)
    server.recv(100)


def sctp():
    for address, family in (V4, V6):
        listener = keep(socket.socket(family, socket.SOCK_STREAM, SCTP))
        listener.bind((address, 0))
        listener.listen(5)
        connected(listener, listener.getsockname()[:2], family, socket.SOCK_STREAM, SCTP)
    many = keep(socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, SCTP))
    many.bind((V4[0], 0))
    many.listen(1)
    client = keep(socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, SCTP))
    client.connect(many.getsockname())


def make():
    """{table: why it has no sockets, or None}"""
    made = {}
    for some in (raw, sctp):
        try:
            some()
            made[some.__name__] = None
        except OSError as error:
            made[some.__name__] = str(error)
    return made
