/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket record at its extremes, where it stays within the room that it asked for; and what encoders that stand
 * beside each other share: the bytes of their fields, nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "encoded.h"

static void the_longest_record_stays_within_its_room(void **state)
{
	static const uint8_t fills[] = {0xff, 0x01, 0xfe, 0x80};
	struct sf_fieldset all = everything();
	uint8_t message[520], *bytes = message + 8; /* the room before a part: socket.h */

	(void)state;
	for (unsigned i = 0; i < SF_COUNT(fills) * SF_CLASS_COUNT; i++) {
		const enum sf_class class = i % SF_CLASS_COUNT;
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder =
			sf_encoder_new(envelope_of(class), &all, 1u << SF_TABLE_TCP);
		struct sf_view view = {.table = SF_TABLE_TCP, .release = SEVEN_ZERO, .class = class};
		uint8_t state_number = view.table;

		if (class == SF_CLASS_UNCONNECTED)
			continue; /* of other tables */
		sf_encoder_run(encoder, UINT64_MAX, UINT32_MAX);
		/* Parts laid by hand: everything came, everything is as long as can be. */
		memset(message, fills[i / SF_CLASS_COUNT], sizeof(message));
		for (unsigned part = 0; part < SF_PART_COUNT; part++) {
			view.part[part] = bytes;
			view.length[part] = 300;
		}
		view.length[SF_PART_CONG] = view.length[SF_PART_ULP_NAME] = 256;
		for (state_number = 0; state_number < 3; state_number++) {
			struct line line = encode(encoder, &view, UINT64_MAX);

			json_object_put(judge_line(line.data, line.length));
			free(line.data);
			bytes[2 * state_number] = 2; /* another timer, another family */
		}
	}
}

static void assert_has(const struct line *line, const char *text)
{
	if (!memmem(line->data, line->length, text, strlen(text)))
		fail_msg("%s is not in %.*s", text, (int)line->length, line->data);
}

static void identities_are_strings_and_counters_numbers_up_to_the_last(void **state)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
	struct sf_view view = {.table = SF_TABLE_TCP, .release = SIX_EIGHTEEN};
	struct sf_tcp_info info = {
		.bytes_acked = UINT64_MAX, .pacing_rate = UINT64_MAX, .bytes_sent = 1ull << 53 | 1};
	const uint64_t cgroup = UINT64_MAX;
	struct reply reply;
	struct line line;

	(void)state;
	reply_begin(&reply, 2, SF_ESTABLISHED);
	memset(reply_header(&reply)->cookie, 0xff, 8);
	reply_add(&reply, SF_PART_SHUTDOWN, "", 1);
	reply_add(&reply, SF_PART_CGROUP, &cgroup, 8);
	reply_add(&reply, SF_PART_INFO, &info, sizeof(info));
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), 0);
	line = encode(encoder, &view, UINT64_MAX);
	json_object_put(judge_line(line.data, line.length));
	assert_has(&line, "\"cookie\":\"18446744073709551615\"");
	assert_has(&line, "\"cgroup\":{\"id\":\"18446744073709551615\"}");
	assert_has(&line, "\"bytes_acked\":18446744073709551615");
	assert_has(&line, "\"bytes_sent\":9007199254740993");
	assert_has(&line, "\"pacing_rate_bytes_per_s\":null");
	assert_has(&line, "\"seq\":18446744073709551615");
	free(line.data);
}

static void a_share_of_small_numbers_is_as_exact_as_printf(void **state)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
	struct sf_view view = {.table = SF_TABLE_TCP, .release = SIX_EIGHTEEN};

	(void)state;
	for (unsigned i = 0; i < 40 * 120; i++) {
		struct sf_tcp_info info = {.bytes_retrans = i % 120, .bytes_sent = 1 + i / 120};
		char ratio[64], text[96];
		struct reply reply;
		struct line line;

		reply_begin(&reply, 2, SF_ESTABLISHED);
		reply_add(&reply, SF_PART_SHUTDOWN, "", 1);
		reply_add(&reply, SF_PART_INFO, &info, sizeof(info));
		assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), 0);
		line = encode(encoder, &view, i);
		expect_ratio((double)info.bytes_retrans / (double)info.bytes_sent, ratio);
		snprintf(text, sizeof(text), "\"retrans_ratio\":%s,", ratio);
		assert_has(&line, text);
		free(line.data);
	}
}

