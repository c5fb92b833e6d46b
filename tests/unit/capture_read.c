/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `capture`, reading: whose answers are taken from a file, what is said of one that is damaged, and that
 * neither an end that comes anywhere nor a byte that is wrong anywhere does more harm than that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "captures.h"

enum { PORT = 0x1234, TCP = 6, UDP = 17, INET = 2, INET6 = 10, TIPC = 30 };

static struct made made;
static struct answers answers;

static void begin(bool swapped, uint32_t magic)
{
	made.length = 0;
	made.second = 0;
	made.swapped = swapped;
	made_head(&made, magic, 253);
}

static struct answers *answer(uint32_t sequence, uint32_t port)
{
	answers.length = 0;
	answers.sequence = sequence;
	answers.port = port;
	return &answers;
}

/* A whole dump of one family: the request, an answer with these sockets, the end. */
static void dump(uint8_t family, uint32_t sequence, uint64_t cookie, unsigned sockets)
{
	struct answers *a = answer(sequence, PORT);

	made_request(&made, family, TCP, sequence);
	for (unsigned i = 0; i < sockets; i++)
		((struct sf_inet_msg *)NLMSG_DATA(add_socket(a, cookie + i)))->family = family;
	made_answers(&made, a);
	add_number(answer(sequence, PORT), NLMSG_DONE, 0);
	made_answers(&made, a);
}

static struct replayed replay_made(void)
{
	struct replayed r = {0};

	replay(&r, made.bytes, made.length, 0x061200);
	return r;
}

static void check_sockets(const struct replayed *r, unsigned count, const uint64_t *cookies)
{
	assert_int_equal(r->opened, 0);
	assert_int_equal(r->sockets, count);
	for (unsigned i = 0; i < count; i++)
		assert_true(r->cookies[i] == cookies[i]);
	assert_true(r->walk.seen - r->walk.duplicates == count);
}

static void check_whole(const struct replayed *r, unsigned count, const uint64_t *cookies)
{
	check_sockets(r, count, cookies);
	if (r->result || r->walk.errors)
		fail_msg("%d: %s", r->result, r->walk.error[0].message);
	assert_false(r->walk.partial);
}

static void check_failed(const struct replayed *r, int code, const char *message)
{
	assert_int_equal(r->opened, 0);
	assert_int_equal(r->walk.errors, 1);
	assert_string_equal(r->walk.error[0].message, message);
	assert_int_equal(r->walk.error[0].code, code);
	assert_int_equal(r->result, -code);
	assert_true(r->walk.partial);
}

/* ---- what is read ---- */

static void both_families_come_out_of_a_capture(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	dump(INET6, 2, 20, 1);
	r = replay_made();
	check_whole(&r, 3, (const uint64_t[]){10, 11, 20});
	assert_int_equal(r.walk.dumps, 2);
	assert_true(r.wall_us == 6250000);
	assert_int_equal(r.release, 0x061200);
	assert_int_equal(r.netns, 0);
	assert_string_equal(r.host.name, "");
}

static void heads_of_the_other_byte_order_and_nanoseconds_are_read(void **state)
{
	(void)state;

	for (int i = 0; i < 4; i++) {
		struct replayed r;

		begin(i & 1, i & 2 ? NANO : MICRO);
		dump(INET, 1, 10, 2);
		r = replay_made();
		check_whole(&r, 2, (const uint64_t[]){10, 11});
		assert_true(r.wall_us == (i & 2 ? 3000250 : 3250000));
	}
}

static void a_packet_of_any_length_may_stand_before(void **state)
{
	uint8_t other[8] = {0};
	(void)state;

	for (size_t length = 0; length < sizeof(other); length++) {
		struct replayed r;

		begin(false, MICRO);
		made_packet(&made, 0, other, length); /* NETLINK_ROUTE */
		dump(INET, 1, 10, 2);
		r = replay_made();
		check_whole(&r, 2, (const uint64_t[]){10, 11});
	}
}

