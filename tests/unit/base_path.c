/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `base`: where a path leads, as far as it exists and behind that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockfeed/base.h>

static char folder[] = "/tmp/sockfeed-path-XXXXXX"; /* with r/, and links beside it */
static const struct {
	const char *name, *target;
} links[] = {{"to_r", "r"},	{"to_none", "none/x"}, {"up", "r/.."},
	     {"chain", "to_r"}, {"round", "about"},    {"about", "./round"},
	     {"to_root", "/"},	{"to_file", "r/out"},  {"r/back", "../to_none"},
	     {"to_self", "."}};

/* What is expected is written behind the folder, or as a whole. */
static void leads(const char *path, bool last, const char *to)
{
	sf_cleanup(sf_free_p) char *got = sf_path_real(path, last);
	sf_cleanup(sf_buf_finish) struct sf_buf want = {0};
	sf_cleanup(sf_free_p) char *here = realpath(".", NULL);

	sf_buf_format(&want, "%s%s", to[0] == '/' ? "" : here, to[0] == '/' || !*to ? "" : "/");
	sf_buf_text(&want, to);
	assert_string_equal(got, want.data);
}

static void what_exists_and_what_does_not_are_written_alike(void **state)
{
	(void)state;
	leads("r/out", true, "r/out");
	leads("./r//out", true, "r/out");
	leads("r/../r/./out", true, "r/out");
	leads("none/../r/out", true, "r/out");
	leads("none//deep/./../file/", true, "none/file");
	leads("", true, "");
	leads(".", true, "");
	leads("...", true, "...");
	leads(".hidden/..file", true, ".hidden/..file");
}

static void an_absolute_path_needs_no_working_directory(void **state)
{
	(void)state;
	leads("//nonexistent/x", true, "/nonexistent/x");
	leads("/../../nonexistent/./y/..", true, "/nonexistent");
	leads("/", true, "/");
	leads("//..//.", true, "/");
}

static void links_are_followed_also_to_what_is_not_there_yet(void **state)
{
	(void)state;
	leads("to_r/out", true, "r/out");
	leads("chain/out", true, "r/out");
	leads("to_file", true, "r/out");
	leads("to_none", true, "none/x");
	leads("r/back", true, "none/x");
	leads("to_self/to_self/r", true, "r");
	leads("to_root/nonexistent", true, "/nonexistent");
}

static void a_step_up_is_from_where_the_link_leads(void **state)
{
	(void)state;
	leads("to_none/../y", true, "none/y");
	leads("up/r/out", true, "r/out");
	leads("to_root/../nonexistent", true, "/nonexistent");
}

static void the_last_name_may_stay_a_link(void **state)
{
	(void)state;
	leads("to_file", false, "to_file");
	leads("chain/out", false, "r/out");
	leads("to_r/back", false, "r/back");
}

static void links_in_a_circle_come_to_an_end(void **state)
{
	sf_cleanup(sf_free_p) char *path = sf_path_real("round/x", true);

	(void)state;
	assert_string_equal(strrchr(path, '/'), "/x");
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder) < 0 || mkdir("r", 0700) < 0)
		return -1;
	for (size_t i = 0; i < SF_COUNT(links); i++) {
		if (symlink(links[i].target, links[i].name) < 0)
			return -1;
	}
	return 0;
}

static int clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < SF_COUNT(links); i++)
		unlink(links[i].name);
	return rmdir("r") ?: rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_exists_and_what_does_not_are_written_alike),
		cmocka_unit_test(an_absolute_path_needs_no_working_directory),
		cmocka_unit_test(links_are_followed_also_to_what_is_not_there_yet),
		cmocka_unit_test(a_step_up_is_from_where_the_link_leads),
		cmocka_unit_test(the_last_name_may_stay_a_link),
		cmocka_unit_test(links_in_a_circle_come_to_an_end),
	};

	return cmocka_run_group_tests(tests, make, clear);
}
