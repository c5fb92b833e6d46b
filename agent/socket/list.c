/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that are lists: one element after another of what sf_field_read gave. Bytes behind the
 * last whole element are none.
 */
#include <sys/socket.h>

#include "socket/load.h"

const char *sf_field_type(const struct sf_field *field)
{
	static const char *const names[SF_TYPE_COUNT] = {[SF_TYPE_U16] = "u16[]",
							 [SF_TYPE_U32] = "u32[]",
							 [SF_TYPE_HEX] = "hex[]",
							 [SF_TYPE_WORD] = "words",
							 [SF_TYPE_IP] = "ip[]"};

	return field->list ? names[field->type] : sf_type_name(field->type);
}

/* A struct sockaddr_in or sockaddr_in6. */
static bool read_sockaddr(const uint8_t *bytes, size_t length, struct sf_value *element)
{
	uint16_t family;

	memcpy(&family, bytes, sizeof(family));
	if (family == AF_INET && length >= 8)
		*element = (struct sf_value){.bytes = bytes + 4, .length = 4};
	else if (family == AF_INET6 && length >= 24)
		*element = (struct sf_value){.bytes = bytes + 8, .length = 16};
	else
		return false;
	return true;
}

static bool read_element(const struct sf_field *field, const uint8_t *bytes,
			 struct sf_value *element)
{
	uint64_t number = 0;

	if (field->type == SF_TYPE_IP)
		return read_sockaddr(bytes, field->stride, element);
	if (field->type == SF_TYPE_HEX) {
		memcpy(&number, bytes + field->set.offset, field->set.size);
		*element = (struct sf_value){.bytes = bytes + field->offset,
					     .length = number < field->size ? (uint32_t)number
									    : field->size};
		return true;
	}
	memcpy(&number, bytes + field->offset, field->size);
	*element = (struct sf_value){.number = number};
	return true;
}

static bool next_bit(const struct sf_value *list, uint32_t *at, struct sf_value *element)
{
	while (*at < 8 * list->length) {
		uint32_t bit = (*at)++;

		if (list->bytes[bit / 8] >> bit % 8 & 1) {
			*element = (struct sf_value){.number = bit + 1};
			return true;
		}
	}
	return false;
}

bool sf_list_next(const struct sf_field *field, const struct sf_value *list, uint32_t *at,
		  struct sf_value *element)
{
	if (field->list == SF_LIST_BITS)
		return next_bit(list, at, element);
	while (((size_t)*at + 1) * field->stride <= list->length) {
		const uint8_t *bytes = list->bytes + (size_t)field->stride * (*at)++;

		if (read_element(field, bytes, element)) /* what we do not know is passed over */
			return true;
	}
	return false;
}
