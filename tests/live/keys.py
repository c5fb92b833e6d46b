#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The set of keys of every record is the one that the contract promises for its class of socket: none is missing that the
running kernel sends, none is there that means nothing.

The sets stand here once more, by hand, as a second opinion on the table of fields; what a kernel sends of tcp_info is
learnt from getsockopt(TCP_INFO), which gives as much.
"""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import feed
import netns
import world as worlds

ENVELOPE = "time type schema host.name host.id host.boot_id query run seq netns.inode".split()
HEADER = "table family protocol state local.address local.port timer.name cookie".split()
ATTRIBUTES = "cgroup.id class_id tos shutdown sockopt".split()  # of full sockets and listeners
SKMEM = [f"skmem.{name}" for name in """rmem_alloc_bytes rcvbuf_bytes wmem_alloc_bytes sndbuf_bytes fwd_alloc_bytes
    wmem_queued_bytes optmem_bytes backlog_bytes drops""".split()]

# Members of struct tcp_info and the byte behind each: a kernel that sends so many bytes has it.
TCP_INFO = dict(ca_state=2, retransmits=3, probes=4, backoff=5, options=6, delivery_rate_app_limited=8,
                fastopen_client_fail=8, rto_us=12, ato_us=16, snd_mss_bytes=20, rcv_mss_bytes=24, unacked=28, sacked=32,
                lost=36, retrans=40, last_data_sent_ms=48, last_data_recv_ms=56, last_ack_recv_ms=60, pmtu_bytes=64,
                rcv_ssthresh_bytes=68, rtt_us=72, rttvar_us=76, snd_ssthresh=80, snd_cwnd=84, advmss_bytes=88,
                reordering=92, rcv_rtt_us=96, rcv_space_bytes=100, total_retrans=104, pacing_rate_bytes_per_s=112,
                max_pacing_rate_bytes_per_s=120, bytes_acked=128, bytes_received=136, segs_out=140, segs_in=144,
                notsent_bytes=148, min_rtt_us=152, data_segs_in=156, data_segs_out=160,
                delivery_rate_bytes_per_s=168, busy_time_us=176, rwnd_limited_us=184, sndbuf_limited_us=192,
                delivered=196, delivered_ce=200, bytes_sent=208, bytes_retrans=216, dsack_dups=220, reord_seen=224,
                rcv_ooopack=228, snd_wnd_bytes=232, rcv_wnd_bytes=236, rehash=240, total_rto=242,
                total_rto_recoveries=244, total_rto_time_ms=248, received_ce=252, delivered_e1_bytes=256,
                delivered_e0_bytes=260, delivered_ce_bytes=264, received_e1_bytes=268, received_e0_bytes=272,
                received_ce_bytes=276, accecn_fail_mode=280, accecn_opt_seen=280)
OF_LISTENERS = "snd_cwnd reordering pacing_rate_bytes_per_s max_pacing_rate_bytes_per_s".split()
SINCE = {"cgroup.id": (5, 8), "sockopt": (5, 10)}
CONGESTION = {"bbr": [f"bbr.{name}" for name in "bw_bytes_per_s min_rtt_us pacing_gain cwnd_gain".split()],
              "dctcp": ["dctcp.enabled"],
              "vegas": [f"vegas.{name}" for name in "enabled rttcnt rtt_us min_rtt_us".split()]}
CONGESTION["nv"] = CONGESTION["westwood"] = CONGESTION["illinois"] = CONGESTION["vegas"]
OF_DCTCP = [f"dctcp.{name}" for name in "ce_state alpha ab_ecn_bytes ab_tot_bytes".split()]
SUBFLOW = [f"subflow.{name}" for name in """token_rem token_loc relwrite_seq map_seq map_sfseq ssn_offset map_datalen
    flags id_rem id_loc""".split()]


def tcp_info_length():
    with socket.socket() as sock:
        return len(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1024))


def class_of(record, made):
    if record["state"] in ("listening", "bound-inactive"):
        return {"listening": "listener"}.get(record["state"], record["state"])
    if record["state"] in ("time-wait", "syn-recv"):
        return "small"
    return "small" if made and "small" in made.traits else "full"


def of_tcp_info(record, length):
    tcp = record["tcp"]
    keys = {name for name, end in TCP_INFO.items() if end <= length}
    if length >= 280 and worlds.release() >= (7, 0):
        keys.add("ecn_mode")
    if "wscale" in tcp["options"]:
        keys |= {"snd_wscale", "rcv_wscale"}
    keys.add("congestion_control")
    # What is divided by 0 is left out.
    for name, divisor, end in (("send_bytes_per_s", "rtt_us", 72), ("retrans_ratio", "bytes_sent", 216),
                               ("rwnd_limited_ratio", "busy_time_us", 184), ("sndbuf_limited_ratio", "busy_time_us", 192)):
        if end <= length and tcp[divisor]:
            keys.add(name)
    return [f"tcp.{name}" for name in keys]


def of_full(record, length):
    keys = [*ATTRIBUTES, *SKMEM, *of_tcp_info(record, length), "peer.address", "peer.port", "recv_q_bytes", "send_q_bytes"]
    # The number of a congestion control comes below TIME-WAIT only.
    if record["state"] in ("established", "syn-sent", "fin-wait-1", "fin-wait-2"):
        keys += CONGESTION.get(record["tcp"]["congestion_control"], [])
        if record.get("dctcp", {}).get("enabled"):
            keys += OF_DCTCP
    return keys


def expected(record, made, length):
    kind = class_of(record, made)
    keys = [*ENVELOPE, *HEADER, "mark"]  # the mark, because root of the namespace asks
    if record["timer"]["name"] != "off":
        keys.append("timer.expires_ms")
    if record["timer"]["name"] in ("on", "persist", "keepalive") or record["state"] == "syn-recv":
        keys.append("timer.retrans")
    if made and "device" in made.traits:
        keys.append("interface.index")
    if kind == "listener":
        keys += ["listen.backlog", "listen.backlog_limit", *ATTRIBUTES, *SKMEM, "tcp.congestion_control"]
        keys += [f"tcp.{name}" for name in OF_LISTENERS if TCP_INFO[name] <= length]
        if record["listen"]["backlog_limit"]:
            keys.append("listen.backlog_ratio")
    if kind == "full":
        keys += of_full(record, length)
    if kind == "small":
        keys += ["peer.address", "peer.port"]
    if kind == "bound-inactive":
        keys += SKMEM
    if record["family"] == "inet6" and kind in ("listener", "full"):
        keys.append("tclass")
    if record["family"] == "inet6" and kind == "listener":
        keys.append("v6only")
    if not made:  # the two ends of an MPTCP connection, half-open ones, children not yet accepted
        return set(keys) | {key for key in ("inode", "uid") if key in feed.flat(record)}
    if not made.orphan:
        keys += ["inode", "uid"]
    elif kind == "full" and record.get("uid"):
        keys.append("uid")  # from 6.17 on an orphan keeps its owner; root's 0 is not told from none
    if "ulp tls" in made.traits:
        keys += ["ulp.name", "tls.tx_conf", "tls.rx_conf", "tls.zc_ro_tx", "tls.rx_no_pad"]
    if "tls tx" in made.traits:
        keys += ["tls.version", "tls.cipher"]
    return set(keys)


def check(record, made, length):
    keys = set(feed.flat(record))
    keys -= {key for key in keys if key.startswith("labels.")}
    should = {key for key in expected(record, made, length) if worlds.release() >= SINCE.get(key, (0, 0))}
    if not made and record.get("ulp", {}).get("name") == "mptcp":
        should |= {"ulp.name", *SUBFLOW}
    name = f"{made or 'a socket without a name'}, {class_of(record, made)}, {record['family']}"
    if keys - should:
        yield f"{name}: should not be there: {' '.join(sorted(keys - should))}"
    if should - keys:
        yield f"{name}: missing: {' '.join(sorted(should - keys))}"


netns.enter()
world = worlds.make()
length = tcp_info_length()
wrong, classes, subflows = [], {}, 0
for record in feed.run(["state", "all"])[0]:
    made = world.sockets.get(int(record["cookie"]))
    kind = class_of(record, made)
    classes[kind] = classes.get(kind, 0) + 1
    subflows += "subflow" in record
    wrong += check(record, made, length)
missing = {"full", "listener", "small", "bound-inactive"} - set(classes)
if not worlds.bound_inactive_is_shown():
    missing.discard("bound-inactive")
if missing:
    wrong.append(f"no socket of these classes was seen: {missing}")
if subflows != world.subflows:
    wrong.append(f"{subflows} subflows of MPTCP were seen, {world.subflows} were made")
for sentence in wrong:
    print(sentence)
print(f"{classes}, tcp_info of {length} bytes, {len(wrong)} differences")
sys.exit(1 if wrong else 0)
