/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket record says what sf_field_read says, field by field, for answers of every class, length and value; nothing
 * else is in it, and it stays within the room that it asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sockfeed/record.h>

#include "records.h"
#include "replies.h"

enum { SEVEN_ZERO = 0x070000, SIX_EIGHTEEN = 0x061200, GUARD = 0xa5, GUARDS = 64 };

static uint64_t seed = 0x9e3779b97f4a7c15;

static bool chance(unsigned of)
{
	return draw(&seed) % of == 0;
}

/* ---- answers ---- */

/* Numbers of all lengths, and the extremes, whatever lies there. */
static void fill(void *bytes, size_t length)
{
	uint8_t *at = bytes;

	for (size_t i = 0; i < length; i += 4) {
		uint32_t number = (uint32_t)draw_varied(&seed, 1ull << 32);

		if (chance(12))
			number = UINT32_MAX;
		else if (chance(12))
			number = 0x7fffffff;
		else if (chance(6))
			number = 0;
		memcpy(at + i, &number, length - i < 4 ? length - i : 4);
	}
}

static void add_some(struct reply *reply, unsigned type, size_t usual, size_t most)
{
	uint8_t bytes[512];
	size_t length = chance(3) ? draw(&seed) % (most + 1) : usual;

	if (chance(5))
		return;
	fill(bytes, length);
	reply_add(reply, type, bytes, length);
}

static void add_name(struct reply *reply, unsigned type)
{
	static const char *const names[] = {
		"cubic", "bbr", "tls", "a\"b\\c", "\xff\xfe", "gr\xc3\xbc\xc3\x9f", "", "\x01"};
	const char *name = names[draw(&seed) % SF_COUNT(names)];
	char bytes[300];
	size_t length = draw(&seed) % sizeof(bytes);

	if (chance(5))
		return;
	if (!chance(8)) {
		reply_add(reply, type, name, strlen(name) + 1);
		return;
	}
	draw_bytes(&seed, bytes, length);
	reply_add(reply, type, bytes, length);
}

static void add_upper(struct reply *reply)
{
	static const uint8_t widths[] = {4, 4, 4, 8, 4, 4, 2, 4, 1, 1};
	size_t ulp = reply_open(reply, SF_PART_ULP), nest;

	add_name(reply, 1);
	if (chance(2)) {
		nest = reply_open(reply, 2);
		for (unsigned i = 1; i <= 7; i++)
			add_some(reply, i, i == 5 || i == 6 ? 0 : 2, 4);
		reply_close(reply, nest);
	}
	if (chance(2)) {
		nest = reply_open(reply, 3);
		for (unsigned i = 1; i <= SF_COUNT(widths); i++)
			add_some(reply, i, widths[i - 1], 9);
		reply_close(reply, nest);
	}
	reply_close(reply, ulp);
}

static void add_header(struct reply *reply, uint8_t state)
{
	struct sf_inet_msg *header = reply_header(reply);

	reply_begin(reply, 0, 0);
	fill(header, sizeof(*header));
	header->state = state;
	header->family = chance(2) ? 2 : chance(8) ? (uint8_t)draw(&seed) : 10;
	header->timer = (uint8_t)(draw(&seed) % 6);
	if (chance(2))
		header->interface = 0;
	if (chance(3))
		header->inode = 0;
	if (chance(3))
		header->uid = 0;
	draw_bytes(&seed, header->src, sizeof(header->src));
	if (chance(2))
		memset(header->src, 0, sizeof(header->src) / 2);
}

static enum sf_table table = SF_TABLE_TCP; /* whose sockets are made */

/* One that the table's sockets can have. */
static enum sf_class draw_class(void)
{
	static const uint8_t others[] = {SF_CLASS_FULL, SF_CLASS_LISTENER, SF_CLASS_UNCONNECTED};

	static const uint8_t tcp[] = {SF_CLASS_FULL, SF_CLASS_LISTENER, SF_CLASS_BOUND, SF_CLASS_SMALL,
				      SF_CLASS_ENDED};

	return table == SF_TABLE_TCP ? tcp[draw(&seed) % 5] : others[draw(&seed) % 3];
}

