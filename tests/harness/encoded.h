/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random answers of every class, with attributes of any length; encoded into just the room that is asked for, and
 * checked against them, field by field. Include behind <cmocka.h>.
 */
#pragma once

#include "everything.h"
#include "records.h"
#include "replies.h"

enum { SEVEN_ZERO = 0x070000, SIX_EIGHTEEN = 0x061200, GUARD = 0xa5, GUARDS = 64 };

static uint64_t seed = 0x9e3779b97f4a7c15;

static inline bool chance(unsigned of)
{
	return draw(&seed) % of == 0;
}

/* ---- answers ---- */

/* Numbers of all lengths, and the extremes, whatever lies there; or, as most are, all 0 but for one or none. */
static inline void fill(void *bytes, size_t length)
{
	uint8_t *at = bytes;
	bool calm = chance(3);

	for (size_t i = 0; i < length; i += 4) {
		uint32_t number = (uint32_t)draw_varied(&seed, 1ull << 32);

		if (calm && !chance(40))
			number = 0;
		else if (chance(12))
			number = UINT32_MAX;
		else if (chance(12))
			number = 0x7fffffff;
		else if (chance(6))
			number = 0;
		memcpy(at + i, &number, length - i < 4 ? length - i : 4);
	}
}

static inline void add_some(struct reply *reply, unsigned type, size_t usual, size_t most)
{
	uint8_t bytes[512];
	size_t length = chance(3) ? draw(&seed) % (most + 1) : usual;

	if (chance(5))
		return;
	fill(bytes, length);
	reply_add(reply, type, bytes, length);
}

static inline void add_name(struct reply *reply, unsigned type)
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

static inline void add_upper(struct reply *reply)
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

static inline void add_header(struct reply *reply, uint8_t state)
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
static inline enum sf_class draw_class(void)
{
	static const uint8_t others[] = {SF_CLASS_FULL, SF_CLASS_LISTENER, SF_CLASS_UNCONNECTED};

	static const uint8_t tcp[] = {SF_CLASS_FULL, SF_CLASS_LISTENER, SF_CLASS_BOUND, SF_CLASS_SMALL,
				      SF_CLASS_ENDED};

	return table == SF_TABLE_TCP ? tcp[draw(&seed) % 5] : others[draw(&seed) % 3];
}

/* Every attribute that there is, each of any length, and some that there are not. */
static inline void make(struct reply *reply, enum sf_class class)
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

static inline void index_as(struct sf_view *view, const void *bytes, size_t length, enum sf_class class)
{
	assert_int_equal(sf_view_index(view, bytes, length), 0);
	if (class == SF_CLASS_ENDED)
		assert_int_equal(sf_view_ended(view), 0);
	assert_int_equal(view->class, class);
}

/* ---- a record against its answer ---- */

static const struct sf_envelope nobody = {
	.host_name = "h", .host_id = "i", .boot_id = "b", .query = "q"};
static const struct sf_envelope of_the_ended = {
	.host_name = "h", .host_id = "i", .boot_id = "b", .query = "q", .ended = true};

static inline const struct sf_envelope *envelope_of(enum sf_class class)
{
	return class == SF_CLASS_ENDED ? &of_the_ended : &nobody;
}

enum { ENVELOPE_KEYS = 7 }; /* time type schema host query run seq */

struct line {
	char *data;
	size_t length;
};

/* In memory of just the size that the encoder wants, guards behind. */
static inline struct line encode(struct sf_encoder *encoder, const struct sf_view *view,
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
static inline void encode_for_the_sanitizer(struct sf_encoder *encoder, const struct reply *reply,
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

static inline void check(struct sf_encoder *encoder, const struct sf_fieldset *fields,
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
