/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces in words: how one was found, and which of a choice were not asked and why, those with
 * the same reason in one sentence. The sentences are the same as long as nothing has changed: who
 * logs them can see that.
 */
#include <string.h>
#include <sys/resource.h>

#include "netns.h"

enum { NAMED_MOST = 3 };

static void add_name(const struct sf_netns *place, struct sf_buf *out)
{
	if (place->name)
		sf_buf_text(out, place->name);
	else
		sf_buf_format(out, "of process %d", place->pid);
}

void sf_walker_netns_name(const struct sf_walker *walker, size_t at, struct sf_buf *out)
{
	if (walker->source.walk)
		sf_buf_text(out, "of the capture");
	else if (at == 0)
		sf_buf_text(out, "of this process");
	else
		add_name(walker->places->place[at], out);
}

static void add_reason(int code, struct sf_buf *out)
{
	struct rlimit limit;

	if (code == EPERM || code == EACCES)
		sf_buf_text(out, "CAP_SYS_ADMIN is needed");
	else if (code == EMFILE && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		sf_buf_format(out, "no descriptor is left, RLIMIT_NOFILE is %llu",
			      (unsigned long long)limit.rlim_cur);
	else
		sf_buf_text(out, strerror(code));
}

static bool is_refused(const struct sf_walker *walker, size_t at, size_t choice, int code)
{
	const struct sf_netns *place = walker->places->place[at];

	return place->state == SF_NETNS_REFUSED && place->code == code &&
	       sf_walker_chosen(walker, at, choice);
}

/* All from `first` on that were refused with the same number. */
static void say_refused(const struct sf_walker *walker, size_t choice, size_t first,
			struct sf_walk_error *error)
{
	sf_cleanup(sf_buf_finish) struct sf_buf names = {0}, text = {0};
	int code = walker->places->place[first]->code;
	size_t count = 0;

	for (size_t at = first; at < walker->places->count; at++) {
		if (!is_refused(walker, at, choice, code))
			continue;
		if (count++ < NAMED_MOST) {
			sf_buf_text(&names, count > 1 ? ", " : "");
			add_name(walker->places->place[at], &names);
		}
	}
	add_reason(-code, &text);
	error->code = -code;
	if (count <= NAMED_MOST)
		snprintf(error->message, sizeof(error->message),
			 "cannot enter the namespace%s %s: %s", count > 1 ? "s" : "", names.data,
			 text.data);
	else
		snprintf(error->message, sizeof(error->message),
			 "cannot enter %zu namespaces (%s ...): %s", count, names.data, text.data);
}

/* Was that number refused before, of the same choice? */
static bool is_said(const struct sf_walker *walker, size_t choice, size_t at)
{
	for (size_t before = 1; before < at; before++) {
		if (is_refused(walker, before, choice, walker->places->place[at]->code))
			return true;
	}
	return false;
}

unsigned sf_walker_netns_errors(const struct sf_walker *walker, size_t choice,
				struct sf_walk_error error[SF_WALK_ERRORS])
{
	const struct sf_netns_list *places = walker->places;
	unsigned count = 0;

	for (size_t at = 1; places && at < places->count && count < SF_WALK_ERRORS; at++) {
		if (is_refused(walker, at, choice, places->place[at]->code) &&
		    !is_said(walker, choice, at))
			say_refused(walker, choice, at, &error[count++]);
	}
	for (size_t i = 0; places && i < places->problems && count < SF_WALK_ERRORS; i++) {
		if (places->problem[i].choice == places->paused + choice)
			error[count++] = places->problem[i].error;
	}
	return count;
}
