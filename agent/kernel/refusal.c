/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers with which a dump fails, in words that say what is missing or what happened. ENOENT
 * comes in two forms (NLMSG_ERROR without inet_diag, NLMSG_DONE without the protocol's handler)
 * and means the same.
 */
#include "refusal.h"

static const struct {
	int code;
	bool final;
	const char *words; /* NULL: the system's own */
} refusals[] = {
	{ENOENT, true, NULL},
	{EOPNOTSUPP, true, NULL},
	{EINVAL, true, "the kernel does not understand the request"},
	{EPERM, true, "the kernel or its security module does not permit the request"},
	{EACCES, true, "the kernel or its security module does not permit the request"},
	{EBADMSG, false, "the kernel's answer is malformed"},
	{EBUSY, false, "another dump is under way on the descriptor"},
	{EINTR, false, "the table changed while it was read: sockets may be missing"},
	{EMSGSIZE, false, "an answer did not fit: sockets are missing"},
	{ENOBUFS, false, "the receive buffer overflowed: sockets are missing"},
	{ETIMEDOUT, true, "the kernel did not answer"},
};

bool sf_refusal_final(int code)
{
	for (size_t i = 0; i < SF_COUNT(refusals); i++)
		if (refusals[i].code == -code)
			return refusals[i].final;
	return false;
}

static const char *words_of(int code)
{
	for (size_t i = 0; i < SF_COUNT(refusals); i++)
		if (refusals[i].code == -code)
			return refusals[i].words;
	return NULL;
}

static const char *modules_of(enum sf_table table, uint32_t release)
{
	const struct sf_table_facts *facts = &sf_tables[table];

	return release && release < facts->renamed ? facts->modules_before : facts->modules;
}

static void say_missing(struct sf_walk_error *error, enum sf_table table, uint32_t release)
{
	const char *modules = modules_of(table, release), *space = strrchr(modules, ' ');

	snprintf(error->message, sizeof(error->message), "this kernel has no %s (module%s %s)",
		 space ? space + 1 : modules, space ? "s" : "", modules);
}

void sf_walk_fail(struct sf_walk *walk, enum sf_table table, int code, const struct sf_err *err)
{
	struct sf_walk_error *error = &walk->error[walk->errors];
	const char *words = words_of(code);

	if (walk->errors == SF_WALK_ERRORS)
		return;
	walk->errors++;
	error->code = -code;
	errno = -code;
	if (err->text[0])
		snprintf(error->message, sizeof(error->message), "%.*s",
			 (int)sizeof(error->message) - 1, err->text);
	else if (code == -ENOENT || code == -EOPNOTSUPP)
		say_missing(error, table, walk->release);
	else if (words)
		snprintf(error->message, sizeof(error->message), "%s", words);
	else
		snprintf(error->message, sizeof(error->message), "the dump failed: %m");
}
