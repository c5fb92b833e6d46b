/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two types of outputs for tests of the configuration: `plain` has no keys and blocks, `all` has a key of each kind,
 * all of them in struct kinds.
 */
#pragma once

#include <sockfeed/config.h>

struct kinds {
	const char *text, *optional;
	bool flag;
	uint64_t number, duration, size, nothing;
	double share;
	int choice, none;
	struct sf_list list, labels;
	struct sf_text placed;
	struct sf_secret secret;
	uint64_t inner;
	uint64_t worded, rate;
	struct sf_list pairs;
	struct sf_secret file;
	bool option;
	uint64_t depth;
	const char *needed;
	unsigned settled; /* how often kinds_settle was called */
};

#define KIND(name_, kind_, member, ...)                                                                       \
	{                                                                                                     \
		.name = name_, .kind = SF_KIND_##kind_, .offset = offsetof(struct kinds, member), __VA_ARGS__ \
	}
static const char *const kinds_words[] = {"red", "green", "blue", NULL};
static const struct sf_key kinds_inner[] = {KIND("deep", NUMBER, inner, .standard = "3", .most = 9), {0}};
static const char *const kinds_ends[] = {"always", "never", NULL};
static const char *const kinds_auto[] = {"auto", NULL};
static const struct sf_key kinds_option[] = {
	KIND("depth", NUMBER, depth, .standard = "4"), KIND("needed", TEXT, needed, .help = "a word"), {0}};
static const struct sf_key kinds_keys[] = {
	KIND("text", TEXT, text, .help = "a text of your own"),
	KIND("optional", TEXT, optional, .standard = "", .most = 8),
	KIND("flag", BOOL, flag, .standard = "true"),
	KIND("number", NUMBER, number, .standard = "7", .least = 1, .most = 10),
	KIND("duration", DURATION, duration, .standard = "10s"),
	KIND("size", SIZE, size, .standard = "64KiB"),
	KIND("nothing", DURATION, nothing, .standard = "", .least = 1000),
	KIND("share", SHARE, share, .standard = "15%"),
	KIND("choice", CHOICE, choice, .standard = "green", .choices = kinds_words),
	KIND("none", CHOICE, none, .standard = "", .choices = kinds_words),
	KIND("list", LIST, list, .standard = "one"),
	KIND("labels", LABELS, labels, .standard = ""),
	KIND("placed", PLACED, placed, .standard = ""),
	KIND("secret_file", SECRET, secret, .standard = ""),
	KIND("inner", SECTION, inner, .standard = "", .section = kinds_inner),
	KIND("worded", DURATION, worded, .standard = "500ms", .least = 1000, .choices = kinds_ends),
	KIND("rate", RATE, rate, .standard = "auto", .choices = kinds_auto),
	KIND("pairs", PAIRS, pairs, .standard = ""),
	KIND("file", FILE, file, .standard = "", .help = "write the path of a text"),
	KIND("option", OPTION, option, .standard = "", .section = kinds_option),
	{0},
};
static const struct sf_key kinds_plain[] = {{0}};
/* Number 8 and a choice of blue do not go together; number 9 needs a depth, number 10 the option. */
static inline void kinds_settle(void *own, const struct sf_places *places, struct sf_complaints *complaints)
{
	struct kinds *kinds = own;
	const struct sf_text *place = places->at(places, NULL, "number");

	kinds->settled++;
	if (kinds->number == 8 && kinds->choice == 2)
		sf_complain(complaints, place, 0, place->length, "write 7", "8 is not blue");
	place = places->at(places, "option", "depth") ?: places->at(places, NULL, "option");
	if (kinds->number == 9 && place)
		sf_complain(complaints, place, 0, place->length, NULL, "9 is here");
	if (kinds->number == 10 && !places->at(places, NULL, "option")) {
		place = places->at(places, NULL, NULL);
		sf_complain(complaints, place, 0, place->length, NULL, "10 needs the option");
	}
}

static const struct sf_output_type kinds_types[] = {
	{.name = "plain", .keys = kinds_plain, .size = 0, .blocks = true},
	{.name = "all", .keys = kinds_keys, .size = sizeof(struct kinds), .settle = kinds_settle},
	{0},
};
