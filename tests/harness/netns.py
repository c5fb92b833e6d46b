# SPDX-License-Identifier: Apache-2.0
"""A network namespace of our own, with lo up: what a live test sees there, it made itself. Or one of mounts: what is
mounted in it nobody else sees.

As root; for other users a user namespace comes with it, in which they have the rights of root. Where neither is
permitted the test is skipped, which ctest says.
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000  # linux/sched.h
SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41  # linux/sockios.h, linux/if.h
SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def unshare(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags):
        error = ctypes.get_errno()
        skip(f"no namespace can be made here: {os.strerror(error)}")


def leave(flag):
    """For a namespace of that kind. Says whether the user is the real root."""
    root = os.geteuid() == 0
    uid, gid = os.geteuid(), os.getegid()
    unshare(flag if root else flag | CLONE_NEWUSER)
    if not root:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"0 {uid} 1")
        write("/proc/self/gid_map", f"0 {gid} 1")
    return root


def up():
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP_RUNNING))


def enter():
    """Says whether the user is the real root."""
    root = leave(CLONE_NEWNET)
    up()
    return root


def enter_mounts():
    leave(CLONE_NEWNS)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
