/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk that queries share gives each of them the very bytes that a walk of its own would have given. Random queries,
 * random sockets, and a kernel that is played: it shows only the states that it was asked for, only what passes ports
 * and bytecode, and only attributes that were asked for. Run records differ in what is the walk's.
 */
#include "bytecode.h"
#include "drafts.h"

#include "judge.h"
#include "places.h"

#include "collect/collect.h"

enum { TRIALS = 1500, QUERIES = 10, SOCKETS = 120, RECEIVE = 16 };

struct socket {
	uint8_t family, state;
	struct sf_inet_msg header;
	uint8_t noise[16]; /* of its attributes */
	uint64_t cgroup;
	uint32_t mark;
};

static struct socket sockets[SOCKETS];
static unsigned count; /* of them */
static uint32_t operations;
static uint64_t walks;

/* ---- the kernel ---- */

/* Numbers that differ from socket to socket, of any length. */
static void put_noise(struct answer *answer, const struct socket *s, uint16_t part, size_t length)
{
	uint8_t bytes[sizeof(struct sf_tcp_info)];

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(s->noise[i % 16] >> (i / 16 % 3)) & (i % 4 > 1 ? 1 : 255);
	answer_add(answer, part, bytes, length);
}

static void put_info(struct answer *answer, const struct socket *s)
{
	size_t nest = answer->length;
	uint16_t length;

	put_noise(answer, s, SF_PART_INFO, s->noise[0] % 2 ? sizeof(struct sf_tcp_info) : 232);
	if (s->noise[1] % 4)
		return;
	nest = answer->length;
	answer_add(answer, SF_PART_ULP, "", 0);
	answer_add(answer, 1, "tls", 4); /* INET_ULP_INFO_NAME */
	length = (uint16_t)(answer->length - nest);
	memcpy(answer->bytes + nest, &length, sizeof(length));
}

/* What the kernel says of it when these attributes are asked for. */
static void answer_socket(struct answer *answer, const struct socket *s, uint8_t ext)
{
	bool small = s->state == SF_TIME_WAIT || s->state == SF_SYN_RECV, bound = s->state == SF_CLOSE;

	memset(answer, 0, sizeof(*answer));
	memcpy(answer->bytes, &s->header, sizeof(s->header));
	answer->length = sizeof(s->header);
	answer_add(answer, SF_PART_MARK, &s->mark, sizeof(s->mark));
	if (small)
		return;
	answer_add(answer, SF_PART_SHUTDOWN, s->noise, 1);
	answer_add(answer, SF_PART_CGROUP, &s->cgroup, sizeof(s->cgroup));
	put_noise(answer, s, SF_PART_SOCKOPT, 2);
	if (s->family == AF_INET6 && (bound || s->state == SF_LISTEN))
		put_noise(answer, s, SF_PART_V6ONLY, 1);
	if (ext & 1u << (SF_PART_MEMINFO - 1))
		put_noise(answer, s, SF_PART_MEMINFO, 16);
	if (ext & 1u << (SF_PART_INFO - 1) && !bound)
		put_info(answer, s);
	if (ext & 1u << (SF_PART_CONG - 1) && !bound)
		answer_add(answer, SF_PART_CONG, s->noise[2] % 2 ? "bbr" : "cubic", s->noise[2] % 2 ? 4 : 6);
	if (ext & 1u << (SF_PART_VEGAS - 1) && s->noise[2] % 2 && s->state < SF_TIME_WAIT)
		put_noise(answer, s, SF_PART_BBR, sizeof(struct sf_bbr_info));
	if (ext & 1u << (SF_PART_TOS - 1))
		put_noise(answer, s, SF_PART_TOS, 1);
	if (ext & 1u << (SF_PART_TCLASS - 1)) {
		if (s->family == AF_INET6)
			put_noise(answer, s, SF_PART_TCLASS, 1);
		put_noise(answer, s, SF_PART_CLASS_ID, 4);
	}
	if (ext & 1u << (SF_PART_SKMEM - 1))
		put_noise(answer, s, SF_PART_SKMEM, 36);
}

static bool is_shown(const struct socket *s, const struct sf_ask *ask)
{
	unsigned state = s->state == SF_CLOSE ? SF_BOUND_INACTIVE : s->state;
	struct entry entry;
	struct answer answer;

	if (!(ask->states >> state & 1))
		return false;
	answer_socket(&answer, s, 0);
	answer.view.table = SF_TABLE_TCP;
	assert_int_equal(sf_view_index(&answer.view, answer.bytes, answer.length), 0);
	entry = bytecode_entry(&answer.view);
	entry.mark = s->mark;
	return (!ask->sport || ask->sport == entry.port[0]) && (!ask->dport || ask->dport == entry.port[1]) &&
	       bytecode_run(ask->bytecode, ask->bytecode_length, &entry);
}

