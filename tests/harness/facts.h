/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sockets as plain facts, of values that matter at boundaries.
 */
#pragma once

#include <arpa/inet.h>

#include "filters.h"

static inline uint32_t one_of(uint64_t *random, const uint32_t *pool, unsigned count)
{
	return pool[pick(random, count)];
}
#define ONE_OF(random, ...) \
	one_of(random, (const uint32_t[]){__VA_ARGS__}, SF_COUNT(((const uint32_t[]){__VA_ARGS__})))

static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.1.0.1", "127.0.0.1", "0.0.0.0", "192.0.2.255"};
static const char *const addresses6[] = {"::", "::1", "2001:db8::1", "2001:db8:8000::1", "fe80::1", "::ffff:10.0.0.1", "::ffff:10.1.0.1"};

static inline void draw_address(uint64_t *random, int family, void *out)
{
	if (family == AF_INET)
		inet_pton(AF_INET, addresses[pick(random, SF_COUNT(addresses))], out);
	else
		inet_pton(AF_INET6, addresses6[pick(random, SF_COUNT(addresses6))], out);
}

static inline struct facts draw_facts(uint64_t *random)
{
	static const uint16_t ports[] = {0, 22, 80, 443, 1024, 65535};
	struct facts f = {.header = {.family = pick(random, 2) ? AF_INET : AF_INET6}};

	f.header.state = (uint8_t)(1 + pick(random, 11));
	f.header.sport = htobe16(ports[pick(random, SF_COUNT(ports))]);
	f.header.dport = htobe16(ports[pick(random, SF_COUNT(ports))]);
	draw_address(random, f.header.family, f.header.src);
	draw_address(random, f.header.family, f.header.dst);
	if (f.header.state == SF_LISTEN) /* a connect() that was refused leaves the address, but no port */
		f.header.dport = 0;
	f.header.interface = ONE_OF(random, 0, 0, 1, 77777);
	f.header.rqueue = ONE_OF(random, 0, 95, 96, 97, 1000, 1024);
	f.header.uid = ONE_OF(random, 0, 33, 34, 1000);
	f.header.inode = ONE_OF(random, 0, 636);
	f.header.cookie[0] = ONE_OF(random, 1, 2, 3);
	f.header.cookie[1] = ONE_OF(random, 0, 1);
	f.has_shutdown = f.header.state != SF_TIME_WAIT && pick(random, f.header.state == SF_SYN_RECV ? 2 : 8); /* a Fast Open is full */
	f.has_mark = pick(random, 2);
	f.mark = ONE_OF(random, 0, 1, 0x34, 0x1234);
	f.has_cong = f.has_shutdown && f.header.state != SF_CLOSE && pick(random, 4);
	strcpy(f.cong, pick(random, 2) ? "bbr" : "cubic");
	f.has_skmem = f.has_shutdown && pick(random, 4);
	f.skmem[8] = ONE_OF(random, 0, 1, 2, 3, 4);
	f.skmem[4] = ONE_OF(random, 0, 4096, (uint32_t)-4096, UINT32_MAX, 1u << 31);
	if (f.has_shutdown && f.header.state != SF_CLOSE)
		f.info_length = (uint16_t)ONE_OF(random, 0, 104, 192, 224, 280, 280, 280, 280);
	f.info.rtt = ONE_OF(random, 0, 200, 99999, 100000, 100001);
	f.info.min_rtt = ONE_OF(random, 0, 1, 90000, UINT32_MAX);
	f.info.probes = (uint8_t)ONE_OF(random, 0, 1, 3, 255);
	f.info.lost = ONE_OF(random, 0, 1, 2, 3);
	f.info.wscale = (uint8_t)ONE_OF(random, 0x77, 0x87, 0xe8);
	f.info.options = (uint8_t)pick(random, 128);
	f.info.snd_cwnd = ONE_OF(random, 0, 1, 10, 11);
	f.info.ca_state = (uint8_t)ONE_OF(random, 0, 2, 3, 4, 9);
	f.info.rate_flags = (uint8_t)pick(random, 2);
	f.info.bytes_sent = ONE_OF(random, 0, 1000);
	f.info.bytes_retrans = ONE_OF(random, 0, 149, 150, 151, 1000);
	return f;
}
