/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shapes of NETLINK_SOCK_DIAG answers, in our own structs: the installed headers are older than kernels. Sources:
 * linux/inet_diag.h, linux/tcp.h, linux/tls.h, linux/mptcp.h of Linux 6.18 and 7.0; tests/unit/btf compares every
 * offset and width with the running kernel's own type information.
 */
#pragma once

#include <stdint.h>

struct sf_inet_msg { /* struct inet_diag_msg, 72 bytes */
	uint8_t family, state, timer, retrans;
	uint16_t sport, dport; /* network order */
	uint32_t src[4], dst[4];
	uint32_t interface;
	uint32_t cookie[2]; /* low half first */
	uint32_t expires, rqueue, wqueue, uid, inode;
};

struct sf_tcp_info { /* struct tcp_info, 280 bytes in 6.18 to 7.3 */
	uint8_t state, ca_state, retransmits, probes, backoff, options;
	uint8_t wscale;     /* snd_wscale: low 4 bits, rcv_wscale: high 4 bits */
	uint8_t rate_flags; /* delivery_rate_app_limited: bit 0, fastopen_client_fail: bits 1-2 */
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
	uint16_t total_rto, total_rto_recoveries;
	uint32_t total_rto_time;
	uint32_t received_ce;
	uint32_t delivered_e1_bytes, delivered_e0_bytes, delivered_ce_bytes;
	uint32_t received_e1_bytes, received_e0_bytes, received_ce_bytes;
	/* 7.0: one u32 of ecn_mode:2, accecn_opt_seen:2, accecn_fail_mode:4, options2:24. */
	uint16_t accecn_fail_mode, accecn_opt_seen;
};

struct sf_vegas_info { /* struct tcpvegas_info */
	uint32_t enabled, rttcnt, rtt, min_rtt;
};

struct sf_dctcp_info { /* struct tcp_dctcp_info */
	uint16_t enabled, ce_state;
	uint32_t alpha, ab_ecn, ab_tot;
};

struct sf_bbr_info { /* struct tcp_bbr_info: bw_lo, bw_hi ... */
	uint32_t bw[2], min_rtt, pacing_gain, cwnd_gain;
};

struct sf_mptcp_info { /* struct mptcp_info: 48 bytes in 6.1, 96 in 6.12 to 6.18, the end of some is padding */
	uint8_t subflows, add_addr_signal, add_addr_accepted;
	uint8_t subflows_max, add_addr_signal_max, add_addr_accepted_max;
	uint32_t flags, token;
	uint64_t write_seq, snd_una, rcv_nxt;
	uint8_t local_addr_used, local_addr_max, csum_enabled;
	uint32_t retransmits;
	uint64_t bytes_retrans, bytes_sent, bytes_received, bytes_acked;
	uint8_t subflows_total, endp_laminar_max;
	uint32_t last_data_sent, last_data_recv, last_ack_recv;
};

struct sf_sctp_info { /* struct sctp_info, linux/sctp.h, 368 bytes */
	uint32_t tag, state, rwnd;
	uint16_t unackdata, penddata, instrms, outstrms;
	uint32_t fragmentation_point, inqueue, outqueue, overall_error, max_burst, maxseg;
	uint32_t peer_rwnd, peer_tag;
	uint8_t peer_capable, peer_sack;
	uint16_t reserved1;
	uint64_t isacks, osacks, opackets, ipackets, rtxchunks, outofseqtsns, idupchunks, gapcnt;
	uint64_t ouodchunks, iuodchunks, oodchunks, iodchunks, octrlchunks, ictrlchunks;
	uint8_t p_address[128]; /* struct sockaddr_storage */
	int32_t p_state;
	uint32_t p_cwnd, p_srtt, p_rto, p_hbinterval, p_pathmaxrxt, p_sackdelay, p_sackfreq, p_ssthresh;
	uint32_t p_partial_bytes_acked, p_flight_size;
	uint16_t p_error, reserved2;
	uint32_t s_autoclose, s_adaptation_ind, s_pd_point;
	uint8_t s_nodelay, s_disable_fragments, s_v4mapped, s_frag_interleave;
	uint32_t s_type, reserved3;
};

/*
 * States of a socket: include/net/tcp_states.h. What an association of SCTP is in (include/net/sctp/constants.h, 0 to
 * 7) has numbers of our own, where it is not one of these: the kernel is never asked for those.
 */
