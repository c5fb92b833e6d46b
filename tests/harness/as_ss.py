# SPDX-License-Identifier: Apache-2.0
"""Every value that `ss -tanimoeO` prints of a TCP socket is in its record, and what ss leaves out is zero or absent there.

From each record we make what ss should print of it, and compare the two as wholes. ss is asked before and after us: a
socket counts when both times it said the same, which idle ones always do; what runs (timers, milliseconds since) must lie
between the two. Others get several chances to hold still. Both may have been asked elsewhere.
"""
import os
import socket

import feed
import witness
import world as worlds

OURS, THEIRS = ["state", "all"], (["--tos", "--inet-sockopt"], "-tanimoeOH")  # what both are asked
KNOWN_SS = (6, 1)  # a newer ss may print what this test has not heard of
MPTCP_FLAGS = "MmJjBbecv"  # ss's letters, from bit 0 on: linux/mptcp.h, MPTCP_SUBFLOW_FLAG_*

# How ss names a number of ours that it prints as it is, unless it is 0.
PLAIN = {"uid": "uid", "backoff": "tcp.backoff", "mss": "tcp.snd_mss_bytes", "pmtu": "tcp.pmtu_bytes",
         "rcvmss": "tcp.rcv_mss_bytes", "advmss": "tcp.advmss_bytes", "cwnd": "tcp.snd_cwnd",
         "bytes_sent": "tcp.bytes_sent", "bytes_retrans": "tcp.bytes_retrans", "bytes_acked": "tcp.bytes_acked",
         "bytes_received": "tcp.bytes_received", "segs_out": "tcp.segs_out", "segs_in": "tcp.segs_in",
         "data_segs_out": "tcp.data_segs_out", "data_segs_in": "tcp.data_segs_in", "delivered": "tcp.delivered",
         "delivered_ce": "tcp.delivered_ce", "unacked": "tcp.unacked", "lost": "tcp.lost", "sacked": "tcp.sacked",
         "dsack_dups": "tcp.dsack_dups", "reord_seen": "tcp.reord_seen", "rcv_space": "tcp.rcv_space_bytes",
         "rcv_ssthresh": "tcp.rcv_ssthresh_bytes", "notsent": "tcp.notsent_bytes", "rcv_ooopack": "tcp.rcv_ooopack",
         "snd_wnd": "tcp.snd_wnd_bytes", "rcv_wnd": "tcp.rcv_wnd_bytes", "rehash": "tcp.rehash",
         "lastsnd": "tcp.last_data_sent_ms", "lastrcv": "tcp.last_data_recv_ms", "lastack": "tcp.last_ack_recv_ms"}
NEWER = ("rcv_wnd", "rehash")  # not printed by ss 6.1
MILLISECONDS = {"ato": "tcp.ato_us", "rcv_rtt": "tcp.rcv_rtt_us", "minrtt": "tcp.min_rtt_us"}
OPTIONS = {"timestamps": "ts", "sack": "sack", "ecn": "ecn", "ecn_seen": "ecnseen", "syn_data": "fastopen"}
SKMEM = ("r", "rmem_alloc"), ("rb", "rcvbuf"), ("t", "wmem_alloc"), ("tb", "sndbuf"), ("f", "fwd_alloc"), \
    ("w", "wmem_queued"), ("o", "optmem"), ("bl", "backlog")

# What must have been compared somewhere, with a value: else this test has lost its teeth.
WANTED = {"timer", "ino", "sk", "open", "skmem", "rto", "rtt", "wscale", "ssthresh", "v6only", "tos", "tclass", "class_id",
          "send", "pacing_rate", "delivery_rate", "app_limited", "busy", "rwnd_limited", "sndbuf_limited", "retrans",
          "inet-sockopt", "ts", "sack", *PLAIN, *MILLISECONDS} - {"uid", "delivered_ce", "sacked", "reord_seen", *NEWER}
