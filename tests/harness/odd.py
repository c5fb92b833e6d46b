# SPDX-License-Identifier: Apache-2.0
"""Sockets of vsock, xdp and tipc, where the kernel has them; each is known by its inode."""
import ctypes
import os
import socket
import struct
import threading

AF_XDP, SOL_XDP, UMEM_REG, FILL_RING, COMPLETION_RING, RX_RING = 44, 283, 4, 5, 6, 2
TIPC_TYPE = 18888
kept = []


def keep(sock):
    kept.append(sock)
    return os.fstat(sock.fileno()).st_ino


def vsock():
    listener = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    listener.bind((socket.VMADDR_CID_ANY, 1024))
    listener.listen(4)
    client = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    client.connect((1, 1024))  # VMADDR_CID_LOCAL
    server = listener.accept()[0]
    server.shutdown(socket.SHUT_WR)
    return {"listener": keep(listener), "client": keep(client), "server": keep(server)}


def tipc():
    listener = socket.socket(socket.AF_TIPC, socket.SOCK_STREAM)
    listener.bind((socket.TIPC_ADDR_NAMESEQ, TIPC_TYPE, 1, 5, socket.TIPC_NODE_SCOPE))
    listener.listen(4)
    client = socket.socket(socket.AF_TIPC, socket.SOCK_STREAM)
    accepted = []  # a connect returns when it is accepted
    thread = threading.Thread(target=lambda: accepted.append(listener.accept()[0]))
    thread.start()
    client.connect((socket.TIPC_ADDR_NAME, TIPC_TYPE, 3, 0))
    thread.join()
    server = accepted[0]
    client.send(b"x" * 100)
    idle = socket.socket(socket.AF_TIPC, socket.SOCK_RDM)
    return {"listener": keep(listener), "client": keep(client), "server": keep(server), "idle": keep(idle)}


def xdp():
    sock = socket.socket(AF_XDP, socket.SOCK_RAW)
    memory = ctypes.c_void_p()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.posix_memalign(ctypes.byref(memory), 4096, 64 * 4096)
    sock.setsockopt(SOL_XDP, UMEM_REG, struct.pack("QQIIII", memory.value, 64 * 4096, 2048, 128, 0, 0))
    for ring in (FILL_RING, COMPLETION_RING, RX_RING):
        sock.setsockopt(SOL_XDP, ring, struct.pack("i", 64))
    address = struct.pack("HHIII", AF_XDP, 1 << 1, socket.if_nametoindex("lo"), 0, 0)  # XDP_COPY
    if libc.bind(sock.fileno(), address, len(address)):
        raise OSError(ctypes.get_errno(), "bind")
    return {"bound": keep(sock)}


def make():
    made = {}
    for table, work in (("vsock", vsock), ("tipc", tipc), ("xdp", xdp)):
        try:
            made[table] = work()
        except OSError as error:  # this kernel has none
            made[table] = repr(error)
    return made
