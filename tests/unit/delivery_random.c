/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a sink does (done, failed, dead, late, in any order), whatever is refused, with a queue in memory and with a
 * spool that is closed and opened in between: every line that was accepted was delivered, or is a dead letter, or is
 * lost by the policy and named by a gap that was delivered; nothing is named that was delivered; counts add up at every
 * step, and batches of a topic go out in order.
 */
#include "delivery/letters/letters.h"
#include "spooled.h"

enum { BATCHES = 900, LINES_MOST = 120, TOPICS = 4, QUERIES = 3 };

enum fate { ARRIVED = 1, LETTER = 2, NAMED = 4 };

struct sent { /* a batch; its run is its number */
	const char *query, *topic;
	uint32_t lines;
	bool was_put, waits; /* put since the start; given back by the sink and not put again */
	bool has_dead;	     /* when the end comes before its letters it is not done, and may be lost later */
	uint64_t overtaken;  /* meanwhile, by this one of its topic: then it must be lost */
	uint8_t fate[LINES_MOST];
};

static const char *const topics[TOPICS] = {"a", "b", "c", NULL};
static const char *const queries[QUERIES] = {"q", "r", "s"};
static struct sent sent[BATCHES + 1000];
static struct sf_gap told[4096];
static bool arrived[4096]; /* the line of this one */
static size_t gaps;
static uint64_t batches, last_put[TOPICS];
static bool refused[TOPICS], down;
static uint64_t put_lines;

static size_t topic_of(const char *name)
{
	size_t at = 0;

	while (topics[at] && (!name || strcmp(topics[at], name)))
		at++;
	return at;
}

static bool chance(unsigned one_in)
{
	return random() % one_in == 0;
}

/* ---- the sink ---- */

/* What is older of its topic is in the sink, or done, or lost; it is not waiting to be put again. */
static void expect_order(const struct sf_batch *batch, size_t topic)
{
	struct sent *batch_sent = &sent[batch->run];

	if (batch->line[0].type == SF_LINE_GAP)
		return;
	for (uint64_t i = batch->run - 1; i > 0 && i + 300 > batch->run; i--) {
		if (sent[i].waits && topic_of(sent[i].topic) == topic)
			sent[i].overtaken = batch->run;
	}
	if (batch_sent->overtaken)
		fail_msg("batch %llu went before %llu", (unsigned long long)batch_sent->overtaken,
			 (unsigned long long)batch->run);
	if (!batch_sent->was_put) {
		assert_true(batch->run > last_put[topic]);
		last_put[topic] = batch->run;
	}
	batch_sent->was_put = true;
	batch_sent->waits = false;
}

static int put(struct sf_sink *s, struct sf_batch *batch, const char *topic)
{
	int r = sink_put(s, batch, topic);

	if (r == 0)
		expect_order(batch, topic_of(topic));
	return r;
}

static const struct sf_sink_ops ops = {sink_open, put, sink_reopen, sink_close};

static void arrive(const char *line)
{
	unsigned long long run, seq;
	char query[8];

	if (sscanf(line, "gap %llu", &run) == 1) {
		arrived[run] = true;
		return;
	}
	assert_int_equal(sscanf(line, "%7s %llu %llu", query, &run, &seq), 3);
	assert_string_equal(query, sent[run].query);
	sent[run].fate[seq] |= ARRIVED;
}

static void deliver(size_t at, unsigned dead_one_in)
{
	struct sf_batch *batch = sink->held[at].batch;
	uint32_t dead = 0;

	for (uint32_t i = 0; i < batch->lines; i++) {
		if (dead_one_in && batch->line[0].type != SF_LINE_GAP && chance(dead_one_in)) {
			sink->events.dead(sink->events.arg, batch, i, "too large");
			sent[batch->run].has_dead = true;
			dead++;
		} else {
			arrive(batch->data + i * LINE);
		}
	}
	sink_take(sink, at);
	sink->events.written(sink->events.arg, batch->lines - dead);
	sink->events.done(sink->events.arg, batch, 0);
}

