/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk: one pass over a table of the kernel, by one legacy dump where the kernel has it (it
 * returns both families for 0.85 of the cost), else by a dump a family. What comes in is an ask,
 * what goes out is each socket once and an account of what happened; a walk that did not see
 * everything says so.
 *
 * Whether the kernel has the legacy dump is found out by asking. A refusal counts only once a dump
 * of the other form has worked: without the modules that it needs, which may be loaded tomorrow,
 * the kernel refuses both.
 */
#include <stdatomic.h>

#include "netns.h"
#include "refusal.h"

enum { AGAIN = 3 };

struct pass { /* a walk under way */
	struct sf_walker *walker;
	const struct sf_ask *ask;
	const struct sf_walk_calls *calls;
	struct sf_walk *walk;
	int stopped; /* what `received` ended the walk with; 0: it did not */
	struct sf_err err;
};

static int take_reply(void *arg, struct sf_view *view)
{
	struct pass *pass = arg;

	pass->walk->seen++;
	if (sf_window_seen(pass->walker->window, sf_view_identity(view)))
		pass->walk->duplicates++;
	else
		pass->calls->socket(pass->calls->arg, view);
	return 0;
}

static int read_answers(struct pass *pass, struct sf_datagram *datagram)
{
	struct sf_link *link = &pass->walker->link;

	for (;;) {
		ssize_t length = sf_link_receive(link);
		int r;

		if (length < 0)
			return (int)length;
		pass->stopped = pass->calls->received(pass->calls->arg, sf_clock_wall());
		if (pass->stopped)
			return pass->stopped;
		r = sf_datagram_read(datagram, link->buffer, (size_t)length);
		if (r < 0)
			return r;
		if (r > 0)
			return datagram->interrupted ? -EINTR : 0;
	}
}

/* Where it was: a descriptor stays with its namespace. */
static int open_link(struct sf_walker *walker, struct sf_err *err)
{
	return walker->away ? sf_netns_open(walker->away, &walker->link, err)
			    : sf_link_open(&walker->link, err);
}

static int dump(struct pass *pass, enum sf_form form)
{
	struct sf_walker *walker = pass->walker;
	union sf_request request = {0};
	struct sf_datagram datagram = {
		.sequence = ++walker->sequence,
		.table = pass->ask->table,
		.release = walker->release,
		.reply = take_reply,
		.arg = pass,
	};
	int r;

	pass->err.text[0] = '\0'; /* of an earlier dump */
	r = open_link(walker, &pass->err);
	if (r < 0)
		return r;
	datagram.port = walker->link.port;
	pass->walk->dumps++;
	sf_request_write(&request, form, pass->ask, walker->sequence);
	r = sf_link_send(&walker->link, &request, pass->ask->bytecode, pass->ask->bytecode_length);
	if (r == 0)
		r = read_answers(pass, &datagram);
	/* What the kernel has ended is over; EBUSY is somebody else's dump. */
	if (r < 0 && (!datagram.ended || r == -EBUSY))
		sf_link_close(&walker->link);
	return r;
}

/* What handed out nothing can be asked again without showing a socket twice. */
static int dump_again(struct pass *pass, enum sf_form form)
{
	for (unsigned again = 0;; again++) {
		uint64_t seen = pass->walk->seen;
		int r = dump(pass, form);

		if (r == 0 || pass->stopped || pass->walk->seen != seen || sf_refusal_final(r) ||
		    again == AGAIN)
			return r;
	}
}

static int dump_inet(struct pass *pass)
{
	struct sf_walker *walker = pass->walker;
	bool refused = false;
	int r;

	if (pass->ask->table == SF_TABLE_TCP && walker->legacy != SF_LEGACY_NEVER) {
		r = dump_again(pass, SF_FORM_LEGACY);
		refused = r == -EOPNOTSUPP || r == -EINVAL;
		if (r == 0)
			walker->legacy = SF_LEGACY_WORKS;
		if (pass->stopped || !refused)
			return r;
	}
	r = dump_again(pass, SF_FORM_INET);
	if (r == 0 && refused && walker->legacy == SF_LEGACY_UNTRIED)
		walker->legacy = SF_LEGACY_NEVER;
	return r < 0 ? r : dump_again(pass, SF_FORM_INET6);
}

static int dump_all(struct pass *pass)
{
	bool inet = sf_tables[pass->ask->table].shape == SF_SHAPE_INET;

	return inet ? dump_inet(pass) : dump_again(pass, SF_FORM_OWN);
}

/*
 * A refusal may be meant for the bytecode: the process had more rights when its operations were
 * tried. Without it more is answered, and who asked judges all of it.
 */
static int dump_without(struct pass *pass, int refusal)
{
	const struct sf_ask *ask = pass->ask;
	struct sf_ask plain = *ask;
	int r;

	if (!ask->bytecode_length || pass->stopped || pass->walk->seen ||
	    (refusal != -EINVAL && refusal != -EPERM))
		return refusal;
	plain.bytecode_length = 0;
	pass->ask = &plain;
	r = dump_all(pass);
	pass->ask = ask;
	pass->walker->operations = 0; /* to be asked again */
	return r;
}

int sf_walker_walk(struct sf_walker *walker, const struct sf_ask *ask,
		   const struct sf_walk_calls *calls, struct sf_walk *walk)
{
	static atomic_uint_fast64_t walks; /* of all walkers: an id is unique in the process */
	struct pass pass = {.walker = walker, .ask = ask, .calls = calls, .walk = walk};
	int r;

	*walk = (struct sf_walk){.id = atomic_fetch_add(&walks, 1) + 1, .release = walker->release};
	if (walker->source.walk)
		return walker->source.walk(walker->source.arg, walker->at, ask, calls, walk);
	sf_window_clear(walker->window);
	r = dump_without(&pass, dump_all(&pass));
	walk->partial = r < 0;
	if (r < 0 && !pass.stopped)
		sf_walk_fail(walk, ask->table, r, &pass.err);
	return r;
}

static int go_on(void *arg, uint64_t wall_us)
{
	(void)arg;
	(void)wall_us;
	return 0;
}

int sf_walker_try(struct sf_walker *walker, const struct sf_ask *ask)
{
	const struct sf_walk_calls calls = {.received = go_on};
	struct sf_walk walk = {0};
	struct pass pass = {.walker = walker, .ask = ask, .calls = &calls, .walk = &walk};

	return dump_again(&pass, SF_FORM_INET);
}
