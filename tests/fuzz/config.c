/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration: it is refused with complaints that a terminal can show, or its normal form is read
 * again without errors and prints the same. Other files are left out: an input that includes some is passed over.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "abort.h"
#include "kinds.h"

enum { FILE_MOST = 1 << 20, COMPLAINTS_MOST = 4 << 20 };

static int file = -1; /* in memory; its bytes are the input */
static char path[64], said[COMPLAINTS_MOST];

/* What complaints print is lines without control characters; it may be cut where the memory ends. */
static void check_complaints(const struct sf_complaints *complaints)
{
	FILE *out = fmemopen(said, sizeof(said), "w");
	size_t length;

	sf_complaints_print(complaints, out);
	length = (size_t)ftell(out);
	fclose(out);
	assert_true(length > 0 && said[length - 1] == '\n');
	for (size_t i = 0; i < length; i++) {
		if ((uint8_t)said[i] < ' ' && said[i] != '\n')
			fail_msg("the control character %d in:\n%s", said[i], said);
	}
}

/* NULL after errors. Complaints borrow from the configuration, which is there either way. */
static struct sf_config *read_config(const char *bytes, size_t length)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_config *config = NULL;
	int r;

	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, bytes, length, 0), length);
	r = sf_config_read(path, kinds_types, &config, complaints);
	assert_true(r == 0 || r == -EINVAL);
	assert_true(config != NULL);
	assert_true((r == 0) == (sf_complaints_errors(complaints) == 0));
	if (sf_complaints_errors(complaints) || sf_complaints_warnings(complaints))
		check_complaints(complaints);
	sf_complaints_free(complaints);
	if (r == 0)
		return config;
	sf_config_free(config);
	return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = memfd_create("configuration", MFD_CLOEXEC);
	assert_true(file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	unsetenv("CREDENTIALS_DIRECTORY");
	setenv("A", "~", 1);
	setenv("B", "b: ${A} #\n\t- \xe2\x80\xa8\xc2\x85\r\n", 1);
	setenv("C", "not UTF-8: \xff", 1);
	setenv("D", "10s", 1);
	setenv("E", "", 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sf_buf first = {0}, second = {0};
	struct sf_config *config, *again;

	if (memmem(data, size, "include", strlen("include")))
		return 0;
	config = read_config((const char *)data, size);
	if (!config)
		return 0;
	sf_config_print(config, &first);
	if (first.length <= FILE_MOST) {
		again = read_config(first.data, first.length);
		if (!again)
			fail_msg("refused:\n%s\n%s", first.data, said);
		sf_config_print(again, &second);
		if (first.length != second.length || memcmp(first.data, second.data, first.length))
			fail_msg("\n%s\nbecomes\n%s", first.data, second.data);
		sf_config_free(again);
	}
	sf_buf_finish(&first);
	sf_buf_finish(&second);
	sf_config_free(config);
	return 0;
}