/* Every attribute that there is, each of any length, and some that there are not. */
static void make(struct reply *reply, enum sf_class class)
{
	static const uint8_t usual[] = {
		[SF_PART_MEMINFO] = 16, [SF_PART_INFO] = 0,	[SF_PART_VEGAS] = 16,
		[SF_PART_TOS] = 1,	[SF_PART_TCLASS] = 1,	[SF_PART_SKMEM] = 36,
		[SF_PART_DCTCP] = 16,	[SF_PART_PROTOCOL] = 1, [SF_PART_V6ONLY] = 1,
		[SF_PART_MARK] = 4,	[SF_PART_BBR] = 20,	[SF_PART_CLASS_ID] = 4,
		[SF_PART_MD5SIG] = 80,	[SF_PART_CGROUP] = 8,	[SF_PART_SOCKOPT] = 2};
	static const unsigned sizes[SF_TABLE_COUNT] = {[SF_TABLE_TCP] = sizeof(struct sf_tcp_info),
						       [SF_TABLE_SCTP] = sizeof(struct sf_sctp_info),
						       [SF_TABLE_MPTCP] = sizeof(struct sf_mptcp_info)};
	static const uint8_t small[] = {SF_SYN_RECV, SF_TIME_WAIT, SF_FIN_WAIT_2, SF_NEW_SYN_RECV};
	static const uint8_t full[] = {
		SF_ESTABLISHED, SF_SYN_SENT, SF_FIN_WAIT_1, SF_CLOSE_WAIT, SF_LAST_ACK,
		SF_CLOSING,	99};
	static const uint8_t shutdown[] = {0, 1, 2, 3, 9};
	const uint8_t states[] = {[SF_CLASS_FULL] = full[draw(&seed) % sizeof(full)],
				  [SF_CLASS_LISTENER] = SF_LISTEN,
				  [SF_CLASS_BOUND] = SF_CLOSE,
				  [SF_CLASS_UNCONNECTED] = SF_CLOSE,
				  [SF_CLASS_SMALL] = small[draw(&seed) % sizeof(small)],
				  [SF_CLASS_ENDED] = SF_CLOSE};
	static const uint8_t tcp = 6;

	add_header(reply, states[class]);
	if (class == SF_CLASS_FULL || (class != SF_CLASS_SMALL && chance(2)))
		reply_add(reply, SF_PART_SHUTDOWN, &shutdown[draw(&seed) % sizeof(shutdown)], 1);
	for (unsigned i = 1; i < SF_COUNT(usual); i++) {
		if (usual[i])
			add_some(reply, i, usual[i], 2u * usual[i]);
	}
	add_some(reply, SF_PART_INFO, sizes[table], sizes[table] + 40);
	if (table == SF_TABLE_SCTP && class == SF_CLASS_FULL)
		add_some(reply, SF_PART_PEERS, 128, 300);
	add_name(reply, SF_PART_CONG);
	if (chance(3))
		add_upper(reply);
	add_some(reply, 60, 8, 100);
	if (class == SF_CLASS_ENDED)
		reply_add(reply, SF_PART_PROTOCOL, &tcp, sizeof(tcp));
}

static void index_as(struct sf_view *view, const void *bytes, size_t length, enum sf_class class)
{
	assert_int_equal(sf_view_index(view, bytes, length), 0);
	if (class == SF_CLASS_ENDED)
		assert_int_equal(sf_view_ended(view), 0);
	assert_int_equal(view->class, class);
}

/* ---- a record against its answer ---- */

static const struct sf_envelope nobody = {
	.host_name = "h", .host_id = "i", .boot_id = "b", .query = "q"};
enum { ENVELOPE_KEYS = 7 }; /* time type schema host query run seq */

struct line {
	char *data;
	size_t length;
};

/* In memory of just the size that the encoder wants, guards behind. */
static struct line encode(const struct sf_encoder *encoder, const struct sf_view *view,
			  uint64_t seq)
{
	size_t most = sf_encoder_room(encoder, view);
	struct line line = {.data = malloc(most + GUARDS)};

	memset(line.data + most, GUARD, GUARDS);
	line.length = (size_t)(sf_encode_socket(encoder, view, seq, line.data) - line.data);
	assert_true(line.length <= most);
	for (unsigned i = 0; i < GUARDS; i++)
		assert_int_equal((uint8_t)line.data[most + i], GUARD);
	return line;
}

/* Without guards: the sanitizer's own begin where the room ends; and the answer in no more memory than it has. */
static void encode_for_the_sanitizer(const struct sf_encoder *encoder, const struct reply *reply,
				     enum sf_class class, const struct line *line)
{
	struct sf_view view = {.table = (uint8_t)table, .release = SIX_EIGHTEEN};
	uint8_t *bytes = malloc(reply->length);
	char *room, *end;

	memcpy(bytes, reply->bytes, reply->length);
	index_as(&view, bytes, reply->length, class);
	room = malloc(sf_encoder_room(encoder, &view));
	end = sf_encode_socket(encoder, &view, 0, room);
	assert_int_equal(end[-1], '\n');
	assert_true(end - room <=
		    (ptrdiff_t)line->length + 64); /* the number and the release may differ */
	free(bytes);
	free(room);
}

