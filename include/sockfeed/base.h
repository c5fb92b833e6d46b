/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base: what every room stands on. Errors as one sentence, complaints about what a user wrote (file, line,
 * column, the line itself, a caret), growing buffers, an arena, units as users write them, clocks, the log,
 * and the table of keys from which configuration is read, printed, checked and documented.
 *
 * Memory: control-plane allocations end the process when they fail (abort with a sentence); nothing on the
 * path of a record allocates. Strings are UTF-8 bytes with a terminating NUL unless a length is given.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SF_PRINTF(at, first) __attribute__((format(printf, at, first), nonnull(at)))
#define SF_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Lifetimes that one function shows: `sf_cleanup(sf_buf_finish) struct sf_buf b = {0};` and `return sf_take(p);` */
#define sf_cleanup(function) __attribute__((cleanup(function)))
#define sf_take(pointer)                             \
	({                                           \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                    \
		taken_;                              \
	})
void sf_free_p(void *pointer_to_pointer); /* cleanup attribute for malloc'ed memory */
void sf_close_p(int *fd);                 /* cleanup attribute for a descriptor; -1 is none */

/* Never NULL; zeroed. */
void *sf_alloc(size_t size);
void *sf_realloc(void *old, size_t size); /* new bytes are not zeroed */
char *sf_strdup(const char *text);
#define sf_new(type) ((type *)sf_alloc(sizeof(type)))
/* For bytes that may hold somebody's keys: zeroed, in no core dump, gone when it is freed. Accepts NULL. */
void *sf_secret_alloc(size_t size);
void sf_secret_free(void *memory, size_t size);

/* ---- errors: 0 or -errno, the sentence here ---- */

struct sf_err {
	char text[512];
};

/* Formats the sentence (cut at its size) and returns code, a negative errno. err may be NULL. */
int sf_fail(struct sf_err *err, int code, const char *format, ...) SF_PRINTF(3, 4);
/* "ENOENT" for 2 or -2; "E<number>" for one without a name, good until the thread's next call. Static memory. */
const char *sf_errno_name(int code);

/* ---- complaints: what a user wrote, where, and what would be right ---- */

/*
 * A text that a user wrote. `line` and `column` (from 1) say where it begins in the file `name`; both 0: it is the
 * whole file or a text of its own, such as a filter in arguments. `within` (or NULL) says what it is inside a file:
 * "the filter of \"slow_https\"". Without `within` a complaint shows the line of `file` (or NULL: of the text itself),
 * whose bytes from `at` are the same as those of the text. Everything is borrowed and must outlive the complaints.
 */
struct sf_text {
	const char *name;
	unsigned line, column;
	const char *within;
	const char *text;
	size_t length;
	const struct sf_text *file;
	size_t at;
};

struct sf_complaints; /* a growing list, ordered as added */
struct sf_complaints *sf_complaints_new(void);
void sf_complaints_free(struct sf_complaints *);
void sf_complaints_free_p(struct sf_complaints **);
size_t sf_complaints_errors(const struct sf_complaints *);
size_t sf_complaints_warnings(const struct sf_complaints *);

/*
 * Adds an error (sf_complain) or a warning (sf_warn) about the bytes [offset, offset + length) of `text`; the excerpt
 * is copied. `hint` says what would be right ("write a duration such as 100ms"), NULL for none. No excerpt is shown
 * where text->text is NULL. A complaint that stands already (same place, same message) is not added again.
 */
void sf_complain(struct sf_complaints *, const struct sf_text *text, size_t offset, size_t length, const char *hint,
		 const char *message, ...) SF_PRINTF(6, 7);
void sf_warn(struct sf_complaints *, const struct sf_text *text, size_t offset, size_t length, const char *hint,
	     const char *message, ...) SF_PRINTF(6, 7);

/*
 * Prints all, sorted by file, line and column in order of addition of files:
 *
 *   sockfeed.yaml:12:3: error: unknown key "intervall"
 *       intervall: 10s
 *       ^^^^^^^^^
 *     did you mean "interval"?
 *
 * A text inside a file: `sockfeed.yaml:14:13: error: in the filter of "slow_https", line 1, column 31: ...`.
 * A text of one line leaves out "line 1, ". A column is one character; leading blanks of the line are not shown.
 * Without a name nothing stands before "error:", without a line (a file that cannot be opened) the name alone. A place
 * behind the last line is that line's end. Control characters are shown as `?` everywhere, a tab as one space; a long
 * line is cut around the caret; each line of a hint is indented. A thousand are kept, "and 12 more" counts the rest.
 */