static void the_older_form_of_request_brings_both_families(void **state)
{
	struct answers *a = answer(7, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_legacy(&made, 7);
	add_socket(a, 1)->nlmsg_type = LEGACY_ANSWER;
	add_socket(a, 2)->nlmsg_type = LEGACY_ANSWER;
	((struct sf_inet_msg *)(void *)(a->bytes + a->length - sizeof(struct sf_inet_msg)))->family = INET6;
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){1, 2});
	assert_int_equal(r.walk.dumps, 1);
}

static void the_note_says_whose_sockets_they_are(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_note(&made, "sockfeed 1 kernel=6.1.0-13-amd64 host=w%C3%A9b%201 id=abc boot_id=0-1 netns=4026531840 later=x");
	dump(INET, 1, 10, 1);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){10});
	assert_string_equal(r.host.kernel, "6.1.0-13-amd64");
	assert_int_equal(r.host.release, 0x060100);
	assert_string_equal(r.host.name, "w\xc3\xa9" "b 1");
	assert_string_equal(r.host.id, "abc");
	assert_string_equal(r.host.boot_id, "0-1");
	assert_true(r.netns == 4026531840);
}

static void a_word_of_the_note_that_cannot_be_is_passed_over(void **state)
{
	static const char *const notes[] = {
		"sockfeed 1 kernel=", "sockfeed 1 kernel", "sockfeed 1 =6.1", "sockfeed 1 kernel=%00", "sockfeed 1 kernel=6%",
		"sockfeed 1 kernel=%zz", "sockfeed 1 kernel=6/1", "sockfeed 1", "sockfeed 1 ", "sockfeed 1  kernel=%6",
		"sockfeed 1 netns=99999999999999999999999", "sockfeed 1 netns=4294967296", "sockfeed 1 netns=1x",
		"sockfeed 1 kernel=0123456789012345678901234567890123456789012345678901234567890123456789",
		"sockfee 1 kernel=6.1", "sockfeed"};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(notes); i++) {
		struct replayed r;

		begin(false, MICRO);
		made_note(&made, notes[i]);
		dump(INET, 1, 10, 1);
		r = replay_made();
		check_whole(&r, 1, (const uint64_t[]){10});
		assert_string_equal(r.host.kernel, "");
		assert_int_equal(r.host.release, 0);
		assert_int_equal(r.netns, 0);
	}
}

static void a_note_of_a_later_form_is_refused(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_note(&made, "sockfeed 2 kernel=6.1");
	r = replay_made();
	assert_int_equal(r.opened, -EPROTO);
	assert_non_null(strstr(r.err.text, "another version of sockfeed"));
}

/* ---- whose answers ---- */

static void what_others_ask_and_are_told_is_passed_over(void **state)
{
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, UDP, 1);
	add_socket(a, 100);
	made_answers(&made, a);
	made_request(&made, 1, 0, 3); /* unix */
	dump(INET, 2, 10, 1);
	add_socket(answer(1, PORT), 101); /* UDP goes on */
	made_answers(&made, a);
	add_socket(answer(0, 0), 102); /* an event */
	made_answers(&made, a);
	add_socket(answer(9, PORT), 103); /* whose request was not captured */
	made_answers(&made, a);
	add_number(answer(1, PORT), NLMSG_DONE, -ENOENT); /* UDP fails */
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){10});
	assert_int_equal(r.walk.dumps, 1);
}