# And these, where the world could make such a socket.
WANTED_BY = {"mark": ["fwmark"], "ecn": ["ecn", "ecnseen"], "fastopen": ["fastopen"], "uid 65534": ["uid"],
             "cgroup": ["cgroup"], "cc bbr": ["bbr"], "mptcp": ["tcp-ulp-mptcp", "token", "seq"],
             "tls tx": ["tcp-ulp-tls", "cipher", "txconf"]}


def shown(number):
    return f"{number:g}"


def tcp_info(f):
    """f: the record, flat."""
    def get(name):
        return f.get(f"tcp.{name}") or 0

    said = {OPTIONS[name]: True for name in f["tcp.options"] if name in OPTIONS}
    if "wscale" in f["tcp.options"]:
        said["wscale"] = f"{f['tcp.snd_wscale']},{f['tcp.rcv_wscale']}"
    if get("rto_us") not in (0, 3000000):
        said["rto"] = shown(get("rto_us") / 1000)
    if get("rtt_us"):
        said["rtt"] = f"{shown(get('rtt_us') / 1000)}/{shown(get('rttvar_us') / 1000)}"
    rtt = f["vegas.rtt_us"] if f.get("vegas.enabled") and f.get("vegas.rtt_us") else get("rtt_us")
    if rtt:
        said["send"] = f"{get('snd_cwnd') * get('snd_mss_bytes') * 8000000. / rtt:.0f}"
    if 0 < get("snd_ssthresh") < 65535:
        said["ssthresh"] = str(get("snd_ssthresh"))
    if get("delivery_rate_bytes_per_s"):
        said["delivery_rate"] = f"{get('delivery_rate_bytes_per_s') * 8.:.0f}"
    if get("delivery_rate_app_limited"):
        said["app_limited"] = True
    if get("busy_time_us"):
        said["busy"] = f"{get('busy_time_us') // 1000}ms"
        for name in ("rwnd_limited", "sndbuf_limited"):
            if get(f"{name}_us"):
                share = 100. * get(f"{name}_us") / get("busy_time_us")
                said[name] = f"{get(f'{name}_us') // 1000}ms({share:.1f}%)"
    if get("retrans") or get("total_retrans"):
        said["retrans"] = f"{get('retrans')}/{get('total_retrans')}"
    return said


def congestion_control(f):
    said = {f["tcp.congestion_control"]: True}
    if f.get("tcp.pacing_rate_bytes_per_s"):
        said["pacing_rate"] = f"{f['tcp.pacing_rate_bytes_per_s'] * 8.:.0f}"
        if f["tcp.max_pacing_rate_bytes_per_s"]:
            said["pacing_rate"] += f"bps/{f['tcp.max_pacing_rate_bytes_per_s'] * 8.:.0f}"
    if f["tcp.reordering"] != 3:
        said["reordering"] = str(f["tcp.reordering"])
    if "bbr.bw_bytes_per_s" in f:
        rtt = 0xffffffff if f["bbr.min_rtt_us"] is None else f["bbr.min_rtt_us"]
        said["bbr"] = f"(bw:{f['bbr.bw_bytes_per_s'] * 8.:.0f}bps,mrtt:{shown(rtt / 1000)}"
        for name in ("pacing_gain", "cwnd_gain"):
            if f[f"bbr.{name}"]:
                said["bbr"] += f",{name}:{shown(f[f'bbr.{name}'])}"
        said["bbr"] += ")"
    if f.get("dctcp.enabled"):
        said["dctcp"] = f"(ce_state:{f['dctcp.ce_state']},alpha:{f['dctcp.alpha'] * 1024:.0f}," \
            f"ab_ecn:{f['dctcp.ab_ecn_bytes']},ab_tot:{f['dctcp.ab_tot_bytes']})"
    elif "dctcp.enabled" in f:
        said["dctcp"] = "fallback_mode"
    return said


