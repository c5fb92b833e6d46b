/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source that was removed is never called again, whoever removes it and when; freeing the loop frees its sources, and
 * descriptors stay with who brought them.
 */
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "descriptors.h"
#include "loops.h"

enum { MANY = 40 }; /* fewer than one epoll_wait brings */

struct pipe_source {
	struct crowd *crowd;
	struct sf_source *source; /* NULL: removed, or not yet */
	int reader, writer;
	unsigned calls;
	uint32_t events;
};

struct crowd {
	struct sf_loop *loop;
	unsigned calls; /* of all */
	struct pipe_source p[MANY];
};

static void called(struct pipe_source *p, uint32_t events)
{
	assert_non_null(p->source);
	p->calls++;
	p->crowd->calls++;
	p->events = events;
}

static void on_events(void *arg, uint32_t events)
{
	called(arg, events);
}

static void open_pipe(struct pipe_source *p)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	p->reader = fds[0];
	p->writer = fds[1];
}

static void fill(struct pipe_source *p)
{
	assert_int_equal(write(p->writer, "x", 1), 1);
}

static void watch(struct pipe_source *p, void (*call)(void *, uint32_t))
{
	struct sf_err err;

	assert_int_equal(sf_loop_descriptor(p->crowd->loop, p->reader, EPOLLIN, call, p, &p->source, &err), 0);
}

static void remove_source(struct pipe_source *p)
{
	sf_source_remove(sf_take(p->source));
}

static void close_pipe(struct pipe_source *p)
{
	remove_source(p);
	sf_close_p(&p->reader);
	sf_close_p(&p->writer);
}

/* `ready` of them have something to read and call `call`. */
static struct crowd *gather(void **state, size_t ready, void (*call)(void *, uint32_t))
{
	struct crowd *crowd = sf_new(struct crowd);

	crowd->loop = *state;
	for (size_t i = 0; i < MANY; i++) {
		crowd->p[i] = (struct pipe_source){.crowd = crowd, .reader = -1, .writer = -1};
		if (i >= ready)
			continue;
		open_pipe(&crowd->p[i]);
		watch(&crowd->p[i], call);
		fill(&crowd->p[i]);
	}
	return crowd;
}

static void part(struct crowd *crowd)
{
	for (size_t i = 0; i < MANY; i++)
		close_pipe(&crowd->p[i]);
	free(crowd);
}

static void turn_some_more(struct crowd *crowd)
{
	for (int i = 0; i < 5; i++)
		assert_true(sf_loop_turn(crowd->loop, 1000) >= 0);
}

static void a_descriptor_says_which_events_it_has(void **state)
{
	struct crowd *crowd = gather(state, 0, NULL);
	struct pipe_source *in = &crowd->p[0], *out = &crowd->p[1];
	struct sf_err err;

	open_pipe(in);
	watch(in, on_events);
	assert_int_equal(sf_loop_turn(crowd->loop, 0), 0);
	fill(in);
	assert_true(loop_until(crowd->loop, &in->calls, 1));
	assert_int_equal(in->events, EPOLLIN);
	sf_close_p(&in->writer);
	assert_true(loop_until(crowd->loop, &in->calls, 2)); /* what was not read is said again */
	assert_int_equal(in->events, EPOLLIN | EPOLLHUP);
	remove_source(in);

	open_pipe(out);
	assert_int_equal(
		sf_loop_descriptor(crowd->loop, out->writer, EPOLLOUT, on_events, out, &out->source, &err), 0);
	assert_true(loop_until(crowd->loop, &out->calls, 1));
	assert_int_equal(out->events, EPOLLOUT);
	part(crowd);
}

static void what_cannot_be_watched_is_an_error_with_a_sentence(void **state)
{
	struct sf_source *source = NULL;
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct sf_err err = {0};

	assert_int_equal(sf_loop_descriptor(*state, file, EPOLLIN, on_events, NULL, &source, &err), -EPERM);
	assert_null(source);
	assert_non_null(strstr(err.text, "cannot watch descriptor"));
	close(file);
	assert_int_equal(sf_loop_descriptor(*state, file, EPOLLIN, on_events, NULL, &source, &err), -EBADF);
	assert_null(source);
}

