/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a capture: what can be opened is walked, each socket in it becomes a line of JSON, and what is wrong with
 * it is said. What is in it twice is told twice in the same way.
 */
#include "abort.h"
#include "captures.h"
#include "everything.h"
#include "judge.h"

static struct sf_encoder *encoder;

static void look(const struct sf_view *view)
{
	char *line = malloc(sf_encoder_room(encoder, view)), *end = sf_encode_socket(encoder, view, 0, line);

	json_object_put(judge_line(line, (size_t)(end - line)));
	free(line);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	encoder = encoder_of_everything("h");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct replayed r = {.look = look}, again;

	replay(&r, data, size, 0x061200);
	for (int i = 0; r.opened == 0 && i < 2; i++) { /* tcp of the first namespace, and a table of the last */
		assert_true((r.result < 0) == (r.walk.errors > 0));
		assert_true(r.walk.partial == (r.result < 0));
		assert_true(r.walk.seen == r.sockets + r.walk.duplicates);
		again = (struct replayed){.place = r.place, .table = r.table};
		replay(&again, data, size, 0x061200);
		assert_int_equal(again.result, r.result);
		assert_int_equal(again.sockets, r.sockets);
		r = (struct replayed){
			.look = look, .place = r.places - 1, .table = data[size - 1] % SF_TABLE_COUNT};
		replay(&r, data, size, 0x061200);
	}
	return 0;
}
