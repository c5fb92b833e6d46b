/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: text in ss's syntax -> tree -> checked tree -> judge (a compiled predicate) and what must be asked of the
 * kernel.
 *
 * The judge is complete on its own: it runs on every reply and never trusts what the kernel filtered. A filter is
 * immutable once made and may be used by any number of threads. Nothing here knows netlink.
 */
#pragma once

#include <sockfeed/socket.h>

struct sf_filter;

/*
 * Reads a filter; an empty text (or blanks) is the usual states. All errors of the text (100 at most) are added to
 * `complaints` with their places; then -EINVAL and *ret is untouched. `tables` is the mask of 1 << enum sf_table that
 * the query asks: a state that none of them knows is an error. Names of services, interfaces and cgroups are looked up
 * now; an interface or cgroup that does not exist here is a warning.
 */
int sf_filter_read(const struct sf_text *text, uint32_t tables, struct sf_filter **ret,
		   struct sf_complaints *complaints);
void sf_filter_free(struct sf_filter *);
void sf_filter_free_p(struct sf_filter **);

/* What a request must ask for so that the filter can be judged. */
struct sf_needs {
	uint32_t states; /* bits of 1 << SF_ESTABLISHED ...; never 0; SF_SYN_RECV stands for NEW_SYN_RECV too */
	uint8_t ext;     /* bits of idiag_ext, as sf_field_ext */
};
void sf_filter_needs(const struct sf_filter *, struct sf_needs *needs);

/* No state stands in its text: the usual states are in force. */
bool sf_filter_is_usual(const struct sf_filter *);

/* Does the filter hold for this reply? No allocation, no recursion, no system call. */
bool sf_filter_judge(const struct sf_filter *, const struct sf_view *);

/*
 * The normal form: every parenthesis, fields by their names, units as the shortest text; it parses to itself. The
 * states clause stands first, the usual states are named: `state connected exclude bucket and (sport = :443 and
 * tcp.rtt_us > 100ms)`. That of a text near 64 KiB may be longer than what sf_filter_read takes.
 */
void sf_filter_print(const struct sf_filter *, struct sf_buf *);
