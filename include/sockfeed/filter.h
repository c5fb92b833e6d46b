/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: text in ss's syntax -> tree -> checked tree -> judge (a compiled predicate) and what must be asked of the
 * kernel.
 *
 * The judge is complete on its own: it runs on every reply and never trusts what the kernel filtered. A filter is
 * immutable once made, but for the room of its regular expressions: one thread at a time may judge by it. Nothing here
 * knows netlink; the kernel's bytecode is made here (wire.h).
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
/*
 * The same for sockets of another host: names of interfaces and cgroups are errors, as they are this host's, and what
 * the kernel would be asked for (autobound) is taken as a kernel's own.
 */
int sf_filter_read_elsewhere(const struct sf_text *text, uint32_t tables, struct sf_filter **ret,
			     struct sf_complaints *complaints);
/*
 * The same for sockets that have ended: they are in no state, an empty text is all of them, and what their events lack
 * can never hold.
 */
int sf_filter_read_ended(const struct sf_text *text, uint32_t tables, struct sf_filter **ret,
			 struct sf_complaints *complaints);
void sf_filter_free(struct sf_filter *);
void sf_filter_free_p(struct sf_filter **);

/* What a request for a table must ask for so that the filter can be judged. */
struct sf_needs {
	uint32_t states; /* of those that the table knows; 0: it holds for no socket of the table */
	uint32_t ext;    /* as sf_field_ext */
};
void sf_filter_needs(const struct sf_filter *, enum sf_table, struct sf_needs *needs);

/* Adds the fields that it reads beyond the states, the ports and addresses of the header. */
void sf_filter_fields(const struct sf_filter *, struct sf_fieldset *fields);

/* No state stands in its text: the usual states are in force. */
bool sf_filter_is_usual(const struct sf_filter *);

/* Does the filter hold for this reply? No allocation, no recursion, no system call. */
bool sf_filter_judge(const struct sf_filter *, const struct sf_view *);

/* ---- the sieve: what the kernel can leave out itself ---- */

/*
 * What one or several filters let the kernel filter: a superset always, so that judge(s) implies sieve(s) for each of
 * them. Empty (ports 0, no bytecode): nothing.
 */
struct sf_sieve {
	uint16_t sport, dport; /* to be asked for in the request's header, host order; 0: any */
	struct sf_buf bytecode;
	unsigned terms; /* comparisons in it, those of the header too */
};
/*
 * Makes the sieve of the OR of the filters. `operations` are those that the kernel takes (sf_walker_operations). Of
 * several, none when one of them has none, or when they have more than SF_SIEVE_SHARED terms together; a set of more
 * than SF_SIEVE_TERMS ranges is coarsened (ranges next to each other become one) or, where that does not help, left to
 * the judge: the kernel's check of bytecode takes time that is quadratic in its length.
 */
#define SF_SIEVE_SHARED 1000
#define SF_SIEVE_TERMS	2000
void sf_sieve_make(struct sf_sieve *, const struct sf_filter *const *filters, size_t count, uint32_t operations);
void sf_sieve_finish(struct sf_sieve *);

/* Bytecode as text, a line an operation with its targets, each line behind `indent`. */
void sf_bytecode_print(const uint8_t *bytecode, size_t length, const char *indent, struct sf_buf *);

/*
 * The plan of one filter as text for `sockfeed explain`: what the kernel is asked to leave out, what of the filter is
 * left to the judge and why, and the judge's steps. Lines that end with a newline. `filtered`: the kernel leaves out
 * sockets of some table that is asked (sf_tables).
 */
void sf_filter_explain(const struct sf_filter *, uint32_t operations, bool filtered, struct sf_buf *);

/*
 * The normal form: every parenthesis, fields by their names, units as the shortest text; it parses to itself. The
 * states clause stands first, the usual states are named: `state connected exclude bucket and (sport = :443 and
 * tcp.rtt_us > 100ms)`. That of a text near 64 KiB may be longer than what sf_filter_read takes.
 */
void sf_filter_print(const struct sf_filter *, struct sf_buf *);
