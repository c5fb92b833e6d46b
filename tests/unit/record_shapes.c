/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as answers of the tables that are not of inet_diag: they are refused, or become a record that says what its
 * fields say and fits into a batch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "everything.h"
#include "records.h"
#include "shapes.h"

static uint64_t seed = 0x5eed;

static const struct {
	enum sf_table table;
	size_t header;
	unsigned first, last; /* attributes */
} kinds[] = {{SF_TABLE_UNIX, sizeof(struct sf_unix_msg), 0, 8},	    {SF_TABLE_NETLINK, sizeof(struct sf_netlink_msg), 0, 5},
	     {SF_TABLE_PACKET, sizeof(struct sf_packet_msg), 0, 8}, {SF_TABLE_VSOCK, sizeof(struct sf_vsock_msg), 0, 1},
	     {SF_TABLE_XDP, sizeof(struct sf_xdp_msg), 0, 10}};

static void every_cut_of_a_header_is_refused(void **state)
{
	uint8_t bytes[64] = {0};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(kinds); i++) {
		for (size_t length = 0; length <= kinds[i].header; length++) {
			struct sf_view view = {.table = (uint8_t)kinds[i].table};

			assert_int_equal(sf_view_index(&view, bytes, length), length < kinds[i].header ? -EBADMSG : 0);
		}
	}
}

static void draw_answer(struct reply *reply, size_t kind)
{
	uint8_t bytes[400];

	draw_bytes(&seed, reply->bytes, kinds[kind].header);
	reply->length = kinds[kind].header;
	if (draw(&seed) % 2)
		reply->bytes[2] = (uint8_t[]){SF_ESTABLISHED, SF_LISTEN, SF_CLOSE}[draw(&seed) % 3]; /* of unix, vsock: the state */
	for (unsigned type = kinds[kind].first; type <= kinds[kind].last; type++) {
		size_t length = draw(&seed) % 4 ? draw(&seed) % 90 : draw(&seed) % sizeof(bytes);

		draw_bytes(&seed, bytes, length);
		if (draw(&seed) % 3 == 0)
			memset(bytes, (int)(draw(&seed) % 3) - 1, length);
		if (draw(&seed) % 4)
			reply_add(reply, type, bytes, length);
	}
}

static void any_answer_is_a_record_that_says_what_its_fields_say(void **state)
{
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = encoder_of_everything("h");
	(void)state;

	for (unsigned i = 0; i < 20000; i++) {
		size_t kind = draw(&seed) % (SF_COUNT(kinds) + 1), room;
		enum sf_table table = kind < SF_COUNT(kinds) ? kinds[kind].table : SF_TABLE_TIPC;
		int keys = 7; /* time type schema host query run seq */
		struct json_object *record;
		struct reply reply;
		struct sf_view view;
		char *line, *end;

		if (table == SF_TABLE_TIPC)
			make_tipc(&reply, i % 2);
		else
			draw_answer(&reply, kind);
		index_as(&view, table, &reply);
		room = sf_encoder_room(encoder, &view);
		line = malloc(room);
		end = sf_encode_socket(encoder, &view, i, line);
		assert_true((size_t)(end - line) <= room);
		record = judge_line(line, (size_t)(end - line));
		for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
			keys += judge_field(record, &sf_fields[id], &view);
		assert_int_equal(judge_keys(record), keys);
		json_object_put(record);
		free(line);
	}
}

static void the_longest_lists_fit_into_a_batch(void **state)
{
	static const struct sf_unix_msg listener = {.family = AF_UNIX, .type = SOCK_STREAM, .state = SF_LISTEN};
	static const struct sf_packet_msg packet = {.family = AF_PACKET};
	static uint8_t bytes[1 << 16];
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = encoder_of_everything("h");
	static const struct {
		enum sf_table table;
		const void *header;
		uint16_t attribute;
	} cases[] = {{SF_TABLE_UNIX, &listener, 3}, {SF_TABLE_PACKET, &packet, 1}};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		const uint16_t head[2] = {UINT16_MAX, cases[i].attribute};
		size_t length = 16 + UINT16_MAX, room;
		struct sf_view view = {.table = (uint8_t)cases[i].table};
		char *line;

		memset(bytes, 0xff, sizeof(bytes));
		memcpy(bytes, cases[i].header, 16);
		memcpy(bytes + 16, head, sizeof(head));
		assert_int_equal(sf_view_index(&view, bytes, length < sizeof(bytes) ? length : sizeof(bytes)), -EBADMSG);
		((uint16_t *)(void *)bytes)[8] = UINT16_MAX - 16;
		assert_int_equal(sf_view_index(&view, bytes, UINT16_MAX), 0);
		room = sf_encoder_room(encoder, &view);
		assert_true(room <= 240 << 10);
		line = malloc(room);
		assert_true((size_t)(sf_encode_socket(encoder, &view, 0, line) - line) <= room);
		free(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_of_a_header_is_refused),
		cmocka_unit_test(any_answer_is_a_record_that_says_what_its_fields_say),
		cmocka_unit_test(the_longest_lists_fit_into_a_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