/* ss calls every request 123456 and does not say who it is. */
static void programs_that_use_the_same_sequence_are_told_apart(void **state)
{
	struct answers *a = answer(123456, 1000);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 123456);	 /* of 1000 */
	made_request(&made, INET, UDP, 123456);	 /* of 2000 */
	add_socket(a, 1);
	made_answers(&made, a);
	add_socket(answer(123456, 2000), 2);
	made_answers(&made, a);
	add_socket(answer(123456, 1000), 3);
	made_answers(&made, a);
	add_number(answer(123456, 2000), NLMSG_DONE, 0);
	made_answers(&made, a);
	made_request(&made, INET6, UDP, 123456); /* of 2000, again */
	add_number(answer(123456, 1000), NLMSG_DONE, 0);
	made_answers(&made, a);
	add_socket(answer(123456, 2000), 4);
	((struct sf_inet_msg *)NLMSG_DATA((struct nlmsghdr *)(void *)a->bytes))->family = INET6;
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){1, 3});
}

static void the_family_tells_requests_of_one_sequence_apart(void **state)
{
	struct answers *a = answer(123456, 1000);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET6, UDP, 123456);
	made_request(&made, INET, TCP, 123456);
	add_socket(a, 1);
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){1});
}

/* A request names MPTCP by an attribute, and its low byte is TCP's. */
static void an_mptcp_request_is_no_tcp_request(void **state)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
		uint16_t length, type;
		uint32_t protocol;
	} bytes = {{sizeof(bytes), ANSWER, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {INET, TCP}, 8, INET_DIAG_REQ_PROTOCOL, 262};
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_packet(&made, SOCK_DIAG, &bytes, sizeof(bytes));
	add_socket(a, 1);
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	dump(INET, 2, 10, 1);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){10});
	r = (struct replayed){.table = SF_TABLE_MPTCP};
	replay(&r, made.bytes, made.length, 0);
	check_whole(&r, 1, (const uint64_t[]){1});
	r = (struct replayed){.table = SF_TABLE_UDP};
	replay(&r, made.bytes, made.length, 0);
	check_failed(&r, ENOENT, "the capture has no request for udp");
}

static void more_requests_than_are_remembered_push_out_the_oldest(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	for (uint32_t i = 0; i < 200; i++)
		made_request(&made, INET, UDP, 1000 + i);
	dump(INET, 1, 10, 2);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){10, 11});
}

static void a_socket_that_a_dump_shows_twice_is_handed_out_once(void **state)
{
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 1);
	add_socket(a, 10);
	add_socket(a, 11);
	made_answers(&made, a);
	add_socket(answer(1, PORT), 10);
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){10, 11});
	assert_int_equal(r.walk.duplicates, 1);
}

static void a_socket_that_was_asked_for_twice_is_handed_out_twice(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	dump(INET, 2, 11, 2);
	r = replay_made();
	check_whole(&r, 4, (const uint64_t[]){10, 11, 11, 12});
	assert_int_equal(r.walk.duplicates, 0);
}

static void a_lookup_of_one_socket_has_no_end(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 5);
	((struct nlmsghdr *)(void *)(made.bytes + made.length - 72))->nlmsg_flags = NLM_F_REQUEST;
	add_socket(answer(5, PORT), 1);
	made_answers(&made, &answers);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){1});
	assert_int_equal(r.walk.dumps, 0);
}

/* ---- what the kernel refused ---- */

static void refuse(uint8_t family, uint32_t sequence, int number)
{
	struct nlmsgerr error = {.error = number};

	if (family)
		made_request(&made, family, TCP, sequence);
	else
		made_legacy(&made, sequence);
	add_message(answer(sequence, PORT), NLMSG_ERROR, &error, sizeof(error));
	made_answers(&made, &answers);
}

static void a_refusal_is_told_as_the_kernel_told_it(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	refuse(INET, 1, -ENOENT);
	refuse(INET6, 2, -ENOENT);
	r = replay_made();
	check_failed(&r, ENOENT, "this kernel has no tcp_diag (modules inet_diag, tcp_diag)");
	check_sockets(&r, 0, NULL);
}

