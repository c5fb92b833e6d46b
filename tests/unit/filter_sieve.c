/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter`: what the kernel is asked to leave out. Whatever a filter holds for passes its sieve, the kernel's
 * check never refuses the bytecode, and what the kernel can compare exactly is compared exactly.
 */
#include "bytecode.h"
#include "drafts.h"
#include "filters.h"

#define FILTERS 10000
#define SOCKETS 40

static const uint32_t kernels[] = {
	OPERATIONS_ALL, OPERATIONS_FIRST, OPERATIONS_ALL & ~(1u << SF_BC_MARK_COND),
	OPERATIONS_FIRST | 1u << SF_BC_DEV_COND, OPERATIONS_FIRST | 1u << SF_BC_S_EQ | 1u << SF_BC_D_EQ,
	OPERATIONS_FIRST | 1u << SF_BC_CGROUP_COND | 1u << SF_BC_MARK_COND};

static void make(struct sf_sieve *sieve, const struct sf_filter *filter, uint32_t operations)
{
	sf_sieve_make(sieve, &filter, 1, operations);
}

/* ---- small filters, as text ---- */

static char *described(const struct sf_sieve *sieve)
{
	struct sf_buf text = {0};

	if (sieve->sport)
		sf_buf_format(&text, "sport %u\n", sieve->sport);
	if (sieve->dport)
		sf_buf_format(&text, "dport %u\n", sieve->dport);
	sf_bytecode_print(sieve_code(sieve), sieve->bytecode.length, "", &text);
	return sf_buf_take(&text);
}

static void check_text(const char *text, uint32_t operations, const char *expected)
{
	struct sf_filter *filter = filter_make(text);
	struct sf_sieve sieve;
	char *came;

	make(&sieve, filter, operations);
	came = described(&sieve);
	if (strcmp(came, expected))
		fail_msg("%s\n%s", text, came);
	free(came);
	sf_sieve_finish(&sieve);
	sf_filter_free(filter);
}

static const struct {
	const char *text, *sieve;
} table[] = {
	{"", ""},
	{"state all", ""},
	{"tcp.rtt_us > 100ms", ""},
	{"tcp.rtt_us > 100ms or sport = :443", ""},
	{"state established and sport = :443", "sport 443\n"},
	{"sport = :443 and dport = :80", "sport 443\ndport 80\n"},
	{"sport = 0", "    0 sport <= 0 else reject\n"},
	{"src :443", "sport 443\n"},
	{"local.port = 443 and peer.port = 80", "sport 443\ndport 80\n"},
	{"dport = :80 and tcp.rtt_us > 100ms", "dport 80\n"},
	{"sport != :443", "    0 sport = 443 else accept\n    8 go to reject\n"},
	{"not sport = :443", "    0 sport = 443 else accept\n    8 go to reject\n"},
	{"not (not sport = :443)", "sport 443\n"},
	/* where the peer's port is absent (a listener) it is not 443 either: the header says 0 there */
	{"not peer.port = 443", ""},
	{"peer.port != 443", "    0 dport = 443 else accept\n    8 go to reject\n"},
	{"sport >= 8000", "    0 sport >= 8000 else reject\n"},
	{"sport > 8000 and sport <= 8999", "    0 sport >= 8001 else reject\n    8 sport <= 8999 else reject\n"},
	{"sport >= 80 and sport <= 80", "sport 80\n"},
	{"(sport = 1 and sport = 2) or dport = 80", "dport 80\n"},
	{"sport <= 5 or sport >= 6", ""},
	{"sport = 80 or sport = 81", "    0 sport >= 80 else reject\n    8 sport <= 81 else reject\n"},
	{"sport = 80 or sport = 443", "    0 sport = 80 else 12\n    8 go to accept\n   12 sport = 443 else reject\n"},
	{"sport = 80 or dport = 80", "    0 sport = 80 else 12\n    8 go to accept\n   12 dport = 80 else reject\n"},
	{"(sport = 80 or dport = 80) and tcp.rtt_us > 5", "    0 sport = 80 else 12\n    8 go to accept\n   12 dport = 80 else reject\n"},
	{"(sport = 80 and tcp.rtt_us > 5) or (dport = 80 and uid = 0)",
	 "    0 sport = 80 else 12\n    8 go to accept\n   12 dport = 80 else reject\n"},
	{"not (sport = 80 and dport = 80)", "    0 sport = 80 else accept\n    8 dport = 80 else accept\n   16 go to reject\n"},
	{"not (sport = 80 and tcp.rtt_us > 5)", ""},
	{"not (sport = 80 or tcp.rtt_us > 5)", "    0 sport = 80 else accept\n    8 go to reject\n"},
	{"sport = 1 or sport = 3 or sport = 5 or sport = 7 or sport = 9",
	 "    0 sport <= 3 else 32\n    8 sport = 1 else 20\n   16 go to accept\n   20 sport >= 3 else reject\n   28 go to accept\n"
	 "   32 sport = 5 else 44\n   40 go to accept\n   44 sport = 7 else 56\n   52 go to accept\n   56 sport = 9 else reject\n"},
	{"src 10/8", "    0 src = 10.0.0.0/8 else reject\n"},
	{"src != 10/8", "    0 src = 10.0.0.0/8 else accept\n   16 go to reject\n"},
	{"dst [2001:db8::/32]:443", "    0 dst = [2001:db8::/32]:443 else reject\n"},
	{"dst 0.0.0.0/0", "    0 dst = 0.0.0.0/0 else reject\n"},
	{"not peer.address = 10/8", ""},
	{"not local.address = 10/8", "    0 src = 10.0.0.0/8 else accept\n   16 go to reject\n"},
	{"family = inet6", "    0 src = [::/0] else reject\n"},
	{"family = inet", "    0 src = [::/0] else accept\n   28 go to reject\n"},
	{"family != inet", "    0 src = [::/0] else reject\n"},
	{"dev 7", "    0 dev = 7 else reject\n"},
	{"not dev 0", "    0 dev = 0 else accept\n    8 go to reject\n"},
	{"interface.index > 0", "    0 dev = 0 else accept\n    8 go to reject\n"},
	{"interface.index < 3", "    0 dev = 0 else 12\n    8 go to accept\n   12 dev = 1 else 24\n   20 go to accept\n   24 dev = 2 else reject\n"},
	{"interface.index > 70000", ""},
	{"fwmark = 1", "    0 fwmark = 0x1 else reject\n"},
	{"fwmark != 0x2/0x6", "    0 fwmark = 0x2/0x6 else accept\n   12 go to reject\n"},
	{"not fwmark = 1", ""},
	{"cgroup.id = 5000000000", "    0 cgroup.id = 5000000000 else reject\n"},
	{"cgroup.id != 7", "    0 cgroup.id = 7 else accept\n   12 go to reject\n"},
	{"not cgroup.id = 7", ""},
	{"sport in (80, 443, 8000-8999)",
	 "    0 sport = 80 else 12\n    8 go to accept\n   12 sport = 443 else 24\n   20 go to accept\n   24 sport >= 8000 else reject\n"
	 "   32 sport <= 8999 else reject\n"},
	{"not sport in (80-89)", "    0 sport <= 79 else 12\n    8 go to accept\n   12 sport >= 90 else reject\n"},
	{"src in (10/8, *:80)", "    0 src = 10.0.0.0/8 else 20\n   16 go to accept\n   20 sport = 80 else reject\n"},
	{"not src in (10/8, *:80)", "    0 src = 10.0.0.0/8 else 20\n   16 go to reject\n   20 sport = 80 else accept\n   28 go to reject\n"},
	{"not peer.address in (10/8)", ""},
	{"fwmark in (1, 2)", "    0 fwmark = 0x1 else 16\n   12 go to accept\n   16 fwmark = 0x2 else reject\n"},
	{"cgroup.id in (5, 6)", "    0 cgroup.id = 5 else 16\n   12 go to accept\n   16 cgroup.id = 6 else reject\n"},
	{"interface.index in (1-3000)", ""},
	{"family in (inet, inet6)", ""},
	{"tcp.rtt_us in (5-9)", ""},
	{"local.port = peer.port", ""},
	{"not local.address = peer.address", ""},
	{"has peer.port", ""},
	{"not has mark and sport = 80", "sport 80\n"},
	{"tcp.congestion_control ~ \"^b\" and dport = 80", "dport 80\n"},
	{"(state listening and sport = 22) or (state established and dport = 22)",
	 "    0 sport = 22 else 12\n    8 go to accept\n   12 dport = 22 else reject\n"},
	{"not (state listening and sport = 22)", ""},
};

static void small_filters_become_what_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < SF_COUNT(table); i++)
		check_text(table[i].text, OPERATIONS_ALL, table[i].sieve);
}

static void what_an_older_kernel_cannot_compare_is_left_to_the_judge(void **state)
{
	static const char *const none[] = {"dev 7", "fwmark = 1", "cgroup.id = 7", "fwmark = 1 or sport = 2", "not dev 7"};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(none); i++)
		check_text(none[i], OPERATIONS_FIRST, "");
	check_text("fwmark = 1 and sport = 2", OPERATIONS_FIRST, "sport 2\n");
	check_text("sport = 1 or dport = 2", 0, "");
	check_text("dev nosuch0", OPERATIONS_ALL, "    0 go to reject\n");
	check_text("sport = 1 or dport = 2", OPERATIONS_FIRST,
		   "    0 sport >= 1 else 20\n    8 sport <= 1 else 20\n   16 go to accept\n   20 dport >= 2 else reject\n"
		   "   28 dport <= 2 else reject\n");
}

static void autobound_is_asked_for_as_the_range_that_is_judged(void **state)
{
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned low, high;
	char text[128];
	(void)state;

	assert_non_null(range);
	assert_int_equal(fscanf(range, "%u %u", &low, &high), 2);
	fclose(range);
	snprintf(text, sizeof(text), "    0 sport >= %u else reject\n    8 sport <= %u else reject\n", low, high);
	check_text("autobound", OPERATIONS_ALL, text);
}

/* ---- random filters over random sockets ---- */

static void draw_address(struct draft *d, uint8_t family, void *out)
{
	if (family == AF_INET)
		inet_pton(AF_INET, ONE_OF(d, "10.0.0.1", "10.0.0.2", "10.1.0.1", "127.0.0.1", "0.0.0.0"), out);
	else
		inet_pton(AF_INET6, ONE_OF(d, "::", "::1", "2001:db8::1", "2001:db8:8000::1", "fe80::1", "::ffff:10.0.0.1"), out);
}

/* A socket as its answer says it, and as the kernel compares it: there marks stand that the answer may lack. */
static struct facts draw_socket(struct draft *d, struct entry *entry)
{
	static const uint16_t ports[] = {0, 1, 22, 80, 81, 82, 443, 40000, 65534, 65535};
	struct facts f = {.header = {.family = pick(&d->random, 2) ? AF_INET : AF_INET6}};
	struct answer answer;

	f.header.state = (uint8_t)(1 + pick(&d->random, 11));
	f.header.sport = htobe16(ports[pick(&d->random, SF_COUNT(ports))]);
	f.header.dport = htobe16(ports[pick(&d->random, SF_COUNT(ports))]);
	draw_address(d, f.header.family, f.header.src);
	draw_address(d, f.header.family, f.header.dst);
	f.header.interface = (uint32_t[]){0, 0, 1, 77777}[pick(&d->random, 4)];
	f.header.uid = pick(&d->random, 2);
	f.has_shutdown = f.header.state != SF_TIME_WAIT && f.header.state != SF_SYN_RECV;
	f.has_cgroup = f.has_shutdown && pick(&d->random, 4);
	f.cgroup = (uint64_t[]){1, 7, 8}[pick(&d->random, 3)];
	f.has_mark = pick(&d->random, 2);
	f.mark = (uint32_t[]){0, 1, 0x34, 0x1234}[pick(&d->random, 4)];
	f.info_length = f.has_shutdown ? sizeof(f.info) : 0;
	f.info.rtt = pick(&d->random, 10);
	answer_make(&answer, &f);
	*entry = bytecode_entry(&answer.view);
	entry->mark = f.mark;
	return f;
}

static void check_audit(const struct draft *d, const struct sf_sieve *sieve, uint32_t operations)
{
	const char *refused = sieve_audit(sieve, operations);

	if (refused)
		fail_msg("%s is refused for %s (operations %x)", d->text.data, refused, operations);
	if (sieve->terms > SF_SIEVE_TERMS + 2)
		fail_msg("%s: %u terms", d->text.data, sieve->terms);
}

static void whatever_a_filter_holds_for_passes_its_sieve(void **state)
{
	struct draft d = {.random = seed()};
	(void)state;

	for (unsigned i = 0; i < FILTERS; i++) {
		struct sf_filter *filter = draw_filter(&d, false);
		struct sf_sieve sieves[SF_COUNT(kernels)];

		if (!filter)
			continue;
		for (size_t k = 0; k < SF_COUNT(kernels); k++) {
			make(&sieves[k], filter, kernels[k]);
			check_audit(&d, &sieves[k], kernels[k]);
		}
		for (unsigned s = 0; s < SOCKETS; s++) {
			struct entry entry;
			struct facts facts = draw_socket(&d, &entry);
			struct answer answer;

			answer_make(&answer, &facts);
			if (!sf_filter_judge(filter, &answer.view))
				continue;
			for (size_t k = 0; k < SF_COUNT(kernels); k++) {
				if (!sieve_holds(&sieves[k], &entry))
					fail_msg("%s holds, its sieve (operations %x) does not:\n%s", d.text.data, kernels[k],
						 described(&sieves[k]));
			}
		}
		for (size_t k = 0; k < SF_COUNT(kernels); k++)
			sf_sieve_finish(&sieves[k]);
		sf_filter_free(filter);
	}
	sf_buf_finish(&d.text);
}

static void what_the_kernel_compares_alike_is_left_out_exactly(void **state)
{
	struct draft d = {.random = seed()};
	(void)state;

	for (unsigned i = 0; i < FILTERS; i++) {
		uint32_t operations = i % 2 ? OPERATIONS_ALL : OPERATIONS_FIRST | 1u << SF_BC_DEV_COND;
		struct sf_filter *filter = draw_filter(&d, true);
		struct sf_sieve sieve;
		struct sf_needs needs;

		if (!filter)
			continue;
		sf_filter_needs(filter, SF_TABLE_TCP, &needs);
		make(&sieve, filter, operations);
		check_audit(&d, &sieve, operations);
		for (unsigned s = 0; s < SOCKETS; s++) {
			struct entry entry;
			struct facts facts = draw_socket(&d, &entry);
			struct answer answer;
			bool holds, passes;

			facts.header.state = SF_ESTABLISHED; /* the usual states contain it */
			answer_make(&answer, &facts);
			holds = sf_filter_judge(filter, &answer.view);
			passes = sieve_holds(&sieve, &entry);
			if (holds != passes)
				fail_msg("%s %s, its sieve %s:\n%s", d.text.data, holds ? "holds" : "fails",
					 passes ? "holds" : "fails", described(&sieve));
		}
		sf_sieve_finish(&sieve);
		sf_filter_free(filter);
	}
	sf_buf_finish(&d.text);
}

#define TOGETHER 4

static void the_sieve_of_several_passes_what_any_of_them_holds_for(void **state)
{
	struct draft d = {.random = seed()};
	(void)state;

	for (unsigned i = 0; i < FILTERS / 2; i++) {
		struct sf_filter *filters[TOGETHER];
		unsigned count = 0, wanted = 2 + pick(&d.random, TOGETHER - 1);
		uint32_t operations = kernels[i % SF_COUNT(kernels)];
		struct sf_sieve sieve;

		for (unsigned tries = 0; count < wanted && tries < 20; tries++) {
			filters[count] = draw_filter(&d, pick(&d.random, 4));
			count += filters[count] != NULL;
		}
		sf_sieve_make(&sieve, (const struct sf_filter *const *)filters, count, operations);
		check_audit(&d, &sieve, operations);
		for (unsigned s = 0; s < SOCKETS; s++) {
			struct entry entry;
			struct facts facts = draw_socket(&d, &entry);
			struct answer answer;

			answer_make(&answer, &facts);
			for (unsigned f = 0; f < count; f++) {
				if (sf_filter_judge(filters[f], &answer.view) && !sieve_holds(&sieve, &entry))
					fail_msg("%s holds, the sieve of %u does not:\n%s", normal(filters[f]), count,
						 described(&sieve));
			}
		}
		sf_sieve_finish(&sieve);
		while (count)
			sf_filter_free(filters[--count]);
	}
	sf_buf_finish(&d.text);
}

/* ---- large sets ---- */

static void write_ports(struct sf_buf *text, const char *word, unsigned count, unsigned step)
{
	sf_buf_format(text, "%s in (", word);
	for (unsigned i = 0; i < count; i++)
		sf_buf_format(text, "%s%u", i ? "," : "", 1 + i * step);
	sf_buf_text(text, ")");
}

/* Of the ports of a filter that has them alone: how many pass that are not meant; none that is meant does not. */
static unsigned check_ports(const char *text, bool peer, struct sf_sieve *sieve)
{
	struct sf_filter *filter = filter_make(text);
	unsigned wrong = 0;

	make(sieve, filter, OPERATIONS_ALL);
	assert_null(sieve_audit(sieve, OPERATIONS_ALL));
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		struct facts facts = {.header = {.family = AF_INET, .state = SF_ESTABLISHED}, .has_shutdown = true};
		struct answer answer;
		struct entry entry;
		bool holds, passes;

		*(peer ? &facts.header.dport : &facts.header.sport) = htobe16((uint16_t)port);
		answer_make(&answer, &facts);
		entry = bytecode_entry(&answer.view);
		holds = sf_filter_judge(filter, &answer.view);
		passes = sieve_holds(sieve, &entry);
		if (holds && !passes)
			fail_msg("port %u holds and does not pass", port);
		wrong += passes && !holds;
	}
	sf_filter_free(filter);
	return wrong;
}

static void a_thousand_ports_are_looked_for_in_a_tree(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_sieve sieve;
	(void)state;

	write_ports(&text, "dport", 1000, 60);
	assert_int_equal(check_ports(text.data, true, &sieve), 0);
	assert_in_range(sieve.terms, 1000, 1500);
	sf_sieve_finish(&sieve);
}

static void a_set_of_5000_ports_is_made_coarser(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_sieve sieve;
	(void)state;

	write_ports(&text, "sport", 5000, 7);
	assert_in_range(check_ports(text.data, false, &sieve), 1, 6 * 5000);
	assert_in_range(sieve.terms, 1000, SF_SIEVE_TERMS);
	sf_sieve_finish(&sieve);

	/* gaps that are small go first */
	text.length = 0;
	write_ports(&text, "sport", 4000, 2);
	sf_buf_text(&text, " or sport in (20000-20999, 30000, 40000)");
	assert_in_range(check_ports(text.data, false, &sieve), 1, 4000);
	sf_sieve_finish(&sieve);
}

static void two_large_sets_share_what_a_sieve_may_have(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_filter *filter;
	struct sf_sieve sieve;
	struct entry none = {.family = AF_INET, .port = {60001, 60001}};
	(void)state;

	write_ports(&text, "sport", 3000, 7);
	sf_buf_text(&text, " or ");
	write_ports(&text, "dport", 3000, 9);
	sf_buf_text(&text, " or src 10/8");
	filter = filter_make(text.data);
	make(&sieve, filter, OPERATIONS_ALL);
	assert_null(sieve_audit(&sieve, OPERATIONS_ALL));
	assert_in_range(sieve.terms, 1000, SF_SIEVE_TERMS);
	assert_false(sieve_holds(&sieve, &none));
	sf_sieve_finish(&sieve);
	sf_filter_free(filter);
}

static void what_cannot_be_made_coarser_is_left_to_the_judge(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_filter *filter;
	struct sf_sieve sieve;
	(void)state;

	for (unsigned i = 0; i < 2500; i++)
		sf_buf_format(&text, "%ssrc 10.%u.%u.1", i ? "|" : "", i / 256, i % 256);
	check_text(text.data, OPERATIONS_ALL, "");
	/* of what all must hold, as many as fit are kept */
	text.length = 0;
	for (unsigned i = 0; i < 2500; i++)
		sf_buf_format(&text, "%ssrc!=10.%u.%u.1", i ? "&" : "", i / 256, i % 256);
	filter = filter_make(text.data);
	make(&sieve, filter, OPERATIONS_ALL);
	assert_null(sieve_audit(&sieve, OPERATIONS_ALL));
	assert_int_equal(sieve.terms, SF_SIEVE_TERMS);
	sf_sieve_finish(&sieve);
	sf_filter_free(filter);
}

/* ---- several filters ---- */

static void check_together(const char *const *texts, size_t count, const char *expected)
{
	struct sf_filter *filters[16];
	struct sf_sieve sieve;
	char *came;

	for (size_t i = 0; i < count; i++)
		filters[i] = filter_make(texts[i]);
	sf_sieve_make(&sieve, (const struct sf_filter *const *)filters, count, OPERATIONS_ALL);
	came = described(&sieve);
	if (strcmp(came, expected))
		fail_msg("%s ...\n%s", texts[0], came);
	free(came);
	sf_sieve_finish(&sieve);
	while (count)
		sf_filter_free(filters[--count]);
}
#define TOGETHER_IS(expected, ...) \
	check_together((const char *const[]){__VA_ARGS__}, SF_COUNT(((const char *const[]){__VA_ARGS__})), expected)

static void several_filters_pass_what_one_of_them_may_hold_for(void **state)
{
	(void)state;
	TOGETHER_IS("    0 sport = 80 else 12\n    8 go to accept\n   12 dport = 443 else reject\n", "sport = 80",
		    "dport = 443 and tcp.rtt_us > 5");
	TOGETHER_IS("", "sport = 80", "tcp.rtt_us > 5"); /* one has none */
	TOGETHER_IS("", "sport = 80", "");
	TOGETHER_IS("sport 80\n", "sport = 80", "sport = 80 and uid = 0");
	TOGETHER_IS("sport 80\n    0 dport = 1 else 12\n    8 go to accept\n   12 dev = 3 else reject\n", "sport = 80 and dport = 1",
		    "dev 3 and sport = 80");
	TOGETHER_IS("    0 sport >= 80 else reject\n    8 sport <= 82 else reject\n", "sport = 80", "sport = 82", "sport = 81");
}

static void several_filters_with_too_many_terms_have_no_sieve(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	(void)state;

	write_ports(&text, "dport", SF_SIEVE_SHARED, 60);
	TOGETHER_IS("", text.data, "src 10/8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_filters_become_what_the_table_says),
		cmocka_unit_test(what_an_older_kernel_cannot_compare_is_left_to_the_judge),
		cmocka_unit_test(autobound_is_asked_for_as_the_range_that_is_judged),
		cmocka_unit_test(whatever_a_filter_holds_for_passes_its_sieve),
		cmocka_unit_test(what_the_kernel_compares_alike_is_left_out_exactly),
		cmocka_unit_test(the_sieve_of_several_passes_what_any_of_them_holds_for),
		cmocka_unit_test(a_thousand_ports_are_looked_for_in_a_tree),
		cmocka_unit_test(a_set_of_5000_ports_is_made_coarser),
		cmocka_unit_test(two_large_sets_share_what_a_sieve_may_have),
		cmocka_unit_test(what_cannot_be_made_coarser_is_left_to_the_judge),
		cmocka_unit_test(several_filters_pass_what_one_of_them_may_hold_for),
		cmocka_unit_test(several_filters_with_too_many_terms_have_no_sieve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