def attributes(f):
    said = {}
    for name, field in (("tos", "tos"), ("tclass", "tclass"), ("class_id", "class_id")):
        if field in f:
            said[name] = f"{f[field]:#x}" if f[field] else "0"
    if f.get("mark"):
        said["fwmark"] = f"{f['mark']:#x}"
    if "shutdown" in f:
        said["open"] = {"none": "<->", "recv": "-->", "send": "<--", "both": "---"}[f["shutdown"]]
    if "v6only" in f:
        said["v6only"] = str(int(f["v6only"]))
    if "sockopt" in f:
        said["inet-sockopt"] = {{"bind_address_no_port": "bind_addr_no_port"}.get(name, name) for name in f["sockopt"]}
    if "skmem.rcvbuf_bytes" in f:
        parts = [f"{letters}{f[f'skmem.{name}_bytes'] % 2 ** 32}" for letters, name in SKMEM]
        said["skmem"] = f"({','.join(parts)},d{f['skmem.drops']})"
    return said


def upper_protocol(f):
    said = {}
    if "ulp.name" in f:
        said[f"tcp-ulp-{f['ulp.name']}"] = True
    if "tls.tx_conf" in f:
        for name, field in (("rxconf", "tls.rx_conf"), ("txconf", "tls.tx_conf")):
            said[name] = "none" if f[field] == "base" else f[field]
        for name in ("version", "cipher"):
            if f"tls.{name}" in f:
                said[name] = f[f"tls.{name}"]
    if "subflow.flags" in f:
        said["flags"] = "".join(letter for bit, letter in enumerate(MPTCP_FLAGS) if f["subflow.flags"] >> bit & 1)
        said["token"] = f"{f['subflow.token_rem']:04x}(id:{f['subflow.id_rem']})/" \
            f"{f['subflow.token_loc']:04x}(id:{f['subflow.id_loc']})"
        for name, field in (("seq", "map_seq"), ("sfseq", "map_sfseq"), ("ssnoff", "ssn_offset"), ("maplen", "map_datalen")):
            if int(f[f"subflow.{field}"]):
                said[name] = f"{int(f[f'subflow.{field}']):x}"
    return said


def as_ss(record):
    """What ss should print of it; the timer is (name, milliseconds, retransmissions)."""
    f = feed.flat(record)
    said = {"ino": str(f.get("inode", 0)), "sk": f"{int(f['cookie']):x}", **attributes(f), **upper_protocol(f)}
    said.update({name: str(f[field]) for name, field in PLAIN.items() if f.get(field)})
    said.update({name: shown(f[field] / 1000) for name, field in MILLISECONDS.items() if f.get(field)})
    if "tcp.congestion_control" in f:
        said.update(congestion_control(f))
    if "tcp.options" in f:
        said.update(tcp_info(f))
    if f.get("listen.backlog"):
        said["unacked"] = str(f["listen.backlog"])
    if f["timer.name"] != "off":
        said["timer"] = (f["timer.name"], f["timer.expires_ms"], str(f.get("timer.retrans", 0)))
    return said


def head(row):
    device = socket.if_nametoindex(row.device) if row.device else 0
    return row.state, row.recv_q, row.send_q, row.local, row.local_port or 0, row.peer, row.peer_port, device


def head_of(record):
    f = feed.flat(record)
    recv_q, send_q = f.get("listen.backlog", f.get("recv_q_bytes", 0)), f.get("listen.backlog_limit", f.get("send_q_bytes", 0))
    return (record["state"], recv_q, send_q, f["local.address"], f["local.port"], f.get("peer.address"), f.get("peer.port"),
            f.get("interface.index", 0))


def is_cgroup(identity, path):
    """ss prints a path below the mount of cgroup v2; the id is the inode of that directory."""
    mount = worlds.cgroup_mount()
    return mount is None or os.stat(f"{mount}{path}").st_ino == int(identity)


def steady(details):
    timer = details.get("timer", "(off,,0)")[1:-1].split(",")
    return {**{name: value for name, value in details.items() if name not in witness.CLOCKS}, "timer": (timer[0], timer[2])}