static void the_module_of_tipc_is_named_as_its_kernel_names_it(void **state)
{
	static const struct {
		uint32_t release;
		const char *message;
	} cases[] = {
		{0x060100, "this kernel has no diag (modules tipc, diag)"},
		{0x0608ff, "this kernel has no diag (modules tipc, diag)"},
		{0x060900, "this kernel has no tipc_diag (modules tipc, tipc_diag)"},
		{0, "this kernel has no tipc_diag (modules tipc, tipc_diag)"}, /* not known */
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		struct replayed r = {.table = SF_TABLE_TIPC};

		begin(false, MICRO);
		refuse(TIPC, 1, -ENOENT);
		replay(&r, made.bytes, made.length, cases[i].release);
		check_failed(&r, ENOENT, cases[i].message);
	}
}

static void a_refusal_does_not_count_when_another_form_has_worked(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	refuse(0, 1, -EOPNOTSUPP);
	dump(INET, 2, 10, 1);
	r = replay_made();
	check_failed(&r, EOPNOTSUPP, "this kernel has no tcp_diag (modules inet_diag, tcp_diag)"); /* IPv6 */
	dump(INET6, 3, 20, 1);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){10, 20});
}

static void a_table_that_nobody_asked_for_is_lacking(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	r = replay_made();
	check_failed(&r, ENOENT, "the capture has no request for tcp");
	add_socket(answer(5, PORT), 1);
	made_answers(&made, &answers);
	r = replay_made();
	check_failed(&r, ENOENT,
		     "the capture has no request for tcp, and answers without one: begin to capture before they are asked for");
}

static void a_dump_without_its_end_is_not_whole(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	made.length -= 32 + 20;
	r = replay_made();
	check_failed(&r, ENODATA, "the capture ends before the kernel had told all");
	check_sockets(&r, 2, (const uint64_t[]){10, 11});
}

static void who_takes_the_sockets_may_end_the_walk(void **state)
{
	struct replayed r = {.stop_with = -ETIME};
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	replay(&r, made.bytes, made.length, 0);
	assert_int_equal(r.result, -ETIME);
	assert_int_equal(r.sockets, 0);
	assert_int_equal(r.walk.errors, 0);
	assert_true(r.walk.partial);
}

/* ---- several namespaces ---- */

static void make_several(void)
{
	begin(false, MICRO);
	made_note(&made, "sockfeed 1 kernel=6.18.44 namespaces=3");
	made_note(&made, "sockfeed 1 netns=7");
	dump(INET, 1, 10, 1);
	made_note(&made, "sockfeed 1 netns=8");
	dump(INET, 2, 20, 2);
	made_note(&made, "sockfeed 1 netns=9");
	dump(INET, 3, 30, 1);
}

static struct replayed replay_place(size_t length, size_t at)
{
	struct replayed r = {.place = at};

	replay(&r, made.bytes, length, 0);
	assert_int_equal(r.opened, 0);
	return r;
}

static void each_namespace_has_its_own_answers(void **state)
{
	struct replayed r;
	(void)state;

	make_several();
	for (size_t at = 0; at < 3; at++) {
		r = replay_place(made.length, at);
		assert_int_equal(r.places, 3);
		assert_int_equal(r.result, 0);
		assert_int_equal(r.netns, 7 + at);
		assert_int_equal(r.sockets, at == 1 ? 2 : 1);
		assert_true(r.cookies[0] == 10 * (at + 1));
		assert_int_equal(r.walk.dumps, 1);
	}
}

/* Wherever the file ends, the last namespace that it has says that it is not whole. */
static void namespaces_that_are_cut_off_are_missed(void **state)
{
	(void)state;

	make_several();
	for (size_t length = 24 + 32 + 56; length < made.length; length++) {
		size_t places = replay_place(length, 0).places;
		struct replayed last = replay_place(length, places - 1);

		assert_true(places >= 1 && places <= 3);
		assert_true(last.result < 0 && last.walk.errors && last.walk.partial);
		for (size_t at = 0; at + 1 < places; at++)
			assert_int_equal(replay_place(length, at).result, 0);
	}
}

