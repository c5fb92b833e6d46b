/* SPDX-License-Identifier: Apache-2.0 */
/* `sockfeed spool`, as a user calls it, on spools that the test has made: what is printed, where, and the exit status. */
#include <json-c/json.h>
#include <sys/wait.h>

#include "delivery/spool/segment.h"
#include "spools.h"

static int setup(void **state)
{
	return tank_setup(state, 32 << 10);
}

/* The exit status; stdout and stderr are in the files out and err. */
static int spool(const struct tank *t, const char *action, const char *option)
{
	char command[3 * PATH_MAX];
	int status;

	snprintf(command, sizeof(command), "\"$SOCKFEED\" spool %s %s %s >%s/out 2>%s/err", action, option,
		 t->conf.path, t->directory, t->directory);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const char *printed(const struct tank *t)
{
	return read_text(below(t->directory, "out"));
}

static const char *said(const struct tank *t)
{
	return read_text(below(t->directory, "err"));
}

static const char *first_segment(const struct tank *t)
{
	char name[64];

	snprintf(name, sizeof(name), "spool/" SF_SEGMENT_NAME, 1ull);
	return below(t->directory, name);
}

/* The lines of the first record. */
static void damage(const struct tank *t)
{
	off_t position = (off_t)(sizeof(struct sf_segment_head) + sizeof(struct sf_record_head) +
				 strlen("alphasockets.alpha") + sizeof(struct sf_line) * lines_of(0) + 20);
	int fd = open(first_segment(t), O_RDWR | O_CLOEXEC);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, position), 1);
	byte ^= 16;
	assert_int_equal(pwrite(fd, &byte, 1, position), 1);
	close(fd);
}

/* What was exported are the batches from..to but the one that is left out, byte for byte. */
static void expect_export(const struct tank *t, uint64_t from, uint64_t to, uint64_t but)
{
	FILE *file = fopen(below(t->directory, "out"), "re");
	static char bytes[SF_BATCH_SIZE];

	for (uint64_t serial = from; serial < to; serial++) {
		struct sf_batch *made;

		if (serial == but)
			continue;
		made = batch_make(t->pool, serial);
		assert_int_equal(fread(bytes, 1, made->length, file), made->length);
		assert_memory_equal(bytes, made->data, made->length);
		sf_batch_drop(t->pool, made);
	}
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
}

static void acknowledge(struct tank *t, unsigned count)
{
	struct sf_spool_span place;
	uint64_t at = 0;

	while (count--) {
		tank_read(t, &at, &place);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
}

static void what_waits_is_exported_byte_for_byte(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 200);
	tank_close(t);
	assert_int_equal(spool(t, "export", ""), 0);
	expect_export(t, 0, 200, UINT64_MAX);
	assert_string_equal(said(t), "");
	assert_int_equal(spool(t, "export", ""), 0); /* it still waits */
	expect_export(t, 0, 200, UINT64_MAX);
	tank_open(t);
	tank_expect(t, 0, 200);
}

static void what_is_acknowledged_is_exported_with_all_alone(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 10);
	acknowledge(t, 4);
	tank_close(t);
	assert_int_equal(spool(t, "export", ""), 0);
	expect_export(t, 4, 10, UINT64_MAX);
	assert_int_equal(spool(t, "export", "--all"), 0);
	expect_export(t, 0, 10, UINT64_MAX);
}

static void a_damaged_record_is_passed_over_and_said(void **state)
{
	struct tank *t = *state;
	char want[600];

	tank_fill(t, 10);
	tank_close(t);
	damage(t);
	assert_int_equal(spool(t, "export", ""), 1);
	expect_export(t, 1, 10, UINT64_MAX);
	assert_non_null(strstr(said(t), "the lines of a record do not match its CRC"));
	assert_int_equal(spool(t, "verify", ""), 1);
	snprintf(want, sizeof(want), "this costs %u line%s of 1 batch, ", lines_of(0), lines_of(0) == 1 ? "" : "s");
	assert_non_null(strstr(printed(t), want));
	snprintf(want, sizeof(want), ", of query \"alpha\", run 1000, seq 0 to %u\ndamaged: 1 place, which costs ",
		 lines_of(0) - 1);
	assert_non_null(strstr(printed(t), want));
	assert_int_equal(strncmp(printed(t), "0000000000000001.seg: byte 128, ", 32), 0);
}

static void damage_that_costs_nothing_does_not_fail_an_export(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 10);
	acknowledge(t, 4);
	tank_close(t);
	damage(t);
	assert_int_equal(spool(t, "export", ""), 0);
	expect_export(t, 4, 10, UINT64_MAX);
	assert_non_null(strstr(said(t), "; this costs nothing that waits\n"));
	assert_int_equal(spool(t, "export", "--all"), 1);
	expect_export(t, 1, 10, UINT64_MAX);
	assert_int_equal(spool(t, "verify", ""), 1);
}

