# SPDX-License-Identifier: Apache-2.0
"""Real TCP sockets in every state that can be made, in the network namespace of the caller.

How: a socket filter that accepts nothing makes a host deaf at one socket, so that a SYN, a FIN or data are never
acknowledged, without a packet filter and without rights; CLOSING needs both ends deaf when both say FIN, then one hears.

A socket is named for what it is. `World.sockets` has an entry for each, known by its cookie, which it keeps from
SYN-RECV to TIME-WAIT; what the kernel made and nobody accepted yet is counted in `World.anonymous`, by state.
"""
import atexit
import contextlib
import ctypes
import os
import socket
import struct
import time

from netns import skip

# asm-generic/socket.h
SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_MARK, SO_MAX_PACING_RATE, SO_COOKIE = 26, 27, 36, 47, 57
TCP_LINGER2, TCP_FASTOPEN, TCP_ULP, TCP_FASTOPEN_NO_COOKIE = 8, 23, 31, 34  # linux/tcp.h
MSG_FASTOPEN = 0x20000000  # linux/socket.h
SOL_TLS, TLS_TX = 282, 1  # linux/socket.h, linux/tls.h
TLS_KEY = struct.pack("=HH8s16s4s8s", 0x0304, 51, b"", b"", b"", b"")  # 1.3, AES-GCM-128: a key of zeros
IPPROTO_MPTCP = 262
STATES = [None, "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait", "bound-inactive",
          "close-wait", "last-ack", "listening", "closing"]  # include/net/tcp_states.h

V4, V6 = ("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)

# One instruction of classic BPF: return 0, the packet is dropped (linux/filter.h).
DEAF = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))


class Made:
    """A socket as it should be seen."""

    def __init__(self, name, state, cookie, idle, orphan, traits):
        self.name, self.state, self.cookie = name, state, cookie
        self.idle = idle      # nothing happens to it by itself, and nothing is sent to it
        self.orphan = orphan  # its process has closed it
        self.traits = traits  # what else is known of it: "mark", "cc bbr" ...

    def __repr__(self):
        return f"{self.name} ({self.state}, cookie {self.cookie})"


def cookie_of(sock):
    return struct.unpack("Q", sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]


def state_of(sock):
    return STATES[sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]]


def deafen(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(DEAF)))


