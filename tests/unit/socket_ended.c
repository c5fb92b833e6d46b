/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event of a socket's end: which table it is of, what it has, which of them never had a connection, and what a
 * filter of such sockets may ask.
 */
#include "filters.h"

struct end { /* of an event; the first three as they stand in the header */
	uint16_t sport, dport;
	bool src, dst;
	uint8_t protocol;
	uint16_t info; /* bytes of tcp_info that came */
	uint32_t delivered;
};

static const struct end connection = {
	.sport = 50000, .dport = 443, .src = true, .dst = true, .protocol = 6, .info = sizeof(struct sf_tcp_info), .delivered = 3};

static int index_end(struct answer *answer, const struct end *end, struct sf_view *view)
{
	struct facts facts = {.header = {.family = 2,
					 .state = SF_CLOSE,
					 .sport = htobe16(end->sport),
					 .dport = htobe16(end->dport),
					 .src[0] = end->src ? 0x0100007f : 0,
					 .dst[0] = end->dst ? 0x0100007f : 0,
					 .rqueue = 1}, /* junk, as kernels send it */
			      .info = {.delivered = end->delivered, .bytes_acked = 5002},
			      .info_length = end->info};

	answer_make(answer, &facts);
	if (end->protocol)
		answer_add(answer, SF_PART_PROTOCOL, &end->protocol, 1);
	*view = (struct sf_view){.table = SF_TABLE_COUNT};
	assert_int_equal(sf_view_index(view, answer->bytes, answer->length), 0);
	return sf_view_ended(view);
}

static bool is_unconnected(struct end end)
{
	struct sf_view view;
	struct answer answer;

	assert_int_equal(index_end(&answer, &end, &view), 0);
	return sf_view_unconnected(&view);
}

static void its_table_is_what_the_event_says(void **state)
{
	struct end end = connection;
	struct sf_view view;
	struct answer answer;
	(void)state;

	assert_int_equal(index_end(&answer, &end, &view), 0);
	assert_int_equal(view.table, SF_TABLE_TCP);
	assert_int_equal(view.class, SF_CLASS_ENDED);
	for (end.protocol = 0; end.protocol < 6; end.protocol++)
		assert_int_equal(index_end(&answer, &end, &view), -ENOENT);
}

static void what_no_event_has_is_absent_whatever_came(void **state)
{
	static const enum sf_field_id never[] = {SF_FIELD_STATE, SF_FIELD_RECV_Q, SF_FIELD_SEND_Q, SF_FIELD_TIMER_NAME,
						 SF_FIELD_UID, SF_FIELD_INODE, SF_FIELD_BACKLOG, SF_FIELD_SHUTDOWN};
	const uint8_t shutdown = 3;
	struct sf_inet_msg *header;
	struct sf_value value;
	struct sf_view view;
	struct answer answer;
	(void)state;

	assert_int_equal(index_end(&answer, &connection, &view), 0);
	header = (struct sf_inet_msg *)(void *)answer.bytes;
	header->uid = header->inode = header->timer = 1;
	answer_add(&answer, SF_PART_SHUTDOWN, &shutdown, 1);
	assert_int_equal(sf_view_index(&view, answer.bytes, answer.length), 0);
	assert_int_equal(sf_view_ended(&view), 0);
	for (size_t i = 0; i < SF_COUNT(never); i++)
		assert_int_equal(sf_field_read(&sf_fields[never[i]], &view, &value), SF_ABSENT);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_TCP_BYTES_ACKED], &view, &value), SF_PRESENT);
	assert_int_equal(value.number, 5002);
}

static void a_peer_that_was_erased_is_absent(void **state)
{
	struct end end = connection;
	struct sf_value value;
	struct sf_view view;
	struct answer answer;
	(void)state;

	end.dport = 0;
	assert_int_equal(index_end(&answer, &end, &view), 0);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_PEER_PORT], &view, &value), SF_ABSENT);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_PEER_ADDRESS], &view, &value), SF_PRESENT);
	end.dst = false;
	assert_int_equal(index_end(&answer, &end, &view), 0);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_PEER_ADDRESS], &view, &value), SF_ABSENT);
}

