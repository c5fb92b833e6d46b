/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a datagram of the kernel's answers: each answer that can be indexed becomes a line of JSON, which says
 * what sf_field_read says, and a comparison of each field, which the judge decides by the same.
 */
#include <linux/netlink.h>

#include <sockfeed/filter.h>
#include <sockfeed/kernel.h>

#include "abort.h"
#include "everything.h"
#include "records.h"

static struct sf_encoder *encoder;
static struct sf_filter *all, *mixed, *compared[SF_FIELD_COUNT];

static struct sf_filter *make_filter(const char *text)
{
	const struct sf_text place = {.name = "fuzz", .text = text, .length = strlen(text)};
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_filter *filter = NULL;

	if (sf_filter_read(&place, SF_TABLES_ALL, &filter, complaints) < 0) {
		sf_complaints_print(complaints, stderr);
		abort();
	}
	sf_complaints_free(complaints);
	return filter;
}

/* ---- one comparison a field, and what it should say ---- */

static unsigned first_word(const struct sf_words *words)
{
	unsigned i = 0;

	while (!words->names[i])
		i++;
	return words->first + i;
}

static const char *comparison(const struct sf_field *field)
{
	if (field->list && field->type == SF_TYPE_U32)
		return "= 1";
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_I32:
	case SF_TYPE_PORT:
	case SF_TYPE_RATIO:
		return "> 1";
	case SF_TYPE_BOOL:
		return "= true";
	case SF_TYPE_ID64:
		return "= 1";
	case SF_TYPE_WORD:
	case SF_TYPE_WORDS:
		return "=";
	case SF_TYPE_IP:
		return "= 127.0.0.1";
	case SF_TYPE_HEX:
		return "= 00:01";
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
		return "= cubic";
	case SF_TYPE_COUNT:
		break;
	}
	return "";
}

static bool is_loopback(const uint8_t *bytes, size_t length)
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};

	return !memcmp(bytes, mapped + sizeof(mapped) - length, length);
}

static bool should_hold(const struct sf_field *field, const struct sf_value *value);

static bool any_should_hold(const struct sf_field *field, const struct sf_value *list)
{
	struct sf_field single = *field;
	struct sf_value element;
	uint32_t at = 0;

	single.list = SF_LIST_NONE;
	while (sf_list_next(field, list, &at, &element))
		if (field->type == SF_TYPE_U32 ? element.number == 1 : should_hold(&single, &element))
			return true;
	return false;
}

static bool should_hold(const struct sf_field *field, const struct sf_value *value)
{
	if (field->list)
		return any_should_hold(field, value);
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_PORT:
		return value->number > 1;
	case SF_TYPE_I32:
		return (int64_t)value->number > 1;
	case SF_TYPE_RATIO:
		return value->real > 1;
	case SF_TYPE_BOOL:
		return value->number;
	case SF_TYPE_ID64:
		return value->number == 1;
	case SF_TYPE_WORD:
		return sf_word(field->words, value->number) &&
		       !strcmp(sf_word(field->words, value->number),
			       sf_word(field->words, first_word(field->words)));
	case SF_TYPE_WORDS:
		return value->number >> first_word(field->words) & 1;
	case SF_TYPE_IP:
		return is_loopback(value->bytes, value->length);
	case SF_TYPE_HEX:
		return value->length == 2 && !value->bytes[0] && value->bytes[1] == 1;
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
		return value->length == 5 && !memcmp(value->bytes, "cubic", 5);
	case SF_TYPE_COUNT:
		break;
	}
	return false;
}

static void make_comparisons(void)
{
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		const struct sf_field *field = &sf_fields[id];
		const char *word = field->words ? sf_word(field->words, first_word(field->words)) : "";
		struct sf_buf text = {0};

		sf_buf_format(&text, "state all and %s %s %s", field->name, comparison(field), word);
		compared[id] = make_filter(text.data);
		sf_buf_finish(&text);
	}
}

/* ---- an answer ---- */

static int on_reply(void *arg, struct sf_view *view)
{
	size_t most = sf_encoder_room(encoder, view);
	char key[SF_KEY_ROOM];
	char *line = malloc(most), *end; /* not a byte more: the sanitizer sees to it */
	struct json_object *record;
	int keys = *(const int *)arg;
	bool known = sf_filter_judge(all, view);
	uint32_t states = sf_view_state(view) < SF_STATE_COUNT ? 1u << sf_view_state(view) : 0;
	bool asked = !known || states & sf_tables[view->table].known;

	end = sf_encode_socket(encoder, view, sf_view_cookie(view), line);
	assert_true((size_t)(end - line) <= most);
	assert_true((size_t)(sf_key_flow(key, view) - key) <= sizeof(key));
	record = judge_line(line, (size_t)(end - line));
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		const struct sf_field *field = &sf_fields[id];
		struct sf_value value = {0};
		bool present = sf_field_read(field, view, &value) == SF_PRESENT;

		keys += judge_field(record, field, view);
		if (!asked) /* no such state is ever asked of the table */
			continue;
		if (sf_filter_judge(compared[id], view) !=
		    (known && present && should_hold(field, &value)))
			fail_msg("the judge differs on %s in %.*s", field->name, (int)(end - line), line);
	}
	assert_int_equal(judge_keys(record), keys);
	if (sf_filter_judge(mixed, view))
		assert_true(known);
	json_object_put(record);
	free(line);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	encoder = encoder_of_everything("h\xff");
	all = make_filter("state all");
	mixed = make_filter("state all and ( sport = :443 or dport = :80 or src 127/8 or dst [::1] or autobound "
			    "or dev lo or not fwmark = 1/3 or src unix:/run* or src netlink:route or dst link:ip or src vsock:1:* )");
	make_comparisons();
	return 0;
}

/* The expected sequence and port are those of the first message; its upper flags say the table, 0 of the kernel's: tcp. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t releases[] = {0, 0x061200, 0x070000};
	int envelope_keys = 7; /* time type schema host query run seq */
	struct nlmsghdr first = {0};
	uint8_t *bytes = malloc(size ? size : 1);

	memcpy(bytes, data, size);
	memcpy(&first, data, size < sizeof(first) ? size : sizeof(first));
	for (size_t i = 0; i < SF_COUNT(releases); i++) {
		struct sf_datagram datagram = {.sequence = first.nlmsg_seq,
					       .port = first.nlmsg_pid,
					       .table = (first.nlmsg_flags >> 8) % SF_TABLE_COUNT,
					       .release = releases[i],
					       .reply = on_reply,
					       .arg = &envelope_keys};

		sf_datagram_read(&datagram, bytes, size);
	}
	free(bytes);
	return 0;
}
