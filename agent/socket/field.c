/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one field of one view by the table: presence by class, by length, by WHEN; then the
 * value, or null. And finding fields by name.
 */
#include "socket/load.h"

const char *sf_type_name(enum sf_type type)
{
	static const char *const names[SF_TYPE_COUNT] = {
		[SF_TYPE_U8] = "u8",	 [SF_TYPE_U16] = "u16",	    [SF_TYPE_U32] = "u32",
		[SF_TYPE_U64] = "u64",	 [SF_TYPE_I32] = "i32",	    [SF_TYPE_PORT] = "u16",
		[SF_TYPE_BOOL] = "bool", [SF_TYPE_RATIO] = "ratio", [SF_TYPE_ID64] = "id64",
		[SF_TYPE_WORD] = "word", [SF_TYPE_WORDS] = "words", [SF_TYPE_IP] = "ip",
		[SF_TYPE_TEXT] = "text", [SF_TYPE_BYTES] = "bytes", [SF_TYPE_HEX] = "hex"};

	return names[type];
}

static uint64_t plain_number(const struct sf_field *field, const struct sf_view *view)
{
	uint64_t number = load(view, field->part, field->offset, field->size) >> field->shift;

	return field->bits ? number & ((1ull << field->bits) - 1) : number;
}

static uint64_t set_number(const struct sf_field *field, const struct sf_view *view)
{
	return load(view, field->part, field->set.offset, field->set.size) & field->set.mask;
}

static enum sf_presence read_plain(const struct sf_field *field, const struct sf_view *view,
				   struct sf_value *value)
{
	const uint8_t *bytes = view->part[field->part] + field->offset;
	uint64_t divisor;

	switch (field->type) {
	case SF_TYPE_IP: /* AF_INET 2 has 4 bytes, every other family of inet_diag 16 */
		value->bytes = bytes;
		value->length = LOAD_HEADER(view, family) == 2 ? 4 : 16;
		return SF_PRESENT;
	case SF_TYPE_TEXT: /* NUL-terminated by the kernel, or the whole part */
		value->bytes = bytes;
		value->length = (uint32_t)strnlen((const char *)bytes, view->length[field->part]);
		return SF_PRESENT;
	case SF_TYPE_BYTES:
		value->bytes = bytes;
		value->length = view->length[field->part] - field->offset;
		return SF_PRESENT;
	case SF_TYPE_HEX:
		value->bytes = bytes;
		value->length = field->size;
		return SF_PRESENT;
	case SF_TYPE_PORT:
		value->number = (uint64_t)(bytes[0] << 8 | bytes[1]);
		return SF_PRESENT;
	case SF_TYPE_I32:
		value->number =
			(uint64_t)(int64_t)(int32_t)load(view, field->part, field->offset, 4);
		return SF_PRESENT;
	case SF_TYPE_BOOL:
		value->number = plain_number(field, view) != 0;
		return SF_PRESENT;
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_ID64:
	case SF_TYPE_WORD:
	case SF_TYPE_WORDS:
		value->number = plain_number(field, view);
		return SF_PRESENT;
	case SF_TYPE_RATIO:
		divisor = field->scale ? 1ull << field->scale : set_number(field, view);
		value->real = (double)plain_number(field, view) / (double)divisor;
		return SF_PRESENT;
	case SF_TYPE_COUNT:
		break;
	}
	return SF_ABSENT;
}

static enum sf_presence read_list(const struct sf_field *field, const struct sf_view *view,
				  struct sf_value *value)
{
	value->bytes = view->part[field->part];
	value->length = view->length[field->part];
	return SF_PRESENT;
}

enum sf_presence sf_field_read(const struct sf_field *field, const struct sf_view *view,
			       struct sf_value *value)
{
	size_t length = view->length[field->part];
	struct sf_value got;
	enum sf_presence presence;