static void more_descriptors_than_a_turn_takes_are_all_called(void **state)
{
	enum { CROWDS = 5 };
	struct crowd *crowd[CROWDS];

	for (size_t c = 0; c < CROWDS; c++)
		crowd[c] = gather(state, MANY, on_events);
	for (size_t c = 0; c < CROWDS; c++) {
		for (size_t i = 0; i < MANY; i++)
			assert_true(loop_until(crowd[c]->loop, &crowd[c]->p[i].calls, 1));
	}
	for (size_t c = 0; c < CROWDS; c++)
		part(crowd[c]);
}

static void remove_itself(void *arg, uint32_t events)
{
	called(arg, events);
	remove_source(arg);
}

static void a_source_that_removes_itself_is_never_called_again(void **state)
{
	struct crowd *crowd = gather(state, MANY, remove_itself);

	assert_int_equal(sf_loop_turn(crowd->loop, PATIENCE_US), MANY);
	turn_some_more(crowd); /* nobody has read what there is */
	assert_int_equal(crowd->calls, MANY);
	part(crowd);
}

static void remove_all_others(void *arg, uint32_t events)
{
	struct pipe_source *self = arg;

	called(self, events);
	for (size_t i = 0; i < MANY; i++) {
		if (&self->crowd->p[i] != self)
			remove_source(&self->crowd->p[i]);
	}
}

static void a_source_that_another_removes_in_the_same_turn_is_never_called(void **state)
{
	struct crowd *crowd = gather(state, MANY, remove_all_others);

	assert_int_equal(sf_loop_turn(crowd->loop, PATIENCE_US), 1);
	turn_some_more(crowd);
	assert_int_equal(crowd->calls, 1 + 5); /* the one that is left, in each turn */
	part(crowd);
}

/* The other one is removed and closed, and a quiet pipe takes over its number. */
static void replace_other(void *arg, uint32_t events)
{
	struct pipe_source *self = arg, *p = self->crowd->p;
	struct pipe_source *other = self == &p[0] ? &p[1] : &p[0], *quiet = &p[2];
	int number = other->reader;

	called(self, events);
	if (quiet->source)
		return;
	close_pipe(other);
	open_pipe(quiet);
	if (quiet->reader != number) {
		assert_int_equal(dup2(quiet->reader, number), number);
		close(quiet->reader);
		quiet->reader = number;
	}
	watch(quiet, on_events);
}

static void who_takes_over_a_descriptor_number_gets_no_event_of_the_one_before(void **state)
{
	struct crowd *crowd = gather(state, 2, replace_other);

	assert_int_equal(sf_loop_turn(crowd->loop, PATIENCE_US), 1);
	turn_some_more(crowd);
	assert_int_equal(crowd->p[2].calls, 0);
	fill(&crowd->p[2]);
	assert_true(loop_until(crowd->loop, &crowd->p[2].calls, 1));
	part(crowd);
}

/* Turns the loop from within; there the other removes both, while the outer turn still holds its event. */
static void turn_within(void *arg, uint32_t events)
{
	struct pipe_source *self = arg, *p = self->crowd->p;
	bool outer = self->crowd->calls == 0;

	called(self, events);
	while (outer && self->source)
		sf_loop_turn(self->crowd->loop, PATIENCE_US);
	if (outer || self->crowd->calls < 3)
		return;
	remove_source(&p[0]);
	remove_source(&p[1]);
}

static void a_source_that_a_turn_within_a_turn_removes_is_never_called(void **state)
{
	struct crowd *crowd = gather(state, 2, turn_within);

	sf_loop_turn(crowd->loop, PATIENCE_US);
	assert_true(crowd->calls >= 3);
	turn_some_more(crowd);
	assert_true(crowd->calls <= 4);
	part(crowd);
}

/* ---- anything, at random: descriptors, timers and wakes that remove, add, set and wake each other ---- */

enum { THINGS = 30, STEPS = 20000 };

struct zoo;
struct thing {
	struct zoo *zoo;
	struct sf_source *source;
	enum { PIPE, TIMER, WAKE } kind;
	int fd[2];
};

struct zoo {
	struct sf_loop *loop;
	unsigned calls;
	struct thing thing[THINGS];
};

static void do_anything(struct zoo *zoo);

static void on_thing(void *arg)
{
	struct thing *thing = arg;

	assert_non_null(thing->source);
	thing->zoo->calls++;
	for (long i = random() % 4; i > 0; i--)
		do_anything(thing->zoo);
}