static void give_back(size_t at, enum sf_failure failure)
{
	const struct sf_batch *batch = sink->held[at].batch;

	if (batch->line[0].type != SF_LINE_GAP)
		sent[batch->run].waits = true;
	sink_fail(at, failure, failure == SF_REFUSED ? "no right" : "gone");
}

static void sink_acts(unsigned dead_one_in)
{
	size_t at = chance(3) ? (size_t)random() % sink->count : 0;

	if (refused[topic_of(sink->held[at].topic)])
		give_back(at, SF_REFUSED);
	else if (down || chance(200))
		give_back(at, SF_AGAIN);
	else if (chance(300))
		give_back(at, SF_REFUSED);
	else
		deliver(at, dead_one_in);
}

/* ---- the output ---- */

static void tell(void *arg, struct sf_output *output, const struct sf_gap *gap)
{
	struct store *s = arg;
	struct sf_batch *batch = sf_pool_get(s->w.pool);

	assert_true(gaps < SF_COUNT(told));
	told[gaps] = *gap;
	for (size_t i = 0; i < QUERIES; i++) {
		if (!strcmp(queries[i], gap->query))
			told[gaps].query = queries[i];
	}
	memset(batch->data, ' ', LINE);
	batch->data[snprintf(batch->data, LINE, "gap %zu", gaps++)] = ' ';
	sf_batch_line(batch, LINE, SF_LINE_GAP, sf_clock_wall());
	put_lines++;
	batch = sf_pool_trim(s->w.pool, batch);
	sf_outputs_charge(&output, 1, batch->length);
	sf_output_put_gap(output, batch, topics[random() % TOPICS], gap->id);
	sf_batch_drop(s->w.pool, batch);
}

static void open_output(struct store *s)
{
	const struct sf_output_events events = {on_said, on_closed, on_drained, tell, s};
	struct sf_err err;

	sink_room = 1 + (size_t)random() % 50;
	assert_int_equal(sf_loop_new(&s->w.loop, &err), 0);
	if (sf_output_new(&s->as, s->w.loop, s->w.pool, &events, &s->w.output, &err) < 0)
		fail_msg("%s", err.text);
	put_lines = counts_of(&s->w).accepted;
	memset(last_put, 0, sizeof(last_put));
	for (uint64_t i = 1; i <= batches; i++) {
		sent[i].was_put = sent[i].waits = false;
		sent[i].overtaken = 0;
	}
}

static void close_output(struct store *s)
{
	sf_output_free(s->w.output);
	sf_loop_free(s->w.loop);
}

static void put_batch(struct store *s, size_t query, size_t topic)
{
	struct sf_batch *batch = sf_pool_get(s->w.pool);
	uint32_t lines = 1 + (uint32_t)random() % LINES_MOST;
	const atomic_bool cancel = true;

	batch->query = queries[query];
	batch->run = ++batches;
	assert_true(batches < SF_COUNT(sent));
	sent[batches] = (struct sent){.query = queries[query], .topic = topics[topic], .lines = lines};
	for (uint32_t i = 0; i < lines; i++) {
		char *line = batch->data + batch->length;

		memset(line, ' ', LINE);
		line[snprintf(line, LINE, "%s %llu %u", batch->query, (unsigned long long)batches, i)] = ' ';
		line[LINE - 1] = '\n';
		sf_batch_line(batch, LINE, SF_LINE_SOCKET, sf_clock_wall());
	}
	put_lines += lines;
	batch = sf_pool_trim(s->w.pool, batch);
	sf_outputs_wait(&s->w.output, 1, SF_BATCH_SIZE, &cancel);
	sf_outputs_charge(&s->w.output, 1, batch->length);
	sf_output_put(s->w.output, batch, topics[topic]);
	sf_batch_drop(s->w.pool, batch);
}

