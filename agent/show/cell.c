/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cell of the table of `sockfeed query`. Usual columns join address and port, or show what an
 * end is in tables that have neither, and listeners
 * show their backlog where others show their queues, as ss does; columns that were asked for by
 * name show the field and nothing else.
 */
#include "cell.h"

static const struct {
	enum sf_field_id id;
	const char *heading;
	uint8_t rank; /* who stays where not all fit: 0 is the last to go */
} usual[SF_USUAL_COLUMNS] = {
	{SF_FIELD_TABLE, "table", 0},
	{SF_FIELD_STATE, "state", 1},
	{SF_FIELD_SOCKET_TYPE, "type", 6},
	{SF_FIELD_RECV_Q, "recv_q", 4},
	{SF_FIELD_SEND_Q, "send_q", 5},
	{SF_FIELD_LOCAL_ADDRESS, "local", 2},
	{SF_FIELD_PEER_ADDRESS, "peer", 3},
	{SF_FIELD_TCP_RTT, "rtt_us", 7},
	{SF_FIELD_TCP_SND_CWND, "cwnd", 9},
	{SF_FIELD_TCP_TOTAL_RETRANS, "retrans", 8},
	{SF_FIELD_TIMER_NAME, "timer", 10},
	{SF_FIELD_UID, "uid", 11},
	{SF_FIELD_TCP_CONGESTION_CONTROL, "cc", 12},
	{SF_FIELD_TCP_DELIVERY_RATE, "rate", 13},
	{SF_FIELD_INODE, "inode", 14},
};

static bool is_number(const struct sf_field *field)
{
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_I32:
	case SF_TYPE_PORT:
	case SF_TYPE_RATIO:
	case SF_TYPE_ID64:
		return true;
	case SF_TYPE_BOOL:
	case SF_TYPE_WORD:
	case SF_TYPE_WORDS:
	case SF_TYPE_IP:
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
	case SF_TYPE_HEX:
	case SF_TYPE_COUNT:
		break;
	}
	return false;
}

static bool is_usual(size_t i, uint32_t tables)
{
	bool several = tables & (tables - 1);

	if (usual[i].id == SF_FIELD_LOCAL_ADDRESS || usual[i].id == SF_FIELD_PEER_ADDRESS)
		return true; /* each table has something of the kind */
	return usual[i].id == SF_FIELD_TABLE ? several : sf_fields[usual[i].id].tables & tables;
}

size_t sf_columns_usual(uint32_t tables, struct sf_column columns[SF_USUAL_COLUMNS],
			uint16_t rank[SF_USUAL_COLUMNS])
{
	uint16_t of_rank[SF_USUAL_COLUMNS]; /* the column's number + 1; 0: it is not there */
	size_t count = 0, ranks = 0;

	memset(of_rank, 0, sizeof(of_rank));
	for (size_t i = 0; i < SF_USUAL_COLUMNS; i++) {
		if (!is_usual(i, tables))
			continue;
		columns[count] = sf_column_named(usual[i].id);
		columns[count].heading = usual[i].heading;
		columns[count].usual = true;
		of_rank[usual[i].rank] = (uint16_t)++count;
	}
	for (size_t i = 0; i < SF_USUAL_COLUMNS; i++) {
		if (of_rank[i])
			rank[ranks++] = (uint16_t)(of_rank[i] - 1);
	}
	return count;
}

struct sf_column sf_column_named(unsigned field)
{
	return (struct sf_column){.field = field,
				  .heading = sf_fields[field].name,
				  .right = is_number(&sf_fields[field]) && !sf_fields[field].list};
}

/* Three digits are enough to look at: 26.0MB/s. */
static void add_rate(struct sf_buf *text, const struct sf_value *value)
{
	static const char *const units[] = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};
	double rate = (double)value->number;
	int decimals = 2;
	size_t unit = 0;

	while (rate >= 999.5 && unit + 1 < SF_COUNT(units)) {
		rate /= 1000;
		unit++;
	}
	if (!unit || rate >= 99.95)
		decimals = 0;
	else if (rate >= 9.995)
		decimals = 1;
	sf_buf_format(text, "%.*f%s", decimals, rate, units[unit]);
}

static void add_field(struct sf_buf *text, const struct sf_view *view, const struct sf_field *field,
		      bool short_form)
{
	size_t before = text->length;
	struct sf_value value;

	switch (sf_field_read(field, view, &value)) {
	case SF_PRESENT:
		if (short_form && field->unit == SF_UNIT_BPS)
			add_rate(text, &value);
		else
			sf_write_value(field, &value, text);
		if (text->length == before) /* a cell is never empty */
			sf_buf_text(text,
				    field->list || field->type == SF_TYPE_WORDS ? "[]" : "\"\"");
		break;
	case SF_NULL:
		sf_buf_text(text, "null");
		break;
	case SF_ABSENT:
		sf_buf_text(text, "-");
		break;
	}
}

void sf_cell_write(const struct sf_column *column, const struct sf_view *view, struct sf_buf *text)
{
	bool listens = column->usual && view->class == SF_CLASS_LISTENER;
	unsigned id = column->field;

	if (column->usual && id == SF_FIELD_LOCAL_ADDRESS)
		sf_end_add_local(view, text);
	else if (column->usual && id == SF_FIELD_PEER_ADDRESS)
		sf_end_add_peer(view, text);
	else if (listens && id == SF_FIELD_RECV_Q)
		add_field(text, view, &sf_fields[SF_FIELD_BACKLOG], true);
	else if (listens && id == SF_FIELD_SEND_Q)
		add_field(text, view, &sf_fields[SF_FIELD_BACKLOG_LIMIT], true);
	else
		add_field(text, view, &sf_fields[id], column->usual);
}

/* As many wait to be accepted as may, or more: the kernel drops the next one, or the one after. */
static bool backlog_full(const struct sf_view *view)
{
	struct sf_value waiting, limit;

	return sf_field_read(&sf_fields[SF_FIELD_BACKLOG], view, &waiting) == SF_PRESENT &&
	       sf_field_read(&sf_fields[SF_FIELD_BACKLOG_LIMIT], view, &limit) == SF_PRESENT &&
	       waiting.number && waiting.number >= limit.number;
}

bool sf_cell_trouble(const struct sf_column *column, const struct sf_view *view)
{
	const uint32_t states = 1u << SF_SYN_SENT | 1u << SF_SYN_RECV | 1u << SF_FIN_WAIT_1 |
				1u << SF_CLOSE_WAIT | 1u << SF_LAST_ACK | 1u << SF_CLOSING;
	struct sf_value value;

	switch (column->field) {
	case SF_FIELD_STATE:
		return sf_view_state(view) < SF_STATE_COUNT && 1u << sf_view_state(view) & states;
	case SF_FIELD_TCP_TOTAL_RETRANS:
		return sf_field_read(&sf_fields[column->field], view, &value) == SF_PRESENT &&
		       value.number;
	case SF_FIELD_BACKLOG:
		return backlog_full(view);
	case SF_FIELD_RECV_Q:
		return column->usual && backlog_full(view);
	}
	return false;
}
