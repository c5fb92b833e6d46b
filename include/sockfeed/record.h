/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: a socket and its context become one line of JSON (with its newline), without allocation, system call or
 * formatted printing.
 *
 * An encoder is one query's: the list of its fields compiled once into flat steps, one list for each table and class of
 * socket, key bytes ready to copy; it learns from the first socket how long the kernel's parts are. It belongs to one
 * thread at a time.
 */
#pragma once

#include <sockfeed/socket.h>

struct sf_encoder;

/* The constant part of the envelope. All borrowed during sf_encoder_new alone; bytes from outside, not always UTF-8. */
struct sf_envelope {
	const char *host_name, *host_id, *boot_id;
	const char *query;
	bool ended;    /* its sockets have ended: their lines are of type "closed" */
	size_t labels; /* already merged: the query's win */
	const char *const *label_names, *const *label_values;
};

/*
 * `tables`: a mask of 1 << enum sf_table; it writes sockets of these alone: with `ended` views of class SF_CLASS_ENDED,
 * else those of all other classes.
 */
struct sf_encoder *sf_encoder_new(const struct sf_envelope *, const struct sf_fieldset *fields, uint32_t tables);
void sf_encoder_free(struct sf_encoder *);
void sf_encoder_free_p(struct sf_encoder **);

/* What the steps read of a table, for the request: as sf_field_ext. */
uint32_t sf_encoder_ext(const struct sf_encoder *, enum sf_table);
/*
 * No line of a socket is longer, newline included, but for the elements of lists; and that of this socket with them: so
 * many bytes must be free before sf_encode_socket. Of the longest list that fits an attribute it is 240 KiB.
 */
size_t sf_encoder_most(const struct sf_encoder *);
size_t sf_encoder_room(const struct sf_encoder *, const struct sf_view *view);

/* Once a run (the number of the run, the namespace's inode: 0 leaves it out), once a receive call (its wall clock). */
void sf_encoder_run(struct sf_encoder *, uint64_t run, uint32_t netns);
void sf_encoder_time(struct sf_encoder *, uint64_t wall_us);

/* Writes the line to `out`; returns the byte behind its newline. */
char *sf_encode_socket(struct sf_encoder *, const struct sf_view *view, uint64_t seq, char *out);
/*
 * The two parts of a line: the envelope, then the socket's own fields and the newline, which are the same bytes for all
 * encoders of the same fields in runs of the same namespace. Each returns the byte behind what it wrote.
 */
char *sf_encode_envelope(const struct sf_encoder *, uint64_t seq, char *out);
char *sf_encode_fields(struct sf_encoder *, const struct sf_view *view, char *out);

/* The run record: interface.md section 4. */
struct sf_run_walk { uint64_t id; const char *table; uint32_t dumps; };
struct sf_run_error { const char *table; const char *code; const char *message; };
struct sf_run_facts {
	uint64_t wall_us, run, previous_run, seq;
	bool first;                     /* previous_run is null */
	uint64_t interval_ms;           /* 0: null, outside a schedule */
	uint64_t skipped, records, seen, matched, duplicates, duration_us;
	bool partial;
	bool ended;                     /* the run told of sockets that ended ... */
	uint64_t lost;                  /* ... but for so many events, for which there was no room */
	size_t walks, absents, errors;
	const struct sf_run_walk *walk;
	const char *const *absent;
	const struct sf_run_error *error;
};
/*
 * Adds the line; may allocate: once a run. Keys: envelope, netns, previous_run, interval_ms, skipped, records,
 * sockets_seen, sockets_matched, cut, duplicates, walks, duration_us, partial, absent, errors; lost before the
 * duration where `ended`.
 */
void sf_encode_run(const struct sf_encoder *, const struct sf_run_facts *, struct sf_buf *out);

/*
 * The records outside of runs: they have no `run` and `seq` of their own, and no namespace. The envelope's query is
 * NULL for what is of no query. All borrowed during the call; may allocate: seldom.
 */
struct sf_start_last { const char *query, *boot_id; uint64_t run; };
struct sf_start_facts { /* the first record of an output */
	uint64_t wall_us;
	const char *version, *kernel, *config_hash, *output;
	size_t lasts; /* what the output had accepted last, a query */
	const struct sf_start_last *last;
};
void sf_encode_start(const struct sf_envelope *, const struct sf_start_facts *, struct sf_buf *out);

struct sf_gap_facts { /* the envelope's boot is the one in which these were sampled */
	uint64_t wall_us;
	const char *output, *reason;
	uint64_t first_run, first_seq, last_run, last_seq; /* both ends were lost, and all between them */
	uint64_t records, bytes; /* lines of every type */
};
void sf_encode_gap(const struct sf_envelope *, const struct sf_gap_facts *, struct sf_buf *out);

/*
 * Keys of a line, by which it finds its place among others: SF_KEY_ROOM bytes must be free at `out`; returns the byte
 * behind. Which socket of which boot, `boot_id/cookie`; which connection, both ends sorted as text, so that it is the
 * same at either (`10.0.0.1:443-10.0.0.2:51514`, an IPv6 address in brackets; of other tables their name and numbers,
 * `unix:1120-1121`).
 */
#define SF_KEY_ROOM 192 /* 128 that can count, and what is scribbled on */
char *sf_key_socket(char *out, const char *boot_id, size_t length, const struct sf_view *);
char *sf_key_flow(char *out, const struct sf_view *);

/* ---- the writers below, for tests, fuzzers and the table of `sockfeed query` ---- */

/*
 * Bytes from outside as a JSON string: valid UTF-8 stays, control characters are escaped, everything else becomes
 * U+FFFD. At most 6 * length + 2 bytes, and may scribble on 8 behind. *exact: the string says the bytes exactly; if
 * not, the caller adds NAME_base64.
 */
char *sf_write_string(char *out, const uint8_t *bytes, size_t length, bool *exact);
/* With quotes, RFC 4648 with padding: 4 * ((length + 2) / 3) + 2 bytes. */
char *sf_write_base64(char *out, const uint8_t *bytes, size_t length);
char *sf_write_u64(char *out, uint64_t number); /* 20 bytes at most; may scribble up to 24 */
char *sf_write_ratio(char *out, double ratio);  /* at most 6 decimals, no trailing zeros; 32 bytes; not finite: 0 */
/*
 * length 4 or 16. RFC 5952, v4-mapped ::ffff:10.0.0.1, without quotes: 45 bytes at most; may scribble up to 64.
 */
char *sf_write_ip(char *out, const uint8_t *bytes, size_t length);
/* One value as in a record but without quotes around words and addresses, for people; NUL-terminated. */
void sf_write_value(const struct sf_field *, const struct sf_value *, struct sf_buf *out);

/* The list of fields: `sockfeed fields`. `wanted` is the set to show. */
/* As wide as `room` at most, for which columns are left out: how many. Name and help stay whatever the room. */
size_t sf_schema_table(const struct sf_fieldset *wanted, size_t room, FILE *);
void sf_schema_markdown(const struct sf_fieldset *wanted, FILE *);
void sf_schema_json(const struct sf_fieldset *wanted, FILE *); /* an array of objects */
/* Draft 2020-12, of one record of any type. */
void sf_schema_json_schema(const struct sf_fieldset *wanted, FILE *);
