/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microseconds a filter: parse, check and compile one of 50 terms of every kind. Prints the median
 * of 21 passes of 200 filters each.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sockfeed/filter.h>

enum { TERMS = 50, FILTERS = 200, PASSES = 21 };

/* Two of ten are looked up on the host, as users do. */
static const char *const terms[] = {
	"dport = :443",
	"sport in (80, 443, 8000-8999)",
	"tcp.rtt_us > 100ms",
	"dst 10.0.0.0/8",
	"tcp.congestion_control = \"cubic\"",
	"src in ([2001:db8::/32], 192.0.2.0/24:443)",
	"tcp.retrans_ratio >= 15%",
	"(tcp.bytes_acked > 10MB and not state close-wait)",
	"tcp.total_retrans > tcp.segs_out",
	"tcp.options = sack",
	"has tcp.min_rtt_us",
	"dport = :https",
	"skmem.rmem_alloc_bytes > 64KiB",
	"tcp.congestion_control ~ \"^bbr\"",
	"dport != :ssh",
	"local.port <= 1023",
	"tcp.ca_state in (loss, recovery)",
	"peer.address = 192.0.2.7",
	"tcp.snd_cwnd < 10",
	"dev lo",
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double pass(const struct sf_text *text)
{
	double start = now_us();

	for (unsigned i = 0; i < FILTERS; i++) {
		struct sf_complaints *complaints = sf_complaints_new();
		struct sf_filter *filter = NULL;

		if (sf_filter_read(text, 1u << SF_TABLE_TCP, &filter, complaints)) {
			sf_complaints_print(complaints, stderr);
			exit(1);
		}
		sf_filter_free(filter);
		sf_complaints_free(complaints);
	}
	return (now_us() - start) / FILTERS;
}

int main(void)
{
	sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};
	struct sf_text text = {.name = "filter"};
	double us[PASSES];

	for (unsigned i = 0; i < TERMS; i++)
		sf_buf_format(&buf, "%s%s", i ? " or " : "", terms[i % SF_COUNT(terms)]);
	text.text = buf.data;
	text.length = buf.length;
	pass(&text); /* caches and frequency */
	for (unsigned i = 0; i < PASSES; i++)
		us[i] = pass(&text);
	qsort(us, PASSES, sizeof(*us), ascending);
	printf("filter: %.1f us a filter of %d terms (least %.1f, most %.1f)\n", us[PASSES / 2], TERMS,
	       us[0], us[PASSES - 1]);
	return 0;
}