static void on_thing_events(void *arg, uint32_t events)
{
	(void)events;
	on_thing(arg);
}

static void add(struct thing *t)
{
	struct sf_loop *loop = t->zoo->loop;
	struct sf_err err;

	t->kind = (unsigned)random() % 3;
	switch (t->kind) {
	case PIPE:
		assert_int_equal(pipe2(t->fd, O_CLOEXEC), 0);
		assert_int_equal(sf_loop_descriptor(loop, t->fd[0], EPOLLIN, on_thing_events, t, &t->source, &err), 0);
		break;
	case TIMER:
		assert_int_equal(sf_loop_timer(loop, on_thing, t, &t->source, &err), 0);
		break;
	case WAKE:
		assert_int_equal(sf_loop_wake(loop, on_thing, t, &t->source, &err), 0);
		break;
	}
}

static void drop(struct thing *t)
{
	sf_source_remove(sf_take(t->source));
	sf_close_p(&t->fd[0]);
	sf_close_p(&t->fd[1]);
}

static void excite(struct thing *t)
{
	char byte;

	switch (t->kind) {
	case PIPE:
		if (random() % 2)
			assert_int_equal(write(t->fd[1], "x", 1), 1);
		else if (random() % 2) {
			fcntl(t->fd[0], F_SETFL, O_NONBLOCK);
			(void)!read(t->fd[0], &byte, 1);
		}
		break;
	case TIMER:
		sf_timer_set(t->source, random() % 4 ? sf_clock_mono() : sf_clock_mono() + 100);
		if (random() % 8 == 0)
			sf_timer_clear(t->source);
		break;
	case WAKE:
		sf_wake(t->source);
		break;
	}
}

static void do_anything(struct zoo *zoo)
{
	struct thing *thing = &zoo->thing[random() % THINGS];

	if (!thing->source)
		add(thing);
	else if (random() % 3 == 0)
		drop(thing);
	else
		excite(thing);
}

static void whatever_callbacks_do_no_removed_source_is_called(void **state)
{
	struct zoo zoo = {.loop = *state};

	for (size_t i = 0; i < THINGS; i++)
		zoo.thing[i] = (struct thing){.zoo = &zoo, .fd = {-1, -1}};
	for (int i = 0; i < STEPS; i++) {
		do_anything(&zoo);
		assert_true(sf_loop_turn(zoo.loop, 0) >= 0);
	}
	assert_true(zoo.calls > STEPS);
	for (size_t i = 0; i < THINGS; i++)
		drop(&zoo.thing[i]);
}

/* ---- the end ---- */

static void freeing_the_loop_frees_its_sources_and_leaves_descriptors_to_their_owner(void **state)
{
	unsigned before = open_descriptors();
	struct sf_source *source;
	struct sf_loop *loop;
	struct sf_err err;
	int fds[2];

	(void)state;
	assert_int_equal(sf_loop_new(&loop, &err), 0);
	assert_int_equal(pipe(fds), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sf_loop_timer(loop, on_thing, NULL, &source, &err), 0);
		sf_timer_set(source, sf_clock_mono() + (uint64_t)i);
		assert_int_equal(sf_loop_wake(loop, on_thing, NULL, &source, &err), 0);
		sf_wake(source);
	}
	assert_int_equal(sf_loop_descriptor(loop, fds[0], EPOLLIN, on_thing_events, NULL, &source, &err), 0);
	sf_loop_free(loop);
	assert_true(fcntl(fds[0], F_GETFD) >= 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(open_descriptors(), before);
	sf_loop_free(NULL);
	sf_source_remove(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_descriptor_says_which_events_it_has),
		loop_test(what_cannot_be_watched_is_an_error_with_a_sentence),
		loop_test(more_descriptors_than_a_turn_takes_are_all_called),
		loop_test(a_source_that_removes_itself_is_never_called_again),
		loop_test(a_source_that_another_removes_in_the_same_turn_is_never_called),
		loop_test(who_takes_over_a_descriptor_number_gets_no_event_of_the_one_before),
		loop_test(a_source_that_a_turn_within_a_turn_removes_is_never_called),
		loop_test(whatever_callbacks_do_no_removed_source_is_called),
		cmocka_unit_test(freeing_the_loop_frees_its_sources_and_leaves_descriptors_to_their_owner),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