def undeafen(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def wait_for(sock, state):
    until = time.monotonic() + 10
    while state_of(sock) != state:
        if time.monotonic() > until:
            raise AssertionError(f"a socket stays {state_of(sock)}, it should become {state}")
        time.sleep(0.01)


def read(path):
    """"" where it is not there."""
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def release():
    """Of the running kernel, (6, 18)."""
    return tuple(int(number) for number in os.uname().release.split("-")[0].split(".")[:2])


def bound_inactive_is_shown():
    return release() >= (6, 8)


class World:
    def __init__(self):
        self.sockets = {}    # cookie: Made
        self.anonymous = {}  # state: how many sockets of no known cookie
        self.subflows = 0    # how many of them are of MPTCP
        self.cgroup = None   # the path of the one that some were made in
        self.open = []       # keeps the descriptors

    def __getstate__(self):
        """What can be told to others."""
        return {**vars(self), "open": []}

    def add(self, name, sock, state=None, *, cookie=None, idle=True, orphan=False, traits=()):
        made = Made(name, state or state_of(sock), cookie or cookie_of(sock), idle, orphan, frozenset(traits))
        self.sockets[made.cookie] = made
        if sock:
            self.open.append(sock)

    def traits(self):
        """Of all sockets together."""
        return {trait for made in self.sockets.values() for trait in made.traits} | ({"mptcp"} if self.subflows else set())

    def listener(self, where, backlog=8, v6only=None, setup=None, port=0):
        sock = socket.socket(where[1], socket.SOCK_STREAM)
        if v6only is not None:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
        if setup:
            setup(sock)
        sock.bind((where[0], port))
        sock.listen(backlog)
        return sock

    def pair(self, where=V4, setup=None, protocol=0, listen_at=None):
        """Two connected sockets, the client first; `setup` runs on both before they are. Their listener is gone."""
        listener = socket.socket((listen_at or where)[1], socket.SOCK_STREAM, protocol)
        if listen_at:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        client = socket.socket(where[1], socket.SOCK_STREAM, protocol)
        for sock in (listener, client) if setup else ():
            setup(sock)
        listener.bind(((listen_at or where)[0], 0))
        listener.listen(1)
        client.connect((where[0], listener.getsockname()[1]))
        server = listener.accept()[0]
        listener.close()
        return client, server

    def add_pair(self, name, pair, **more):
        self.add(f"{name}, client", pair[0], **more)
        self.add(f"{name}, server", pair[1], **more)


def talk(pair, there, back):
    """Some bytes each way, read to the end, in parts that make several segments and round trips."""
    for one, other, length in ((pair[0], pair[1], there), (pair[1], pair[0], back)):
        while length > 0:
            part = min(length, 1500)
            one.sendall(b"x" * part)
            length -= part
            while part > 0:
                part -= len(other.recv(part))


# ---- each makes some sockets of a world ----

def listening(world):
    world.add("listener, v4", world.listener(V4, 8), "listening")
    world.add("listener, v4, any address", world.listener(("0.0.0.0", socket.AF_INET)), "listening")
    world.add("listener, v6only", world.listener(("::", socket.AF_INET6), 8, True), "listening", traits=["v6only"])
    world.add("listener, v6", world.listener(V6), "listening")
    for name, limit, clients in (("some of it used", 16, 3), ("full", 2, 3)):  # one more than the limit fits
        sock = world.listener(("::", socket.AF_INET6), limit, False)
        world.add(f"listener, dual-stack, backlog {name}", sock, "listening", traits=[f"backlog {clients} of {limit}"])
        for number in range(clients):
            where = V4 if number % 2 else V6
            client = socket.create_connection((where[0], sock.getsockname()[1]), timeout=5)
            world.add(f"client {number} of the backlog that is {name}", client)
            world.anonymous["established"] = world.anonymous.get("established", 0) + 1
    mine = world.listener(("0.0.0.0", socket.AF_INET), setup=lambda s: s.setsockopt(
        socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo"))
    world.add("listener, bound to lo", mine, "listening", traits=["device"])


def established(world):
    for name, where, at in (("v4", V4, None), ("v6", V6, None), ("v4-mapped", V4, ("::", socket.AF_INET6))):
        pair = world.pair(where, listen_at=at)
        talk(pair, 40000, 3000)
        world.add_pair(f"established, {name}", pair)
    silent = world.pair()
    world.add_pair("established, without data", silent)
    unread = world.pair(V6)
    unread[0].sendall(b"y" * 1234)
    world.add_pair("established, unread data", unread, traits=["unread"])


def https(world):
    """Port 443, on either side."""
    listener = world.listener(("::", socket.AF_INET6), 8, False, port=443)
    world.add("listener, port 443", listener, "listening")
    for name, where in (("v4", V4), ("v6", V6)):
        client = socket.create_connection((where[0], 443), timeout=5)
        server = listener.accept()[0]
        talk((client, server), 517, 6000)
        world.add_pair(f"port 443, {name}", (client, server))


def options(world):
    def some(sock):
        sock.setsockopt(socket.SOL_SOCKET, SO_MARK, 42)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, 5)
        sock.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, 12500000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)

    def v4(sock):
        some(sock)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x28)
        sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
        sock.setsockopt(socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND

    def v6(sock):
        some(sock)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 0x50)

    for name, where, setup in (("v4", V4, v4), ("v6", V6, v6)):
        pair = world.pair(where, setup)
        talk(pair, 9000, 9000)
        world.add_pair(f"options, {name}", pair, traits=["mark", "device"])
    kept = world.pair()
    for sock in kept:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    world.add_pair("keepalive", kept, traits=["keepalive"])
    half = world.pair()
    half[0].shutdown(socket.SHUT_RD)
    world.add_pair("shut down for receiving", half)


def congestion_controls(world):
    for name in read("/proc/sys/net/ipv4/tcp_available_congestion_control").split():
        def choose(sock, name=name):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name.encode())
        pair = world.pair(V4, choose)
        talk(pair, 200000, 5000)
        world.add_pair(f"congestion control {name}", pair, traits=[f"cc {name}"])


@contextlib.contextmanager
def sysctl(name, value):
    """Another value for a while, in this namespace alone; says whether that is permitted here."""
    path = f"/proc/sys/net/ipv4/{name}"
    before = read(path)
    try:
        with open(path, "w") as file:
            file.write(value)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        with open(path, "w") as file:
            file.write(before)


