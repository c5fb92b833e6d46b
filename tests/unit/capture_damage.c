/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `capture`, reading: what is said of a file that is damaged, and that neither an end that comes anywhere nor
 * a byte that is wrong anywhere does more harm than that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dumps.h"

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
		cmocka_unit_test(a_dump_without_its_end_is_not_whole),
		cmocka_unit_test(namespaces_that_are_cut_off_are_missed),
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
