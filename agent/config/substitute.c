/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `${NAME}`, `${NAME:-default}`, `${NAME:?message}` from the environment and `$$` for `$`, in scalar
 * values after YAML was read: what comes in can be no syntax. Any other `$` stands for itself.
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

/* Is this `$` one of ours? Its name and rest are copied. */
static bool find_reference(struct sf_arena *arena, const char *dollar, struct reference *ret)
{
	size_t length = dollar[1] == '{' ? name_length(dollar + 2) : 0;
	const char *behind = dollar + 2 + length, *end;

	if (!length)
		return false;
	end = strchr(behind, '}');
	if (!end ||
	    !(behind == end || (behind[0] == ':' && (behind[1] == '-' || behind[1] == '?'))))
		return false;
	*ret = (struct reference){.begin = dollar,
				  .end = end + 1,
				  .name = sf_arena_copy(arena, dollar + 2, length),
				  .rest = "",
				  .sign = '\0'};
	if (behind < end) {
		ret->sign = behind[1];
		ret->rest = sf_arena_copy(arena, behind + 2, (size_t)(end - behind - 2));
	}
	return true;
}

/* At the reference itself where the file says it as the value does. */
static void complain(struct sf_node *node, struct sf_complaints *complaints,
		     const struct reference *reference, const char *hint, const char *message)
{
	size_t length = (size_t)(reference->end - reference->begin);
	const char *file = node->file->text, *found;

	found = memmem(file + node->offset, node->length, reference->begin, length);
	sf_complain(complaints, node->file, found ? (size_t)(found - file) : node->offset,
		    found ? length : node->length, hint, "%s", message);
	node->wrong = true;
}

static const char *value_of(struct sf_arena *arena, struct sf_node *node,
			    struct sf_complaints *complaints, const struct reference *reference)
{
	const char *name = reference->name, *value = getenv(name);

	if (reference->sign == '-')
		value = value && *value ? value : reference->rest;
	if (reference->sign == '?' && (!value || !*value)) {
		complain(node, complaints, reference, NULL,
			 sf_arena_format(arena, "%s: %s", name,
					 *reference->rest ? reference->rest : "it is not set"));
		return "";
	}
	if (!value) {
		complain(node, complaints, reference,
			 sf_arena_format(arena,
					 "set it, or say what stands in for it: ${%s:-default}; "
					 "$$ is a plain $",
					 name),
			 sf_arena_format(arena, "the environment has no %s", name));
		return "";
	}
	if (!sf_is_utf8(value, strlen(value))) {
		complain(node, complaints, reference, NULL,
			 sf_arena_format(arena, "the value of %s is not UTF-8", name));
		return "";
	}
	return value;
}

void sf_substitute(struct sf_arena *arena, struct sf_node *node, struct sf_complaints *complaints)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	const char *at = node->text.text, *dollar;

	while ((dollar = strchr(at, '$'))) {
		struct reference reference;

		sf_buf_add(&out, at, (size_t)(dollar - at));
		at = dollar + 1;
		if (find_reference(arena, dollar, &reference)) {
			sf_buf_text(&out, value_of(arena, node, complaints, &reference));
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