/* ---- dumps of ss ---- */

static void make_ss_dump(void)
{
	struct answers *a = answer(123456, PORT);

	made.length = 0;
	add_socket(a, 1);
	add_socket(a, 2);
	add_number(a, NLMSG_DONE, 0);
	add_socket(a, 3);
	((struct sf_inet_msg *)(void *)(a->bytes + a->length - sizeof(struct sf_inet_msg)))->family = INET6;
	add_number(a, NLMSG_DONE, 0);
	made_add(&made, a->bytes, a->length);
}

static void a_dump_of_ss_is_read_beyond_its_first_end(void **state)
{
	struct replayed r;
	(void)state;

	make_ss_dump();
	r = replay_made();
	check_whole(&r, 3, (const uint64_t[]){1, 2, 3});
	assert_int_equal(r.walk.dumps, 2);
	assert_true(r.wall_us > 1700000000000000);
}

static void a_dump_of_ss_may_be_long(void **state)
{
	struct answers *a = answer(123456, PORT);
	struct replayed r;
	(void)state;

	made.length = 0;
	for (int round = 0; round < 3; round++) {
		a->length = 0;
		for (uint64_t i = 0; i < 700; i++)
			add_socket(a, 1 + i + 1000 * (uint64_t)round);
		made_add(&made, a->bytes, a->length);
	}
	add_number(answer(123456, PORT), NLMSG_DONE, 0);
	made_add(&made, a->bytes, a->length);
	r = replay_made();
	assert_int_equal(r.result, 0);
	assert_int_equal(r.sockets, 2100);
}

/* ---- damage ---- */

/* What small files of all forms hold, in order of the bytes at which they have come whole. */
struct whole {
	size_t end[8];
	unsigned sockets[8];
	unsigned parts;
	size_t head; /* below that it is no capture at all */
};

static void part(struct whole *whole, unsigned sockets)
{
	whole->end[whole->parts] = made.length;
	whole->sockets[whole->parts++] = sockets;
}

static void make_small(struct whole *whole)
{
	struct answers *a = answer(1, PORT);

	begin(false, MICRO);
	*whole = (struct whole){.head = made.length};
	part(whole, 0);
	made_note(&made, "sockfeed 1 kernel=6.18.44 host=h id=i boot_id=b netns=1");
	part(whole, 0);
	made_request(&made, INET, TCP, 1);
	part(whole, 0);
	add_socket(a, 1);
	add_socket(a, 2);
	made_answers(&made, a);
	part(whole, 2);
	add_number(answer(1, PORT), NLMSG_DONE, 0);
	made_answers(&made, a);
	part(whole, 2);
}

/* Every length of the file: what is whole is handed out, then it is said where the rest should be. */
static void a_file_that_ends_anywhere_gives_what_is_whole(void **state)
{
	struct whole whole;
	(void)state;

	make_small(&whole);
	for (size_t length = 0; length <= made.length; length++) {
		struct replayed r = {0};
		unsigned at = 0;
		char end[160];

		replay(&r, made.bytes, length, 0);
		if (length < whole.head) {
			assert_true(r.opened < 0);
			continue;
		}
		while (at + 1 < whole.parts && whole.end[at + 1] <= length)
			at++;
		assert_int_equal(r.sockets, whole.sockets[at]);
		if (length == made.length) {
			assert_int_equal(r.result, 0);
			continue;
		}
		assert_true(r.result < 0 && r.walk.partial && r.walk.errors == 1);
		if (length == whole.end[at])
			continue; /* between packets: the dump is not at its end */
		snprintf(end, sizeof(end), "the capture ends at byte %zu, in the middle of the packet that begins at byte %zu",
			 length, whole.end[at]);
		assert_string_equal(r.walk.error[0].message, end);
		assert_int_equal(r.walk.error[0].code, EBADMSG);
	}
}

