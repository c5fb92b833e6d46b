/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket record says what sf_field_read says, field by field, for answers of every class, length and value; nothing
 * else is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "encoded.h"

static void check_class(enum sf_class class)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder =
		sf_encoder_new(envelope_of(class), &all, 1u << SF_TABLE_TCP);
	struct reply reply;

	for (unsigned i = 0; i < 5000; i++) {
		make(&reply, class);
		check(encoder, &all, &reply, class);
	}
}

static void a_full_socket_says_what_its_fields_say(void **state)
{
	(void)state;
	check_class(SF_CLASS_FULL);
}

static void a_listener_says_what_its_fields_say(void **state)
{
	(void)state;
	check_class(SF_CLASS_LISTENER);
}

static void a_bound_socket_says_what_its_fields_say(void **state)
{
	(void)state;
	check_class(SF_CLASS_BOUND);
}

static void a_small_socket_says_what_its_fields_say(void **state)
{
	(void)state;
	check_class(SF_CLASS_SMALL);
}

static void a_socket_that_has_ended_says_what_its_event_says(void **state)
{
	(void)state;
	check_class(SF_CLASS_ENDED);
}

static void a_socket_of_any_table_says_what_its_fields_say(void **state)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *sockets =
		sf_encoder_new(&nobody, &all, SF_TABLES_ALL);
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *closed =
		sf_encoder_new(&of_the_ended, &all, SF_TABLES_ALL);
	struct reply reply;

	(void)state;
	for (unsigned i = 0; i < 1500 * SF_TABLE_COUNT; i++) {
		enum sf_class class;

		table = i % SF_TABLE_COUNT;
		if (sf_tables[table].shape != SF_SHAPE_INET)
			continue; /* record_shapes.c */
		class = draw_class();
		make(&reply, class);
		check(class == SF_CLASS_ENDED ? closed : sockets, &all, &reply, class);
	}
	table = SF_TABLE_TCP;
}

static void any_set_of_fields_is_written_alone(void **state)
{
	struct reply reply;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		enum sf_class class = draw_class();
		struct sf_fieldset fields = {0};
		unsigned rare = 1 + draw(&seed) % 40;

		for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
			if (chance(rare))
				sf_fieldset_add(&fields, id);
		}
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder =
			sf_encoder_new(envelope_of(class), &fields, 1u << SF_TABLE_TCP);

		make(&reply, class);
		check(encoder, &fields, &reply, class);
	}
}

static void tcp_info_of_any_length_is_read_as_far_as_it_goes(void **state)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
	uint8_t info[sizeof(struct sf_tcp_info) + 16];
	struct reply reply;

	(void)state;
	for (size_t length = 0; length <= sizeof(info); length++) {
		reply_begin(&reply, 2, SF_ESTABLISHED);
		reply_add(&reply, SF_PART_SHUTDOWN, "", 1);
		fill(info, sizeof(info));
		reply_add(&reply, SF_PART_INFO, info, length);
		check(encoder, &all, &reply, SF_CLASS_FULL);
	}
}

static void one_bit_is_seen_among_zeros(void **state)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
	const size_t memory = 9 * sizeof(uint32_t);
	struct reply reply;

	(void)state;
	for (size_t at = 0; at <= 8 * (sizeof(struct sf_tcp_info) + memory); at++) {
		uint8_t bytes[sizeof(struct sf_tcp_info) + 9 * sizeof(uint32_t) + 1] = {0};

		bytes[at / 8] = (uint8_t)(1 << at % 8); /* the last one lies behind both */
		reply_begin(&reply, 2, SF_ESTABLISHED);
		reply_add(&reply, SF_PART_SHUTDOWN, "", 1);
		reply_add(&reply, SF_PART_INFO, bytes, sizeof(struct sf_tcp_info));
		reply_add(&reply, SF_PART_SKMEM, bytes + sizeof(struct sf_tcp_info), memory);
		check(encoder, &all, &reply, SF_CLASS_FULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_socket_says_what_its_fields_say),
		cmocka_unit_test(a_listener_says_what_its_fields_say),
		cmocka_unit_test(a_bound_socket_says_what_its_fields_say),
		cmocka_unit_test(a_small_socket_says_what_its_fields_say),
		cmocka_unit_test(a_socket_that_has_ended_says_what_its_event_says),
		cmocka_unit_test(a_socket_of_any_table_says_what_its_fields_say),
		cmocka_unit_test(any_set_of_fields_is_written_alone),
		cmocka_unit_test(tcp_info_of_any_length_is_read_as_far_as_it_goes),
		cmocka_unit_test(one_bit_is_seen_among_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
