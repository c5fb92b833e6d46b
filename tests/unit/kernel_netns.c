/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `namespaces:` as it is read; what a walker does where there are none but its own; and, where a process may make one, the
 * table of states in agent/kernel/netns.c as far as no script can reach it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/netns.h"

enum { MOST = 4 };

/* The choice of these words; NULL: refused. */
static struct sf_netns_choice *choice_of(const char *const *words, size_t count)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text texts[MOST];
	struct sf_netns_choice *choice = NULL;
	int r;

	for (size_t i = 0; i < count; i++)
		texts[i] = (struct sf_text){.name = "t", .text = words[i], .length = strlen(words[i])};
	r = sf_netns_choice_read(&(struct sf_list){.count = count, .items = texts}, &choice, complaints);
	assert_int_equal(r, choice ? 0 : -EINVAL);
	assert_int_equal(sf_complaints_errors(complaints) > 0, !choice);
	return choice;
}

static struct sf_netns_choice *one(const char *word)
{
	return choice_of(&word, 1);
}

static void words_are_read_and_printed_as_they_were_written(void **state)
{
	static const char *const words[] = {"self", "pid:812", "blue", "web-*"};
	struct sf_netns_choice *choice = choice_of(words, 4);
	struct sf_buf text = {0};

	(void)state;
	sf_netns_choice_print(choice, &text);
	assert_string_equal(text.data, "self pid:812 blue web-*");
	assert_false(sf_netns_choice_self(choice));
	sf_buf_finish(&text);
	sf_netns_choice_free(choice);
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const wrong[] = {"", ".", "..", "a/b", "/run/netns/blue", "pid:", "pid:0", "pid:x", "pid:-1",
					    "pid:99999999999999999999", "pid:2147483648", "pid:1 "};
	char longest[257];

	(void)state;
	for (size_t i = 0; i < SF_COUNT(wrong); i++)
		assert_null(one(wrong[i]));
	memset(longest, 'a', 256);
	longest[256] = '\0';
	assert_null(one(longest));
	longest[255] = '\0';
	sf_netns_choice_free(one(longest));
}

static void nothing_and_self_are_the_same(void **state)
{
	struct sf_netns_choice *self = one("self"), *none = choice_of(NULL, 0), *all = one("all"), *blue = one("blue"),
			       *blue_too = one("blue");

	(void)state;
	assert_true(sf_netns_choice_self(self) && sf_netns_choice_self(none) && sf_netns_choice_self(NULL));
	assert_false(sf_netns_choice_self(all) || sf_netns_choice_self(blue));
	assert_true(sf_netns_choice_same(self, NULL) && sf_netns_choice_same(none, self) && sf_netns_choice_same(blue, blue_too));
	assert_false(sf_netns_choice_same(self, all) || sf_netns_choice_same(all, NULL) || sf_netns_choice_same(all, blue));
	sf_netns_choice_free(self);
	sf_netns_choice_free(none);
	sf_netns_choice_free(all);
	sf_netns_choice_free(blue);
	sf_netns_choice_free(blue_too);
}

static uint32_t own_inode(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return (uint32_t)st.st_ino;
}

static void ones_own_is_entered_without_leaving(void **state)
{
	struct sf_walker *walker = sf_walker_new(0);
	char text[32];
	struct sf_netns_choice *choices[2];
	struct sf_walk_error error[SF_WALK_ERRORS];
	size_t count;

	(void)state;
	snprintf(text, sizeof(text), "pid:%d", getpid());
	choices[0] = one(text);
	choices[1] = one("self");
	count = sf_walker_look(walker, (const struct sf_netns_choice *const *)choices, 2);
	assert_int_equal(count, 1); /* it is found by its process, and is none of the others */
	for (size_t i = 0; i < 2; i++) {
		assert_true(sf_walker_chosen(walker, 0, i));
		assert_int_equal(sf_walker_netns_errors(walker, i, error), 0);
	}
	assert_int_equal(sf_walker_enter(walker, 0), 0);
	assert_int_equal(sf_walker_netns(walker), own_inode());
	sf_walker_leave(walker);
	for (size_t i = 0; i < 2; i++)
		sf_netns_choice_free(choices[i]);
	sf_walker_free(walker);
}