static void a_dump_of_ss_that_ends_anywhere_gives_what_is_whole(void **state)
{
	const size_t socket = NLMSG_HDRLEN + sizeof(struct sf_inet_msg), done = NLMSG_HDRLEN + 4;
	const size_t first = 2 * socket + done, all = first + socket + done;
	(void)state;

	make_ss_dump();
	assert_int_equal(made.length, all);
	for (size_t length = 0; length <= all; length++) {
		struct replayed r = {0};
		unsigned sockets = length < socket ? 0 : length < 2 * socket ? 1 : length < first + socket ? 2 : 3;

		replay(&r, made.bytes, length, 0);
		if (r.opened < 0) {
			assert_true(length < NLMSG_HDRLEN);
			continue;
		}
		assert_int_equal(r.sockets, sockets);
		if (length == first || length == all) {
			assert_int_equal(r.result, 0);
			continue;
		}
		assert_true(r.result < 0 && r.walk.partial && r.walk.errors == 1);
		if (r.walk.error[0].code == ENODATA)
			assert_true(length == socket || length == 2 * socket || length == first + socket);
		else
			assert_non_null(strstr(r.walk.error[0].message, "the capture ends at byte "));
	}
}

/* Every bit of the file, and every byte as a whole: nothing is made up, and what fails has a reason. */
static void check_flips(unsigned sockets)
{
	uint8_t *bytes = malloc(made.length);

	memcpy(bytes, made.bytes, made.length);
	for (size_t at = 0; at < made.length; at++) {
		for (int bit = 0; bit <= 8; bit++) {
			const uint8_t mask = bit < 8 ? (uint8_t)(1 << bit) : 0xff;
			struct replayed r = {0};

			bytes[at] ^= mask;
			replay(&r, bytes, made.length, 0);
			if (r.opened == 0 && r.places > 1) {
				r = (struct replayed){.place = r.places - 1};
				replay(&r, bytes, made.length, 0);
			}
			bytes[at] ^= mask;
			if (r.opened < 0)
				continue;
			assert_true(r.sockets <= sockets);
			assert_true(r.walk.seen == r.sockets + r.walk.duplicates);
			assert_true((r.result < 0) == (r.walk.errors > 0));
			assert_true(r.walk.partial == (r.result < 0));
			for (unsigned i = 0; i < r.walk.errors; i++)
				assert_true(r.walk.error[i].code > 0 && r.walk.error[i].message[0]);
		}
	}
	free(bytes);
}

static void a_byte_that_is_wrong_anywhere_is_survived(void **state)
{
	struct whole whole;
	(void)state;

	make_small(&whole);
	check_flips(2);
	make_ss_dump();
	check_flips(3);
	make_several();
	check_flips(4);
}

/* ---- what is refused ---- */

static void check_refused(const char *words)
{
	struct replayed r = replay_made();

	if (r.opened < 0) {
		assert_non_null(strstr(r.err.text, words));
		return;
	}
	assert_int_equal(r.walk.errors, 1);
	assert_non_null(strstr(r.walk.error[0].message, words));
	assert_int_equal(r.sockets, 0);
}

static void swap_messages(void *bytes, size_t length)
{
	struct nlmsghdr *message = bytes;

	(void)length;
	message->nlmsg_len = __builtin_bswap32(message->nlmsg_len);
	message->nlmsg_type = __builtin_bswap16(message->nlmsg_type);
}

static void messages_of_the_other_byte_order_are_refused(void **state)
{
	(void)state;

	begin(true, MICRO);
	made_request(&made, INET, TCP, 1);
	swap_messages(made.bytes + 24 + 32, 72);
	check_refused("byte order of another kind of machine");
	make_ss_dump();
	swap_messages(made.bytes, made.length);
	check_refused("byte order of another kind of machine");
}

