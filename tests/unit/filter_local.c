/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters over tables that are not of inet: what src, dst, sport and dport mean there, lists, words that several numbers
 * have, names of bytes; and that every normal form is read as what it came from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sys/socket.h>

#include <sockfeed/filter.h>

#include "replies.h"

#define OF(table) (1u << SF_TABLE_##table)

/* NULL after an error, whose text is left in `said`. */
static struct sf_filter *read_filter(uint32_t tables, const char *text, char **said)
{
	const struct sf_text place = {.name = "test", .text = text, .length = strlen(text)};
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_filter *filter = NULL;
	size_t length;
	FILE *file = open_memstream(said, &length);

	(void)sf_filter_read(&place, tables, &filter, complaints);
	sf_complaints_print(complaints, file);
	fclose(file);
	sf_complaints_free(complaints);
	return filter;
}

static void texts_are_read_by_the_tables_that_are_asked(void **state)
{
	static const struct {
		uint32_t tables;
		const char *text, *normal; /* or NULL: ... */
		const char *error;
	} cases[] = {
		{OF(UNIX), "src /run/x", "state established state idle and (src = /run/x)", NULL},
		{OF(UNIX), "src \"a b\"", "state established state idle and (src = \"a b\")", NULL},
		{OF(UNIX), "state all src 10.0.0.1", "state all and (src = 10.0.0.1)", NULL}, /* a pattern like any */
		{OF(UNIX), "state all dst *", "state all and (dst = *)", NULL},
		{OF(UNIX), "state all src in (/a, @b)", "state all and (src in (/a, @b))", NULL},
		{OF(UNIX), "state unconnected", "state unconnected", NULL},
		{OF(UNIX), "state disconnected", "state disconnected", NULL},
		{OF(UNIX), "state idle or state listening", "state listening state idle", NULL},
		{OF(UNIX) | OF(TCP), "state all src /run/x", "state all and (src = /run/x)", NULL},
		{OF(UNIX) | OF(TCP), "state all src 10.0.0.1", "state all and (src = 10.0.0.1)", NULL},
		{OF(UNIX) | OF(TCP), "state all src unix:10*", "state all and (src = unix:10*)", NULL},
		{OF(UNIX), "src /a state in (idle, established)", "state established state idle and (src = /a)", NULL},
		{OF(UNIX), "src /a or state in (idle, listening)", "src = /a or state in (listening, idle)", NULL},
		{OF(UNIX), "src /a or state in (unconnected, listening)", "src = /a or state in (unconnected, listening)", NULL},
		{OF(UNIX) | OF(UDP), "sport = 5 or state = disconnected", "sport = :5 or state disconnected", NULL},
		{OF(NETLINK), "", "state unconnected", NULL},
		{OF(NETLINK), "src route:kernel", "state unconnected and (src = route:kernel)", NULL},
		{OF(NETLINK), "src 16:5", "state unconnected and (src = 16:5)", NULL},
		{OF(NETLINK), "sport = 5", "state unconnected and (sport = 5)", NULL},
		{OF(NETLINK), "sport in (6, 5-5, 4294967295)", "state unconnected and (sport in (6, 5-5, 4294967295))", NULL},
		{OF(NETLINK) | OF(TCP), "state all sport in (netlink:5, netlink:6)",
		 "state all and (sport in (netlink:5, netlink:6))", NULL},
		{OF(NETLINK), "netlink.groups in (1, 5)", "state unconnected and (netlink.groups in (1, 5))", NULL},
		{OF(PACKET), "src ip:lo", "state unconnected and (src = ip:lo)", NULL},
		{OF(PACKET), "protocol = ip", "state unconnected and (protocol = ip)", NULL},
		{OF(PACKET), "protocol in (ip, unknown-4660)", "state unconnected and (protocol in (ip, unknown-4660))", NULL},
		{OF(PACKET), "protocol = unknown-4660", "state unconnected and (protocol = unknown-4660)", NULL},
		{OF(PACKET), "packet.mclist_addr = 01:00:5E:00:00:01",
		 "state unconnected and (packet.mclist_addr = 01:00:5e:00:00:01)", NULL},
		{OF(VSOCK), "dst 2:1024", "state connected and (dst = 2:1024)", NULL},
		{OF(VSOCK), "state all sport > 70000", "state all and (sport > 70000)", NULL},
		{OF(VSOCK) | OF(TCP), "state all src vsock:2:*", "state all and (src = vsock:2:*)", NULL},

		{OF(UNIX), "sport = 5", NULL, "unix sockets have no such port"},
		{OF(PACKET), "dport = 5", NULL, "packet sockets have no such port"},
		{OF(XDP), "src eth0:1", NULL, "no table that is asked has such ends"},
		{OF(NETLINK), "src nothing:1", NULL, "no end of a netlink socket"},
		{OF(NETLINK), "src route:x", NULL, "no end of a netlink socket"},
		{OF(UNIX) | OF(TCP), "state all src in (/run/x, 10.0.0.1)", NULL, "the ends in a list are of one kind of socket"},
		{OF(UNIX) | OF(TCP), "state all src in (10.0.0.1, /run/x)", NULL, "join it by `or`: src = /run/x"},
		{OF(UNIX) | OF(NETLINK), "src in (/run/x, netlink:route)", NULL, "the ends in a list are of one kind of socket"},
		{OF(NETLINK) | OF(TCP), "state all sport in (443, netlink:5)", NULL, "the ends in a list are of one kind of socket"},
		{OF(NETLINK) | OF(TCP), "state all sport in (netlink:5, 443)", NULL, "join it by `or`: sport = 443"},
		{OF(VSOCK), "src 2:4294967296", NULL, "no end of a vsock socket"},
		{OF(VSOCK), "sport = x", NULL, "a port of vsock sockets is a number of 32 bits"},
		{OF(TCP), "state all src unix:/run/x", NULL, "can never hold"},
		{OF(PACKET), "packet.mclist_addr = 01:0", NULL, "is no hardware address"},
		{OF(PACKET), "packet.mclist_addr = 0g:01", NULL, "is no hardware address"},
		{OF(PACKET), "packet.mclist_index > 1", NULL, "not ordered"},
		{OF(PACKET), "packet.mclist_index = packet.mclist_count", NULL, "lists are not compared"},
		{OF(NETLINK), "state established", NULL, "no table that is asked knows the state"},
		{OF(UNIX), "tcp.rtt_us > 5", NULL, "can never hold"},
		{OF(UNIX), "unix.path > a", NULL, "not ordered"},
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		sf_cleanup(sf_free_p) char *said = NULL;
		sf_cleanup(sf_free_p) char *again = NULL;
		sf_cleanup(sf_filter_free_p) struct sf_filter *filter = read_filter(cases[i].tables, cases[i].text, &said);
		sf_cleanup(sf_filter_free_p) struct sf_filter *second = NULL;
		sf_cleanup(sf_buf_finish) struct sf_buf normal = {0};
		sf_cleanup(sf_buf_finish) struct sf_buf twice = {0};

		if (!filter) {
			if (!cases[i].error || !strstr(said, cases[i].error))
				fail_msg("%s: %s", cases[i].text, said);
			continue;
		}
		sf_filter_print(filter, &normal);
		if (!cases[i].normal || strcmp(normal.data, cases[i].normal))
			fail_msg("%s became %s", cases[i].text, normal.data);
		second = read_filter(cases[i].tables, normal.data, &again);
		assert_non_null(second);
		sf_filter_print(second, &twice);
		assert_string_equal(normal.data, twice.data);
	}
}

