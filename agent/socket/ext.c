/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request must ask for to have a field, by the shape of the table's requests: a function
 * from a field to bits, and the names that the kernel's headers have for them.
 */
#include <sockfeed/socket.h>

static uint32_t inet_ext(const struct sf_field *field)
{
#define BIT(attribute) (1u << ((attribute)-1))
	unsigned part = field->part;

	if (part == SF_PART_ULP || (part >= SF_PART_ATTRIBUTES && part < SF_PART_QUEUES))
		return BIT(SF_PART_INFO); /* the kernel sends ULP_INFO with INFO */
	switch (part) {
	case SF_PART_DCTCP:
	case SF_PART_BBR:
		return BIT(SF_PART_VEGAS); /* one bit for all of the congestion control's own */
	case SF_PART_CLASS_ID:
		return BIT(SF_PART_TCLASS); /* 17 has no bit of its own in a byte */
	case SF_PART_INFO:
	case SF_PART_VEGAS:
	case SF_PART_CONG:
	case SF_PART_TOS:
	case SF_PART_TCLASS:
	case SF_PART_SKMEM:
		return BIT(part);
	}
	return 0;
#undef BIT
}

/* By shape: what a field needs, and the names of the bits. */
static const struct {
	uint32_t (*ext)(const struct sf_field *);
	const char *const *names;
	unsigned count;
} asked[SF_SHAPE_COUNT] = {
	[SF_SHAPE_INET] = {inet_ext,
			   (const char *const[]){"MEMINFO", "INFO", "VEGASINFO", "CONG", "TOS",
						 "TCLASS", "SKMEMINFO"},
			   7},
};

uint32_t sf_field_ext(const struct sf_field *field, enum sf_table table)
{
	return field->tables >> table & 1 ? asked[sf_tables[table].shape].ext(field) : 0;
}

const char *sf_ext_name(enum sf_table table, unsigned bit)
{
	enum sf_shape shape = sf_tables[table].shape;

	return bit < asked[shape].count ? asked[shape].names[bit] : NULL;
}
