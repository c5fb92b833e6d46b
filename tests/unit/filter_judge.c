/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter`: when each predicate holds, said by example; what is asked of the kernel; limits.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/stat.h>

#include "filters.h"

/* An established socket 10.0.0.1:443 - 192.0.2.7:51514 with everything. */
static struct facts established(void)
{
	struct facts facts = {.header = {.family = AF_INET, .state = SF_ESTABLISHED, .sport = htobe16(443),
					 .dport = htobe16(51514), .uid = 33, .inode = 636, .cookie = {0x1001, 1}},
			      .info_length = sizeof(struct sf_tcp_info),
			      .info = {.ca_state = 4, .options = 1 | 2, .rtt = 100000, .snd_ssthresh = 0x7fffffff,
				       .min_rtt = 90000, .pacing_rate = UINT64_MAX, .bytes_sent = 1000, .bytes_retrans = 150},
			      .skmem = {[1] = 131072, [4] = (uint32_t)-5000, [8] = 3},
			      .mark = 0x1234, .cgroup = 1021, .cong = "bbr",
			      .has_shutdown = true, .has_skmem = true, .has_mark = true, .has_cgroup = true, .has_cong = true};

	inet_pton(AF_INET, "10.0.0.1", facts.header.src);
	inet_pton(AF_INET, "192.0.2.7", facts.header.dst);
	return facts;
}

static struct facts listener(void)
{
	struct facts facts = {.header = {.family = AF_INET6, .state = SF_LISTEN, .sport = htobe16(22), .rqueue = 96, .wqueue = 128},
			      .has_shutdown = true};

	return facts;
}

/* texts, each starting with `+` (holds) or `-` (does not) */
static void check_all(const struct facts *facts, const char *const *texts)
{
	for (; *texts; texts++) {
		if (judged(*texts + 1, facts) != (**texts == '+'))
			fail_msg("%s", *texts);
	}
}
#define CHECK(facts, ...) check_all(facts, (const char *const[]){__VA_ARGS__, NULL})

static void ports_compare_by_every_operator_and_spelling(void **state)
{
	struct facts facts = established();
	(void)state;

	CHECK(&facts, "+sport = :443", "+sport = 443", "+sport=443", "+sport 443", "+sport :443", "+sport == 443", "+sport eq 443",
	      "-sport != 443", "-sport ne 443", "-sport neq :443", "-sport < 443", "-sport lt 443", "+sport <= 443", "+sport le 443",
	      "+sport leq 443", "-sport > 443", "-sport gt 443", "+sport >= 443", "+sport ge 443", "+sport geq 443", "+sport<444",
	      "+sport>442", "-sport < 442", "+dport = 51514", "-dport = 443", "+sport != 1", "+sport \"443\"");
}

static void ports_are_0_in_the_header_of_a_listener(void **state)
{
	struct facts facts = listener();
	(void)state;

	CHECK(&facts, "+state listening dport = 0", "+state listening dport != :443", "+state listening not dport = :443",
	      "-state listening (peer.port != 443 or uid = 7)", "+state listening not peer.port = 443", "+state listening dst [::]",
	      "+state listening dev = 0", "+state listening dev != lo", "-state listening dst 0.0.0.0/0");
}

static void words_and_signs_join_alike(void **state)
{
	struct facts facts = established();
	(void)state;

	CHECK(&facts, "+sport = 443 and dport = 51514", "-sport = 443 and dport = 1", "+sport = 443 dport = 51514", "-sport = 443 dport = 1",
	      "+sport=443&dport=51514", "-sport=443&&dport=1", "+sport=1|dport=51514", "+sport=1||dport=51514",
	      "-sport = 1 or dport = 1", "-!sport=443", "-! sport=443", "-not sport = 443", "+not(sport = 1)", "+!(sport=443&dport=1)",
	      "+not sport = 1 and dport = 51514", "+((sport = 443))");
}

static void prefixes_match_by_family_and_bits(void **state)
{
	struct facts v4 = established(), mapped = v4, v6 = v4;
	(void)state;

	mapped.header.family = v6.header.family = AF_INET6;
	inet_pton(AF_INET6, "::ffff:10.0.0.1", mapped.header.src);
	inet_pton(AF_INET6, "2001:db8:0:8000::1", v6.header.src);

	CHECK(&v4, "+src 10.0.0.1", "+src = 10.0.0.1", "-src != 10.0.0.1", "+src != 10.0.0.2", "+src 10.0.0.0/8", "+src 10/8", "+src 10.0.0/24",
	      "-src 10.0.0.2/32", "+src 10.0.0.2/30", "-src 10.0.0.4/30", "+src 0.0.0.0/0", "-src [::/0]", "-src ::ffff:10.0.0.1",
	      "+src 10.0.0.1:443", "-src 10.0.0.1:444", "+src 10.0.0.1/8:443", "+src :443", "-src :444", "+src *:443", "+src *", "+src *:*",
	      "+dst 192.0.2.7:51514", "-dst 192.0.2.7:443", "+dst 192.0.2.7:*", "-src != 10.0.0.1:443", "+src != 10.0.0.1:444");
	CHECK(&mapped, "+src 10.0.0.1", "+src 10/8", "-src 11/8", "+src 0.0.0.0/0", "+src [::ffff:10.0.0.1]", "+src ::ffff:10.0.0.1",
	      "+src [::ffff:10.0.0.0/104]", "+src [::/0]", "+src 10.0.0.1:443", "+local.address = 10.0.0.0/8",
	      "-local.address != 10.0.0.0/8", "+src != 10.0.0.2");
	CHECK(&v6, "+src [2001:db8::/32]", "+src [2001:db8::/32]:443", "-src [2001:db8::/32]:22", "+src [2001:db8:0:8000::/49]",
	      "-src [2001:db8::/49]", "-src 0.0.0.0/0", "+src 2001:db8::/32", "+src [::/0]", "+src [::/1]", "-src [8000::/1]",
	      "+local.address = 2001:db8::/32", "+local.address = [2001:db8::/32]", "+local.address != 10.0.0.0/8");
}

static void an_absent_value_compares_with_nothing(void **state)
{
	struct facts facts = established(), bare = {.header = {.family = AF_INET, .state = SF_TIME_WAIT}};
	(void)state;

	CHECK(&bare, "-state all tcp.rtt_us = 0", "-state all tcp.rtt_us != 0", "-state all tcp.rtt_us >= 0", "-state all tcp.rtt_us < 5",
	      "+state all not tcp.rtt_us = 0", "+state all not tcp.rtt_us != 0", "-state all tcp.congestion_control = bbr",
	      "-state all tcp.congestion_control != bbr", "-state all tcp.options = sack", "-state all tcp.options != sack",
	      "+state all not tcp.options != sack", "-state all fwmark = 0", "-state all fwmark != 0", "+state all not fwmark != 0",
	      "-state all cgroup.id != 0", "-state all cgroup = /", "-state all cgroup != /", "-state all uid = 0", "-state all uid != 5",
	      "-state all tcp.retrans_ratio < 5", "-state all interface.index != 3", "+state all dev = 0", "+state all dport = 0");
	/* null is as absent as absent */
	CHECK(&facts, "-tcp.snd_ssthresh > 5", "-tcp.snd_ssthresh = 2147483647", "-tcp.snd_ssthresh != 5", "+not tcp.snd_ssthresh != 5",
	      "-tcp.pacing_rate_bytes_per_s > 1MB/s", "-tcp.pacing_rate_bytes_per_s != 0");
	/* a kernel that is older than the field */
	facts.info_length = offsetof(struct sf_tcp_info, min_rtt);
	CHECK(&facts, "-tcp.min_rtt_us > 0", "-tcp.min_rtt_us <= 4294967295", "+not tcp.min_rtt_us > 0", "+tcp.rtt_us > 0");
}

static void numbers_compare_in_their_units(void **state)
{
	struct facts facts = established();
	(void)state;

	CHECK(&facts, "+tcp.rtt_us = 100000", "+tcp.rtt_us = 100ms", "+tcp.rtt_us = 0.1s", "-tcp.rtt_us > 100ms", "+tcp.rtt_us >= 100ms",
	      "+tcp.rtt_us > 99999us", "-tcp.rtt_us < 100ms", "+tcp.rtt_us<=100ms", "-tcp.rtt_us != 100ms", "+tcp.rtt_us != 1s",
	      "+skmem.rcvbuf_bytes = 128KiB", "+skmem.rcvbuf_bytes = 131072", "-skmem.rcvbuf_bytes = 128KB", "+skmem.drops > 0", "+skmem.drops = 3",
	      "+skmem.fwd_alloc_bytes < 0", "+skmem.fwd_alloc_bytes = -5000", "+skmem.fwd_alloc_bytes > -5KiB", "-skmem.fwd_alloc_bytes > -4KiB",
	      "-skmem.fwd_alloc_bytes >= 0", "+skmem.fwd_alloc_bytes >= -2147483648", "+local.port = 443", "+local.port = :443", "+local.port >= 443",
	      "+tcp.retrans_ratio = 15%", "+tcp.retrans_ratio = 0.15", "+tcp.retrans_ratio >= 15%", "-tcp.retrans_ratio > 15%",
	      "+tcp.retrans_ratio <= 15%", "-tcp.retrans_ratio < 15%", "+tcp.retrans_ratio < 15.1%", "+tcp.retrans_ratio != 16%",
	      "+cookie = 4294971393", "+cookie = 0x100001001", "-cookie != 0x100001001", "+uid = 33", "+mark = 0x1234", "+mark > 4659");
}

static void words_lists_and_text_compare_for_equality(void **state)
{
	struct facts facts = established();
	(void)state;

	CHECK(&facts, "+tcp.ca_state = loss", "-tcp.ca_state != loss", "-tcp.ca_state = open", "+tcp.ca_state != unknown-9", "+tcp.ca_state = \"loss\"",
	      "+tcp.options = sack", "+tcp.options = timestamps", "-tcp.options = wscale", "+tcp.options != wscale", "-tcp.options != sack",
	      "+tcp.congestion_control = bbr", "+tcp.congestion_control = \"bbr\"", "-tcp.congestion_control = bb", "-tcp.congestion_control = bbr2",
	      "-tcp.congestion_control != bbr", "+tcp.congestion_control != cubic", "+tcp.congestion_control ne cubic", "+family = inet",
	      "-family = inet6", "+protocol = tcp", "+table = tcp", "-tcp.delivery_rate_app_limited = true", "+tcp.delivery_rate_app_limited = false",
	      "+tcp.delivery_rate_app_limited != true");
	strcpy(facts.cong, "a\"b\\c");
	CHECK(&facts, "+tcp.congestion_control = \"a\\\"b\\\\c\"", "-tcp.congestion_control = \"abc\"");
	facts.info.ca_state = 9;
	CHECK(&facts, "+tcp.ca_state = unknown-9", "-tcp.ca_state = unknown-8", "-tcp.ca_state = loss");
}

static void marks_compare_under_their_mask(void **state)
{
	struct facts facts = established();
	(void)state;

	CHECK(&facts, "+fwmark = 0x1234", "+fwmark 0x1234", "+fwmark = 4660", "-fwmark = 0x34", "+fwmark = 0x34/0xff", "-fwmark = 0x35/0xff",
	      "-fwmark != 0x34/0xff", "+fwmark != 0x35/0xff", "+fwmark = 0/0", "+fwmark = 0x200/0x200");
}

static void names_of_this_host_are_looked_up(void **state)
{
	struct facts facts = established();
	struct stat root;
	unsigned low, high;
	FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	(void)state;

	facts.header.interface = if_nametoindex("lo");
	assert_int_not_equal(facts.header.interface, 0);
	CHECK(&facts, "+dev lo", "+dev = lo", "-dev != lo", "-dev nosuch0", "+dev != nosuch0", "+not dev nosuch0", "+dev = \"lo\"");
	facts.header.interface = 77777;
	CHECK(&facts, "+dev 77777", "-dev lo", "+dev != lo", "-dev nosuch0");

	CHECK(&facts, "-cgroup = /no/such", "+cgroup != /no/such");
	if (!stat("/sys/fs/cgroup/cgroup.procs", &root) && !stat("/sys/fs/cgroup", &root)) {
		facts.cgroup = root.st_ino;
		CHECK(&facts, "+cgroup = /", "+cgroup / and sport 443", "+cgroup = /sys/fs/cgroup", "-cgroup != /", "-cgroup = /no/such");
		facts.cgroup++;
		CHECK(&facts, "-cgroup = /", "+cgroup != /");
	}

	assert_non_null(range);
	assert_int_equal(fscanf(range, "%u %u", &low, &high), 2);
	fclose(range);
	for (int step = -1; step <= 1; step++) {
		facts.header.sport = htobe16((uint16_t)((int)low + step));
		assert_int_equal(judged("autobound", &facts), step >= 0);
		facts.header.sport = htobe16((uint16_t)((int)high + step));
		assert_int_equal(judged("autobound", &facts), step <= 0);
	}
}

static void only_what_is_read_is_asked_for(void **state)
{
	static const struct {
		const char *text;
		uint8_t ext;
	} table[] = {
		{"", 0},
		{"sport = 1 or dport = 2 or src 10/8 or dev lo or autobound or fwmark 1 or cgroup /", 0},
		{"uid = 0 or cookie = 1 or cgroup.id = 1 or mark = 1 or timer.name = on", 0},
		{"tcp.rtt_us > 1", 1 << 1},
		{"skmem.drops > 0", 1 << 6},
		{"tcp.congestion_control = bbr", 1 << 3},
		{"bbr.min_rtt_us > 1 or vegas.rtt_us > 1", 1 << 2},
		{"tos = 1 or (not tclass = 1)", 1 << 4 | 1 << 5},
		{"tcp.retrans_ratio > 1% and skmem.drops > 0", 1 << 1 | 1 << 6},
		{"tls.version = 1.3", 1 << 1},
		{"has tcp.min_rtt_us or has mark", 1 << 1},
		{"tcp.congestion_control = ulp.name or tcp.rcv_mss_bytes > skmem.rcvbuf_bytes", 1 << 1 | 1 << 3 | 1 << 6},
		{"tcp.congestion_control ~ b or tos in (1, 2)", 1 << 3 | 1 << 4},
		{"state listening or (tcp.rtt_us > 4294967295 and dport < 0)", 0}, /* can never hold: not read */
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(table); i++) {
		struct sf_filter *filter = filter_make(table[i].text);
		struct sf_needs needs;

		sf_filter_needs(filter, SF_TABLE_TCP, &needs);
		if (needs.ext != table[i].ext)
			fail_msg("%s: %02x, not %02x", table[i].text, needs.ext, table[i].ext);
		sf_filter_free(filter);
	}
}

static void a_set_holds_for_each_of_its_values_and_no_other(void **state)
{
	struct facts facts = established(), bare = {.header = {.family = AF_INET, .state = SF_TIME_WAIT}};
	(void)state;

	CHECK(&facts, "+sport in (80, 443)", "+sport in (443)", "-sport in (80, 442, 444)", "+sport in (80, 442-444)", "+sport in (443-443)",
	      "+sport in (1-443)", "+sport in (443-65535)", "-sport in (1-442, 444-65535)", "+sport in (:https, :22)", "-sport in (ssh)",
	      "+not sport in (80)", "+dport in (51000-52000)", "+local.port in (1-442, 443)", "-peer.port in (443)");
	CHECK(&facts, "+src in (192.0.2.0/24, 10.0.0.0/8)", "-src in (10.0.0.2, 10.0.0.1:444)", "+src in (10.0.0.2, 10.0.0.1:443)",
	      "+dst in (:1, :51514)", "+src in (*)", "+peer.address in (10.0.0.0/8, 192.0.2.7)", "-peer.address in (10.0.0.0/8, [::/0])");
	CHECK(&facts, "+tcp.rtt_us in (1ms-5ms, 100ms)", "-tcp.rtt_us in (1ms-99ms, 101ms)", "+tcp.rtt_us in (0-100ms)",
	      "+skmem.fwd_alloc_bytes in (-6000--5000, 7)", "-skmem.fwd_alloc_bytes in (-4999-5000)", "+skmem.fwd_alloc_bytes in (-5000)",
	      "+tcp.retrans_ratio in (15%)", "+tcp.retrans_ratio in (10%-20%, 1)", "-tcp.retrans_ratio in (16%-20%, 0)",
	      "+tcp.ca_state in (open, loss)", "-tcp.ca_state in (open, cwr)", "+tcp.options in (ecn, sack)", "-tcp.options in (ecn, wscale)",
	      "+tcp.congestion_control in (cubic, \"bbr\")", "-tcp.congestion_control in (cubic, bbr2)", "+fwmark in (1, 0x34/0xff)",
	      "-fwmark in (1, 0x34)", "+cookie in (1, 4294971393)", "-cookie in (1, 4097)", "+dev in (0)", "-dev in (lo, nosuchdevice)",
	      "-cgroup in (/nosuchcgroup)", "-not dev in (0, nosuchdevice)", "+state in (established, time-wait)",
	      "-state in (listening, time-wait)", "-not state in (established, time-wait)", "+family in (inet6, inet)");
	/* absent or null: nothing is equal to it */
	CHECK(&bare, "-state all tcp.rtt_us in (0-1h)", "+state all not tcp.rtt_us in (0-1h)", "-state all fwmark in (0, 1)",
	      "-state all tcp.options in (sack)", "-state all tcp.congestion_control in (bbr)", "-state all tcp.retrans_ratio in (0-500%)");
	CHECK(&facts, "-tcp.snd_ssthresh in (0-2147483647)");
}

static void a_set_of_five_thousand_ports_is_one_step(void **state)
{
	struct facts facts = established();
	struct sf_buf text = {0};
	char *form;
	(void)state;

	sf_buf_text(&text, "sport in (");
	for (unsigned port = 5000; port-- > 0;)
		sf_buf_format(&text, "%u%s", 10000 + port * 2, port ? ", " : ")");
	facts.header.sport = htobe16(19998);
	assert_holds(text.data, &facts);
	facts.header.sport = htobe16(19999);
	assert_fails(text.data, &facts);
	facts.header.sport = htobe16(10000);
	assert_holds(text.data, &facts);
	facts.header.sport = htobe16(9999);
	assert_fails(text.data, &facts);
	struct sf_filter *filter = filter_make(text.data);
	form = normal(filter);
	sf_filter_free(filter);
	assert_non_null(strstr(form, "(10000, 10002, 10004,"));
	assert_holds(form, (facts.header.sport = htobe16(12000), &facts));
	free(form);
	sf_buf_finish(&text);
}

static void has_asks_whether_a_field_is_there(void **state)
{
	struct facts facts = established(), bare = {.header = {.family = AF_INET, .state = SF_TIME_WAIT}};
	(void)state;

	CHECK(&facts, "+has tcp.rtt_us", "+has tcp.congestion_control", "+has tcp.options", "+has tcp.retrans_ratio", "+has peer.address",
	      "+has mark", "-has listen.backlog or has interface.index", "-not has tcp.rtt_us", "+not has ulp.name",
	      /* null is not there */
	      "-has tcp.snd_ssthresh", "-has tcp.pacing_rate_bytes_per_s");
	CHECK(&bare, "-state all has tcp.rtt_us", "-state all has mark", "-state all has uid", "+state all has cookie", "+state all has local.port",
	      "+state all not has tcp.rtt_us");
	facts.info_length = offsetof(struct sf_tcp_info, min_rtt);
	CHECK(&facts, "-has tcp.min_rtt_us", "+has tcp.rtt_us");
}

static void a_field_compares_with_another_of_its_kind(void **state)
{
	struct facts facts = established(), listening = listener();
	(void)state;

	facts.info.segs_out = 7;
	facts.info.total_retrans = 8;
	CHECK(&facts, "+tcp.rtt_us > tcp.min_rtt_us", "-tcp.rtt_us < tcp.min_rtt_us", "+tcp.rtt_us >= tcp.min_rtt_us", "-tcp.rtt_us <= tcp.min_rtt_us",
	      "+tcp.rtt_us != tcp.min_rtt_us", "-tcp.rtt_us = tcp.min_rtt_us", "+tcp.total_retrans > tcp.segs_out", "-tcp.segs_out >= tcp.total_retrans",
	      "+not tcp.segs_out >= tcp.total_retrans", "-local.port = peer.port", "+local.port < peer.port", "-local.address = peer.address",
	      "+local.address != peer.address", "+skmem.fwd_alloc_bytes < skmem.rmem_alloc_bytes", "+skmem.rmem_alloc_bytes > skmem.fwd_alloc_bytes",
	      "-skmem.fwd_alloc_bytes = skmem.rmem_alloc_bytes",
	      /* absent or null on either side */
	      "-tcp.congestion_control = ulp.name", "-tcp.congestion_control != ulp.name", "-ulp.name != tcp.congestion_control",
	      "-tcp.snd_ssthresh > tcp.snd_cwnd", "-tcp.snd_cwnd <= tcp.snd_ssthresh", "-tcp.snd_cwnd != tcp.snd_ssthresh",
	      "-tcp.congestion_control = \"ulp.name\"");
	facts.info.segs_out = 8;
	strcpy(facts.ulp, "bb");
	CHECK(&facts, "-tcp.congestion_control = ulp.name", "+ulp.name != tcp.congestion_control", "-ulp.name = tcp.congestion_control");
	strcpy(facts.ulp, "bbr");
	CHECK(&facts, "+tcp.congestion_control = ulp.name", "-tcp.congestion_control != ulp.name", "+has ulp.name", "+ulp.name ~ \"^bbr$\"");
	memcpy(facts.header.dst, facts.header.src, sizeof(facts.header.dst));
	CHECK(&facts, "-tcp.total_retrans > tcp.segs_out", "+tcp.total_retrans >= tcp.segs_out", "+tcp.total_retrans <= tcp.segs_out",
	      "+tcp.total_retrans = tcp.segs_out", "-tcp.total_retrans != tcp.segs_out", "+local.address = peer.address");
	CHECK(&listening, "-state listening listen.backlog >= listen.backlog_limit", "+state listening listen.backlog < listen.backlog_limit");
	listening.header.rqueue = 129;
	CHECK(&listening, "+state listening listen.backlog >= listen.backlog_limit");
}

/* `depth` levels, by kind: parentheses that need not be, not after not, chains in one another. */
static void nest(struct sf_buf *text, int kind, int depth)
{
	text->length = 0;
	for (int i = 0; i < depth; i++)
		sf_buf_text(text, kind == 0 ? "(" : kind == 1 ? "!" : i % 2 ? "sport = 1 or (" : "dport = 2 and (");
	sf_buf_text(text, "sport = 3");
	for (int i = 0; i < depth && kind != 1; i++)
		sf_buf_text(text, ")");
}

static void nesting_ends_at_64_levels(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	(void)state;

	for (int kind = 0; kind < 3; kind++) {
		struct sf_filter *filter;
		char *said, *form;

		nest(&text, kind, 65);
		assert_null(filter_try(text.data, text.length, &said));
		assert_non_null(strstr(said, "nested deeper than 64"));
		free(said);
		nest(&text, kind, 64);
		filter = filter_make(text.data);
		form = normal(filter); /* adds parentheses, and is read again */
		sf_filter_free(filter);
		filter = filter_make(form);
		sf_filter_free(filter);
		free(form);
	}
}

static void a_text_ends_at_64_kib(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_filter *filter;
	char *said;
	(void)state;

	sf_buf_text(&text, "sport = 1");
	while (text.length < 65536)
		sf_buf_text(&text, " ");
	filter = filter_make(text.data);
	sf_filter_free(filter);
	sf_buf_text(&text, " ");
	assert_null(filter_try(text.data, text.length, &said));
	assert_non_null(strstr(said, "64 KiB"));
	free(said);
}

static void five_thousand_terms_are_judged(void **state)
{
	struct facts facts = established();
	struct sf_buf text = {0};
	(void)state;

	for (unsigned port = 1; port <= 5000; port++)
		sf_buf_format(&text, "%ssport=%u", port > 1 ? "|" : "", port == 5000 ? 443 : 10000 + port);
	assert_holds(text.data, &facts);
	facts.header.sport = htobe16(80);
	assert_fails(text.data, &facts);
	sf_buf_finish(&text);
}

static void a_nul_byte_is_an_error_wherever_it_stands(void **state)
{
	static const char text[] = "sport = \0 443 or tcp.congestion_control = \"b\0r\"";
	char *said;
	(void)state;

	assert_null(filter_try(text, sizeof(text) - 1, &said));
	assert_non_null(strstr(said, ":9: error: a NUL byte"));
	assert_non_null(strstr(said, "a NUL byte\n"));
	assert_non_null(strstr(strstr(said, "a NUL byte") + 1, "a NUL byte"));
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_compare_by_every_operator_and_spelling),
		cmocka_unit_test(ports_are_0_in_the_header_of_a_listener),
		cmocka_unit_test(words_and_signs_join_alike),
		cmocka_unit_test(prefixes_match_by_family_and_bits),
		cmocka_unit_test(an_absent_value_compares_with_nothing),
		cmocka_unit_test(numbers_compare_in_their_units),
		cmocka_unit_test(words_lists_and_text_compare_for_equality),
		cmocka_unit_test(marks_compare_under_their_mask),
		cmocka_unit_test(names_of_this_host_are_looked_up),
		cmocka_unit_test(only_what_is_read_is_asked_for),
		cmocka_unit_test(a_set_holds_for_each_of_its_values_and_no_other),
		cmocka_unit_test(a_set_of_five_thousand_ports_is_one_step),
		cmocka_unit_test(has_asks_whether_a_field_is_there),
		cmocka_unit_test(a_field_compares_with_another_of_its_kind),
		cmocka_unit_test(nesting_ends_at_64_levels),
		cmocka_unit_test(a_text_ends_at_64_kib),
		cmocka_unit_test(five_thousand_terms_are_judged),
		cmocka_unit_test(a_nul_byte_is_an_error_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