/* ---- what holds for what ---- */

static void make_unix(struct reply *reply, const char *name, size_t length)
{
	const struct sf_unix_msg msg = {.family = AF_UNIX, .type = SOCK_DGRAM, .state = SF_CLOSE, .ino = 1};

	memcpy(reply->bytes, &msg, sizeof(msg));
	reply->length = sizeof(msg);
	reply_add(reply, 0, name, length);
}

static bool holds(uint32_t tables, const char *text, enum sf_table table, const struct reply *reply)
{
	sf_cleanup(sf_free_p) char *said = NULL;
	sf_cleanup(sf_filter_free_p) struct sf_filter *filter = read_filter(tables, text, &said);
	struct sf_view view = {.table = (uint8_t)table};

	if (!filter)
		fail_msg("%s", said);
	assert_int_equal(sf_view_index(&view, reply->bytes, reply->length), 0);
	return sf_filter_judge(filter, &view);
}

static void a_pattern_matches_names_as_ss_shows_them(void **state)
{
	static const struct {
		const char *pattern, *name;
		size_t length;
		bool holds;
	} cases[] = {{"/run/x", "/run/x", 7, true},   {"/run/*", "/run/a/b", 9, true}, {"/RUN/X", "/run/x", 7, true},
		     {"@a", "\0a", 2, true},	      {"@a@b", "\0a\0b", 4, true},     {"a", "\0a", 2, false},
		     {"*", "/run/x", 7, true},	      {"*", "", 0, true},	       {"?*", "", 0, false},
		     {"/run/[xy]", "/run/y", 7, true}, {"/run/x", "/run/xx", 8, false}, {"@", "\0", 1, true}};
	struct reply reply;
	char text[64];
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		make_unix(&reply, cases[i].name, cases[i].length);
		snprintf(text, sizeof(text), "src \"%s\"", cases[i].pattern);
		assert_int_equal(holds(OF(UNIX), text, SF_TABLE_UNIX, &reply), cases[i].holds);
		snprintf(text, sizeof(text), "src != \"%s\"", cases[i].pattern);
		assert_int_equal(holds(OF(UNIX), text, SF_TABLE_UNIX, &reply), !cases[i].holds);
		snprintf(text, sizeof(text), "not src \"%s\"", cases[i].pattern);
		assert_int_equal(holds(OF(UNIX), text, SF_TABLE_UNIX, &reply), !cases[i].holds);
		snprintf(text, sizeof(text), "dst \"%s\"", cases[i].pattern); /* the name of the other end is not known */
		assert_int_equal(holds(OF(UNIX), text, SF_TABLE_UNIX, &reply), !strcmp(cases[i].pattern, "*"));
	}
}

