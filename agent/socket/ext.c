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

/* What is asked for by which bit, 1 << bit, by its part; what always comes by none. */
struct asks {
	uint8_t part, bit;
};

static uint32_t ext_by(const struct asks *asks, size_t count, const struct sf_field *field)
{
	for (size_t i = 0; i < count; i++) {
		if (asks[i].part == field->part)
			return 1u << asks[i].bit;
	}
	return 0;
}

static uint32_t unix_ext(const struct sf_field *field) /* UDIAG_SHOW_* */
{
	static const struct asks asks[] = {
		{SF_PART_UNIX_PATH, 0}, {SF_PART_UNIX_ABSTRACT, 0}, {SF_PART_UNIX_VFS, 1},
		{SF_PART_UNIX_PEER, 2}, {SF_PART_UNIX_ICONS, 3},    {SF_PART_QUEUES, 4},
		{SF_PART_SKMEM, 5},	{SF_PART_UID, 6},
	};

	return ext_by(asks, SF_COUNT(asks), field);
}

static uint32_t netlink_ext(const struct sf_field *field) /* NDIAG_SHOW_* */
{
	static const struct asks asks[] = {
		{SF_PART_SKMEM, 0}, {SF_PART_NETLINK_GROUPS, 1}, {SF_PART_NETLINK_FLAGS, 3}};

	return ext_by(asks, SF_COUNT(asks), field);
}

static uint32_t packet_ext(const struct sf_field *field) /* PACKET_SHOW_* */
{
	static const struct asks asks[] = {
		{SF_PART_PACKET_INFO, 0},    {SF_PART_UID, 0},
		{SF_PART_PACKET_MCLIST, 1},  {SF_PART_PACKET_RX_RING, 2},
		{SF_PART_PACKET_TX_RING, 2}, {SF_PART_PACKET_FANOUT, 3},
		{SF_PART_SKMEM, 4},	     {SF_PART_PACKET_FILTER, 5},
	};

	if (field == &sf_fields[SF_FIELD_INTERFACE_INDEX])
		return 1u << 0; /* it is of INFO */
	return ext_by(asks, SF_COUNT(asks), field);
}

static uint32_t no_ext(const struct sf_field *field)
{
	(void)field;
	return 0;
}

static uint32_t xdp_ext(const struct sf_field *field) /* XDP_SHOW_* */
{
	static const struct asks asks[] = {
		{SF_PART_XDP_INFO, 0},
		{SF_PART_UID, 0},
		{SF_PART_XDP_RX_RING, 1},
		{SF_PART_XDP_TX_RING, 1},
		{SF_PART_XDP_UMEM, 2},
		{SF_PART_XDP_FILL_RING, 2},
		{SF_PART_XDP_COMPLETION_RING, 2},
		{SF_PART_SKMEM, 3},
		{SF_PART_XDP_STATS, 4},
	};

	if (field == &sf_fields[SF_FIELD_INTERFACE_INDEX])
		return 1u << 0;
	return ext_by(asks, SF_COUNT(asks), field);
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
	[SF_SHAPE_UNIX] = {unix_ext,
			   (const char *const[]){"NAME", "VFS", "PEER", "ICONS", "RQLEN", "MEMINFO",
						 "UID"},
			   7},
	[SF_SHAPE_NETLINK] = {netlink_ext,
			      (const char *const[]){"MEMINFO", "GROUPS", "RING_CFG", "FLAGS"}, 4},
	[SF_SHAPE_PACKET] = {packet_ext,
			     (const char *const[]){"INFO", "MCLIST", "RING_CFG", "FANOUT",
						   "MEMINFO", "FILTER"},
			     6},
	[SF_SHAPE_VSOCK] = {no_ext, NULL, 0},
	[SF_SHAPE_XDP] = {xdp_ext,
			  (const char *const[]){"INFO", "RING_CFG", "UMEM", "MEMINFO", "STATS"}, 5},
	[SF_SHAPE_TIPC] = {no_ext, NULL, 0},
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