static void what_is_not_found_is_an_error_of_who_named_it(void **state)
{
	struct sf_walker *walker = sf_walker_new(0);
	struct sf_netns_choice *choices[3] = {one("self"), one("sockfeed-has-no-such"), one("pid:2147483647")};
	struct sf_walk_error error[SF_WALK_ERRORS];

	(void)state;
	for (int i = 0; i < 3; i++) /* a look forgets what the one before found */
		assert_int_equal(sf_walker_look(walker, (const struct sf_netns_choice *const *)choices, 3), 1);
	assert_int_equal(sf_walker_netns_errors(walker, 0, error), 0);
	assert_int_equal(sf_walker_netns_errors(walker, 1, error), 1);
	assert_int_equal(error[0].code, ENOENT);
	assert_non_null(strstr(error[0].message, "sockfeed-has-no-such"));
	assert_int_equal(sf_walker_netns_errors(walker, 2, error), 1);
	assert_int_equal(error[0].code, ESRCH);
	assert_true(sf_walker_chosen(walker, 0, 0));
	assert_false(sf_walker_chosen(walker, 0, 1) || sf_walker_chosen(walker, 0, 2));
	for (size_t i = 0; i < 3; i++)
		sf_netns_choice_free(choices[i]);
	sf_walker_free(walker);
}

static void what_cannot_be_looked_through_is_an_error(void **state)
{
	struct sf_netns_choice *choices[] = {one("web-*"), one("all"), one("self")};
	struct sf_walker *walker = sf_walker_new(0);
	struct sf_walk_error error[SF_WALK_ERRORS];
	struct rlimit limit, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){0, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	sf_walker_look(walker, (const struct sf_netns_choice *const *)choices, 3);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(sf_walker_netns_errors(walker, 0, error), 1);
	assert_int_equal(error[0].code, EMFILE);
	assert_string_equal(error[0].message, "/run/netns cannot be looked through: Too many open files");
	assert_int_equal(sf_walker_netns_errors(walker, 1, error), 2);
	assert_int_equal(error[0].code, EMFILE);
	assert_int_equal(error[1].code, EMFILE);
	assert_int_equal(sf_walker_netns_errors(walker, 2, error), 0);
	for (size_t i = 0; i < SF_COUNT(choices); i++)
		sf_netns_choice_free(choices[i]);
	sf_walker_free(walker);
}

static void more_than_64_choices_are_told_apart(void **state)
{
	struct sf_walker *walker = sf_walker_new(0);
	struct sf_netns_choice *self = one("self"), *none = one("sockfeed-has-no-such*");
	const struct sf_netns_choice *choices[130];

	(void)state;
	for (size_t i = 0; i < 130; i++)
		choices[i] = i % 3 ? none : self;
	for (size_t count = 1; count <= 130; count += 43) {
		assert_int_equal(sf_walker_look(walker, choices, count), 1);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(sf_walker_chosen(walker, 0, i), i % 3 == 0);
	}
	sf_netns_choice_free(self);
	sf_netns_choice_free(none);
	sf_walker_free(walker);
}

/* ---- with a namespace that a child is in ---- */

enum { SIOCGSKNS_ = 0x894c }; /* linux/sockios.h: the namespace of a socket */

static pid_t child; /* 0: none */

/* A child in a namespace of its own; skips the test where none can be made. */
static void make_child(void)
{
	int ready[2];
	char byte = 0;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		byte = unshare(CLONE_NEWNET) == 0;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (!byte)
		skip();
}

static int end_child(void **state)
{
	(void)state;
	if (child) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
	return 0;
}

static uint32_t inode_of(pid_t pid)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_int_equal(stat(path, &st), 0);
	return (uint32_t)st.st_ino;
}

static uint32_t inode_of_socket(int fd)
{
	int netns = ioctl(fd, SIOCGSKNS_);
	struct stat st;

	assert_true(netns >= 0);
	assert_int_equal(fstat(netns, &st), 0);
	close(netns);
	return (uint32_t)st.st_ino;
}

/* Of a walker that has looked for the child's: its index. */
static size_t look(struct sf_walker *walker, struct sf_netns_choice *const *choices, size_t count)
{
	assert_int_equal(sf_walker_look(walker, (const struct sf_netns_choice *const *)choices, count), 2);
	assert_true(sf_walker_chosen(walker, 1, 0));
	return 1;
}

static struct sf_netns_choice *choice_of_child(void)
{
	char word[32];

	snprintf(word, sizeof(word), "pid:%d", child);
	return one(word);
}

static int fd_of(const struct sf_walker *walker)
{
	return mnl_socket_get_fd(walker->link.socket);
}

static struct sf_walker *walker_beside_child(void)
{
	make_child();
	return sf_walker_new(0);
}