enum {
	SF_ESTABLISHED = 1, SF_SYN_SENT, SF_SYN_RECV, SF_FIN_WAIT_1, SF_FIN_WAIT_2, SF_TIME_WAIT, SF_CLOSE,
	SF_CLOSE_WAIT, SF_LAST_ACK, SF_LISTEN, SF_CLOSING, SF_NEW_SYN_RECV, SF_BOUND_INACTIVE,
	SF_STATE_OWN = 24, /* from here on */
	SF_COOKIE_WAIT = SF_STATE_OWN, SF_COOKIE_ECHOED, SF_SHUTDOWN_PENDING, SF_SHUTDOWN_SENT, SF_SHUTDOWN_RECEIVED,
	SF_SHUTDOWN_ACK_SENT,
	SF_IDLE, /* unconnected, of a kind that needs no connection to work: datagrams of unix, netlink, packet, xdp */
	SF_STATE_COUNT
};
#define SF_STATES_ASKED ((1u << SF_STATE_OWN) - 1) /* those of the kernel's own numbers */

/*
 * Operations of the kernel's filter: INET_DIAG_BC_*, linux/inet_diag.h, by the kernel that first had them. An operation
 * is {u8 code; u8 yes; u16 no;}, then its argument; jumps are relative, forward, in bytes.
 */
enum sf_bc_code {
	SF_BC_NOP, SF_BC_JMP, /* 2.6.14; JMP always goes to `no` */
	SF_BC_S_GE, SF_BC_S_LE, SF_BC_D_GE, SF_BC_D_LE, /* the `no` of an operation behind it is the port */
	SF_BC_AUTO,
	SF_BC_S_COND, SF_BC_D_COND, /* struct sf_bc_host and the address */
	SF_BC_DEV_COND,    /* 4.8: u32 index */
	SF_BC_MARK_COND,   /* 4.9: u32 mark, u32 mask; EPERM without CAP_NET_ADMIN */
	SF_BC_S_EQ, SF_BC_D_EQ, /* 4.16: as S_GE */
	SF_BC_CGROUP_COND, /* 5.8: u64 id */
	SF_BC_COUNT
};
struct sf_bc_op { uint8_t code, yes; uint16_t no; };
struct sf_bc_host { uint8_t family, prefix_bits; int32_t port; /* -1: any */ }; /* struct inet_diag_hostcond */
#define SF_BC_MOST 65528 /* bytes: what fits an attribute, whose length is a u16 that 4 divides */

/*
 * The parts of an answer: the header, then attribute N at N (INET_DIAG_*, linux/inet_diag.h), then what the nest
 * ULP_INFO (19) holds, each at its own number behind a base.
 */
enum {
	SF_PART_HEADER = 0,
	SF_PART_MEMINFO = 1, SF_PART_INFO = 2, SF_PART_VEGAS = 3, SF_PART_CONG = 4, SF_PART_TOS = 5, SF_PART_TCLASS = 6,
	SF_PART_SKMEM = 7, SF_PART_SHUTDOWN = 8, SF_PART_DCTCP = 9, SF_PART_PROTOCOL = 10, SF_PART_V6ONLY = 11,
	SF_PART_LOCALS = 12, SF_PART_PEERS = 13,
	SF_PART_MARK = 15, SF_PART_BBR = 16, SF_PART_CLASS_ID = 17, SF_PART_MD5SIG = 18, SF_PART_ULP = 19,
	SF_PART_CGROUP = 21, SF_PART_SOCKOPT = 22,
	SF_PART_ATTRIBUTES = 23, /* the first that is no attribute of the answer itself */
	SF_PART_ULP_NAME = SF_PART_ATTRIBUTES,
	SF_PART_TLS, /* the whole nest: that it came */
	/* + TLS_INFO_*: 1 version 2 cipher 3 txconf 4 rxconf 5 zc_ro_tx 6 rx_no_pad 7 tx_max_payload_len */
	SF_PART_TLS_BASE = SF_PART_TLS,
	SF_PART_SUBFLOW_BASE = SF_PART_TLS_BASE + 7, /* + MPTCP_SUBFLOW_ATTR_*: 1 token_rem ... 10 id_loc */
	/* What lies elsewhere in answers of other shapes, so that a field need not know where. */
	SF_PART_QUEUES = SF_PART_ATTRIBUTES + 24, /* rqueue, wqueue: of the header, or an attribute */
	SF_PART_UID,                                /* of the header, or an attribute */
	SF_PART_COUNT,
	/*
	 * Shapes other than inet's: the table's own header, then what has no part above. They share numbers with each
	 * other and with the nests of inet's: an answer has the parts of its own shape alone.
	 */
	SF_PART_OWN = SF_PART_ATTRIBUTES,

	SF_PART_UNIX_PATH = SF_PART_OWN + 1, /* UNIX_DIAG_NAME of a file, without the NUL behind it */
	SF_PART_UNIX_ABSTRACT,               /* ... of none, with the NUL before it */
	SF_PART_UNIX_VFS, SF_PART_UNIX_PEER,
	SF_PART_UNIX_ICONS, /* an empty list: one byte, which is no element */

