/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces that the JSON Schema of a record is put together from: each gives a json-c object that
 * its caller owns, or adds one, which is then owned by what it was added to.
 */
#pragma once

#include <json-c/json.h>

#include <sockfeed/base.h>

static inline void add(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static inline json_object *typed(const char *type)
{
	json_object *schema = json_object_new_object();

	add(schema, "type", type);
	return schema;
}

static inline json_object *integer(int64_t least, uint64_t most)
{
	json_object *schema = typed("integer");

	json_object_object_add(schema, "minimum", json_object_new_int64(least));
	json_object_object_add(schema, "maximum", json_object_new_uint64(most));
	return schema;
}

static inline json_object *count(void)
{
	return integer(0, UINT64_MAX);
}

static inline json_object *pattern(const char *expression)
{
	json_object *schema = typed("string");

	add(schema, "pattern", expression);
	return schema;
}

static inline json_object *array(json_object *items)
{
	json_object *schema = typed("array");

	json_object_object_add(schema, "items", items);
	return schema;
}

static inline json_object *nullable(json_object *schema)
{
	json_object *types = json_object_new_array();

	json_object_array_add(types, json_object_get(json_object_object_get(schema, "type")));
	json_object_array_add(types, json_object_new_string("null"));
	json_object_object_add(schema, "type", types);
	return schema;
}

/* An object that is filled by property(). */
static inline json_object *object(void)
{
	json_object *schema = typed("object");

	json_object_object_add(schema, "properties", json_object_new_object());
	json_object_object_add(schema, "required", json_object_new_array());
	return schema;
}

static inline void property(json_object *schema, const char *name, json_object *what, bool required)
{
	json_object_object_add(json_object_object_get(schema, "properties"), name, what);
	if (required)
		json_object_array_add(json_object_object_get(schema, "required"),
				      json_object_new_string(name));
}

/* Bytes from outside: the string, and its twin where that is not exact. */
static inline void property_text(json_object *schema, const char *name, json_object *what,
				 bool required)
{
	sf_cleanup(sf_buf_finish) struct sf_buf twin = {0};
	json_object *base64 = typed("string");

	sf_buf_format(&twin, "%s_base64", name);
	add(base64, "contentEncoding", "base64");
	property(schema, name, what, required);
	property(schema, twin.data, base64, false);
}
