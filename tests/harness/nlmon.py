# SPDX-License-Identifier: Apache-2.0
"""`nlmon FILE COMMAND...`: runs the command and writes a pcap of all netlink messages of its network namespace meanwhile,
as tcpdump on nlmon0 does, which must be there and up. The status is the command's."""
import socket
import struct
import subprocess
import sys

ETH_P_ALL = 3  # linux/if_ether.h
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35  # asm-generic/socket.h
LINKTYPE_NETLINK, ROOM = 253, 1 << 18


def packets(sock):
    """(nanoseconds since the epoch, cooked header and message) of all that wait."""
    while True:
        try:
            data, more, _, (_, family, kind, hardware, _) = sock.recvmsg(ROOM, 64, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        seconds, nanoseconds = struct.unpack("qq", more[0][2])
        yield seconds * 10**9 + nanoseconds, struct.pack(">HHH8xH", kind, hardware, 0, family) + data


def main():
    path, *command = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("nlmon0", ETH_P_ALL))
        status = subprocess.run(command).returncode
        with open(path, "wb") as file:
            file.write(struct.pack("IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, ROOM, LINKTYPE_NETLINK))
            for when, data in packets(sock):
                file.write(struct.pack("IIII", when // 10**9, when % 10**9 // 1000, len(data), len(data)) + data)
    sys.exit(status)


if __name__ == "__main__":
    main()