	SF_PART_NETLINK_GROUPS = SF_PART_OWN + 1, SF_PART_NETLINK_FLAGS,

	SF_PART_PACKET_INFO = SF_PART_OWN + 1, SF_PART_PACKET_MCLIST /* as UNIX_ICONS */, SF_PART_PACKET_RX_RING,
	SF_PART_PACKET_TX_RING, SF_PART_PACKET_FANOUT, SF_PART_PACKET_FILTER,

	SF_PART_XDP_INFO = SF_PART_OWN + 1, SF_PART_XDP_RX_RING, SF_PART_XDP_TX_RING, SF_PART_XDP_UMEM,
	SF_PART_XDP_FILL_RING, SF_PART_XDP_COMPLETION_RING, SF_PART_XDP_STATS,

	/* TIPC has no header: `own` is one that we make. A flag is one byte; the nests: that they came. */
	SF_PART_TIPC_ADDR = SF_PART_OWN + 1, SF_PART_TIPC_REF, SF_PART_TIPC_HAS_PUBL, SF_PART_TIPC_CON,
	SF_PART_TIPC_CON_BASE = SF_PART_TIPC_CON, /* + TIPC_NLA_CON_*: 1 flag 2 node 3 sock 4 type 5 inst */
	SF_PART_TIPC_STAT = SF_PART_TIPC_CON_BASE + 6,
	SF_PART_TIPC_STAT_BASE, /* + TIPC_NLA_SOCK_STAT_*: 0 rcvq 1 sendq 2 link_cong 3 conn_cong 4 drop */
	SF_PART_TIPC_GROUP = SF_PART_TIPC_STAT_BASE + 5,
	/* + TIPC_NLA_SOCK_GROUP_*: 0 id 1 open 2 node_scope 3 cluster_scope 4 instance 5 bc_send_next */
	SF_PART_TIPC_GROUP_BASE,
	SF_PART_TIPC_END = SF_PART_TIPC_GROUP_BASE + 6
};
_Static_assert(SF_PART_TIPC_END <= SF_PART_QUEUES, "the parts of a shape end before those of all");

struct sf_queues { /* SF_PART_QUEUES; struct unix_diag_rqlen */
	uint32_t rqueue, wqueue;
};

/* ---- other shapes: linux/unix_diag.h, netlink_diag.h, packet_diag.h, vm_sockets_diag.h, xdp_diag.h ---- */

struct sf_unix_msg { /* struct unix_diag_msg, 16 bytes */
	uint8_t family, type, state, pad;
	uint32_t ino, cookie[2];
};

struct sf_unix_vfs { /* struct unix_diag_vfs */
	uint32_t ino, dev;
};

struct sf_netlink_msg { /* struct netlink_diag_msg, 28 bytes */
	uint8_t family, type, protocol, state;
	uint32_t portid, dst_portid, dst_group, ino, cookie[2];
};

struct sf_packet_msg { /* struct packet_diag_msg, 16 bytes */
	uint8_t family, type;
	uint16_t num; /* the EtherType, host order */
	uint32_t ino, cookie[2];
};

struct sf_packet_info { /* struct packet_diag_info */
	uint32_t index, version, reserve, copy_thresh, tstamp, flags;
};

struct sf_packet_mclist { /* struct packet_diag_mclist */
	uint32_t index, count;
	uint16_t type, alen;
	uint8_t addr[32];
};

struct sf_packet_ring { /* struct packet_diag_ring */
	uint32_t block_size, block_nr, frame_size, frame_nr, retire_tmo, sizeof_priv, features;
};

struct sf_packet_fanout { /* one u32: id | type << 16 */
	uint16_t id;
	uint8_t type, pad;
};

struct sf_vsock_msg { /* struct vsock_diag_msg, 32 bytes */
	uint8_t family, type, state, shutdown;
	uint32_t src_cid, src_port, dst_cid, dst_port, ino, cookie[2];
};

struct sf_xdp_msg { /* struct xdp_diag_msg, 16 bytes */
	uint8_t family, type;
	uint16_t pad;
	uint32_t ino, cookie[2];
};

struct sf_xdp_info { /* struct xdp_diag_info */
	uint32_t ifindex, queue_id;
};

struct sf_xdp_umem { /* struct xdp_diag_umem */
	uint64_t size;
	uint32_t id, num_pages, chunk_size, headroom, ifindex, queue_id, flags, refs;
};

struct sf_xdp_stats { /* struct xdp_diag_stats */
	uint64_t n_rx_dropped, n_rx_invalid, n_rx_full, n_fill_ring_empty, n_tx_invalid, n_tx_ring_empty;
};
