# SPDX-License-Identifier: Apache-2.0
"""What `ss` says of TCP sockets: the second witness. Its rows are read as they are printed with -O -e (a line each)."""
import functools
import re
import subprocess

STATES = {"ESTAB": "established", "SYN-SENT": "syn-sent", "SYN-RECV": "syn-recv", "FIN-WAIT-1": "fin-wait-1",
          "FIN-WAIT-2": "fin-wait-2", "TIME-WAIT": "time-wait", "UNCONN": "bound-inactive", "CLOSE-WAIT": "close-wait",
          "LAST-ACK": "last-ack", "LISTEN": "listening", "CLOSING": "closing"}


@functools.cache
def version():
    """(6, 1) of "ss utility, iproute2-6.1.0"; ss before 6.8 does not know bound-inactive."""
    said = subprocess.run(["ss", "-V"], stdout=subprocess.PIPE, check=True, text=True).stdout
    found = re.search(r"iproute2-\D*(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


class Row:
    def __init__(self, line, state):
        words = line.split()
        if words[0] in STATES:  # asked for one state, ss leaves the column out
            state = STATES[words.pop(0)]
        self.line, self.state = line, state
        self.recv_q, self.send_q = int(words[0]), int(words[1])
        self.local, self.local_port, self.device = address(words[2])
        self.peer, self.peer_port, _ = address(words[3])
        self.words = words[4:]
        self.cookie = int(self.value("sk:"), 16)

    def value(self, prefix):
        """What stands behind the prefix in the first word that begins with it; None without."""
        return next((word[len(prefix):] for word in self.words if word.startswith(prefix)), None)

    def after(self, word):
        """The word that follows."""
        return self.words[self.words.index(word) + 1] if word in self.words else None


PAIRED = ("send", "pacing_rate", "delivery_rate", "version:", "cipher:", "rxconf:", "txconf:")  # their value is the next word
# Milliseconds that move while nothing else does; the last three while something is under way.
CLOCKS = ("lastsnd", "lastrcv", "lastack", "busy", "rwnd_limited", "sndbuf_limited")


def details(row):
    """{"rto": "204", "ts": True, ...}: all that stands behind the addresses, each thing by its name, as text."""
    line = row.line.split(None, 5 if row.line.split()[0] in STATES else 4)[-1]
    found = re.search(r"inet-sockopt: \(([^)]*)\)", line)
    result = {"inet-sockopt": set(found[1].split())} if found else {}
    words = iter((line.replace(found[0], "") if found else line).split())
    for word in words:
        if word in PAIRED:
            result[word.rstrip(":")] = next(words).removesuffix("bps")
        elif re.fullmatch("[<-]-[>-]", word):
            result["open"] = word
        elif ":" in word:
            name, _, value = word.partition(":")
            result[name] = value
        else:
            result[word] = True
    return result


def milliseconds(text):
    """The least and the most that a timer printed as "59sec", "119min", "1min40sec", "9.373ms" or "204ms" may be."""
    found = re.fullmatch(r"(?:(\d+)min)?(?:(\d+)sec)?(?:(\d+)\.(\d+)(?:ms|sec))?(?:(\d+)ms)?", text)
    if not text or not found:
        return 0, 0 if not text else -1
    minutes, seconds, whole, part, ms = found.groups()
    least = 60000 * int(minutes or 0) + 1000 * int(seconds or 0) + 1000 * int(whole or 0) + int(part or 0) + int(ms or 0)
    # Minutes from 10 on leave the seconds out, seconds from 10 on, and beside minutes, the milliseconds.
    more = 0 if part or ms else 59999 if minutes and int(minutes) > 9 else 999 if minutes or int(seconds or 0) > 9 else 0
    return least, least + more


def address(text):
    """("::ffff:127.0.0.1", 443, "lo"); no port is None, and so is the address then."""
    host, port = text.rsplit(":", 1)
    host, _, device = host.partition("%")
    if host.startswith("["):
        host, device = host[1:].rstrip("]"), device.rstrip("]")
    if port == "*":
        return None, None, device
    return "::" if host == "*" else host, int(port), device  # * is a dual-stack listener's


def command(words, options="-tanHeO"):
    return ["ss", options, *words]


def rows(stdout, stderr, status, state=None):
    """`state` is the one that was asked for, where it was one."""
    # A line a socket where cgroup v2 is not mounted, as in a chroot.
    wrong = stderr.replace("Failed to find cgroup2 mount\n", "")
    assert status == 0 and not wrong, f"ss: status {status}\n{wrong[:200]}"
    return [Row(line, state) for line in stdout.splitlines()]


def ask(words, options="-tanHeO", state=None):
    said = subprocess.run(command(words, options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)
    return rows(said.stdout, said.stderr, said.returncode, state)
