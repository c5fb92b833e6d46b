/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events become a tree. A syntax error ends a file's reading with one complaint; what
 * YAML knows and we do not (anchors, aliases, tags, more documents) is complained about where it
 * stands, and the reading goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "parser.h"

enum { DEPTH_MOST = 32 };

static struct sf_node *node_new(struct sf_parser *p, enum sf_node_kind kind,
				const yaml_event_t *event)
{
	struct sf_node *node = sf_arena_alloc(p->arena, sizeof(*node));
	struct sf_spot end;

	sf_spot_move(&p->spot, p->file, &event->start_mark);
	end = p->spot;
	sf_spot_move(&end, p->file, &event->end_mark);
	node->kind = kind;
	node->file = p->file;
	node->offset = p->spot.bytes;
	node->length = end.bytes - p->spot.bytes;
	node->text = (struct sf_text){
		.name = p->file->name, .line = p->spot.line, .column = p->spot.column, .text = ""};
	return node;
}

static void refuse(struct sf_parser *p, struct sf_node *node, char sign, const char *what)
{
	char hint[80];

	snprintf(hint, sizeof(hint), "put it in quotes: YAML reads a leading %c itself", sign);
	if (!node->wrong)
		sf_node_complain(p->complaints, node, hint, "%s", what);
	node->wrong = true;
}

static void refuse_decoration(struct sf_parser *p, struct sf_node *node, const yaml_char_t *anchor,
			      const yaml_char_t *tag)
{
	if (anchor)
		refuse(p, node, '&', "no anchors here");
	if (tag)
		refuse(p, node, '!', "no tags here");
}

static bool is_nothing(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}

/* A complaint about a value is shown in its line where the file says it as it is. */
static void place_text(struct sf_node *node, bool quoted)
{
	const struct sf_text *file = node->file;
	size_t at = node->offset + quoted;

	if (node->text.length > file->length - at ||
	    memcmp(file->text + at, node->text.text, node->text.length))
		return;
	node->text.file = file;
	node->text.at = at;
}

static struct sf_node *make_scalar(struct sf_parser *p, const yaml_event_t *event, bool is_key)
{
	struct sf_node *node = node_new(p, SF_NODE_SCALAR, event);
	const char *value = (const char *)event->data.scalar.value;

	node->empty = is_nothing(event);
	node->text.length = event->data.scalar.length;
	node->text.text = sf_arena_copy(p->arena, value, node->text.length);
	refuse_decoration(p, node, event->data.scalar.anchor, event->data.scalar.tag);
	if (memchr(value, 0, node->text.length)) {
		sf_node_complain(p->complaints, node, NULL, "there is a NUL character in it");
		node->wrong = true;
		node->text.length = strlen(node->text.text);
	}
	if (!is_key)
		sf_substitute(p->arena, node, p->complaints);
	place_text(node, event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
				 event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	return node;
}

struct children { /* while they are counted */
	struct sf_node **nodes;
	size_t count, room;
};

static void add(struct children *children, struct sf_node *node)
{
	if (children->count == children->room) {
		children->room = children->room ? 2 * children->room : 16;
		children->nodes =
			sf_realloc(children->nodes, children->room * sizeof(*children->nodes));
	}
	children->nodes[children->count++] = node;
}

static void finish_children(struct children *children)
{
	free(children->nodes);
}

static int compose(struct sf_parser *, const yaml_event_t *, bool is_key, struct sf_node **ret);

/* Children up to the end of their list or map; the event of the end closes its place. */
static int compose_children(struct sf_parser *p, struct sf_node *node, yaml_event_type_t end,
			    struct children *children)
{
	for (;;) {
		bool is_key = node->kind == SF_NODE_MAP && children->count % 2 == 0;
		struct sf_node *child;
		yaml_event_t event;
		int r = sf_parser_next(p, &event);

		if (r < 0)
			return r;
		if (event.type == end) {
			sf_spot_move(&p->spot, p->file, &event.end_mark);
			node->length = p->spot.bytes - node->offset;
			yaml_event_delete(&event);
			return 0;
		}
		r = compose(p, &event, is_key, &child);
		yaml_event_delete(&event);
		if (r < 0)
			return r;
		if (is_key && child->kind != SF_NODE_SCALAR) {
			sf_node_complain(p->complaints, child, NULL, "a key is a word");
			child->wrong = true;
			child->text.text = "";
		}
		add(children, child);
	}
}

static int compose_collection(struct sf_parser *p, const yaml_event_t *event, struct sf_node **ret)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	struct sf_node *node = node_new(p, map ? SF_NODE_MAP : SF_NODE_LIST, event);
	sf_cleanup(finish_children) struct children children = {0};
	size_t width = map ? 2 : 1;
	int r;

	if (p->depth == DEPTH_MOST) {
		sf_node_complain(p->complaints, node, NULL, "more than %d levels", DEPTH_MOST);
		return -EINVAL;
	}
	if (map)
		refuse_decoration(p, node, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
	else
		refuse_decoration(p, node, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
	p->depth++;
	r = compose_children(p, node, map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT,
			     &children);
	p->depth--;
	if (r < 0)
		return r;
	node->count = children.count / width;
	node->item = sf_arena_alloc(p->arena, node->count * sizeof(*node->item) + 1);
	node->value = sf_arena_alloc(p->arena, node->count * sizeof(*node->value) + 1);
	for (size_t i = 0; i < node->count; i++) {
		node->item[i] = children.nodes[width * i];
		node->value[i] = children.nodes[width * i + width - 1];
	}
	if (map)
		sf_node_complain_twins(p->complaints, node);
	*ret = node;
	return 0;
}

static int compose(struct sf_parser *p, const yaml_event_t *event, bool is_key,
		   struct sf_node **ret)
{
	if (event->type == YAML_SCALAR_EVENT) {
		*ret = make_scalar(p, event, is_key);
		return 0;
	}
	if (event->type == YAML_ALIAS_EVENT) {
		*ret = node_new(p, SF_NODE_SCALAR, event);
		refuse(p, *ret, '*', "no aliases here");
		return 0;
	}
	return compose_collection(p, event, ret);
}

/* The first document; one more is complained about and not read. */
static int read_stream(struct sf_parser *p, struct sf_node **ret)
{
	struct sf_node *root = NULL;
	int r;

	for (;;) {
		yaml_event_t event;
		yaml_event_type_t type;

		r = sf_parser_next(p, &event);
		if (r < 0)
			return r;
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && root) {
			sf_node_complain(p->complaints, node_new(p, SF_NODE_SCALAR, &event),
					 "one file is one document",
					 "a second document begins here");
			root->wrong = true;
			type = YAML_STREAM_END_EVENT;
		} else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
			   type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT) {
			r = compose(p, &event, false, &root);
		}
		yaml_event_delete(&event);
		if (r < 0)
			return r;
		if (type == YAML_STREAM_END_EVENT)
			break;
	}
	*ret = root;
	return 0;
}

int sf_yaml_read(struct sf_arena *arena, const struct sf_text *file,
		 struct sf_complaints *complaints, struct sf_node **ret)
{
	struct sf_parser p = {.arena = arena, .file = file, .complaints = complaints};
	int r;

	if (!yaml_parser_initialize(&p.yaml))
		abort();
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, (const unsigned char *)file->text, file->length);
	r = read_stream(&p, ret);
	yaml_parser_delete(&p.yaml);
	return r;
}
