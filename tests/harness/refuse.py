# SPDX-License-Identifier: Apache-2.0
"""What a program may not do: for the child of a fork, before it becomes the program."""
import ctypes
import os
import platform
import resource
import struct
import sys

import netns

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
SOCKET = {"x86_64": 41}.get(platform.machine(), 198)  # asm/unistd.h, asm-generic/unistd.h
AF_NETLINK, NETLINK_SOCK_DIAG = 16, 4


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def sock_diag(code):
    """A function after which socket(AF_NETLINK, ..., NETLINK_SOCK_DIAG) fails with that errno."""
    low = 0 if sys.byteorder == "little" else 4
    rules = [(LOAD, 0, 0, 0), (EQUAL, 0, 5, SOCKET),
             (LOAD, 0, 0, 16 + low), (EQUAL, 0, 3, AF_NETLINK),
             (LOAD, 0, 0, 32 + low), (EQUAL, 0, 1, NETLINK_SOCK_DIAG),
             (RETURN, 0, 0, RET_ERRNO | code), (RETURN, 0, 0, RET_ALLOW)]
    code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(rules), code)

    def refuse():
        if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or
                libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
            os._exit(netns.SKIPPED)

    return refuse


def descriptors(most):
    """A function after which so many descriptors may be open."""
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
