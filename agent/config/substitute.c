/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `${NAME}`, `${NAME:-default}`, `${NAME:?message}` from the environment and `$$` for `$`, in
 * scalar values after YAML was read: what comes in can be no syntax. Any other `$` stands for
 * itself.
 */
#include <stdlib.h>
#include <string.h>

#include "node.h"

struct reference {		 /* ${NAME:-rest} */
	const char *begin, *end; /* from its $ to behind its } */
	const char *name, *rest;
	char sign; /* 0, - or ? */
};

static size_t name_length(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_",
			  more[] =
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return strspn(text, letters) ? strspn(text, more) : 0;
}

/* Is this `$` one of ours? `last` is the text's last brace, or NULL. Name and rest are copied. */
static bool find_reference(struct sf_arena *arena, const char *dollar, const char *last,
			   struct reference *ret)
{
	size_t length = dollar[1] == '{' ? name_length(dollar + 2) : 0;
	const char *behind = dollar + 2 + length, *end = behind;
	bool rest = length && behind[0] == ':' && (behind[1] == '-' || behind[1] == '?');

	if (!length || !last || last < behind)
		return false;
	if (rest)
		end = strchr(behind, '}');
	if (*end != '}')
		return false;
	*ret = (struct reference){
		.begin = dollar,
		.end = end + 1,
		.name = sf_arena_copy(arena, dollar + 2, length),
		.sign = rest ? behind[1] : '\0',
		.rest = rest ? sf_arena_copy(arena, behind + 2, (size_t)(end - behind - 2)) : ""};
	return true;
}

struct work {
	struct sf_arena *arena;
	struct sf_node *node;
	struct sf_complaints *complaints;
	size_t seen; /* bytes of the node in its file that hold the references so far */
};

/* At the reference itself where the file says it as the value does. */
static void complain(struct work *work, const struct reference *reference, const char *hint,
		     const char *message)
{
	struct sf_node *node = work->node;
	size_t length = (size_t)(reference->end - reference->begin);
	const char *begin = node->file->text + node->offset;
	const char *found =
		memmem(begin + work->seen, node->length - work->seen, reference->begin, length);

	if (found)
		work->seen = (size_t)(found - begin) + length;
	sf_complain(work->complaints, node->file, node->offset + (found ? work->seen - length : 0),
		    found ? length : node->length, hint, "%s", message);
	node->wrong = true;
}

static const char *value_of(struct work *work, const struct reference *reference)
{
	const char *name = reference->name, *value = getenv(name);

	if (reference->sign == '-' && (!value || !*value))
		return reference->rest;
	if (reference->sign == '?' && (!value || !*value)) {
		complain(work, reference, "set it in the environment",
			 sf_arena_format(work->arena, "%s: %s", name,
					 *reference->rest ? reference->rest : "it is not set"));
		return "";
	}
	if (!value) {
		complain(work, reference,
			 sf_arena_format(work->arena,
					 "set it, or say what stands in for it: ${%s:-default}; "
					 "$$ is a plain $",
					 name),
			 sf_arena_format(work->arena, "the environment has no %s", name));
		return "";
	}
	if (!sf_is_utf8(value, strlen(value))) {
		complain(work, reference, NULL,
			 sf_arena_format(work->arena, "the value of %s is not UTF-8", name));
		return "";
	}
	return value;
}

void sf_substitute(struct sf_arena *arena, struct sf_node *node, struct sf_complaints *complaints)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	struct work work = {arena, node, complaints, 0};
	const char *at = node->text.text, *last = strrchr(at, '}'), *dollar;

	while ((dollar = strchr(at, '$'))) {
		struct reference reference;

		sf_buf_add(&out, at, (size_t)(dollar - at));
		at = dollar + 1;
		if (find_reference(arena, dollar, last, &reference)) {
			sf_buf_text(&out, value_of(&work, &reference));
			at = reference.end;
		} else {
			sf_buf_text(&out, "$");
			at += *at == '$';
		}
	}
	if (at == node->text.text)
		return;
	sf_buf_text(&out, at);
	node->text.length = out.length;
	node->text.text = sf_arena_copy(arena, out.data, out.length);
}
