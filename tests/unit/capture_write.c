/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `capture`, writing: what becomes of a file, who may read it, and that what was written is read again. And
 * the room `kernel`, where keys become zeros before anybody writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <dirent.h>

#include "captures.h"
#include "files.h"
#include "replies.h"

static const struct sf_host host = {
	.name = "w\xff b%", .id = "0123", .boot_id = "76dd6080-0e01", .kernel = "6.18.44-fc", .release = 0x061200};

static char *directory;

static int make_directory(void **state)
{
	(void)state;
	directory = directory_new();
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	directory_free(directory);
	return 0;
}

static unsigned files_in(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static struct sf_capture *capture_new(const char *path)
{
	struct sf_capture *capture = NULL;
	struct sf_err err;

	assert_int_equal(sf_capture_new(path, &host, 1, &capture, &err), 0);
	sf_capture_netns(capture, 4026531840);
	return capture;
}

/* A dump of one family with two sockets, as it passes a walker's tap. */
static void tell(const struct sf_tap *tap)
{
	struct inet_diag_req_v2 request = {.sdiag_family = 2, .sdiag_protocol = 6};
	struct answers a = {.sequence = 1, .port = 99};
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} bytes = {{sizeof(bytes) + 8, ANSWER, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, request};

	tap->sent(tap->arg, &bytes, sizeof(bytes), "bytecode", 8);
	add_socket(&a, 1);
	add_socket(&a, 2);
	tap->received(tap->arg, a.bytes, a.length);
	a.length = 0;
	add_number(&a, NLMSG_DONE, 0);
	tap->received(tap->arg, a.bytes, a.length);
}

static void replay_file(struct replayed *r, const char *path)
{
	static uint8_t bytes[1 << 16];
	FILE *file = fopen(path, "re");
	size_t length;

	assert_non_null(file);
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	replay(r, bytes, length, 0);
}

static void what_was_written_is_read_again(void **state)
{
	const char *path = below(directory, "a.pcap");
	struct sf_capture *capture = capture_new(path);
	uint64_t before = sf_clock_wall();
	struct replayed r = {0};
	struct sf_err err;
	(void)state;

	tell(sf_capture_tap(capture));
	assert_false(exists(path)); /* before it is whole */
	assert_int_equal(sf_capture_failed(capture), 0);
	assert_int_equal(sf_capture_end(capture, &err), 0);
	sf_capture_free(capture);
	replay_file(&r, path);
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.result, 0);
	assert_int_equal(r.sockets, 2);
	assert_int_equal(r.walk.dumps, 1);
	assert_true(r.wall_us >= before && r.wall_us <= sf_clock_wall());
	assert_memory_equal(&r.host, &host, sizeof(host));
	assert_true(r.netns == 4026531840);
}

static void each_namespace_is_read_again(void **state)
{
	const char *path = below(directory, "several.pcap");
	struct sf_capture *capture = NULL;
	struct sf_replay *file = NULL;
	struct sf_walker *walker;
	struct sf_err err;
	(void)state;

	assert_int_equal(sf_capture_new(path, &host, 3, &capture, &err), 0);
	for (uint32_t netns = 7; netns < 10; netns++) {
		sf_capture_netns(capture, netns);
		tell(sf_capture_tap(capture));
	}
	assert_int_equal(sf_capture_end(capture, &err), 0);
	sf_capture_free(capture);
	assert_int_equal(sf_replay_new(path, &file, &err), 0);
	assert_memory_equal(sf_replay_host(file), &host, sizeof(host));
	walker = sf_replay_walker(file, 0);
	assert_int_equal(sf_walker_netns(walker), 0);
	assert_int_equal(sf_walker_look(walker, NULL, 0), 3);
	for (size_t at = 3; at-- > 0;) {
		struct replayed r = {0};

		assert_true(sf_walker_chosen(walker, at, 0));
		assert_int_equal(sf_walker_enter(walker, at), 0);
		assert_int_equal(sf_walker_netns(walker), 7 + at);
		assert_int_equal(sf_walker_walk(walker, &(struct sf_ask){0},
						&(struct sf_walk_calls){replayed_receive, replayed_socket, &r}, &r.walk),
				 0);
		assert_int_equal(r.sockets, 2);
		assert_int_equal(r.walk.dumps, 1);
		sf_walker_leave(walker);
	}
	sf_walker_free(walker);
	sf_replay_free(file);
}

