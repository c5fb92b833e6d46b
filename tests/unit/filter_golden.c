/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter`: text in, normal form or errors out, as the files of tests/golden/filter have it, one a topic; text in,
 * normal form and plan out in tests/golden/plan, where the file's name says for which kernel. A case is its text, a line `=>`,
 * what comes out, and a line `---`. SF_GOLDEN=write writes what comes out into the files; read the diff then.
 */
#include <glob.h>
#include <libgen.h>

#include "bytecode.h"
#include "filters.h"

static void folder(char *out, size_t size, const char *name)
{
	char here[4096];

	if (getenv("SOURCE")) {
		snprintf(out, size, "%s/tests/golden/%s", getenv("SOURCE"), name);
		return;
	}
	snprintf(here, sizeof(here), "%s", __FILE__);
	snprintf(out, size, "%s/../golden/%s", dirname(here), name);
}

/* The operations of the kernel that the file is about; 0: none, its plans are not shown. */
static uint32_t operations_of(const char *path)
{
	if (!strstr(path, "/plan/"))
		return 0;
	if (strstr(path, "/first_kernel"))
		return OPERATIONS_FIRST;
	if (strstr(path, "/unprivileged"))
		return OPERATIONS_ALL & ~(1u << SF_BC_MARK_COND);
	return OPERATIONS_ALL;
}

static void read_all(const char *path, struct sf_buf *buf)
{
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t count;

	assert_non_null(file);
	while ((count = fread(part, 1, sizeof(part), file)))
		sf_buf_add(buf, part, count);
	fclose(file);
}

/* What comes out for a text: its normal form, its plan, and what was complained. */
static char *outcome(const char *text, size_t length, uint32_t operations)
{
	struct sf_buf out = {0};
	char *own = memcpy(sf_alloc(length + !length), text, length), *said, *form; /* nothing readable lies behind it */
	struct sf_filter *filter = filter_try(own, length, &said);

	if (filter) {
		form = normal(filter);
		sf_buf_format(&out, "%s\n", form);
		free(form);
		if (operations)
			sf_filter_explain(filter, operations, true, &out);
	}
	sf_buf_text(&out, said);
	sf_filter_free(filter);
	free(said);
	free(own);
	return sf_buf_take(&out);
}

/* Lines that differ, those expected with -, those that came with +. */
static void print_difference(const char *expected, const char *came)
{
	while (*expected || *came) {
		int a = (int)strcspn(expected, "\n"), b = (int)strcspn(came, "\n");

		if (a == b && !memcmp(expected, came, (size_t)a)) {
			print_error("  %.*s\n", a, expected);
		} else {
			if (*expected)
				print_error("- %.*s\n", a, expected);
			if (*came)
				print_error("+ %.*s\n", b, came);
		}
		expected += a + (expected[a] == '\n');
		came += b + (came[b] == '\n');
	}
}

/* Runs every case of a file; `written` gets the file as it should be. The number of wrong ones. */
static unsigned run_file(const char *path, struct sf_buf *written, unsigned *cases)
{
	sf_cleanup(sf_buf_finish) struct sf_buf content = {0};
	unsigned wrong = 0;
	char *at;

	read_all(path, &content);
	for (at = content.data; at && *at;) {
		char *arrow = strstr(at, "\n=>\n"), *end = arrow ? strstr(arrow + 3, "\n---\n") : NULL;
		size_t length = arrow ? (size_t)(arrow - at) : 0;
		char *came;

		if (!end) {
			fail_msg("%s: a case without its => or --- line: %.40s", path, at);
			return 0;
		}
		came = outcome(at, length, operations_of(path));
		sf_buf_add(written, at, length);
		sf_buf_format(written, "\n=>\n%s---\n", came);
		end[1] = '\0';
		if (strcmp(arrow + 4, came)) {
			print_error("%s: %.*s\n", path, (int)length, at);
			print_difference(arrow + 4, came);
			wrong++;
		}
		free(came);
		at = end + 5;
		++*cases;
	}
	return wrong;
}

/* How many cases there are. */
static unsigned run_folder(const char *name)
{
	const char *mode = getenv("SF_GOLDEN");
	unsigned wrong = 0, cases = 0;
	char pattern[8192];
	glob_t found;

	folder(pattern, sizeof(pattern) - 8, name);
	strcat(pattern, "/*.txt");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		sf_cleanup(sf_buf_finish) struct sf_buf written = {0};

		wrong += run_file(found.gl_pathv[i], &written, &cases);
		if (mode && !strcmp(mode, "write")) {
			FILE *file = fopen(found.gl_pathv[i], "we");

			assert_non_null(file);
			assert_int_equal(fwrite(written.data, 1, written.length, file), written.length);
			assert_int_equal(fclose(file), 0);
		}
	}
	globfree(&found);
	if (!mode)
		assert_int_equal(wrong, 0);
	return cases;
}

static void texts_become_what_the_files_say(void **state)
{
	(void)state;
	assert_true(run_folder("filter") > 100);
}

static void plans_are_what_the_files_say(void **state)
{
	(void)state;
	assert_true(run_folder("plan") >= 41);
}

/* `sport = :1 or sport = :3 ...`: no two of them become one range. */
static void a_sieve_that_is_made_coarser_says_so(void **state)
{
	struct sf_buf text = {0}, plan = {0};
	struct sf_filter *filter;
	(void)state;

	for (unsigned port = 1; port <= 2 * SF_SIEVE_TERMS + 1; port += 2)
		sf_buf_format(&text, "%ssport=:%u", text.length ? " or " : "", port);
	filter = filter_make(text.data);
	sf_filter_explain(filter, OPERATIONS_ALL, true, &plan);
	assert_non_null(strstr(plan.data, "\nleft to the judge:\n  what the bytecode lets pass besides: all would take 2"));
	sf_filter_free(filter);
	sf_buf_finish(&plan);
	sf_buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_what_the_files_say),
		cmocka_unit_test(plans_are_what_the_files_say),
		cmocka_unit_test(a_sieve_that_is_made_coarser_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