int sf_walker_walk(struct sf_walker *walker, const struct sf_ask *ask, const struct sf_walk_calls *calls,
		   struct sf_walk *walk)
{
	uint64_t wall = 1700000000000000;
	const char *refused = NULL;

	(void)walker;
	*walk = (struct sf_walk){.id = ++walks, .dumps = 1};
	if (ask->bytecode_length)
		refused = bytecode_audit(ask->bytecode, ask->bytecode_length, operations);
	assert_null(refused);
	for (unsigned i = 0; i < count; i++) {
		struct answer answer;

		if (i % RECEIVE == 0) /* by the socket, not by what is shown: so stamps are the same in every walk */
			assert_int_equal(calls->received(calls->arg, wall++), 0);
		if (!is_shown(&sockets[i], ask))
			continue;
		answer_socket(&answer, &sockets[i], ask->ext);
		answer.view.table = SF_TABLE_TCP;
		answer.view.release = 0x061200;
		assert_int_equal(sf_view_index(&answer.view, answer.bytes, answer.length), 0);
		walk->seen++;
		calls->socket(calls->arg, &answer.view);
	}
	return 0;
}

uint32_t sf_walker_operations(struct sf_walker *walker)
{
	(void)walker;
	return operations;
}

/* ---- what is drawn ---- */

static void draw_address(struct draft *d, uint8_t family, void *out)
{
	if (family == AF_INET)
		inet_pton(AF_INET, ONE_OF(d, "10.0.0.1", "10.0.0.2", "10.1.0.1", "127.0.0.1"), out);
	else
		inet_pton(AF_INET6, ONE_OF(d, "::1", "2001:db8::1", "fe80::1", "::ffff:10.0.0.1"), out);
}

static void draw_socket(struct draft *d, struct socket *s, uint32_t cookie)
{
	static const uint16_t ports[] = {1, 22, 80, 81, 82, 443, 40000, 65534, 65535};

	memset(s, 0, sizeof(*s));
	s->header.family = s->family = pick(&d->random, 2) ? AF_INET : AF_INET6;
	s->header.state = s->state = (uint8_t)(1 + pick(&d->random, 11));
	s->header.sport = htons(ports[pick(&d->random, SF_COUNT(ports))]);
	if (s->state != SF_LISTEN && s->state != SF_CLOSE) {
		s->header.dport = htons(ports[pick(&d->random, SF_COUNT(ports))]);
		draw_address(d, s->family, s->header.dst);
	}
	draw_address(d, s->family, s->header.src);
	s->header.interface = (uint32_t[]){0, 0, 1, 77777}[pick(&d->random, 4)];
	s->header.cookie[0] = cookie;
	s->header.uid = pick(&d->random, 2);
	s->header.inode = pick(&d->random, 3);
	for (size_t i = 0; i < sizeof(s->noise); i++)
		s->noise[i] = (uint8_t)draw(&d->random);
	s->cgroup = (uint64_t[]){1, 7, 8}[pick(&d->random, 3)];
	s->mark = (uint32_t[]){0, 1, 0x34, 0x1234}[pick(&d->random, 4)];
}

/* A query of its own kind: usual states, all of them, a filter by chance; some fields; sometimes a limit. */
static struct sf_plan *draw_plan(struct draft *d, const char *name)
{
	static const char *const words[] = {"all", "tcp", "local", "peer", "state", "skmem", "bbr", "tcp.rtt_us", "tcp.*cwnd",
					    "mark", "cgroup", "tclass", "class_id", "tos", "ulp", "tcp.congestion_control", "v6only",
					    "shutdown", "listen", "table", "uid"};
	const struct sf_host host = {.name = "web-1", .id = "i", .boot_id = "b"};
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text tcp = {.text = "tcp", .length = 3}, fields[3];
	struct sf_query_conf conf = {.name = name, .sockets = {1, &tcp, NULL}, .fields = {0, fields, NULL}};
	struct sf_plan *plan = NULL;

	do {
		sf_filter_free(draw_filter(d, pick(&d->random, 2)));
		if (!pick(&d->random, 8))
			d->text.length = 0;
		if (pick(&d->random, 3)) {
			char *text = sf_strdup(d->text.length ? d->text.data : "sport > 0");

			d->text.length = 0;
			sf_buf_format(&d->text, "state %s and (%s)", ONE_OF(d, "all", "established", "listening", "bucket", "big"), text);
			free(text);
		}
		conf.filter = (struct sf_text){.name = "f", .text = d->text.data, .length = d->text.length};
		conf.limit = pick(&d->random, 4) ? 0 : pick(&d->random, 20);
		conf.fields.count = 1 + pick(&d->random, SF_COUNT(fields));
		for (size_t i = 0; i < conf.fields.count; i++) {
			fields[i].text = words[pick(&d->random, i || pick(&d->random, 2) ? SF_COUNT(words) : 1)];
			fields[i].length = strlen(fields[i].text);
		}
	} while (sf_plan_new(&conf, &host, &(struct sf_list){0}, &plan, complaints) < 0); /* it can never hold */
	return plan;
}