void sf_complaints_print(const struct sf_complaints *, FILE *);

/*
 * The one of `count` names nearest to `name`, or NULL: edit distance with swaps, upper case like lower case, at most a
 * third of its length or 1, and less than all of it. `get(arg, i)` gives the i-th; NULL entries are passed over.
 */
const char *sf_nearest(const char *name, size_t length, size_t count, const char *(*get)(const void *arg, size_t i),
		       const void *arg);

/* ---- buffers ---- */

struct sf_buf { /* zero is empty; data has a NUL behind length once anything was added */
	char *data;
	size_t length, capacity;
};
void sf_buf_finish(struct sf_buf *);
void sf_buf_add(struct sf_buf *, const void *bytes, size_t length);
void sf_buf_text(struct sf_buf *, const char *text);
void sf_buf_format(struct sf_buf *, const char *format, ...) SF_PRINTF(2, 3);
void sf_buf_vformat(struct sf_buf *, const char *format, va_list args) SF_PRINTF(2, 0);
char *sf_buf_take(struct sf_buf *); /* the text, to be freed; "" when nothing was added; the buffer is empty after */

/* Memory that is freed as a whole: trees, configurations. Zeroed, aligned for any type. */
struct sf_arena;
struct sf_arena *sf_arena_new(void);
void sf_arena_free(struct sf_arena *);
void *sf_arena_alloc(struct sf_arena *, size_t size);
char *sf_arena_copy(struct sf_arena *, const char *bytes, size_t length); /* with a NUL behind */
char *sf_arena_format(struct sf_arena *, const char *format, ...) SF_PRINTF(2, 3);

/*
 * Where a path leads, to be freed: absolute, links followed as far as it exists, the rest without `.`, `..` and `//`.
 * Two that come out equal name one file. Without `last` its last name is not followed: what a rename would move.
 */
char *sf_path_real(const char *path, bool last);

/* ---- units, as users write them ---- */

enum sf_unit { /* the unit in which a number is held */
	SF_UNIT_NONE,  /* a plain number */
	SF_UNIT_US,    /* microseconds: 250ms 10s 5m 1h 1d, also us and ns when whole */
	SF_UNIT_MS,    /* milliseconds */
	SF_UNIT_S,     /* seconds */
	SF_UNIT_BYTES, /* 64KiB 1GiB 10MB 512B */
	SF_UNIT_BPS,   /* bytes a second: 10Mbit/s (decimal, /8) 1MB/s 1MiB/s */
	SF_UNIT_RATIO, /* a share: 15% or 0.15; held as a double */
	SF_UNIT_COUNT
};

/* "microseconds", "bytes" ...; "a duration", "a size" ...; what a user may write, "100ms". Static memory. */
const char *sf_unit_name(enum sf_unit);
const char *sf_unit_article(enum sf_unit);
const char *sf_unit_example(enum sf_unit);

/*
 * Reads a number with an optional fraction and an optional suffix into `unit`. Without a suffix the number is in the
 * field's own unit; *bare says so (a configuration refuses it, a filter does not). `value` is exact: 0.5s is 500000 us;
 * what does not come out whole, is negative or leaves 64 bits is -ERANGE; no number, another kind's suffix or an
 * unknown one is -EINVAL. For RATIO `value` holds nothing and `ratio` the share (0 or more, 150% too). err says what is
 * wrong in words. On failure nothing else is touched; bare may be NULL, and what the unit does not use.
 */
int sf_unit_read(const char *text, size_t length, enum sf_unit unit, uint64_t *value, double *ratio, bool *bare,
		 struct sf_err *err);
/* The shortest text without a fraction that reads back to the same value: 60s -> "1m", 1536 -> "1536B", 0 -> "0s". */
void sf_unit_print(struct sf_buf *, enum sf_unit, uint64_t value, double ratio);

/* ---- clocks: microseconds ---- */

