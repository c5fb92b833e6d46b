/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a filter: it is refused with complaints that a terminal can show, or its normal form is read again, prints
 * the same and judges the same; what it says it needs is enough to judge by; the kernel would take its sieve, and leave
 * out nothing that it holds for; its plan can be told.
 */
#include <sockfeed/filter.h>

#include "abort.h"
#include "bytecode.h"
#include "replies.h"

enum { FILTER_MOST = 65536, STATES = 14, ANSWERS = 3 * 2 * STATES, COMPLAINTS_MOST = 1 << 20 };

static struct reply answers[ANSWERS];
static struct sf_view views[ANSWERS];
static char said[COMPLAINTS_MOST];

/* What complaints print is lines of UTF-8 without control characters; it may be cut where the memory ends. */
static void check_complaints(const struct sf_complaints *complaints)
{
	FILE *file = fmemopen(said, sizeof(said), "w");
	size_t length;

	sf_complaints_print(complaints, file);
	length = (size_t)ftell(file);
	fclose(file);
	assert_true(length > 0 && said[length - 1] == '\n');
	for (size_t i = 0; i < length; i++) {
		if ((uint8_t)said[i] < ' ' && said[i] != '\n')
			fail_msg("the control character %d in:\n%s", said[i], said);
	}
}

static struct sf_filter *read_filter(const char *bytes, size_t length)
{
	const struct sf_text text = {.name = "fuzz", .text = bytes, .length = length};
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_filter *filter = NULL;
	int r = sf_filter_read(&text, 1u << SF_TABLE_TCP, &filter, complaints);

	assert_true(r == 0 || r == -EINVAL);
	assert_true((r == 0) == (filter != NULL));
	assert_true((r == 0) == (sf_complaints_errors(complaints) == 0));
	if (sf_complaints_errors(complaints) || sf_complaints_warnings(complaints))
		check_complaints(complaints);
	sf_complaints_free(complaints);
	return filter;
}

/* The answer that the kernel would have given to what the filter says it needs. */
static struct sf_view as_asked(const struct sf_view *view, uint8_t ext)
{
	struct sf_view asked = *view;

	for (unsigned part = SF_PART_MEMINFO; part <= SF_PART_SKMEM; part++) {
		if (!(ext >> (part - 1) & 1))
			asked.length[part] = 0;
	}
	if (!(ext >> (SF_PART_VEGAS - 1) & 1)) /* asks for that of every congestion control */
		asked.length[SF_PART_DCTCP] = asked.length[SF_PART_BBR] = 0;
	return asked;
}

static void check_judges(const struct sf_filter *a, const struct sf_filter *b)
{
	struct sf_needs needs;

	sf_filter_needs(a, SF_TABLE_TCP, &needs);
	for (unsigned i = 0; i < ANSWERS; i++) {
		struct sf_view asked = as_asked(&views[i], needs.ext);
		unsigned state = sf_view_state(&views[i]);
		bool holds = sf_filter_judge(a, &views[i]);

		if (holds != sf_filter_judge(b, &views[i]))
			fail_msg("the normal form judges answer %u otherwise", i);
		if (holds != sf_filter_judge(a, &asked))
			fail_msg("it is judged otherwise by what it needs of answer %u", i);
		if (holds && !(needs.states >> (state == SF_CLOSE ? SF_BOUND_INACTIVE : state) & 1))
			fail_msg("it holds for the state %u, which it does not ask for", state);
	}
}

static void check_sieve(const struct sf_filter *filter, uint32_t operations)
{
	struct sf_buf plan = {0};
	struct sf_sieve sieve;
	const char *refused;

	sf_filter_explain(filter, operations, true, &plan);
	sf_buf_finish(&plan);
	sf_sieve_make(&sieve, &filter, 1, operations);
	refused = sieve_audit(&sieve, operations);
	if (refused)
		fail_msg("the bytecode would be refused for %s", refused);
	for (unsigned i = 0; i < ANSWERS; i++) {
		struct entry entry = bytecode_entry(&views[i]);

		if (!sf_filter_judge(filter, &views[i]))
			continue;
		if (!sieve_holds(&sieve, &entry))
			fail_msg("it holds for answer %u, its sieve does not", i);
		entry.mark += !views[i].length[SF_PART_MARK]; /* what was not told may be anything */
		entry.cgroup += !views[i].length[SF_PART_CGROUP];
		if (!sieve_holds(&sieve, &entry))
			fail_msg("its sieve depends on what answer %u lacks", i);
	}
	sf_sieve_finish(&sieve);
}

/* Every state, both families; with the header alone, with all attributes of small numbers, of any. */
static void make_answer(struct reply *reply, unsigned i)
{
	static const uint16_t widths[] = {
		[SF_PART_MEMINFO] = 16, [SF_PART_INFO] = sizeof(struct sf_tcp_info), [SF_PART_VEGAS] = 16,
		[SF_PART_TOS] = 1,      [SF_PART_TCLASS] = 1,  [SF_PART_SKMEM] = 36,   [SF_PART_SHUTDOWN] = 1,
		[SF_PART_DCTCP] = 16,   [SF_PART_PROTOCOL] = 1, [SF_PART_V6ONLY] = 1,  [SF_PART_MARK] = 4,
		[SF_PART_BBR] = 20,     [SF_PART_CLASS_ID] = 4, [SF_PART_CGROUP] = 8,  [SF_PART_SOCKOPT] = 2};
	uint8_t bytes[sizeof(struct sf_tcp_info)];
	unsigned kind = i / (2 * STATES);
	uint64_t seed = i + 1;

	reply_begin(reply, i / STATES % 2 ? 10 : 2, (uint8_t)(i % STATES));
	if (kind == 0)
		return;
	draw_bytes(&seed, reply->bytes + 4, sizeof(struct sf_inet_msg) - 4);
	reply_add(reply, SF_PART_CONG, "cubic", sizeof("cubic"));
	for (unsigned part = 1; part < SF_COUNT(widths); part++) {
		draw_bytes(&seed, bytes, sizeof(bytes));
		for (size_t j = 0; kind == 1 && j < sizeof(bytes); j++)
			bytes[j] = j % 4 ? 0 : bytes[j] % 4;
		if (widths[part])
			reply_add(reply, part, bytes, widths[part]);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	for (unsigned i = 0; i < ANSWERS; i++) {
		views[i] = (struct sf_view){.table = SF_TABLE_TCP, .release = 0x061200};
		make_answer(&answers[i], i);
		assert_int_equal(sf_view_index(&views[i], answers[i].bytes, answers[i].length), 0);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sf_buf first = {0}, second = {0};
	struct sf_filter *filter = read_filter((const char *)data, size), *again = NULL;

	if (!filter)
		return 0;
	sf_filter_print(filter, &first);
	for (size_t i = 0; i < first.length; i++) {
		if ((unsigned char)first.data[i] < ' ' || first.data[i] == 0x7f)
			fail_msg("a control character in\n%s", first.data);
	}
	if (first.length <= FILTER_MOST) {
		again = read_filter(first.data, first.length);
		if (!again)
			fail_msg("refused:\n%s\n%s", first.data, said);
		sf_filter_print(again, &second);
		if (first.length != second.length || memcmp(first.data, second.data, first.length))
			fail_msg("\n%s\nbecomes\n%s", first.data, second.data);
		check_judges(filter, again);
	}
	check_sieve(filter, OPERATIONS_ALL);
	check_sieve(filter, OPERATIONS_FIRST);
	sf_buf_finish(&first);
	sf_buf_finish(&second);
	sf_filter_free(again);
	sf_filter_free(filter);
	return 0;
}