/* ---- what comes ---- */

struct came {
	struct sf_buf lines;
	uint64_t seen;
};

static int pause_walk(void *arg, uint64_t *waited)
{
	(void)arg;
	*waited = 0;
	return 0;
}

static struct sf_pool *pool;
static struct came *of; /* by the run's number */

static void take_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	(void)arg;
	sf_buf_add(&of[run->run - 1].lines, batch->data, batch->length);
	sf_batch_drop(pool, batch);
}

static void run_ended(void *arg, struct sf_run *run)
{
	(void)arg;
	(void)run;
}

/* The lines of sockets end where the run record begins: the last line. */
static size_t record_at(const struct sf_buf *lines)
{
	const char *newline = memrchr(lines->data, '\n', lines->length - 1);

	return newline ? (size_t)(newline + 1 - lines->data) : 0;
}

static const char *value_of(struct json_object *record, const char *name)
{
	struct json_object *value = NULL;

	assert_true(judge_find(record, name, &value));
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
}

static void compare(const struct sf_plan *plan, const struct came *alone, const struct came *shared)
{
	static const char *const same[] = {"query", "run", "seq", "records", "sockets_matched", "cut", "partial", "errors", "skipped",
					   "previous_run"};
	size_t a = record_at(&alone->lines), s = record_at(&shared->lines);
	struct json_object *of_alone = judge_line(alone->lines.data + a, alone->lines.length - a);
	struct json_object *of_shared = judge_line(shared->lines.data + s, shared->lines.length - s);

	if (a != s || memcmp(alone->lines.data, shared->lines.data, a)) {
		char *text = normal(plan->filter);

		fail_msg("%s\nalone:\n%.*s\nshared:\n%.*s", text, (int)a, alone->lines.data, (int)s, shared->lines.data);
	}
	for (size_t i = 0; i < SF_COUNT(same); i++)
		assert_string_equal(value_of(of_alone, same[i]), value_of(of_shared, same[i]));
	assert_true(strtoull(value_of(of_alone, "sockets_seen"), NULL, 10) <= strtoull(value_of(of_shared, "sockets_seen"), NULL, 10));
	json_object_put(of_alone);
	json_object_put(of_shared);
}

static void a_shared_walk_gives_each_query_what_its_own_would(void **state)
{
	struct draft d = {.random = seed()};
	const struct sf_collect_calls calls = {pause_walk, take_batch, run_ended, NULL, NULL};
	uint64_t records = 0;
	(void)state;

	pool = sf_pool_new();
	for (unsigned trial = 0; trial < TRIALS; trial++) {
		struct sf_questions *questions = sf_questions_new();
		size_t queries = 1 + pick(&d.random, QUERIES);
		struct came alone[QUERIES] = {0}, shared[QUERIES] = {0};
		struct sf_run run[QUERIES], *runs[QUERIES];
		char names[QUERIES][16];

		operations = pick(&d.random, 2) ? OPERATIONS_ALL : OPERATIONS_FIRST;
		count = pick(&d.random, SOCKETS + 1);
		for (unsigned i = 0; i < count; i++)
			draw_socket(&d, &sockets[i], i + 1);
		for (size_t q = 0; q < queries; q++) {
			snprintf(names[q], sizeof(names[q]), "q%zu", q);
			run[q] = (struct sf_run){.plan = draw_plan(&d, names[q]), .run = q + 1, .first = true};
			runs[q] = &run[q];
		}
		of = alone;
		for (size_t q = 0; q < queries; q++)
			sf_collect(NULL, questions, pool, &runs[q], 1, &calls);
		for (unsigned again = 0; again < 2; again++) { /* the second time the question is remembered */
			of = shared;
			sf_collect(NULL, questions, pool, runs, queries, &calls);
			for (size_t q = 0; q < queries; q++) {
				compare(run[q].plan, &alone[q], &shared[q]);
				records += run[q].records;
				sf_buf_finish(&shared[q].lines);
			}
		}
		for (size_t q = 0; q < queries; q++) {
			sf_buf_finish(&alone[q].lines);
			sf_plan_free(run[q].plan);
		}
		sf_questions_free(questions);
	}
	assert_true(records > TRIALS * 20); /* it was put to the test */
	sf_pool_free(pool);
	sf_buf_finish(&d.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shared_walk_gives_each_query_what_its_own_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