static void check(const struct store *s)
{
	struct sf_counts counts = counts_of(&s->w);
	const struct sf_spooled *sp = s->w.output->spooled;

	check_sum(&counts, put_lines);
	if (sp)
		assert_int_equal(counts.waiting, sp->append_lines + sp->state.counts.waiting.lines);
}

static void step(struct store *s, unsigned dead_one_in)
{
	if (chance(3) && batches < BATCHES)
		put_batch(s, (size_t)random() % QUERIES, (size_t)random() % TOPICS);
	else if (sink->count && chance(2))
		sink_acts(dead_one_in);
	else
		sf_loop_turn(s->w.loop, chance(20) ? 2000 : 0);
	if (chance(100))
		refused[random() % TOPICS] ^= true;
	if (chance(300))
		down = !down;
	if (down && chance(30))
		down = false;
	check(s);
}

static bool is_over(const struct store *s, bool told_all)
{
	const struct sf_spooled *sp = s->w.output->spooled;

	if (sp && (sp->appends || sp->asking))
		return false;
	if (told_all && (sf_gaps_owed(&s->w.output->gaps) || (sp && sp->state.owed)))
		return false;
	return counts_of(&s->w).waiting == 0;
}

static void finish(struct store *s)
{
	uint64_t end = sf_clock_mono() + 60ull * 1000 * 1000;

	memset(refused, 0, sizeof(refused));
	down = false;
	while (!is_over(s, true) && sf_clock_mono() < end) { /* what is owed is told when something gets out */
		put_batch(s, 0, 0);
		turn_for(&s->w, 10);
		while (!is_over(s, false)) {
			while (sink->count)
				deliver(0, 0);
			sf_loop_turn(s->w.loop, 100 * 1000);
			check(s);
		}
	}
	assert_true(is_over(s, true));
}

/* ---- the verdict ---- */

static void read_letters(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1000];

	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long run, seq;

		assert_int_equal(sscanf(line, "%*s %llu %llu", &run, &seq), 2);
		sent[run].fate[seq] |= LETTER;
	}
	if (file)
		fclose(file);
}

/* Of each gap that arrived, the lines; one that arrived twice counts once. Returns how many are named. */
static uint64_t name_lines(void)
{
	uint64_t all = 0;

	for (size_t i = 0; i < gaps; i++) {
		const struct sf_gap *gap = &told[i];
		uint64_t lines = 0;
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before |= arrived[j] && told[j].id == gap->id && told[j].first.run == gap->first.run;
		if (!arrived[i] || before || !gap->query[0])
			continue;
		for (uint64_t run = gap->first.run; run <= gap->last.run; run++) {
			for (uint64_t seq = 0; seq < sent[run].lines; seq++) {
				if (sent[run].query != gap->query || (run == gap->first.run && seq < gap->first.seq) ||
				    (run == gap->last.run && seq > gap->last.seq))
					continue;
				if (sent[run].fate[seq] & NAMED || (sent[run].fate[seq] && !sent[run].has_dead))
					fail_msg("%s %llu %llu is named by gap %zu (%llu %llu to %llu %llu, %llu records, %s), but "
						 "its fate is %d",
						 gap->query, (unsigned long long)run, (unsigned long long)seq, i,
						 (unsigned long long)gap->first.run, (unsigned long long)gap->first.seq,
						 (unsigned long long)gap->last.run, (unsigned long long)gap->last.seq,
						 (unsigned long long)gap->records, sf_loss_name(gap->reason),
						 sent[run].fate[seq]);
				sent[run].fate[seq] |= NAMED;
				lines++;
			}
		}
		assert_int_equal(lines, gap->records);
		assert_int_equal(lines * LINE, gap->bytes);
		all += lines;
	}
	return all;
}

