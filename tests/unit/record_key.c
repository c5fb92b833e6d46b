/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of lines: a socket's is unique in its boot, a connection's is the same at both of its ends. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sockfeed/record.h>

#include "replies.h"

static uint64_t seed = 0x9e3779b97f4a7c15;

static void make_view(struct reply *reply, struct sf_view *view)
{
	*view = (struct sf_view){.table = SF_TABLE_TCP};
	assert_int_equal(sf_view_index(view, reply->bytes, reply->length), 0);
}

static void set_end(uint32_t bytes[4], uint16_t *port, int family, const char *address,
		    uint16_t number)
{
	assert_int_equal(inet_pton(family, address, bytes), 1);
	*port = htons(number);
}

/* A socket with these ends. */
static void assert_flow(int family, const char *local, uint16_t local_port, const char *peer,
			uint16_t peer_port, const char *expected)
{
	char key[SF_KEY_ROOM];
	struct sf_view view;
	struct reply reply;

	reply_begin(&reply, (uint8_t)family, SF_ESTABLISHED);
	set_end(reply_header(&reply)->src, &reply_header(&reply)->sport, family, local, local_port);
	set_end(reply_header(&reply)->dst, &reply_header(&reply)->dport, family, peer, peer_port);
	make_view(&reply, &view);
	*sf_key_flow(key, &view) = '\0';
	assert_string_equal(key, expected);
}

static void a_connection_has_one_key_at_both_ends(void **state)
{
	const char *v4 = "10.0.0.1:443-10.0.0.2:51514";
	const char *v6 = "[2001:db8::1]:65535-[fe80::1:2]:1";
	const char *longest = "[1111:2222:3333:4444:5555:6666:7777:8888]:60000-"
			      "[aaaa:bbbb:cccc:dddd:eeee:ffff:1111:2222]:60001";

	(void)state;
	assert_flow(AF_INET, "10.0.0.1", 443, "10.0.0.2", 51514, v4);
	assert_flow(AF_INET, "10.0.0.2", 51514, "10.0.0.1", 443, v4);
	assert_flow(AF_INET6, "2001:db8::1", 65535, "fe80::1:2", 1, v6);
	assert_flow(AF_INET6, "fe80::1:2", 1, "2001:db8::1", 65535, v6);
	assert_flow(AF_INET6, "1111:2222:3333:4444:5555:6666:7777:8888", 60000,
		    "aaaa:bbbb:cccc:dddd:eeee:ffff:1111:2222", 60001, longest);
}

static void a_dual_stack_socket_has_the_key_of_its_v4_peer(void **state)
{
	const char *key = "10.0.0.1:443-10.0.0.2:51514";

	(void)state;
	assert_flow(AF_INET6, "::ffff:10.0.0.1", 443, "::ffff:10.0.0.2", 51514, key);
}

static void ends_are_sorted_as_text(void **state)
{
	(void)state;
	assert_flow(AF_INET, "9.0.0.1", 1, "10.0.0.1", 1, "10.0.0.1:1-9.0.0.1:1");
	assert_flow(AF_INET, "127.0.0.1", 80, "127.0.0.1", 9, "127.0.0.1:80-127.0.0.1:9");
	assert_flow(AF_INET, "127.0.0.1", 800, "127.0.0.1", 80, "127.0.0.1:80-127.0.0.1:800");
	assert_flow(AF_INET, "0.0.0.0", 22, "0.0.0.0", 0, "0.0.0.0:0-0.0.0.0:22");
	assert_flow(AF_INET6, "::", 22, "::", 0, "[::]:0-[::]:22");
	assert_flow(AF_INET, "127.0.0.1", 7, "127.0.0.1", 7, "127.0.0.1:7-127.0.0.1:7");
}

static void any_two_ends_give_one_key_whoever_asks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char here[SF_KEY_ROOM], there[SF_KEY_ROOM];
		struct sf_inet_msg *msg;
		struct sf_view view;
		struct reply reply;
		uint32_t address[4];
		uint16_t port;

		reply_begin(&reply, draw(&seed) % 2 ? AF_INET : AF_INET6, SF_ESTABLISHED);
		msg = reply_header(&reply);
		for (unsigned word = 0; word < 4; word++) {
			msg->src[word] = (uint32_t)draw_varied(&seed, UINT32_MAX);
			msg->dst[word] = draw(&seed) % 8 ? (uint32_t)draw_varied(&seed, UINT32_MAX)
							 : msg->src[word];
		}
		msg->sport = (uint16_t)draw(&seed);
		msg->dport = (uint16_t)draw(&seed);
		make_view(&reply, &view);
		*sf_key_flow(here, &view) = '\0';
		memcpy(address, msg->src, sizeof(address));
		memcpy(msg->src, msg->dst, sizeof(address));
		memcpy(msg->dst, address, sizeof(address));
		port = msg->sport;
		msg->sport = msg->dport;
		msg->dport = port;
		make_view(&reply, &view);
		*sf_key_flow(there, &view) = '\0';
		assert_string_equal(here, there);
		assert_true(strlen(here) <= 128);
	}
}

static void the_key_of_a_socket_is_its_boot_and_its_cookie(void **state)
{
	static const uint64_t cookies[] = {0, 1, 4097, UINT32_MAX, 1ull << 32, UINT64_MAX};
	static const char boot_id[] = "01234567-89ab-cdef-0123-456789abcdef";

	(void)state;
	for (size_t i = 0; i < SF_COUNT(cookies); i++) {
		char key[SF_KEY_ROOM], expected[128];
		struct sf_view view;
		struct reply reply;

		reply_begin(&reply, AF_INET, SF_ESTABLISHED);
		memcpy(reply_header(&reply)->cookie, &cookies[i], sizeof(cookies[i]));
		make_view(&reply, &view);
		*sf_key_socket(key, boot_id, strlen(boot_id), &view) = '\0';
		snprintf(expected, sizeof(expected), "%s/%" PRIu64, boot_id, cookies[i]);
		assert_string_equal(key, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_has_one_key_at_both_ends),
		cmocka_unit_test(a_dual_stack_socket_has_the_key_of_its_v4_peer),
		cmocka_unit_test(ends_are_sorted_as_text),
		cmocka_unit_test(any_two_ends_give_one_key_whoever_asks),
		cmocka_unit_test(the_key_of_a_socket_is_its_boot_and_its_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
