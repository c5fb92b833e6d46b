/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter`: what can never hold is an error that says why, and what may hold is none. That it is never a wrong
 * error for random filters: filter_random.c.
 */
#include "filters.h"

#define OF(table) (1u << SF_TABLE_##table)

static void a_filter_that_can_never_hold_is_an_error(void **state)
{
	static const struct {
		uint32_t tables;
		const char *text, *why;
	} cases[] = {
		/* states */
		{OF(TCP), "state established and state listening", "a socket has one state"},
		{OF(TCP), "state established exclude established", "no state is left"},
		{OF(TCP), "not (state all)", ""},
		{OF(TCP), "state != all", ""},
		{OF(TCP), "exclude all", "no state is left"},
		{OF(TCP), "sport = :1 state listening state established", "a socket has one state"},
		{OF(TCP), "state established and (state listening or dport > 65535)", ""},
		{OF(TCP), "(state established and sport = 1) and (state listening and sport = 1)", "a socket has one state"},

		/* numbers */
		{OF(TCP), "dport < 0", "dport < :0 never holds"},
		{OF(TCP), "not (dport >= 0)", ""},
		{OF(TCP), "tcp.probes > 255", "never holds"},
		{OF(TCP), "tcp.retrans_ratio < 0", "tcp.retrans_ratio < 0% never holds"},
		{OF(TCP), "tcp.rtt_us > 5 and tcp.rtt_us < 2", "exclude each other"},
		{OF(TCP), "sport in (1, 3) and uid = 5 and sport in (2, 4-9)", "exclude each other"},

		/* addresses */
		{OF(TCP), "src != *", "never holds"},
		{OF(TCP), "dst 10.0.0.1 and dst 10.0.0.2", "dst = 10.0.0.1 and dst = 10.0.0.2 exclude each other"},
		{OF(TCP), "dst 10.0.0.0/8 and uid = 1 and peer.address = 192.168.0.0/16", "exclude each other"},
		{OF(TCP), "src [fe80::/10] and src 10.0.0.1", "exclude each other"},
		{OF(TCP), "src 10.0.0.1:80 and src 10.0.0.1:443", "exclude each other"},
		{OF(TCP), "src :80 and src :443", "exclude each other"},
		{OF(TCP), "src ::ffff:10.0.0.0/104 and src 11.0.0.1", "exclude each other"},

		/* texts */
		{OF(TCP), "tcp.congestion_control = bbr and tcp.congestion_control = cubic",
		 "tcp.congestion_control = \"bbr\" and tcp.congestion_control = \"cubic\" exclude each other"},

		/* a part and its contrary */
		{OF(TCP), "has mark and not has mark", "has mark and not (has mark) exclude each other"},
		{OF(TCP), "not has uid and sport = 5 and uid = 1", "not (has uid) and uid = 1 exclude each other"},
		{OF(TCP), "not has tcp.rtt_us and tcp.rtt_us > tcp.min_rtt_us", "exclude each other"},
		{OF(TCP), "tcp.rtt_us > 5ms and not tcp.rtt_us > 5000us", "exclude each other"},
		{OF(TCP), "dst 10.0.0.1 and not dst 10.0.0.1", "exclude each other"},
		{OF(TCP), "tcp.congestion_control = bbr and not tcp.congestion_control = \"bbr\"", "exclude each other"},
		{OF(TCP), "not tcp.options = sack and tcp.options = sack", "exclude each other"},

		/* what is absent or 0 where it would have to be more */
		{OF(TCP), "inode = 0", "write not has inode"},
		{OF(TCP), "interface.index < 1", "write not has interface.index"},
		{OF(TCP), "state listening dport = 443", "a listener has no peer"},
		{OF(TCP), "state listening and dport in (80, 443)", "a listener has no peer"},
		{OF(TCP), "state listening and dst :443", "a listener has no peer"},
		{OF(TCP), "state listening and dst 10.0.0.1:443", "a listener has no peer"},
		{OF(TCP), "state listening and peer.port = 443", "peer.port is absent in the state listening"},

		/* tables */
		{OF(TCP), "table = udp", "no table that is asked has it"},
		{OF(TCP) | OF(UNIX), "table in (udp, packet)", "no table that is asked has it"},
		{OF(TCP), "table != tcp", "no table that is asked has it"},
		{OF(TCP), "family = unix", "no table that is asked has it"},
		{OF(UNIX), "family = inet", "no table that is asked has it"},
		{OF(TCP) | OF(UNIX), "protocol = udp", "no table that is asked has it"},
		{OF(TCP) | OF(UDP), "state listening and table = udp", "no table has sockets for which all of it holds"},
		{OF(TCP) | OF(UDP), "table = udp and tcp.rtt_us > 5", "no table has sockets for which all of it holds"},
		{OF(TCP) | OF(UNIX), "table = tcp and family = unix", "no table has sockets for which all of it holds"},
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		sf_cleanup(sf_free_p) char *said = NULL;
		struct sf_filter *filter = filter_try_of(cases[i].tables, cases[i].text, strlen(cases[i].text), &said);

		if (filter || !strstr(said, "can never hold") || !strstr(said, cases[i].why))
			fail_msg("%s: %s", cases[i].text, said);
	}
}

static void what_may_hold_is_none(void **state)
{
	static const struct {
		uint32_t tables;
		const char *text;
	} cases[] = {
		{OF(TCP), "dst 10.0.0.0/8 and dst 10.1.0.0/16"},
		{OF(TCP), "dst 10.0.0.1 and dst != 10.0.0.2"},
		{OF(TCP), "dst 10.0.0.1 or dst 10.0.0.2"},
		{OF(TCP), "src 10.0.0.1 and dst 10.0.0.2"},
		{OF(TCP), "src ::ffff:10.0.0.0/104 and src 10.0.0.1"}, /* a mapped one is both */
		{OF(TCP), "src 10.0.0.1 and src :80"},
		{OF(TCP), "src ::/0 and src 10.0.0.0/8"},
		{OF(TCP), "tcp.congestion_control = bbr and tcp.congestion_control != cubic"},
		{OF(TCP), "tcp.congestion_control = bbr and ulp.name = tls"},
		{OF(TCP), "tcp.options = sack and tcp.options = timestamps"},
		{OF(TCP), "tcp.options = sack and not tcp.options = timestamps"},
		{OF(TCP), "tcp.rtt_us > 5 and not tcp.rtt_us > 6"},
		{OF(TCP), "(not has mark and sport = 5) or (has mark and mark = 5)"},
		{OF(TCP), "uid = 0"},
		{OF(TCP), "inode != 0"},
		{OF(TCP), "not inode = 0"},
		{OF(TCP), "inode = 0 or uid = 5"},
		{OF(TCP), "state listening and dport = 0"},
		{OF(TCP), "state listening and dport != 443"},
		{OF(TCP), "state listening and not dport = 443"},
		{OF(TCP), "state listening and dst 10.0.0.0/8"}, /* a connect() that was refused leaves it */
		{OF(TCP), "state listening and dst in (:443, 10.0.0.1)"},
		{OF(TCP), "state listening and dst 0.0.0.0"},
		{OF(TCP), "state listening and dst ::"},
		{OF(TCP), "state listening and dst != 10.0.0.1"},
		{OF(TCP), "state listening or dport = 443"},
		{OF(TCP), "state bound-inactive and dport = 443"}, /* one that was reset keeps its peer's port */
		{OF(TCP), "table = tcp"},
		{OF(TCP), "not table = udp"},
		{OF(TCP), "table = udp or sport = 5"},
		{OF(TCP), "protocol = tcp and family = inet6"},
		{OF(TCP) | OF(UDP), "table = udp and state unconnected"},
		{OF(TCP) | OF(UNIX), "family in (inet, unix)"},
		{OF(RAW), "protocol = udp"},
		{OF(NETLINK), "protocol = route"},
		{OF(PACKET), "family = packet and protocol = ip"},
		/* an end of these is more than one field: it holds where one of them is absent */
		{OF(UNIX), "state all and src @abc and not has unix.path"},
		{OF(UNIX), "state all and not has unix.path and src != /run/x"},
		{OF(PACKET), "src ip:* and not has interface.index"},
		{OF(PACKET), "sport = 0"},
		{OF(PACKET), "sport < 1"},
		{OF(VSOCK), "state all and dst 2:1024 and not has vsock.src_port"},
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		sf_cleanup(sf_free_p) char *said = NULL;
		sf_cleanup(sf_filter_free_p) struct sf_filter *filter =
			filter_try_of(cases[i].tables, cases[i].text, strlen(cases[i].text), &said);

		if (!filter)
			fail_msg("%s: %s", cases[i].text, said);
	}
}

/* Nothing is asked of a table that has no such socket, nor of listeners what they never say. */
static void what_never_holds_is_not_asked_for(void **state)
{
	static const struct {
		const char *text;
		uint32_t tables; /* of tcp, udp and unix */
	} cases[] = {
		{"state all", OF(TCP) | OF(UDP) | OF(UNIX)},
		{"state all and table = udp", OF(UDP)},
		{"state all and table in (udp, unix)", OF(UDP) | OF(UNIX)},
		{"state all and not table = udp", OF(TCP) | OF(UDP) | OF(UNIX)}, /* judged here */
		{"state all and family = unix", OF(UNIX)},
		{"state all and family != inet", OF(TCP) | OF(UDP) | OF(UNIX)},
		{"state all and protocol = tcp", OF(TCP)},
		{"state all and (table = udp or tcp.rtt_us > 5)", OF(TCP) | OF(UDP)},
		{"state listening", OF(TCP) | OF(UNIX)},
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		sf_cleanup(sf_free_p) char *said = NULL;
		sf_cleanup(sf_filter_free_p) struct sf_filter *filter = filter_try_of(
			OF(TCP) | OF(UDP) | OF(UNIX), cases[i].text, strlen(cases[i].text), &said);
		uint32_t asked = 0;

		if (!filter)
			fail_msg("%s: %s", cases[i].text, said);
		for (enum sf_table table = 0; table < SF_TABLE_COUNT; table++) {
			struct sf_needs needs;

			sf_filter_needs(filter, table, &needs);
			asked |= needs.states ? 1u << table : 0;
		}
		if (asked != cases[i].tables)
			fail_msg("%s: asked %04x, expected %04x", cases[i].text, asked, cases[i].tables);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_that_can_never_hold_is_an_error),
		cmocka_unit_test(what_may_hold_is_none),
		cmocka_unit_test(what_never_holds_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