def rare_options(world):
    with sysctl("tcp_ecn", "1") as permitted:
        if permitted:
            pair = world.pair(V6)
            talk(pair, 3000, 3000)
            world.add_pair("ECN", pair, traits=["ecn"])
    with sysctl("tcp_fastopen", "3") as permitted:
        if permitted:
            listener = socket.socket()
            listener.bind((V4[0], 0))
            listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 4)
            listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
            listener.listen(4)
            client = socket.socket()
            client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
            client.sendto(b"early", MSG_FASTOPEN, listener.getsockname())
            server = listener.accept()[0]
            listener.close()
            server.recv(100)
            world.add_pair("Fast Open", (client, server), traits=["fastopen"])
    if os.geteuid() == 0:
        try:
            os.seteuid(65534)
            pair = world.pair()
        except OSError:  # a user namespace with one user
            return
        finally:
            os.seteuid(0)
        world.add_pair("of another user", pair, traits=["uid 65534"])


def cgroup_mount():
    """Of cgroup v2, or None."""
    mounts = (line.split() for line in read("/proc/self/mounts").split("\n"))
    return next((words[1] for words in mounts if len(words) > 2 and words[2] == "cgroup2"), None)


def of_a_cgroup(world):
    """A pair that was made in a cgroup of its own, where one can be made."""
    mount = cgroup_mount()
    home = next((line[3:] for line in read("/proc/self/cgroup").split("\n") if line.startswith("0::")), None)
    if mount is None or home is None:
        return
    path = f"{mount}{home.rstrip('/')}/sockfeed-test-{os.getpid()}"
    try:
        os.mkdir(path)
    except OSError:
        return
    atexit.register(os.rmdir, path)
    try:
        with open(f"{path}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
    except OSError:
        return
    try:
        world.add_pair("of another cgroup", world.pair(), traits=["cgroup"])
    finally:
        with open(f"{mount}{home}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
    world.cgroup = path


def forget(pair):
    """Leaves nothing behind, not even TIME-WAIT."""
    for sock in pair:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


def upper_protocols(world):
    for name, key, traits in (("without keys", None, ["ulp tls"]), ("sends by a key", TLS_KEY, ["ulp tls", "tls tx"])):
        pair = world.pair()
        try:
            for sock in pair:
                sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")  # loads the module, where there is one
                if key:
                    sock.setsockopt(SOL_TLS, TLS_TX, key)
            world.add_pair(f"kernel TLS, {name}", pair, traits=traits)
        except OSError:
            forget(pair)
    try:
        client, server = world.pair(V4, protocol=IPPROTO_MPTCP)
    except OSError:
        return
    talk((client, server), 2000, 100)
    world.open += [client, server]  # the cookies of the subflows are not those of the MPTCP sockets
    world.anonymous["established"] = world.anonymous.get("established", 0) + 2
    world.subflows = 2 if read("/proc/sys/net/mptcp/enabled") == "1" else 0


def opening(world):
    refusing = world.listener(V4)
    deafen(refusing)
    world.add("listener that does not hear", refusing, "listening", idle=False)
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(refusing.getsockname())
    world.add("syn-sent", client, "syn-sent", idle=False)
    listener = world.listener(V6)
    world.add("listener of the half-open one", listener, "listening", idle=False)
    client = socket.socket(socket.AF_INET6)
    client.setblocking(False)
    deafen(client)  # it never hears the SYN-ACK
    client.connect_ex(listener.getsockname())
    world.add("syn-sent, of the half-open one", client, "syn-sent", idle=False)
    world.anonymous["syn-recv"] = 1


def half_closed(world, where=V4):
    """The client in FIN-WAIT-2, the server in CLOSE-WAIT."""
    client, server = world.pair(where)
    client.shutdown(socket.SHUT_WR)
    wait_for(client, "fin-wait-2")
    wait_for(server, "close-wait")
    return client, server


def closing_down(world):
    client, server = world.pair()
    deafen(server)
    client.sendall(b"z" * 700)
    client.shutdown(socket.SHUT_WR)
    world.add("fin-wait-1", client, "fin-wait-1", idle=False)
    world.add("the other end of fin-wait-1", server, idle=False)

    client, server = half_closed(world, V6)
    world.add("fin-wait-2", client)
    world.add("close-wait", server)

    client, server = half_closed(world)
    deafen(client)
    server.shutdown(socket.SHUT_WR)
    world.add("last-ack", server, "last-ack", idle=False)
    world.add("the other end of last-ack", client, idle=False)

    client, server = world.pair()
    deafen(client)
    deafen(server)
    client.shutdown(socket.SHUT_WR)
    server.shutdown(socket.SHUT_WR)
    undeafen(client)  # it hears the FIN that is sent again, its own is still not acknowledged
    wait_for(client, "closing")
    world.add("closing", client, "closing", idle=False)
    world.add("the other end of closing", server, "fin-wait-1", idle=False)


def orphans(world):
    client, server = world.pair()
    deafen(server)
    world.add("orphan, fin-wait-1", None, "fin-wait-1", cookie=cookie_of(client), idle=False, orphan=True)
    client.close()
    world.add("the other end of the orphan in fin-wait-1", server, idle=False)

    # Longer than TIME-WAIT lasts (60 s) it stays a full socket; with the usual time it becomes a small one.
    for name, seconds, traits in (("full", 120, ()), ("small", None, ("small",))):
        client, server = world.pair(V6)
        if seconds:
            client.setsockopt(socket.IPPROTO_TCP, TCP_LINGER2, seconds)
        world.add(f"orphan, fin-wait-2, {name}", None, "fin-wait-2", cookie=cookie_of(client), orphan=True,
                  traits=traits)
        client.close()
        wait_for(server, "close-wait")
        world.add(f"the other end of the orphan in fin-wait-2, {name}", server)

    client, server = half_closed(world)
    deafen(client)
    world.add("orphan, last-ack", None, "last-ack", cookie=cookie_of(server), idle=False, orphan=True)
    server.close()
    world.add("the other end of the orphan in last-ack", client, idle=False)

    for name, where, at in (("v4", V4, None), ("v6", V6, None), ("v4-mapped", V4, ("::", socket.AF_INET6))):
        client, server = world.pair(where, listen_at=at)
        talk((client, server), 100, 100)
        active, passive = (server, client) if at else (client, server)
        world.add(f"time-wait, {name}", None, "time-wait", cookie=cookie_of(active), orphan=True, traits=["small"])
        active.close()
        wait_for(passive, "close-wait")
        passive.close()


def held_up(world):
    """The receiver does not read: a zero window, then data that wait; the persist timer probes."""
    client, server = world.pair()
    client.setblocking(False)
    send_until_full(client)
    world.add("held up by a zero window", client, idle=False)
    world.add("does not read", server, idle=False)


def lossy(world):
    client, server = world.pair(V6)
    talk((client, server), 3000, 3000)
    deafen(server)
    client.sendall(b"v" * 3000)
    world.add("retransmits", client, idle=False)
    world.add("does not hear", server, idle=False)


def healed(world):
    """Trouble that is over: losses that were repaired, windows that were closed, a send buffer that was too small."""
    def cubic(sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")

    client, server = pair = world.pair(V4, cubic)
    talk(pair, 5000, 100)
    deafen(server)
    client.sendall(b"1" * 1000)
    undeafen(server)
    for number in range(5):
        client.sendall(b"2" * 1000)  # arrives before what it should follow
    read_all(server, 6000)
    world.add_pair("healed losses", pair, traits=["healed"])

    client, server = pair = world.pair(V6, cubic)
    client.setblocking(False)
    sent = send_until_full(client)
    time.sleep(0.05)
    read_all(server, sent)
    client.setblocking(True)
    world.add_pair("a window that was closed", pair, traits=["rwnd_limited"])

    # What is held back by MSG_MORE fills the buffer; sent while the program waits for room, and not acknowledged for a while.
    client, server = pair = world.pair(V4, lambda sock: sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192))
    deafen(server)
    client.setblocking(False)
    client.send(b"w" * 20000, socket.MSG_MORE | socket.MSG_EOR)
    sent = 20000 + send_until_full(client)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    time.sleep(0.05)
    undeafen(server)
    read_all(server, sent)
    client.setblocking(True)
    world.add_pair("a send buffer that was full", pair, traits=["sndbuf_limited"])


def read_all(sock, length):
    while length > 0:
        length -= len(sock.recv(length))


def send_until_full(sock):
    sent = 0
    try:
        while True:
            sent += sock.send(b"w" * 65536)
    except BlockingIOError:
        return sent


def bound(world):
    for name, where in (("v4", V4), ("v6", V6)):
        sock = socket.socket(where[1])
        sock.bind((where[0], 0))
        if bound_inactive_is_shown():
            world.add(f"bound-inactive, {name}", sock, "bound-inactive")
        world.open.append(sock)


def make():
    """All of them. Nothing in the namespace changes afterwards but what is not idle."""
    world = World()
    if not hasattr(socket, "AF_INET6") or not socket.has_ipv6:
        skip("no IPv6 here")
    for some in (listening, established, https, options, rare_options, congestion_controls, upper_protocols, of_a_cgroup,
                 healed, opening, closing_down, orphans, held_up, lossy, bound):
        some(world)
    time.sleep(0.5)  # delayed acknowledgements, at most 200 ms each way
    return world
