# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a terminal of a given width: its stdout and stderr are two, so that each can be read, or a pipe."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

PATIENCE = 60  # seconds


class Done:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def lines(self):
        return self.out.splitlines()


def open_terminal(width):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST  # a newline stays one
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    return master, slave


def run(command, width=80, out_terminal=True, err_terminal=True, interrupt=None, **environment):
    """`interrupt(text so far)` says when to send SIGINT. Variables that are None are taken out of the environment."""
    ends = [open_terminal(width) if terminal else os.pipe() for terminal in (out_terminal, err_terminal)]
    variables = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=ends[0][1], stderr=ends[1][1], env=variables)
    for _, theirs in ends:
        os.close(theirs)
    texts = {ours: b"" for ours, _ in ends}
    try:
        read_all(process, texts, list(texts), interrupt)
        status = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        for ours in texts:
            os.close(ours)
    return Done(status, *(text.decode() for text in texts.values()))


def read_all(process, texts, open_ends, interrupt):
    until = time.monotonic() + PATIENCE
    first = open_ends[0]
    while open_ends:
        ready = select.select(open_ends, [], [], 1)[0]
        if time.monotonic() > until:
            raise AssertionError(f"{process.args} does not end; so far: {[text[-500:] for text in texts.values()]}")
        for end in ready:
            try:
                data = os.read(end, 65536)
            except OSError:  # EIO: nobody has the other end of a terminal any more
                data = b""
            texts[end] += data
            if not data:
                open_ends.remove(end)
        if interrupt and interrupt(texts[first].decode(errors="replace")):
            process.send_signal(signal.SIGINT)
            interrupt = None
