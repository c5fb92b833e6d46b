/* SPDX-License-Identifier: Apache-2.0 */
/* A spool as one JSON object on one line. Times are as in records; what is not known is null. */
#include <string.h>

#include "spool_show.h"

#define U(number) ((unsigned long long)(number))

static void text(struct sf_buf *out, const char *name, const char *value)
{
	sf_buf_format(out, "\"%s\":", name);
	sf_json_string(out, value, strlen(value));
}

static void text_or_null(struct sf_buf *out, const char *name, const char *value)
{
	if (*value)
		text(out, name, value);
	else
		sf_buf_format(out, "\"%s\":null", name);
}

static void amount(struct sf_buf *out, const struct sf_spool_amount *a)
{
	sf_buf_format(out, "\"batches\":%llu,\"lines\":%llu,\"bytes\":%llu", U(a->batches),
		      U(a->lines), U(a->bytes));
}

static void at(struct sf_buf *out, const char *name, const struct sf_spool_at *a)
{
	sf_buf_format(out, "\"%s\":{\"offset\":%llu,\"line\":%llu,\"byte\":%llu}", name,
		      U(a->offset), U(a->line), U(a->byte));
}

static void oldest(struct sf_buf *out, uint64_t time, uint64_t now)
{
	char stamp[SF_STAMP_SIZE];

	if (time == UINT64_MAX) {
		sf_buf_text(out, ",\"oldest\":null,\"oldest_age_s\":null");
		return;
	}
	sf_clock_stamp(stamp, time);
	sf_buf_format(out, ",\"oldest\":\"%.*s\",\"oldest_age_s\":%llu", SF_STAMP_SIZE, stamp,
		      U(now > time ? (now - time) / 1000000 : 0));
}

static void waiting(const struct sf_look_facts *facts, uint64_t now, struct sf_buf *out)
{
	sf_buf_text(out, ",\"waiting\":{");
	amount(out, &facts->waiting);
	oldest(out, facts->oldest_us, now);
	sf_buf_format(out, "},\"unwritten_lines\":%llu,\"queries\":[", U(facts->unwritten));
	for (size_t i = 0; i < facts->queues; i++) {
		const struct sf_look_queue *queue = &facts->queue[i];

		sf_buf_text(out, i ? ",{" : "{");
		text_or_null(out, "query", queue->query);
		sf_buf_text(out, ",");
		text_or_null(out, "topic", queue->topic);
		sf_buf_text(out, ",");
		amount(out, &queue->waiting);
		oldest(out, queue->oldest_us, now);
		sf_buf_text(out, "}");
	}
	sf_buf_text(out, "]");
}

static void files(const struct sf_look_facts *facts, struct sf_buf *out)
{
	bool some = false;

	sf_buf_text(out, ",\"segments\":[");
	for (size_t i = 0; i < facts->files; i++) {
		const struct sf_look_file *file = &facts->file[i];

		if (file->kind != SF_LOOK_SEGMENT)
			continue;
		sf_buf_format(out, "%s{\"file\":\"%s\",\"number\":%llu,", some ? "," : "",
			      file->name, U(file->number));
		at(out, "first", &file->first);
		sf_buf_text(out, ",");
		amount(out, &file->whole);
		sf_buf_format(out, ",\"size\":%llu,\"waiting_lines\":%llu,\"damaged\":%llu}",
			      U(file->size), U(file->waiting.lines), U(file->damaged));
		some = true;
	}
	some = false;
	sf_buf_text(out, "],\"others\":[");
	for (size_t i = 0; i < facts->files; i++) {
		const struct sf_look_file *file = &facts->file[i];

		if (file->kind == SF_LOOK_SEGMENT)
			continue;
		sf_buf_format(out, "%s{\"file\":\"%s\",\"is\":\"%s\",\"size\":%llu}",
			      some ? "," : "", file->name, sf_look_kind_name(file->kind),
			      U(file->size));
		some = true;
	}
	sf_buf_text(out, "]");
}

static void owed(const struct sf_look_facts *facts, struct sf_buf *out)
{
	sf_buf_text(out, ",\"gaps\":[");
	for (size_t i = 0; i < facts->gaps; i++) {
		const struct sf_spool_gap *gap = &facts->gap[i];

		sf_buf_text(out, i ? ",{" : "{");
		text_or_null(out, "query", gap->query);
		sf_buf_format(out,
			      ",\"first\":{\"run\":%llu,\"seq\":%llu},\"last\":{\"run\":%llu,"
			      "\"seq\":%llu},\"records\":%llu,\"bytes\":%llu,\"reason\":\"%s\","
			      "\"told\":%s,",
			      U(gap->first.run), U(gap->first.seq), U(gap->last.run),
			      U(gap->last.seq), U(gap->records), U(gap->bytes),
			      sf_spool_loss_name(gap->reason),
			      gap->told == UINT64_MAX ? "false" : "true");
		text_or_null(out, "boot_id", gap->boot_id);
		sf_buf_text(out, "}");
	}
	sf_buf_text(out, "],\"last_runs\":[");
	for (size_t i = 0; i < facts->runs; i++) {
		sf_buf_text(out, i ? ",{" : "{");
		text(out, "query", facts->run[i].query);
		sf_buf_format(out, ",\"run\":%llu,", U(facts->run[i].run));
		text_or_null(out, "boot_id", facts->run[i].boot_id);
		sf_buf_text(out, "}");
	}
	sf_buf_text(out, "]");
}

void sf_spool_json(const struct sf_look_facts *facts, uint64_t now, struct sf_buf *out)
{
	sf_buf_text(out, "{");
	text(out, "directory", facts->path);
	sf_buf_text(out, ",");
	text_or_null(out, "id", facts->id);
	sf_buf_format(out, ",\"in_use\":%s,\"generation\":", facts->in_use ? "true" : "false");
	if (facts->state_known)
		sf_buf_format(out, "%llu,", U(facts->generation));
	else
		sf_buf_text(out, "null,");
	at(out, "base", &facts->base);
	sf_buf_text(out, ",");
	at(out, "end", &facts->end);
	waiting(facts, now, out);
	files(facts, out);
	owed(facts, out);
	sf_buf_format(out, ",\"damaged\":%llu}\n", U(facts->damaged));
}