/* Neither a comparison nor its opposite holds for what a socket has not. */
static void ports_and_addresses_are_of_inet_sockets_alone(void **state)
{
	static const char *const texts[] = {"state all sport = :0",	 "state all sport != :1", "state all dport < :9",
					    "state all src 10.0.0.0/8",	 "state all src != 10.0.0.1", "state all src *",
					    "state all dst [::/0]",	 "state all dport >= :0", "state all autobound"};
	struct reply reply;
	(void)state;

	make_unix(&reply, "/run/x", 7);
	for (size_t i = 0; i < SF_COUNT(texts); i++)
		if (holds(OF(UNIX) | OF(TCP), texts[i], SF_TABLE_UNIX, &reply))
			fail_msg("%s holds for a unix socket", texts[i]);
	assert_true(holds(OF(UNIX) | OF(TCP), "state all not sport = :0", SF_TABLE_UNIX, &reply));
}

static void both_numbers_of_an_end_must_be_equal_unless_any_is_meant(void **state)
{
	static const struct sf_netlink_msg msg = {
		.family = AF_NETLINK, .type = SOCK_RAW, .protocol = 16, .portid = 77, .dst_portid = 5};
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {{"src generic:77", true},	  {"src generic:78", false},	{"src route:77", false}, {"src *:77", true},
		     {"src :77", true},		  {"src generic:*", true},	{"src generic", true},	 {"src 16:77", true},
		     {"src != generic:77", false}, {"src != generic:78", true}, {"dst *:5", true},	 {"dst *:kernel", false},
		     {"sport = 77", true},	  {"sport > 77", false},	{"dport = :5", true},
		     {"src in (route, *:77)", true}, {"src netlink:*:77", true}, {"not src route", true}};
	struct reply reply;
	(void)state;

	memcpy(reply.bytes, &msg, sizeof(msg));
	reply.length = sizeof(msg);
	for (size_t i = 0; i < SF_COUNT(cases); i++)
		if (holds(OF(NETLINK), cases[i].text, SF_TABLE_NETLINK, &reply) != cases[i].holds)
			fail_msg("%s", cases[i].text);
	assert_false(holds(OF(NETLINK) | OF(VSOCK), "src != vsock:5", SF_TABLE_NETLINK, &reply));
}

static void one_word_means_all_numbers_that_have_it(void **state)
{
	struct sf_netlink_msg netlink = {.family = AF_NETLINK, .type = SOCK_RAW, .state = 7};
	struct sf_packet_msg packet = {.family = AF_PACKET, .type = SOCK_RAW, .num = 0x86dd};
	struct reply reply;
	(void)state;

	memcpy(reply.bytes, &netlink, sizeof(netlink));
	reply.length = sizeof(netlink);
	assert_true(holds(OF(NETLINK), "netlink.state = unconnected", SF_TABLE_NETLINK, &reply));
	assert_false(holds(OF(NETLINK), "netlink.state != unconnected", SF_TABLE_NETLINK, &reply));
	assert_true(holds(OF(NETLINK), "netlink.state in (unconnected, connected)", SF_TABLE_NETLINK, &reply));
	memcpy(reply.bytes, &packet, sizeof(packet));
	reply.length = sizeof(packet);
	assert_true(holds(OF(PACKET) | OF(RAW), "state all protocol = ipv6", SF_TABLE_PACKET, &reply));
	assert_false(holds(OF(PACKET) | OF(RAW), "state all protocol = ip", SF_TABLE_PACKET, &reply));
	assert_false(holds(OF(PACKET), "protocol = unknown-34525", SF_TABLE_PACKET, &reply));
	packet.num = 0x1234;
	memcpy(reply.bytes, &packet, sizeof(packet));
	assert_true(holds(OF(PACKET), "protocol = unknown-4660", SF_TABLE_PACKET, &reply));
	assert_true(holds(OF(PACKET), "protocol != ip", SF_TABLE_PACKET, &reply));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_by_the_tables_that_are_asked),
		cmocka_unit_test(a_pattern_matches_names_as_ss_shows_them),
		cmocka_unit_test(ports_and_addresses_are_of_inet_sockets_alone),
		cmocka_unit_test(both_numbers_of_an_end_must_be_equal_unless_any_is_meant),
		cmocka_unit_test(one_word_means_all_numbers_that_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