def differences(record, before, after):
    """Sentences. `before` and `after` are what ss said then."""
    ours, theirs = as_ss(record), dict(before)
    if "timer" in theirs:
        name, text, retrans = theirs["timer"][1:-1].split(",")
        most, least = witness.milliseconds(text)[1], witness.milliseconds(after["timer"][1:-1].split(",")[1])[0]
        timer = ours.get("timer", ("off", 0, "0"))
        if (timer[0], timer[2]) != (name, retrans) or not least <= timer[1] <= most:
            yield f"timer: ss says {theirs['timer']}, then {after['timer']}, we say {timer}"
        theirs["timer"] = ours["timer"] = None
    for name in witness.CLOCKS:
        low, here, high = (int(said.get(name, "0").split("ms")[0]) for said in (before, ours, after))
        if not low <= here <= high or before.get(name) == after.get(name) != ours.get(name):
            yield f"{name}: ss says {before.get(name)}, then {after.get(name)}, we say {ours.get(name)}"
        ours.pop(name, None)
        theirs.pop(name, None)
    path = theirs.pop("cgroup", None)
    if path and not path.startswith("unreachable") and not is_cgroup(record["cgroup"]["id"], path):
        yield f"cgroup: ss says {path}, we say {record['cgroup']['id']}"
    if "send" in theirs and abs(int(theirs["send"]) / 8 - record["tcp"]["send_bytes_per_s"]) > 1 and "vegas" not in record:
        yield f"send: ss says {theirs['send']} bit/s, we say {record['tcp']['send_bytes_per_s']} bytes/s"
    for name in sorted(set(ours) | set(theirs)):
        if name in NEWER and name not in theirs:
            continue
        if name not in ours and witness.version() > KNOWN_SS and name not in WANTED:
            print(f"note: this ss prints {name}, which was not compared")
        elif ours.get(name) != theirs.get(name):
            yield f"{name}: ss says {theirs.get(name)}, we say {ours.get(name)}"


class Comparison:
    """Of the sockets of a world: what is wrong, as sentences, after as many looks as it takes."""

    def __init__(self, world):
        self.world = world
        self.done, self.compared, self.wrong = set(), set(), []  # cookies; names of ss; sentences

    def look(self, before, records, after):
        """Compares each socket that is not done and held still. `before` and `after`: ss's rows."""
        before, after = ({row.cookie: row for row in rows} for rows in (before, after))
        records = {int(record["cookie"]): record for record in records}
        for cookie in sorted(set(before) & set(records) & set(after) - self.done):
            self.wrong += self.one(records[cookie], before[cookie], after[cookie])

    def one(self, record, before, after):
        cookie = int(record["cookie"])
        made = self.world.sockets.get(cookie)
        first, then = witness.details(before), witness.details(after)
        if (head(before), steady(first)) != (head(after), steady(then)):
            if made and made.idle:
                yield f"{made} is not idle: {before.line} {after.line}"
            return
        self.done.add(cookie)
        self.compared |= set(first)
        name = made or f"a socket without a name ({record['state']})"
        if head(before) != head_of(record):
            yield f"{name}: ss says {head(before)}, we say {head_of(record)}"
        for sentence in differences(record, first, then):
            yield f"{name}: {sentence}"

    def waiting(self):
        """Sockets that were never seen by both at rest, which ss could show."""
        return [made for cookie, made in self.world.sockets.items()
                if cookie not in self.done and made.state != "bound-inactive"]

    def end(self, without=()):
        """Says what was found and gives how many sentences. `without`: names that this kernel does not send."""
        wanted = WANTED | {name for trait in self.world.traits() for name in WANTED_BY.get(trait, ())}
        wrong = self.wrong + [f"{made}: was never seen by both at rest" for made in self.waiting()]
        if wanted - self.compared - set(without):
            wrong.append(f"these were never compared: {' '.join(sorted(wanted - self.compared - set(without)))}")
        for sentence in wrong:
            print(sentence)
        print(f"ss {witness.version()}: {len(self.done)} sockets, {len(self.compared)} things, {len(wrong)} differences")
        return len(wrong)
