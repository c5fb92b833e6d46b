/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's tables of sockets and the words that name them: of one, of a group, of all. The
 * lines are those of tables.def; the columns' words stand here.
 */
#include "socket/words.h"

#define S(state)   (1u << SF_##state)
#define FILTERED   true
#define UNFILTERED false
#define TOLD       true
#define UNTOLD     false
#define BUCKET     (S(SYN_RECV) | S(TIME_WAIT))
#define CONNECTED                                                                               \
	(S(ESTABLISHED) | S(SYN_SENT) | S(FIN_WAIT_1) | S(FIN_WAIT_2) | S(CLOSE_WAIT) |          \
	 S(LAST_ACK) | S(CLOSING))
#define STREAMS (S(ESTABLISHED) | S(SYN_SENT) | S(CLOSE_WAIT) | S(CLOSING))
#define ASSOCIATED                                                                              \
	(S(ESTABLISHED) | S(SYN_SENT) | S(CLOSE_WAIT) | S(COOKIE_WAIT) | S(COOKIE_ECHOED) |      \
	 S(SHUTDOWN_PENDING) | S(SHUTDOWN_SENT) | S(SHUTDOWN_RECEIVED) | S(SHUTDOWN_ACK_SENT))

#define RENAMED(now, before, release) now, .modules_before = before, .renamed = release

#define TABLE(id, name_, shape_, protocol_, filtered_, told_, modules_, usual_, hidden)         \
	[SF_TABLE_##id] = {.name = name_,                                                       \
			   .shape = SF_SHAPE_##shape_,                                          \
			   .protocol = protocol_,                                               \
			   .filtered = filtered_,                                               \
			   .told = told_,                                                       \
			   .modules = modules_,                                                 \
			   .known = (usual_) | (hidden),                                        \
			   .usual = usual_},
const struct sf_table_facts sf_tables[SF_TABLE_COUNT] = {
#include <sockfeed/tables.def>
};
#undef TABLE

#define TABLE(id, name, ...) name,
static const char *const names[] = {
#include <sockfeed/tables.def>
};
const struct sf_words sf_words_table = {.first = 0, .count = SF_COUNT(names), .names = names};

static const struct {
	const char *name;
	unsigned shapes; /* mask of 1 << enum sf_shape */
} groups[] = {
	{"all", UINT32_MAX},
	{"inet", 1u << SF_SHAPE_INET},
};

static uint32_t tables_of(size_t group)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		set |= (groups[group].shapes >> sf_tables[i].shape & 1) << i;
	return set;
}

uint32_t sf_tables_find(const char *word, size_t length, bool *group)
{
	int table = sf_word_find(&sf_words_table, word, length);
	uint32_t set = 0;

	*group = table < 0;
	if (table >= 0)
		return 1u << table;
	for (size_t g = 0; g < SF_COUNT(groups); g++) {
		if (strlen(groups[g].name) == length && !memcmp(groups[g].name, word, length))
			set = tables_of(g);
	}
	return set;
}

void sf_tables_text(uint32_t tables, struct sf_buf *out)
{
	const char *space = "";

	for (size_t g = 0; g < SF_COUNT(groups); g++) {
		if (tables_of(g) != tables)
			continue;
		sf_buf_text(out, groups[g].name);
		return;
	}
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (!(tables >> i & 1))
			continue;
		sf_buf_format(out, "%s%s", space, names[i]);
		space = " ";
	}
}

static const char *word_at(const void *arg, size_t i)
{
	(void)arg;
	return i < SF_TABLE_COUNT ? names[i] : groups[i - SF_TABLE_COUNT].name;
}

const char *sf_tables_near(const char *word, size_t length)
{
	return sf_nearest(word, length, SF_TABLE_COUNT + SF_COUNT(groups), word_at, NULL);
}

void sf_tables_list(struct sf_buf *out)
{
	for (size_t i = 0; i < SF_TABLE_COUNT + SF_COUNT(groups); i++)
		sf_buf_format(out, "%s%s", i ? " " : "", word_at(NULL, i));
}