/* Field by field, at the places that the form says. */
static void the_file_has_the_form_that_others_read(void **state)
{
	const char *path = below(directory, "form.pcap");
	struct sf_capture *capture = capture_new(path);
	static const uint8_t cooked_note[16] = {0, 4, 3, 56, [15] = 2}, cooked[16] = {0, 4, 3, 56, [15] = 4};
	static const char note[] =
		"sockfeed 1 kernel=6.18.44-fc host=w%FF%20b%25 id=0123 boot_id=76dd6080-0e01 netns=4026531840";
	_Alignas(4) static uint8_t bytes[4096];
	const uint32_t *word = (const uint32_t *)(void *)bytes;
	FILE *file;
	struct sf_err err;
	size_t at;
	(void)state;

	tell(sf_capture_tap(capture));
	assert_int_equal(sf_capture_end(capture, &err), 0);
	sf_capture_free(capture);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(bytes, 1, sizeof(bytes), file) > 24);
	fclose(file);
	assert_true(word[0] == 0xa1b2c3d4 && word[1] == (4 << 16 | 2) && !word[2] && !word[3] && word[4] == 262144 &&
		    word[5] == 253);
	assert_true(word[8] == word[9] && word[8] == 16 + 16 + ((sizeof(note) - 1 + 3) & ~3u));
	assert_memory_equal(bytes + 40, cooked_note, 16);
	assert_int_equal(word[14], 16 + sizeof(note) - 1);
	assert_true(word[15] == 1 && !word[16] && !word[17]); /* NLMSG_NOOP, no flags; sequence; port */
	assert_memory_equal(bytes + 72, note, sizeof(note) - 1);
	at = 40 + word[8];
	assert_memory_equal(bytes + at + 16, cooked, 16);
	assert_int_equal(*(const uint32_t *)(void *)(bytes + at + 32), 72 + 8);
	assert_memory_equal(bytes + at + 32 + 72, "bytecode", 8);
}

static void its_owner_alone_may_read_it_whatever_was_there(void **state)
{
	const char *path = below(directory, "open.pcap");
	struct sf_capture *capture;
	struct sf_err err;
	struct stat st;
	mode_t mask = umask(0);
	int reader;
	char text[8] = "";
	(void)state;

	write_text(path, "older");
	assert_int_equal(chmod(path, 0666), 0);
	reader = open(path, O_RDONLY | O_CLOEXEC); /* keeps what it has opened, and no more */
	capture = capture_new(path);
	assert_int_equal(sf_capture_end(capture, &err), 0);
	sf_capture_free(capture);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(read(reader, text, sizeof(text)), 5);
	assert_string_equal(text, "older");
	close(reader);
}

/* Such as /dev/stdout, which is not ours to replace. */
static void a_link_stays_what_it_was(void **state)
{
	const char *path = below(directory, "linked.pcap"), *link = below(directory, "link");
	struct sf_capture *capture;
	struct sf_err err;
	struct stat st;
	(void)state;

	write_text(path, "older");
	assert_int_equal(symlink("linked.pcap", link), 0);
	capture = capture_new(link);
	assert_int_equal(sf_capture_end(capture, &err), 0);
	sf_capture_free(capture);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(path, &st), 0);
	assert_true(st.st_size > 5);
	assert_int_equal(st.st_mode & 07777, 0600);

	unlink(path); /* it leads nowhere: whose it is cannot be known */
	capture = NULL;
	assert_int_equal(sf_capture_new(link, &host, 1, &capture, &err), -ENOENT);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(link);
}