static void who_never_had_a_connection_is_known_by_what_is_missing(void **state)
{
	const struct end cases[] = {
		{.protocol = 6, .info = 280},						   /* never bound */
		{.protocol = 6, .info = 280, .sport = 40000, .dst = true},		   /* refused, or aborted */
		{.protocol = 6, .info = 280, .sport = 4, .dport = 5, .src = 1, .dst = 1}, /* refused, not waited for */
	};
	const struct end connected[] = {
		connection,
		{.protocol = 6, .info = 280, .sport = 80},			       /* a listener */
		{.protocol = 6, .info = 280, .sport = 80, .src = true},		       /* one of an address */
		{.protocol = 6, .info = 280, .sport = 80, .src = true, .dst = true},   /* it waited to be accepted */
		{.protocol = 6, .info = 192, .sport = 4, .dport = 5, .src = 1, .dst = 1}, /* before 4.18 nothing is known */
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++)
		assert_true(is_unconnected(cases[i]));
	for (size_t i = 0; i < SF_COUNT(connected); i++)
		assert_false(is_unconnected(connected[i]));
}

/* ---- filters ---- */

static struct sf_filter *read_filter(const char *text, char **said)
{
	const struct sf_text place = {.name = "filter", .text = text, .length = strlen(text)};
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_filter *filter = NULL;
	size_t size;
	FILE *file = open_memstream(said, &size);

	sf_filter_read_ended(&place, 1u << SF_TABLE_TCP, &filter, complaints);
	sf_complaints_print(complaints, file);
	fclose(file);
	sf_complaints_free(complaints);
	return filter;
}

static void a_filter_of_ended_sockets_is_judged_and_printed_without_states(void **state)
{
	static const struct {
		const char *text, *normal;
		bool holds;
	} cases[] = {
		{"", "state all", true},
		{"state all", "state all", true},
		{"dport = :443", "dport = :443", true},
		{"dport = :80", "dport = :80", false},
		{"tcp.bytes_acked = 5002 and sport = :50000", "tcp.bytes_acked = 5002B and sport = :50000", true},
		{"not (dport = :443 or uid = 0)", "not (dport = :443 or uid = 0)", false},
		{"dport = :80 or uid = 0", "dport = :80 or uid = 0", false},
	};
	struct sf_view view;
	struct answer answer;
	(void)state;

	assert_int_equal(index_end(&answer, &connection, &view), 0);
	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		char *said, *again, *text;
		struct sf_filter *filter = read_filter(cases[i].text, &said), *twin;

		if (!filter)
			fail_msg("%s", said);
		text = normal(filter);
		twin = read_filter(text, &again);
		assert_string_equal(text, cases[i].normal);
		assert_non_null(twin);
		assert_int_equal(sf_filter_judge(filter, &view), cases[i].holds);
		assert_int_equal(sf_filter_judge(twin, &view), cases[i].holds);
		sf_filter_free(filter);
		sf_filter_free(twin);
		free(said);
		free(again);
		free(text);
	}
}

static void what_no_event_tells_can_never_hold(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{"uid = 0", "does not tell uid of"},
		{"uid != 0", "does not tell uid of"},
		{"has inode", "does not tell inode of"},
		{"dport = :443 and skmem.drops > 0", "does not tell skmem.drops of"},
		{"fwmark = 1", "does not tell mark of"},
		{"uid = 0 or mark = 1", "does not tell uid of"},
		{"state established", "is in no state any more"},
		{"not state all", "can never hold"},
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		char *said;

		if (read_filter(cases[i].text, &said))
			fail_msg("%s is taken", cases[i].text);
		if (!strstr(said, cases[i].said))
			fail_msg("%s: %s", cases[i].text, said);
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_table_is_what_the_event_says),
		cmocka_unit_test(what_no_event_has_is_absent_whatever_came),
		cmocka_unit_test(a_peer_that_was_erased_is_absent),
		cmocka_unit_test(who_never_had_a_connection_is_known_by_what_is_missing),
		cmocka_unit_test(a_filter_of_ended_sockets_is_judged_and_printed_without_states),
		cmocka_unit_test(what_no_event_tells_can_never_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
