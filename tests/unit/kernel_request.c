/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the kernel for each table: the protocol, and the states in the kernel's own numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/sock_diag.h>

#include "kernel/request.h"

enum { PROTOCOL = 3 }; /* INET_DIAG_REQ_PROTOCOL */

static struct inet_diag_req_v2 request_of(enum sf_table table, uint32_t states, uint32_t *protocol)
{
	const struct sf_ask ask = {.table = table, .states = states, .ext = 0x7f};
	const struct nlattr *attribute;
	struct inet_diag_req_v2 inet;
	union sf_request request = {0};

	sf_request_write(&request, SF_FORM_INET6, &ask, 7);
	assert_int_equal(request.header.nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(request.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(request.header.nlmsg_seq, 7);
	memcpy(&inet, request.bytes + NLMSG_HDRLEN, sizeof(inet));
	assert_int_equal(inet.sdiag_family, 10);
	assert_int_equal(inet.idiag_ext, 0x7f);
	*protocol = inet.sdiag_protocol;
	if (request.header.nlmsg_len > NLMSG_LENGTH(sizeof(inet))) {
		attribute = (const void *)(request.bytes + NLMSG_LENGTH(sizeof(inet)));
		assert_int_equal(attribute->nla_type, PROTOCOL);
		assert_int_equal(attribute->nla_len, sizeof(*attribute) + sizeof(*protocol));
		assert_int_equal(request.header.nlmsg_len, NLMSG_LENGTH(sizeof(inet)) + attribute->nla_len);
		assert_int_equal(inet.sdiag_protocol, 0); /* what a kernel without the attribute lacks */
		memcpy(protocol, attribute + 1, sizeof(*protocol));
	}
	return inet;
}

static void each_table_is_asked_for_by_its_protocol(void **state)
{
	(void)state;

	for (unsigned table = 0; table < SF_TABLE_COUNT; table++) {
		uint32_t protocol;

		if (sf_tables[table].shape != SF_SHAPE_INET)
			continue;
		request_of(table, sf_tables[table].known, &protocol);
		assert_int_equal(protocol, sf_tables[table].protocol);
	}
}

static void the_kernel_is_asked_for_states_by_its_own_numbers(void **state)
{
	const uint32_t endpoints = 1u << SF_LISTEN | 1u << SF_CLOSE, all = sf_tables[SF_TABLE_SCTP].known;
	uint32_t protocol;
	(void)state;

	assert_int_equal(request_of(SF_TABLE_UDP, 1u << SF_CLOSE, &protocol).idiag_states, 1u << SF_CLOSE);
	assert_int_equal(request_of(SF_TABLE_TCP, 1u << SF_BOUND_INACTIVE, &protocol).idiag_states, 1u << 13);
	/* Endpoints come for LISTEN, associations for whatever is neither that nor CLOSE. */
	assert_int_equal(request_of(SF_TABLE_SCTP, 1u << SF_CLOSE, &protocol).idiag_states, endpoints);
	assert_int_equal(request_of(SF_TABLE_SCTP, 1u << SF_COOKIE_WAIT, &protocol).idiag_states, 1u << SF_ESTABLISHED);
	assert_int_equal(request_of(SF_TABLE_SCTP, all, &protocol).idiag_states, endpoints | 1u << SF_ESTABLISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_table_is_asked_for_by_its_protocol),
		cmocka_unit_test(the_kernel_is_asked_for_states_by_its_own_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
