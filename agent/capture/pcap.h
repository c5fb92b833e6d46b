/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shapes in a capture: capture.h says where each number comes from.
 */
#pragma once

#include <stdint.h>

enum {
	SF_PCAP_MICRO = 0xa1b2c3d4,
	SF_PCAP_NANO = 0xa1b23c4d,
	SF_PCAP_NG = 0x0a0d0d0a, /* of a Section Header Block; the same in both byte orders */
	SF_PCAP_NETLINK = 253,
	/* Of a packet with its cooked header: what tcpdump takes unless told otherwise. */
	SF_PCAP_MOST = 262144,
	SF_COOKED_OUTGOING = 4,
	SF_COOKED_NETLINK = 824,
};

struct sf_pcap_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, most;
	uint32_t link; /* bits 16 and up are no part of the type */
};

struct sf_pcap_packet {
	uint32_t seconds, fraction, length, whole;
};

struct sf_cooked { /* big-endian */
	uint16_t way, hardware, address_length;
	uint8_t address[8];
	uint16_t family;
};

_Static_assert(sizeof(struct sf_pcap_head) == 24 && sizeof(struct sf_pcap_packet) == 16 &&
		       sizeof(struct sf_cooked) == 16,
	       "nothing lies between them");