static void what_is_no_capture_is_refused(void **state)
{
	static const char png[64] = "\x89PNG\r\n\x1a\n";
	static const uint8_t pcapng[32] = {0x0a, 0x0d, 0x0d, 0x0a};
	(void)state;

	made.length = 0;
	check_refused("is empty");
	made_add(&made, png, sizeof(png));
	check_refused("is no capture");
	made.length = 0;
	made_add(&made, pcapng, sizeof(pcapng));
	check_refused("editcap -F pcap");
	made.length = 0;
	made.swapped = false;
	made_head(&made, MICRO, 1);
	check_refused("link type 1, not 253 (netlink)");
}

static void a_packet_of_an_impossible_length_is_damage(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_number(&made, 1);
	made_number(&made, 0);
	made_number(&made, 0x7fffffff);
	made_number(&made, 0x7fffffff);
	r = replay_made();
	check_failed(&r, EBADMSG, "the capture is damaged: at byte 24 a packet is said to have 2147483647 bytes");
}

static void a_packet_that_was_cut_is_said(void **state)
{
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 1);
	add_socket(a, 1);
	add_socket(a, 2);
	made_packet_of(&made, SOCK_DIAG, a->bytes, a->length / 2, a->length);
	r = replay_made();
	check_failed(&r, EBADMSG,
		     "the packet at byte 160 was cut when it was captured: let tcpdump take all of it (-s 0)");
	check_sockets(&r, 1, (const uint64_t[]){1});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_come_out_of_a_capture),
		cmocka_unit_test(heads_of_the_other_byte_order_and_nanoseconds_are_read),
		cmocka_unit_test(a_packet_of_any_length_may_stand_before),
		cmocka_unit_test(the_older_form_of_request_brings_both_families),
		cmocka_unit_test(the_note_says_whose_sockets_they_are),
		cmocka_unit_test(a_word_of_the_note_that_cannot_be_is_passed_over),
		cmocka_unit_test(a_note_of_a_later_form_is_refused),
		cmocka_unit_test(what_others_ask_and_are_told_is_passed_over),
		cmocka_unit_test(programs_that_use_the_same_sequence_are_told_apart),
		cmocka_unit_test(the_family_tells_requests_of_one_sequence_apart),
		cmocka_unit_test(an_mptcp_request_is_no_tcp_request),
		cmocka_unit_test(more_requests_than_are_remembered_push_out_the_oldest),
		cmocka_unit_test(a_socket_that_a_dump_shows_twice_is_handed_out_once),
		cmocka_unit_test(a_socket_that_was_asked_for_twice_is_handed_out_twice),
		cmocka_unit_test(a_lookup_of_one_socket_has_no_end),
		cmocka_unit_test(a_refusal_is_told_as_the_kernel_told_it),
		cmocka_unit_test(the_module_of_tipc_is_named_as_its_kernel_names_it),
		cmocka_unit_test(a_refusal_does_not_count_when_another_form_has_worked),
		cmocka_unit_test(a_table_that_nobody_asked_for_is_lacking),
		cmocka_unit_test(a_dump_without_its_end_is_not_whole),
		cmocka_unit_test(who_takes_the_sockets_may_end_the_walk),
		cmocka_unit_test(each_namespace_has_its_own_answers),
		cmocka_unit_test(namespaces_that_are_cut_off_are_missed),
		cmocka_unit_test(a_dump_of_ss_is_read_beyond_its_first_end),
		cmocka_unit_test(a_dump_of_ss_may_be_long),
		cmocka_unit_test(a_file_that_ends_anywhere_gives_what_is_whole),
		cmocka_unit_test(a_dump_of_ss_that_ends_anywhere_gives_what_is_whole),
		cmocka_unit_test(a_byte_that_is_wrong_anywhere_is_survived),
		cmocka_unit_test(messages_of_the_other_byte_order_are_refused),
		cmocka_unit_test(what_is_no_capture_is_refused),
		cmocka_unit_test(a_packet_of_an_impossible_length_is_damage),
		cmocka_unit_test(a_packet_that_was_cut_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