static void a_whole_spool_is_said_to_be(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 1);
	tank_close(t);
	assert_int_equal(spool(t, "verify", ""), 0);
	assert_int_equal(strncmp(printed(t), "whole: 1 batch, ", 16), 0);
	assert_string_equal(said(t), "");
}

static void a_torn_tail_is_said_to_be_normal(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 5);
	tank_close(t);
	assert_int_equal(truncate(first_segment(t), (off_t)size_of(first_segment(t)) + 30), 0);
	assert_int_equal(spool(t, "verify", ""), 0);
	assert_non_null(strstr(printed(t), "30 bytes: a torn tail, as when the agent died while it wrote (normal)\nwhole: "));
	assert_int_equal(spool(t, "export", ""), 0);
	assert_string_equal(said(t), "");
}

static void a_running_agent_is_seen(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 20);
	tank_wait(t, 0);
	assert_int_equal(spool(t, "inspect", "--format table"), 0);
	assert_non_null(strstr(printed(t), "\nused     in use by a running agent\n"));
	assert_int_equal(spool(t, "verify", ""), 0);
	assert_non_null(strstr(printed(t), "in use by a running agent: "));
	assert_int_equal(spool(t, "export", ""), 0);
	expect_export(t, 0, 20, UINT64_MAX);
	tank_expect(t, 0, 20);
	tank_close(t);
	assert_int_equal(spool(t, "inspect", "--format table"), 0);
	assert_non_null(strstr(printed(t), "\nused     by no agent that can be seen from here\n"));
}

static void a_reader_that_goes_ends_it_with_1(void **state)
{
	struct tank *t = *state;
	char command[2 * PATH_MAX];

	tank_fill(t, 500);
	tank_close(t);
	snprintf(command, sizeof(command), "{ \"$SOCKFEED\" spool export %s 2>%s/err; echo $? >%s/out; } | head -c 1 >%s/one",
		 t->conf.path, t->directory, t->directory, t->directory);
	assert_int_equal(system(command), 0);
	assert_string_equal(printed(t), "1\n");
	assert_string_equal(said(t), "");
}

static int64_t number(struct json_object *object, const char *a, const char *b)
{
	struct json_object *found;

	assert_true(json_object_object_get_ex(object, a, &found));
	if (b)
		assert_true(json_object_object_get_ex(found, b, &found));
	return json_object_get_int64(found);
}

static void inspect_prints_json_where_no_terminal_is(void **state)
{
	struct tank *t = *state;
	struct json_object *object, *part, *item;
	uint64_t lines = 0;

	tank_fill(t, 30);
	acknowledge(t, 3);
	for (uint64_t serial = 3; serial < 30; serial++)
		lines += lines_of(serial);
	tank_close(t);
	assert_int_equal(spool(t, "inspect", ""), 0);
	object = json_tokener_parse(printed(t));
	assert_non_null(object);
	assert_int_equal(number(object, "waiting", "batches"), 27);
	assert_int_equal(number(object, "waiting", "lines"), lines);
	assert_int_equal(number(object, "base", "offset"), number(object, "end", "offset") - 27);
	assert_int_equal(number(object, "damaged", NULL), 0);
	assert_int_equal(number(object, "unwritten_lines", NULL), 0);
	json_object_object_get_ex(object, "in_use", &part);
	assert_false(json_object_get_boolean(part));
	json_object_object_get_ex(object, "queries", &part);
	assert_int_equal(json_object_array_length(part), QUERIES);
	item = json_object_array_get_idx(part, 0);
	json_object_object_get_ex(item, "topic", &part);
	assert_string_equal(json_object_get_string(part), "sockets.alpha");
	json_object_object_get_ex(item, "oldest", &part);
	assert_string_equal(json_object_get_string(part), "1970-01-01T00:00:05.000003Z");
	json_object_object_get_ex(object, "segments", &part);
	assert_true(json_object_array_length(part) > 1);
	json_object_put(object);
}

static void a_query_cannot_write_to_the_terminal(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	struct sf_batch *batch = batch_make(t->pool, 0);

	batch->query = "\033[2Jmine";
	t->taken++;
	assert_true(sf_spool_append(t->spool, batch, "a\nb", t->now, &place));
	tank_close(t);
	assert_int_equal(spool(t, "inspect", "--format table"), 0);
	assert_non_null(strstr(printed(t), "?[2Jmine          a?b "));
	assert_null(strchr(printed(t), '\033'));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tank_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_waits_is_exported_byte_for_byte),
		TEST(what_is_acknowledged_is_exported_with_all_alone),
		TEST(a_damaged_record_is_passed_over_and_said),
		TEST(damage_that_costs_nothing_does_not_fail_an_export),
		TEST(a_whole_spool_is_said_to_be),
		TEST(a_torn_tail_is_said_to_be_normal),
		TEST(a_running_agent_is_seen),
		TEST(a_reader_that_goes_ends_it_with_1),
		TEST(inspect_prints_json_where_no_terminal_is),
		TEST(a_query_cannot_write_to_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