	if (!sf_field_in(field, view->table, view->class) || !length ||
	    (!field->list && (size_t)field->offset + field->size > length))
		return SF_ABSENT;
	if (field->set.mask &&
	    ((size_t)field->set.offset + field->set.size > length || !set_number(field, view)))
		return SF_ABSENT;
	if (field->when && !field->when(view))
		return SF_ABSENT;
	presence = field->read	 ? field->read(view, &got)
		   : field->list ? read_list(field, view, &got)
				 : read_plain(field, view, &got);
	if (presence != SF_PRESENT)
		return presence;
	if (field->nullable && (got.number == field->nulls[0] || got.number == field->nulls[1]))
		return SF_NULL;
	*value = got;
	return SF_PRESENT;
}

int sf_field_find(const char *name, size_t length)
{
	for (int id = 0; id < SF_FIELD_COUNT; id++) {
		const char *known = sf_fields[id].name;
		size_t same = 0;

		/* no call: nearly all of them differ in the first letters */
		while (same < length && known[same] && known[same] == name[same])
			same++;
		if (same == length && !known[same])
			return id;
	}
	return -ENOENT;
}

static const char *name_at(const void *arg, size_t i)
{
	(void)arg;
	return sf_fields[i].name;
}

const char *sf_field_without_unit(const char *name, size_t length)
{
	static const char *const units[] = {"_us", "_ms", "_bytes", "_bytes_per_s"};

	if (strnlen(name, length) < length) /* a NUL: strncmp would end there */
		return NULL;
	for (int id = 0; id < SF_FIELD_COUNT; id++) {
		const char *whole = sf_fields[id].name;

		for (size_t i = 0; i < SF_COUNT(units) && !strncmp(whole, name, length); i++) {
			if (!strcmp(whole + length, units[i]))
				return whole;
		}
	}
	return NULL;
}

/* A field whose name, with or without its group, begins so: tcp.rtt and rtt mean tcp.rtt_us. */
static const char *begins(const char *name, size_t length)
{
	const char *found = NULL;

	if (strnlen(name, length) < length)
		return NULL;
	for (int id = 0; id < SF_FIELD_COUNT; id++) {
		const char *whole = sf_fields[id].name, *dot = strchr(whole, '.');
		const char *part = strncmp(whole, name, length) && dot ? dot + 1 : whole;

		if (length < 3 || strncmp(part, name, length))
			continue;
		if (!part[length] || part[length] == '_')
			return whole;
		found = found ? found : whole;
	}
	return found;
}

/* What ss calls a field, or the table of `query`, where nothing near it is meant. */
static const char *other_name(const char *name, size_t length)
{
	static const struct {
		const char *name;
		enum sf_field_id id;
	} others[] = {
		{"app_limited", SF_FIELD_TCP_APP_LIMITED},
		{"cc", SF_FIELD_TCP_CONGESTION_CONTROL},
		{"cwnd", SF_FIELD_TCP_SND_CWND},
		{"delivery_rate", SF_FIELD_TCP_DELIVERY_RATE},
		{"lastack", SF_FIELD_TCP_LAST_ACK_RECV},
		{"lastrcv", SF_FIELD_TCP_LAST_DATA_RECV},
		{"lastsnd", SF_FIELD_TCP_LAST_DATA_SENT},
		{"minrtt", SF_FIELD_TCP_MIN_RTT},
		{"mss", SF_FIELD_TCP_SND_MSS},
		{"rate", SF_FIELD_TCP_DELIVERY_RATE},
		{"rcvmss", SF_FIELD_TCP_RCV_MSS},
		{"retrans", SF_FIELD_TCP_TOTAL_RETRANS},
		{"send", SF_FIELD_TCP_SEND_RATE},
		{"sk", SF_FIELD_COOKIE},
		{"ssthresh", SF_FIELD_TCP_SND_SSTHRESH},
	};

	if (length > 4 && !memcmp(name, "tcp.", 4)) {
		name += 4;
		length -= 4;
	}
	for (size_t i = 0; i < SF_COUNT(others); i++) {
		if (strlen(others[i].name) == length && !memcmp(others[i].name, name, length))
			return sf_fields[others[i].id].name;
	}
	return NULL;
}

const char *sf_field_near(const char *name, size_t length)
{
	const char *other = sf_field_without_unit(name, length) ?: other_name(name, length);

	if (other)
		return other;
	return sf_nearest(name, length, SF_FIELD_COUNT, name_at, NULL) ?: begins(name, length);
}
