/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents that are killed at any moment, also while they rotate and pack: every line that they had counted as delivered
 * is there, once and whole, when the last of them has begun.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "delivery/file/file.h"
#include "files.h"

enum { KILLS = 60, EACH = 100000, LENGTH = 200, KEEP = 1000 }; /* EACH: numbers of one agent */

struct world {
	char *directory;
	struct sf_file_conf conf;
	_Atomic uint64_t *delivered; /* of each agent, as it knew itself; shared with it */
};

/* Random text, so that packing takes a while. */
static void put_lines(struct outlet *o, uint32_t count)
{
	struct sf_batch *batch = sf_pool_get(o->pool);

	for (uint32_t i = 0; i < count; i++) {
		char *line = batch->data + batch->length;

		for (size_t at = 0; at < LENGTH; at++)
			line[at] = (char)(' ' + 1 + random() % 90);
		line[snprintf(line, LENGTH, "{\"time\":\"%08llu\"", (unsigned long long)o->lines++)] = ' ';
		line[LENGTH - 1] = '\n';
		sf_batch_line(batch, LENGTH, SF_LINE_SOCKET, 0);
	}
	batch = sf_pool_trim(o->pool, batch);
	sf_outputs_charge(&o->output, 1, batch->length);
	sf_output_put(o->output, batch, NULL);
	sf_batch_drop(o->pool, batch);
}

/* In a child; never comes back. */
static void write_until_killed(struct world *w, unsigned agent)
{
	struct outlet o;

	srandom(agent);
	if (outlet_open(&o, "file", &w->conf, NULL) < 0)
		_exit(1);
	o.lines = (uint64_t)agent * EACH;
	while (o.lines < (uint64_t)(agent + 1) * EACH - 100) {
		put_lines(&o, 1 + (uint32_t)random() % 100);
		do {
			sf_loop_turn(o.loop, 1000);
			atomic_store(&w->delivered[agent], outlet_counts(&o).delivered);
		} while (outlet_counts(&o).waiting > 400);
	}
	for (;;)
		pause();
}

static void run_and_kill(struct world *w, unsigned agent)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		write_until_killed(w, agent);
	if (random() % 4) /* else: at the very start, while the remains of the last one are put in order */
		while (!atomic_load(&w->delivered[agent]) && waitpid(child, &status, WNOHANG) == 0)
			usleep(100);
	usleep((useconds_t)(random() % 20000));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Lines of one file; `next` is the number that may come next of its agent, `found` counts for each. */
static void read_file_of_all(const char *path, uint64_t *next, uint64_t found[KILLS])
{
	char line[4 * LENGTH];
	gzFile file = gzopen(path, "rbe");

	assert_non_null(file);
	while (gzgets(file, line, sizeof(line))) {
		uint64_t number = strtoull(line + strlen("{\"time\":\""), NULL, 10);

		if (strlen(line) != LENGTH || line[LENGTH - 1] != '\n' || strncmp(line, "{\"time\":\"", 9))
			fail_msg("%s: torn: %s", path, line);
		if (number != *next && (number < *next || number % EACH))
			fail_msg("%s: %llu after %llu", path, (unsigned long long)number,
				 (unsigned long long)*next - 1);
		*next = number + 1;
		assert_true(number / EACH < KILLS);
		found[number / EACH]++;
	}
	assert_int_equal(gzclose(file), Z_OK);
}

static void check_all_files(struct world *w)
{
	uint64_t next = 0, found[KILLS] = {0};
	char path[PATH_MAX + 32];

	for (int number = KEEP; number > 0; number--) {
		for (int packed = 0; packed < 2; packed++) {
			snprintf(path, sizeof(path), "%s.%d%s", w->conf.path, number, packed ? ".gz" : "");
			if (exists(path))
				read_file_of_all(path, &next, found);
		}
	}
	read_file_of_all(w->conf.path, &next, found);
	for (unsigned agent = 0; agent < KILLS; agent++)
		assert_true(found[agent] >= atomic_load(&w->delivered[agent]));
}

static void lives_and_deaths(uint64_t size, bool compress)
{
	size_t shared = KILLS * sizeof(_Atomic uint64_t);
	struct world w = {.directory = directory_new()};
	struct outlet last;

	w.conf = (struct sf_file_conf){
		.path = below(w.directory, "log"), .size = size, .keep = KEEP, .compress = compress};
	w.conf.path = sf_strdup(w.conf.path);
	w.delivered = mmap(NULL, shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(w.delivered != MAP_FAILED);
	for (unsigned agent = 0; agent < KILLS; agent++)
		run_and_kill(&w, agent);
	assert_int_equal(outlet_open(&last, "file", &w.conf, NULL), 0); /* puts the remains in order */
	outlet_finish(&last);
	check_all_files(&w);
	munmap(w.delivered, shared);
	directory_free(w.directory);
	free((char *)w.conf.path);
}

static void kills_lose_no_delivered_line_of_a_file(void **state)
{
	(void)state;
	lives_and_deaths(0, false);
}

static void kills_lose_no_delivered_line_in_rotation(void **state)
{
	(void)state;
	lives_and_deaths(64 << 10, false);
}

static void kills_lose_no_delivered_line_in_packing(void **state)
{
	(void)state;
	lives_and_deaths(64 << 10, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_lose_no_delivered_line_of_a_file),
		cmocka_unit_test(kills_lose_no_delivered_line_in_rotation),
		cmocka_unit_test(kills_lose_no_delivered_line_in_packing),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