uint64_t sf_clock_mono(void); /* CLOCK_MONOTONIC: intervals */
uint64_t sf_clock_boot(void); /* CLOCK_BOOTTIME: the numbers of runs */
uint64_t sf_clock_wall(void); /* CLOCK_REALTIME: stamps */
#define SF_STAMP_SIZE 27      /* 2026-11-22T06:03:00.123456Z, no NUL; years 1970 to 9999 */
void sf_clock_stamp(char out[SF_STAMP_SIZE], uint64_t wall_us);

/* ---- log: agent/ alone writes it, once an event, to stderr ---- */

enum sf_log_level { SF_LOG_ERROR, SF_LOG_WARN, SF_LOG_INFO, SF_LOG_DEBUG };
void sf_log_setup(enum sf_log_level most, bool json);
/*
 * One line, one write, any thread: `2026-11-22T06:03:00.123456Z info: text`, or
 * {"time":...,"level":"info","message":"text"}. The levels are error, warning, info, debug.
 */
void sf_log(enum sf_log_level, const char *format, ...) SF_PRINTF(2, 3);
/*
 * A line that is made already, with its newline. Where nobody reads the log it is lost, like every line, and those that
 * were lost are counted in the next one that is not.
 */
void sf_log_line(const char *line, size_t length);

/* Is all of it UTF-8 (RFC 3629)? */
bool sf_is_utf8(const char *bytes, size_t length);

/* ---- JSON text for the control plane; records have their own writer ---- */

/* Adds `"text"` with quotes, escaped; bytes that are not UTF-8 become U+FFFD. */
void sf_json_string(struct sf_buf *, const char *bytes, size_t length);

/* ---- the table of keys: one truth for reader, default, check, print and help ---- */

enum sf_kind {
	SF_KIND_TEXT,     /* const char *; never NULL, "" unless set */
	SF_KIND_BOOL,     /* bool */
	SF_KIND_NUMBER,   /* uint64_t, plain */
	SF_KIND_DURATION, /* uint64_t, microseconds */
	SF_KIND_SIZE,     /* uint64_t, bytes */
	SF_KIND_RATE,     /* uint64_t, bytes a second */
	SF_KIND_SHARE,    /* double */
	SF_KIND_CHOICE,   /* int, index into choices; a default of "" leaves -1 */
	SF_KIND_LIST,     /* struct sf_list: texts with their places */
	SF_KIND_LABELS,   /* struct sf_list of name, value pairs; names [a-z_][a-z0-9_]{0,63} */
	SF_KIND_PAIRS,    /* the same, names [A-Za-z0-9._-]{1,255}, which have places */
	SF_KIND_PLACED,   /* struct sf_text: a text that another room reads (a filter), placed; or { file: PATH } */
	SF_KIND_SECRET,   /* struct sf_secret: a path, the file's content; printed as the path, the content never */
	SF_KIND_FILE,     /* the same, and everybody may read the file */
	SF_KIND_SECTION,  /* a nested mapping, `section` is its table, in the same memory */
	SF_KIND_OPTION    /* the same; the bool at its offset: it was written, and is printed only then */
};

struct sf_list {
	size_t count;
	struct sf_text *items; /* .text is the value, .name the file */
	const char **names;    /* LABELS, PAIRS: the keys, beside items */
	struct sf_text *places; /* PAIRS: of the keys */
};

struct sf_secret {
	const char *path;    /* as written */
	const char *content; /* a final newline removed; NULL without a path */
	size_t length;
};

struct sf_key {
	const char *name;
	enum sf_kind kind;
	size_t offset;        /* in the settings' struct */
	/* the default, as a user would write it, through the same reader; NULL: required; "": none, all zero */
	const char *standard;
	const char *help;     /* one line */
	uint64_t least, most; /* NUMBER, DURATION, SIZE, RATE; most 0: no bound; TEXT: bytes at most */
	/* CHOICE: ends with NULL; DURATION, RATE: or NULL, words for 0 and, if there is a second one, for UINT64_MAX */
	const char *const *choices;
	const struct sf_key *section; /* SECTION, OPTION: ends with an entry without a name */
};

/*
 * Where the keys of a section stand in a file, for those who judge what they say together. The value that was written
 * for a key (its name, where that is a list or a map) of the section or, NULL, outside of its sections; NULL: it was
 * not written. Without a key: the name of who has the section.
 */
struct sf_places {
	const struct sf_text *(*at)(const struct sf_places *, const char *section, const char *key);
	size_t errors; /* sf_complaints_errors before they were read */
};
