/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two writers would rotate, cut or remove files under each other, and neither would know what the
 * other lost. Paths are compared by where they lead today; a file that is put away is renamed, so
 * the names of its past are those beside the path itself, not beside what a link leads to.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/delivery.h>

#include "apart.h"

struct held {
	const struct sf_output_conf *output;
	struct sf_holding hold;
	char *path;	    /* as it was written */
	char *place, *name; /* where it leads, and what a rename of it moves; of no path: "" */
};

struct all_held {
	size_t count;
	struct held *held;
};

static void finish(struct all_held *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->held[i].path);
		free(all->held[i].place);
		free(all->held[i].name);
	}
	free(all->held);
}

static void add(struct all_held *all, const struct sf_output_conf *output,
		const struct sf_holding *hold)
{
	struct held *held = &all->held[all->count];
	struct sf_buf path = {0};

	if (hold->path && !*hold->path) /* which was said */
		return;
	sf_buf_format(&path, "%s%s", hold->path ?: "standard output", hold->suffix ?: "");
	held->output = output;
	held->hold = *hold;
	held->path = sf_buf_take(&path);
	held->place = hold->path ? sf_path_real(held->path, true) : sf_strdup("");
	held->name = hold->path ? sf_path_real(held->path, false) : sf_strdup("");
	all->count++;
}

static void hold_all(struct all_held *all, const struct sf_config *config)
{
	all->held = sf_alloc(config->outputs * SF_HOLDINGS_MOST * sizeof(*all->held));
	for (size_t i = 0; i < config->outputs; i++) {
		const struct sf_output_conf *output = &config->output[i];
		const struct sf_sink_kind *kind =
			output->type ? sf_sink_find(output->type->name) : NULL;
		struct sf_holding hold[SF_HOLDINGS_MOST];
		size_t count = kind && kind->holds ? kind->holds(output->own, hold) : 0;

		for (size_t n = 0; n < count; n++)
			add(all, output, &hold[n]);
	}
}

static bool is_past_of(const struct held *held, const struct held *other)
{
	return other->hold.past && (other->hold.past(other->name, held->name) ||
				    other->hold.past(other->name, held->place));
}

/* An output that is defined twice has two complaints already. */
static bool is_twin_of(const struct held *held, const struct held *other)
{
	return held->output != other->output && !strcmp(held->output->name, other->output->name);
}

static bool is_same(const struct held *held, const struct held *other)
{
	if (strcmp(held->place, other->place))
		return false;
	/* The reasons stand behind their letters, of which the same was said. */
	return !held->hold.suffix || !other->hold.suffix || strcmp(held[-1].place, other[-1].place);
}

static void complain(struct sf_complaints *complaints, const struct held *held, const char *right,
		     const char *message)
{
	const struct sf_text *place = &held->output->place;

	sf_complain(complaints, place, 0, place->length, right, "output \"%s\" %s",
		    held->output->name, message);
}

static void say_same(struct sf_complaints *complaints, const struct held *held,
		     const struct held *other)
{
	bool alike = !strcmp(held->hold.what, other->hold.what);
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	if (alike)
		sf_buf_format(&text, "writes to %s, as ", held->path);
	else
		sf_buf_format(&text, "has its %s in %s, where ", held->hold.what, held->path);
	if (held->output == other->output)
		sf_buf_text(&text, "it");
	else
		sf_buf_format(&text, "output \"%s\"", other->output->name);
	if (alike)
		sf_buf_text(&text, " does");
	else
		sf_buf_format(&text, " has its %s", other->hold.what);
	if (strcmp(held->path, other->path))
		sf_buf_format(&text, ", by another name: %s", other->path);
	complain(complaints, held, alike ? held->hold.right : "write a path of its own", text.data);
}

static void say_past(struct sf_complaints *complaints, const struct held *held,
		     const struct held *other)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0}, right = {0};

	sf_buf_format(&text, "writes to %s, a file of the past of output \"%s\"", held->path,
		      other->output->name);
	sf_buf_format(&right, "write a path that is not %s with a number behind it", other->path);
	complain(complaints, held, right.data, text.data);
}

/* Of a pair the later one is wrong, or the one that would be renamed: once is enough. */
static void check(const struct all_held *all, const struct held *held,
		  struct sf_complaints *complaints)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct held *other = &all->held[i];

		if (is_twin_of(held, other))
			continue;
		if (other < held && is_same(held, other)) {
			say_same(complaints, held, other);
			return;
		}
		if (is_past_of(held, other)) {
			say_past(complaints, held, other);
			return;
		}
	}
}

void sf_apart_check(const struct sf_config *config, struct sf_complaints *complaints)
{
	sf_cleanup(finish) struct all_held all = {0};

	hold_all(&all, config);
	for (size_t i = 0; i < all.count; i++)
		check(&all, &all.held[i], complaints);
}