static void another_one_is_entered_left_and_kept(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_netns_choice *choice;
	int home = fd_of(walker), there;

	(void)state;
	choice = choice_of_child();
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	there = fd_of(walker);
	assert_int_equal(inode_of_socket(there), inode_of(child));
	assert_int_equal(sf_walker_netns(walker), inode_of(child));
	sf_walker_leave(walker);
	assert_int_equal(fd_of(walker), home);
	assert_int_equal(sf_walker_netns(walker), own_inode());
	assert_true(fcntl(there, F_GETFD) >= 0);
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	assert_int_equal(fd_of(walker), there); /* as it was */
	sf_walker_leave(walker);
	sf_walker_let_go(walker);
	assert_int_equal(fcntl(there, F_GETFD), -1);
	sf_netns_choice_free(choice);
	sf_walker_free(walker);
}

static void one_that_is_not_looked_for_is_kept_as_long_as_it_is_there(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_netns_choice *choice, *other = one("sockfeed-has-no-such*"), *self = one("self");
	int there;

	(void)state;
	choice = choice_of_child();
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	there = fd_of(walker);
	sf_walker_leave(walker);
	assert_int_equal(sf_walker_look(walker, (const struct sf_netns_choice *const *)&other, 1), 2);
	assert_false(sf_walker_chosen(walker, 0, 0) || sf_walker_chosen(walker, 1, 0));
	assert_int_equal(sf_walker_look(walker, (const struct sf_netns_choice *const *)&self, 1), 1);
	assert_true(fcntl(there, F_GETFD) >= 0);
	end_child(NULL);
	assert_int_equal(sf_walker_look(walker, (const struct sf_netns_choice *const *)&other, 1), 1);
	assert_int_equal(fcntl(there, F_GETFD), -1);
	sf_netns_choice_free(choice);
	sf_netns_choice_free(other);
	sf_netns_choice_free(self);
	sf_walker_free(walker);
}

static void a_walker_that_tidies_closes_what_is_gone(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_netns_choice *choice = choice_of_child();
	int there;

	(void)state;
	assert_int_equal(sf_walker_tidy(walker), 0);
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	there = fd_of(walker);
	sf_walker_leave(walker);
	assert_int_equal(sf_walker_tidy(walker), 1);
	assert_true(fcntl(there, F_GETFD) >= 0);
	end_child(NULL);
	assert_int_equal(sf_walker_tidy(walker), 0);
	assert_int_equal(fcntl(there, F_GETFD), -1);
	sf_netns_choice_free(choice);
	sf_walker_free(walker);
}

static void a_descriptor_that_broke_is_opened_anew_in_its_namespace(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_netns_choice *choice;
	struct sf_err err;

	(void)state;
	choice = choice_of_child();
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	sf_link_close(&walker->link);
	assert_int_equal(sf_netns_open(walker->away, &walker->link, &err), 0);
	assert_int_equal(inode_of_socket(fd_of(walker)), inode_of(child));
	sf_link_close(&walker->link);
	sf_walker_leave(walker); /* without one: the next time it is opened */
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	assert_int_equal(inode_of_socket(fd_of(walker)), inode_of(child));
	sf_walker_leave(walker);
	sf_netns_choice_free(choice);
	sf_walker_free(walker);
}

static void whose_process_ended_is_found_by_another_one(void **state)
{
	struct sf_netns place = {0};
	struct sf_link link = {0};
	struct sf_err err;
	struct stat st;

	(void)state;
	make_child();
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	place.inode = inode_of(child);
	place.name = sf_strdup("sockfeed-has-no-such");
	assert_int_equal(sf_netns_open(&place, &link, &err), -ESRCH);
	assert_true(sf_netns_find_again(&place, st.st_dev));
	assert_int_equal(place.pid, child);
	assert_null(place.name);
	assert_int_equal(sf_netns_open(&place, &link, &err), 0);
	sf_link_finish(&link);
	place.pid = getpid(); /* it is in another one */
	assert_int_equal(sf_netns_open(&place, &link, &err), -ESRCH);
	end_child(NULL);
	assert_false(sf_netns_find_again(&place, st.st_dev));
}

static void one_that_went_since_the_look_is_no_error(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_walk_error error[SF_WALK_ERRORS];
	struct sf_netns_choice *choice;
	size_t at;

	(void)state;
	choice = choice_of_child();
	at = look(walker, &choice, 1);
	end_child(NULL);
	assert_int_equal(sf_walker_enter(walker, at), -ESRCH);
	assert_int_equal(sf_walker_netns(walker), own_inode());
	assert_int_equal(sf_walker_netns_errors(walker, 0, error), 0);
	sf_netns_choice_free(choice);
	sf_walker_free(walker);
}

static const struct sf_netns_choice *const *borrowed(struct sf_netns_choice *const *choices)
{
	return (const struct sf_netns_choice *const *)choices;
}