static void check(const struct sf_encoder *encoder, const struct sf_fieldset *fields,
		  const struct reply *reply, enum sf_class class)
{
	struct sf_view view = {.table = (uint8_t)table};
	struct json_object *record, *seq;
	int keys = ENVELOPE_KEYS;
	uint64_t number = draw(&seed) >> draw(&seed) % 64;
	struct line line;

	view.release = chance(3) ? SEVEN_ZERO : chance(3) ? 0 : SIX_EIGHTEEN;
	index_as(&view, reply->bytes, reply->length, class);
	line = encode(encoder, &view, number);
	encode_for_the_sanitizer(encoder, reply, class, &line);
	record = judge_line(line.data, line.length);
	assert_true(json_object_object_get_ex(record, "seq", &seq));
	assert_int_equal(json_object_get_uint64(seq), number);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(fields, id))
			keys += judge_field(record, &sf_fields[id], &view);
	}
	assert_int_equal(judge_keys(record), keys);
	json_object_put(record);
	free(line.data);
}

static struct sf_fieldset everything(void)
{
	struct sf_fieldset fields = {0};

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		sf_fieldset_add(&fields, id);
	return fields;
}

static void check_class(enum sf_class class)
{
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
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
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder =
		sf_encoder_new(&nobody, &all, SF_TABLES_ALL);
	struct reply reply;

	(void)state;
	for (unsigned i = 0; i < 1500 * SF_TABLE_COUNT; i++) {
		enum sf_class class;

		table = i % SF_TABLE_COUNT;
		if (sf_tables[table].shape != SF_SHAPE_INET)
			continue; /* socket_shapes.c */
		class = draw_class();
		make(&reply, class);
		check(encoder, &all, &reply, class);
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
			sf_encoder_new(&nobody, &fields, 1u << SF_TABLE_TCP);

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

/* ---- extremes ---- */

static void the_longest_record_stays_within_its_room(void **state)
{
	static const uint8_t fills[] = {0xff, 0x01, 0xfe, 0x80};
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = sf_encoder_new(&nobody, &all, 1u << SF_TABLE_TCP);
	uint8_t message[520], *bytes = message + 8; /* the room before a part: socket.h */

	(void)state;
	sf_encoder_run(encoder, UINT64_MAX, UINT32_MAX);
	for (unsigned i = 0; i < SF_COUNT(fills) * SF_CLASS_COUNT; i++) {
		struct sf_view view = {.table = SF_TABLE_TCP, .release = SEVEN_ZERO};
		uint8_t state_number = view.table;

		/* Parts laid by hand: everything came, everything is as long as can be. */
		memset(message, fills[i / SF_CLASS_COUNT], sizeof(message));
		for (unsigned part = 0; part < SF_PART_COUNT; part++) {
			view.part[part] = bytes;
			view.length[part] = 300;
		}
		view.length[SF_PART_CONG] = view.length[SF_PART_ULP_NAME] = 256;
		view.class = (uint8_t)(i % SF_CLASS_COUNT);
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

static void the_fields_of_a_line_are_the_same_bytes_for_every_query_that_has_them(void **state)
{
	const struct sf_envelope other = {
		.host_name = "h", .host_id = "i", .boot_id = "b", .query = "a query of another name"};
	(void)state;

	for (unsigned i = 0; i < 300; i++) {
		struct sf_fieldset fields = everything();
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *a = sf_encoder_new(&nobody, &fields, 1u << SF_TABLE_TCP);
		sf_cleanup(sf_encoder_free_p) struct sf_encoder *b = sf_encoder_new(&other, &fields, 1u << SF_TABLE_TCP);
		struct sf_view view = {.table = SF_TABLE_TCP, .release = SIX_EIGHTEEN};
		struct line one, two;
		enum sf_class class;
		struct reply reply;
		char *head;

		class = draw_class();
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
		cmocka_unit_test(a_full_socket_says_what_its_fields_say),
		cmocka_unit_test(a_listener_says_what_its_fields_say),
		cmocka_unit_test(a_bound_socket_says_what_its_fields_say),
		cmocka_unit_test(a_small_socket_says_what_its_fields_say),
		cmocka_unit_test(a_socket_that_has_ended_says_what_its_event_says),
		cmocka_unit_test(a_socket_of_any_table_says_what_its_fields_say),
		cmocka_unit_test(any_set_of_fields_is_written_alone),
		cmocka_unit_test(tcp_info_of_any_length_is_read_as_far_as_it_goes),
		cmocka_unit_test(the_longest_record_stays_within_its_room),
		cmocka_unit_test(identities_are_strings_and_counters_numbers_up_to_the_last),
		cmocka_unit_test(the_fields_of_a_line_are_the_same_bytes_for_every_query_that_has_them),
		cmocka_unit_test(two_encoders_share_nothing),
		cmocka_unit_test(an_encoder_asks_for_what_its_fields_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