static void the_fields_of_a_line_are_the_same_bytes_for_every_query_that_has_them(void **state)
{
	(void)state;

	for (unsigned i = 0; i < 300; i++) {
		struct sf_fieldset fields = everything();
		const enum sf_class class = draw_class();
		const struct sf_envelope other = {.host_name = "h",
						  .host_id = "i",
						  .boot_id = "b",
						  .query = "a query of another name",
						  .ended = class == SF_CLASS_ENDED};
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *a =
			sf_encoder_new(envelope_of(class), &fields, 1u << SF_TABLE_TCP);
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *b = sf_encoder_new(&other, &fields, 1u << SF_TABLE_TCP);
		struct sf_view view = {.table = SF_TABLE_TCP, .release = SIX_EIGHTEEN};
		struct line one, two;
		struct reply reply;
		char *head;

		make(&reply, class);
		index_as(&view, reply.bytes, reply.length, class);
		sf_encoder_run(b, 12345, 0);
		one = encode(a, &view, i);
		two = encode(b, &view, 1000 * i);
		head = malloc(sf_encoder_most(b));
		size_t length = (size_t)(sf_encode_envelope(b, 1000 * i, head) - head);
		assert_memory_equal(head, two.data, length);
		assert_true(two.length - length < one.length);
		assert_memory_equal(two.data + length, one.data + one.length - (two.length - length),
				    two.length - length);
		length = (size_t)(sf_encode_fields(a, &view, head) - head);
		assert_memory_equal(head, one.data + one.length - length, length);
		assert_true(length <= two.length);
		free(head);
		free(one.data);
		free(two.data);
	}
}

static void two_encoders_share_nothing(void **state)
{
	struct sf_fieldset all = everything(), one = {0};
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *a = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
	struct sf_encoder *b;
	struct sf_view view = {.table = SF_TABLE_TCP, .release = SIX_EIGHTEEN};
	struct line before, after;
	struct reply reply;

	(void)state;
	sf_fieldset_add(&one, SF_FIELD_COOKIE);
	make(&reply, SF_CLASS_FULL);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), 0);
	sf_encoder_run(a, 1, 4026531840);
	sf_encoder_time(a, 1763964000123456);
	before = encode(a, &view, 7);
	b = sf_encoder_new(
		&(struct sf_envelope){
			.host_name = "x", .host_id = "y", .boot_id = "z", .query = "other"},
		&one, 1u << SF_TABLE_TCP);
	sf_encoder_run(b, 99, 1);
	sf_encoder_time(b, 1);
	after = encode(b, &view, 8);
	assert_true(after.length < before.length);
	free(after.data);
	sf_encoder_free(b);
	after = encode(a, &view, 7);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, after.length);
	free(before.data);
	free(after.data);
}

static void an_encoder_asks_for_what_its_fields_need(void **state)
{
	(void)state;
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		struct sf_fieldset one = {0};

		sf_fieldset_add(&one, id);
		sf_fieldset_add(&one, SF_FIELD_COOKIE);
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder =
			sf_encoder_new(&nobody, &one, 1u << SF_TABLE_TCP);

		assert_int_equal(sf_encoder_ext(encoder, SF_TABLE_TCP), sf_field_ext(&sf_fields[id], SF_TABLE_TCP));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_record_stays_within_its_room),
		cmocka_unit_test(identities_are_strings_and_counters_numbers_up_to_the_last),
		cmocka_unit_test(the_fields_of_a_line_are_the_same_bytes_for_every_query_that_has_them),
		cmocka_unit_test(a_share_of_small_numbers_is_as_exact_as_printf),
		cmocka_unit_test(two_encoders_share_nothing),
		cmocka_unit_test(an_encoder_asks_for_what_its_fields_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