/* Of 130 choices every third is its own; it tidies, too. */
static void look_in_between(struct sf_walker *walker, struct sf_netns_choice *self, struct sf_netns_choice *lacking)
{
	const struct sf_netns_choice *choices[130];
	struct sf_walk_error error[SF_WALK_ERRORS];

	for (size_t i = 0; i < 130; i++)
		choices[i] = i % 3 ? lacking : self;
	assert_int_equal(sf_walker_look(walker, choices, 130), 2);
	for (size_t i = 0; i < 130; i++) {
		assert_int_equal(sf_walker_chosen(walker, 0, i), i % 3 == 0);
		assert_false(sf_walker_chosen(walker, 1, i));
		assert_int_equal(sf_walker_netns_errors(walker, i, error), i % 3 != 0);
	}
	assert_int_equal(sf_walker_tidy(walker), 1);
}

/* Though others look, and for something else, before it was entered for the first time. */
static void what_was_looked_up_stays_through_a_pause(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_netns_choice *choices[] = {choice_of_child(), one("self"), one("sockfeed-has-no-such")};
	struct sf_walk_error error[SF_WALK_ERRORS];
	struct sf_walker_pause pause, inner;
	size_t count = 0;

	(void)state;
	assert_int_equal(sf_walker_look(walker, borrowed(choices), 3), 2);
	pause = sf_walker_pause(walker, 0);
	look_in_between(walker, choices[1], choices[2]);
	inner = sf_walker_pause(walker, 0);
	look_in_between(walker, choices[1], choices[2]);
	assert_int_equal(sf_walker_look(walker, borrowed(&choices[1]), 1), 1);
	assert_true(sf_walker_chosen(walker, 0, 0));
	assert_int_equal(sf_walker_resume(walker, &inner, &count), 1);
	assert_true(sf_walker_chosen(walker, 0, 129) && !sf_walker_chosen(walker, 0, 1));
	assert_int_equal(sf_walker_resume(walker, &pause, &count), 1);
	assert_int_equal(count, 2);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sf_walker_chosen(walker, 0, i), i == 1);
		assert_int_equal(sf_walker_chosen(walker, 1, i), i == 0);
		assert_int_equal(sf_walker_netns_errors(walker, i, error), i == 2);
	}
	assert_int_equal(sf_walker_enter(walker, 1), 0);
	assert_int_equal(sf_walker_netns(walker), inode_of(child));
	sf_walker_leave(walker);
	end_child(NULL);
	assert_int_equal(sf_walker_tidy(walker), 0); /* nobody waits for it any more */
	for (size_t i = 0; i < 3; i++)
		sf_netns_choice_free(choices[i]);
	sf_walker_free(walker);
}

static void a_sweep_goes_on_behind_one_that_went_while_it_paused(void **state)
{
	struct sf_walker *walker = walker_beside_child();
	struct sf_netns_choice *choice = choice_of_child(), *other = one("sockfeed-has-no-such*");
	struct sf_walker_pause pause;
	size_t count = 0;

	(void)state;
	assert_int_equal(sf_walker_enter(walker, look(walker, &choice, 1)), 0);
	sf_walker_leave(walker);
	assert_int_equal(sf_walker_look(walker, borrowed(&other), 1), 2); /* it is open, and not chosen */
	pause = sf_walker_pause(walker, 1);
	end_child(NULL);
	assert_int_equal(sf_walker_look(walker, borrowed(&other), 1), 1);
	assert_int_equal(sf_walker_resume(walker, &pause, &count), 1);
	assert_int_equal(count, 1);
	sf_netns_choice_free(choice);
	sf_netns_choice_free(other);
	sf_walker_free(walker);
}

#define RUN(test) cmocka_unit_test_teardown(test, end_child)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_read_and_printed_as_they_were_written),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(nothing_and_self_are_the_same),
		cmocka_unit_test(ones_own_is_entered_without_leaving),
		cmocka_unit_test(what_is_not_found_is_an_error_of_who_named_it),
		cmocka_unit_test(what_cannot_be_looked_through_is_an_error),
		cmocka_unit_test(more_than_64_choices_are_told_apart),
		RUN(another_one_is_entered_left_and_kept),
		RUN(one_that_is_not_looked_for_is_kept_as_long_as_it_is_there),
		RUN(a_walker_that_tidies_closes_what_is_gone),
		RUN(a_descriptor_that_broke_is_opened_anew_in_its_namespace),
		RUN(whose_process_ended_is_found_by_another_one),
		RUN(one_that_went_since_the_look_is_no_error),
		RUN(what_was_looked_up_stays_through_a_pause),
		RUN(a_sweep_goes_on_behind_one_that_went_while_it_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
