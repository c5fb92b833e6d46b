/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ends of a socket for people, each in one cell: address and port, or what its table has
 * of the kind.
 */
#include "cell.h"

/* address:port in one column, IPv6 in brackets; an unset one is *. */
static void add_end(struct sf_buf *text, const struct sf_view *view, enum sf_field_id address,
		    enum sf_field_id port)
{
	struct sf_value value;

	if (sf_field_read(&sf_fields[address], view, &value) != SF_PRESENT) {
		sf_buf_text(text, "*");
		return;
	}
	if (value.length == 16)
		sf_buf_text(text, "[");
	sf_write_value(&sf_fields[address], &value, text);
	sf_buf_text(text, value.length == 16 ? "]:" : ":");
	if (sf_field_read(&sf_fields[port], view, &value) == SF_PRESENT)
		sf_write_value(&sf_fields[port], &value, text);
}

/* Of what is no inet socket: of each of these pairs what is there, with a colon between. */
static const struct {
	enum sf_table table;
	int local[2], peer[2]; /* enum sf_field_id, or -1 */
} ends[] = {
	{SF_TABLE_UNIX,
	 {SF_FIELD_UNIX_PATH, SF_FIELD_UNIX_ABSTRACT},
	 {SF_FIELD_UNIX_PEER_INODE, -1}},
	{SF_TABLE_NETLINK,
	 {SF_FIELD_PROTOCOL, SF_FIELD_NETLINK_PORTID},
	 {SF_FIELD_NETLINK_DST_PORTID, -1}},
	{SF_TABLE_PACKET, {SF_FIELD_PROTOCOL, SF_FIELD_INTERFACE_INDEX}, {-1, -1}},
	{SF_TABLE_VSOCK,
	 {SF_FIELD_VSOCK_SRC_CID, SF_FIELD_VSOCK_SRC_PORT},
	 {SF_FIELD_VSOCK_DST_CID, SF_FIELD_VSOCK_DST_PORT}},
	{SF_TABLE_XDP, {SF_FIELD_XDP_IFINDEX, SF_FIELD_XDP_QUEUE_ID}, {-1, -1}},
	{SF_TABLE_TIPC,
	 {SF_FIELD_TIPC_ADDR, SF_FIELD_TIPC_REF},
	 {SF_FIELD_TIPC_CON_NODE, SF_FIELD_TIPC_CON_SOCK}},
};

static void add_fields(struct sf_buf *text, const struct sf_view *view, const int fields[2])
{
	size_t begin = text->length;
	struct sf_value value;

	for (unsigned i = 0; i < 2; i++) {
		const struct sf_field *field = fields[i] < 0 ? NULL : &sf_fields[fields[i]];

		if (!field || sf_field_read(field, view, &value) != SF_PRESENT)
			continue;
		if (text->length != begin)
			sf_buf_text(text, ":");
		if (fields[i] == SF_FIELD_UNIX_ABSTRACT)
			sf_buf_text(text, "@"); /* as ss shows its first NUL */
		sf_write_value(field, &value, text);
	}
	if (text->length == begin)
		sf_buf_text(text, "*");
}

void sf_end_add_local(const struct sf_view *view, struct sf_buf *text)
{
	for (size_t i = 0; i < SF_COUNT(ends); i++) {
		if (ends[i].table == view->table) {
			add_fields(text, view, ends[i].local);
			return;
		}
	}
	add_end(text, view, SF_FIELD_LOCAL_ADDRESS, SF_FIELD_LOCAL_PORT);
}

void sf_end_add_peer(const struct sf_view *view, struct sf_buf *text)
{
	for (size_t i = 0; i < SF_COUNT(ends); i++) {
		if (ends[i].table == view->table) {
			add_fields(text, view, ends[i].peer);
			return;
		}
	}
	add_end(text, view, SF_FIELD_PEER_ADDRESS, SF_FIELD_PEER_PORT);
}