/* As /dev/stdout is, of a shell's > FILE. */
static void a_link_to_our_standard_output_is_written_through_and_stays(void **state)
{
	const char *path = below(directory, "stdout");
	int before = dup(STDOUT_FILENO), file = open(below(directory, "redirected.pcap"), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	struct sf_capture *capture;
	struct sf_err err;
	struct stat st;
	int r;
	(void)state;

	fflush(stdout);
	assert_true(before >= 0 && file >= 0);
	assert_int_equal(symlink("/proc/self/fd/1", path), 0);
	dup2(file, STDOUT_FILENO);
	capture = capture_new(path);
	tell(sf_capture_tap(capture));
	r = sf_capture_end(capture, &err);
	sf_capture_free(capture);
	dup2(before, STDOUT_FILENO);
	close(before);
	assert_int_equal(r, 0);
	assert_true(lstat(path, &st) == 0 && S_ISLNK(st.st_mode));
	assert_true(fstat(file, &st) == 0 && st.st_size > 24);
	close(file);
}

static void nothing_is_left_of_a_capture_that_was_given_up(void **state)
{
	const char *path = below(directory, "given_up.pcap");
	unsigned before = files_in(directory);
	struct sf_capture *capture;
	(void)state;

	write_text(path, "older");
	capture = capture_new(path);
	tell(sf_capture_tap(capture));
	assert_int_equal(files_in(directory), before + 2);
	sf_capture_free(capture);
	assert_int_equal(files_in(directory), before + 1);
	assert_string_equal(read_text(path), "older");
	sf_capture_free(NULL);
}

static void a_place_that_cannot_be_written_is_said(void **state)
{
	struct sf_capture *capture = NULL;
	struct sf_err err;
	char want[PATH_MAX + 64];
	const char *path = below(directory, "nowhere/a.pcap");
	(void)state;

	assert_int_equal(sf_capture_new(path, &host, 1, &capture, &err), -ENOENT);
	snprintf(want, sizeof(want), "%s cannot be written: No such file or directory", path);
	assert_string_equal(err.text, want);
	assert_null(capture);
	assert_true(sf_capture_new(directory, &host, 1, &capture, &err) < 0);
	assert_null(capture);
}

static void a_full_disk_ends_the_writing(void **state)
{
	struct sf_capture *capture = capture_new("/dev/full");
	const struct sf_tap *tap = sf_capture_tap(capture);
	static const uint8_t zeros[32768];
	struct sf_err err;
	(void)state;

	for (int i = 0; i < 10; i++)
		tap->received(tap->arg, zeros, sizeof(zeros));
	assert_int_equal(sf_capture_failed(capture), -ENOSPC);
	assert_int_equal(sf_capture_end(capture, &err), -ENOSPC);
	assert_string_equal(err.text, "/dev/full cannot be written: No space left on device");
	sf_capture_free(capture);
}

static void a_full_disk_is_noticed_at_the_end_too(void **state)
{
	struct sf_capture *capture = capture_new("/dev/full");
	struct sf_err err;
	(void)state;

	assert_int_equal(sf_capture_failed(capture), 0);
	assert_int_equal(sf_capture_end(capture, &err), -ENOSPC);
	sf_capture_free(capture);
}

static void what_no_reader_would_take_is_cut(void **state)
{
	const char *path = below(directory, "long.pcap");
	struct sf_capture *capture = capture_new(path);
	const struct sf_tap *tap = sf_capture_tap(capture);
	uint8_t *bytes = calloc(1, 300000);
	struct replayed r = {0};
	struct sf_replay *file = NULL;
	struct sf_walker *walker;
	struct sf_err err;
	(void)state;

	tell(tap);
	tap->received(tap->arg, bytes, 300000);
	assert_int_equal(sf_capture_end(capture, &err), 0);
	sf_capture_free(capture);
	free(bytes);
	assert_int_equal(sf_replay_new(path, &file, &err), 0);
	walker = sf_replay_walker(file, 0);
	r.result = sf_walker_walk(walker, &(struct sf_ask){0},
				  &(struct sf_walk_calls){replayed_receive, replayed_socket, &r}, &r.walk);
	assert_int_equal(r.sockets, 2);
	assert_non_null(strstr(r.walk.error[0].message, "packet at byte"));
	sf_walker_free(walker);
	sf_replay_free(file);
}

/* ---- keys ---- */

enum { KEY_LENGTH = 100 };
static const char secret[] = "the-secret-of-bgp";

static bool has_secret(const void *bytes, size_t length)
{
	for (size_t part = 4; part <= sizeof(secret) - 1; part += 4) {
		if (memmem(bytes, length, secret + part - 4, 4))
			return true;
	}
	return false;
}

/* Of each family a socket with a key between other attributes. */
static void add_keys(struct answers *a)
{
	char key[KEY_LENGTH] = {0};

	strcpy(key + 20, secret);
	for (int i = 0; i < 2; i++) {
		static struct reply reply;

		reply_begin(&reply, i ? 10 : 2, SF_ESTABLISHED);
		reply_add(&reply, SF_PART_SHUTDOWN, "\0", 1);
		reply_add(&reply, SF_PART_MD5SIG, key, sizeof(key));
		reply_add(&reply, SF_PART_CONG, "cubic", 6);
		add_message(a, i ? LEGACY_ANSWER : ANSWER, reply.bytes, reply.length);
	}
}

static void keys_become_zeros_and_nothing_else_does(void **state)
{
	static struct answers a, before;
	struct sf_view view = {0};
	const struct nlmsghdr *message = (const void *)a.bytes;
	unsigned changed = 0;
	(void)state;

	add_keys(&a);
	add_number(&a, NLMSG_DONE, 0x01010101);
	before = a;
	assert_true(has_secret(a.bytes, a.length));
	sf_datagram_wipe(a.bytes, a.length);
	assert_false(has_secret(a.bytes, a.length));
	for (size_t i = 0; i < a.length; i++)
		changed += a.bytes[i] != before.bytes[i];
	assert_int_equal(changed, 2 * (sizeof(secret) - 1));
	assert_int_equal(sf_view_index(&view, NLMSG_DATA(message), message->nlmsg_len - NLMSG_HDRLEN), 0);
	assert_string_equal((const char *)view.part[SF_PART_CONG], "cubic");
}

/* A datagram that was cut, and one whose lengths lie, may hold a part of a key anywhere. */
static void no_damage_keeps_a_key(void **state)
{
	static struct answers a;
	uint8_t *bytes;
	(void)state;

	add_keys(&a);
	for (size_t length = 0; length <= a.length; length++) {
		bytes = malloc(length ?: 1); /* a sanitizer sees a byte too many */
		memcpy(bytes, a.bytes, length);
		sf_datagram_wipe(bytes, length);
		assert_false(has_secret(bytes, length));
		free(bytes);
	}
	bytes = malloc(a.length);
	for (size_t at = 0; at < a.length; at++) {
		memcpy(bytes, a.bytes, a.length);
		bytes[at] ^= 0xff;
		sf_datagram_wipe(bytes, a.length);
	}
	free(bytes);
}

static void other_tables_have_no_keys(void **state)
{
	static struct answers a, before;
	struct sf_inet_msg msg[2] = {{.family = 1}}; /* unix; its attribute 18 is its own matter */
	(void)state;

	memcpy(&msg[1], (const uint16_t[]){12, SF_PART_MD5SIG, 1, 2, 3, 4}, 12);
	add_message(&a, ANSWER, msg, sizeof(msg[0]) + 12);
	before = a;
	sf_datagram_wipe(a.bytes, a.length);
	assert_memory_equal(&a, &before, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_again),
		cmocka_unit_test(each_namespace_is_read_again),
		cmocka_unit_test(the_file_has_the_form_that_others_read),
		cmocka_unit_test(its_owner_alone_may_read_it_whatever_was_there),
		cmocka_unit_test(a_link_to_our_standard_output_is_written_through_and_stays),
		cmocka_unit_test(nothing_is_left_of_a_capture_that_was_given_up),
		cmocka_unit_test(a_link_stays_what_it_was),
		cmocka_unit_test(a_place_that_cannot_be_written_is_said),
		cmocka_unit_test(a_full_disk_ends_the_writing),
		cmocka_unit_test(a_full_disk_is_noticed_at_the_end_too),
		cmocka_unit_test(what_no_reader_would_take_is_cut),
		cmocka_unit_test(keys_become_zeros_and_nothing_else_does),
		cmocka_unit_test(no_damage_keeps_a_key),
		cmocka_unit_test(other_tables_have_no_keys),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