static void judge(const struct store *s, uint64_t lost)
{
	read_letters(below(s->directory, "dead"));
	assert_int_equal(name_lines(), lost);
	for (uint64_t run = 1; run <= batches; run++) {
		for (uint32_t seq = 0; seq < sent[run].lines; seq++) {
			if (!sent[run].fate[seq])
				fail_msg("%s %llu %u is nowhere", sent[run].query, (unsigned long long)run, seq);
		}
	}
}

/* Gap lines that were lost themselves are lost lines, too. */
static uint64_t lost_now(const struct store *s)
{
	struct sf_counts counts = counts_of(&s->w);

	return lost_of(&counts);
}

static uint64_t gap_lines_lost(void)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < gaps; i++)
		lost += !arrived[i];
	return lost;
}

static void begin_case(struct store *s, bool spool, unsigned seed)
{
	static struct sf_letters_conf letters;
	static char letters_path[PATH_MAX];

	srandom(seed);
	*s = (struct store){.directory = directory_new()};
	s->path = sf_strdup(below(s->directory, "spool"));
	s->conf = (struct sf_spool_conf){.path = s->path,
					 .max_size = chance(2) ? 256 << 20 : 2 << 20,
					 .sync = 100 * 1000,
					 .when_full = (int)(random() % 2)};
	snprintf(letters_path, sizeof(letters_path), "%s/dead", s->directory);
	letters = (struct sf_letters_conf){.path = letters_path,
					   .max_size = chance(2) ? 1 << 20 : 5 * LINE};
	s->as = (struct sf_output_setup){.name = "test",
					 .ops = &ops,
					 .site = &here,
					 .queue_size = 64 << 10,
					 .when_full = (int)(random() % 2),
					 .patience = &impatient,
					 .spool = spool ? &s->conf : NULL,
					 .letters = chance(3) ? NULL : &letters};
	s->w.pool = sf_pool_new();
	memset(sent, 0, sizeof(sent));
	memset(arrived, 0, sizeof(arrived));
	memset(refused, 0, sizeof(refused));
	down = false;
	gaps = batches = 0;
	open_output(s);
}

static void end_case(struct store *s, uint64_t lost)
{
	finish(s);
	judge(s, lost + lost_now(s) - gap_lines_lost());
	close_output(s);
	sf_pool_free(s->w.pool);
	directory_free(s->directory);
	free(s->path);
}

static void run_case(bool spool, unsigned seed)
{
	unsigned dead_one_in = seed % 3 ? 0 : 300;
	uint64_t lost = 0, waiting;
	struct store s;

	begin_case(&s, spool, seed);
	for (int i = 0; i < 6000; i++) {
		step(&s, dead_one_in);
		if (!spool && i == 3000)
			usleep(1100 * 1000); /* a stall */
		if (!spool || !chance(2000))
			continue;
		sf_output_end(s.w.output);
		check(&s);
		lost += lost_now(&s);
		waiting = counts_of(&s.w).waiting;
		close_output(&s);
		open_output(&s);
		assert_int_equal(counts_of(&s.w).accepted, waiting);
	}
	end_case(&s, lost);
}

static unsigned first_seed(unsigned standard)
{
	const char *wanted = getenv("SEED");

	return wanted ? (unsigned)atoi(wanted) : standard;
}

static void nothing_is_lost_untold_with_a_queue_in_memory(void **state)
{
	(void)state;
	for (unsigned seed = first_seed(1), end = seed + 10; seed < end; seed++) {
		print_message("seed %u\n", seed);
		run_case(false, seed);
	}
}

static void nothing_is_lost_untold_with_a_spool_and_restarts(void **state)
{
	(void)state;
	for (unsigned seed = first_seed(1), end = seed + 10; seed < end; seed++) {
		print_message("seed %u\n", seed);
		run_case(true, seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_untold_with_a_queue_in_memory),
		cmocka_unit_test(nothing_is_lost_untold_with_a_spool_and_restarts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
