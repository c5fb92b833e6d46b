/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delivery: lines -> batches -> an output's bounded queue -> its sink -> delivered, or lost with a reason; all counted.
 *
 * Promise: at every moment, for every output, accepted = delivered + dead_letters + lost + waiting (lines of every
 * type). A healthy output loses nothing: the collector waits for it. One that is stalled (something waits, and no byte
 * was written for a second) loses by its policy and never stops another.
 *
 * Sinks that write to a descriptor do it on a thread of their own (agent/delivery/sink.h is their side); everything
 * here belongs to the loop's thread but what says otherwise.
 */
#pragma once

#include <stdatomic.h>

#include <sockfeed/base.h>
#include <sockfeed/loop.h>

#define SF_BATCH_SIZE (256u << 10) /* bytes of lines, at most */

enum sf_line_type { SF_LINE_SOCKET, SF_LINE_RUN, SF_LINE_START, SF_LINE_GAP, SF_LINE_CLOSED, SF_LINE_COUNT };
const char *sf_line_type_name(enum sf_line_type); /* as in a record's "type" */

/* What a line may be keyed by, besides what is the same for all lines of a batch. */
enum sf_line_key { SF_BY_SOCKET, SF_BY_FLOW, SF_BY_COUNT };
enum { SF_KEY_MOST = 128 }; /* bytes of a key */

struct sf_line {
	uint32_t length;           /* newline included */
	uint32_t later_ms;         /* its sample time in milliseconds, less the batch's */
	uint8_t type;              /* enum sf_line_type */
	uint8_t key[SF_BY_COUNT];  /* bytes of it in the batch's keys; 0: it has none */
};

/*
 * Whole lines of one run of one query. Filled by one thread, immutable from sf_output_put on. References belong to the
 * loop: a batch begins with one, each output takes its own.
 */
struct sf_batch {
	unsigned references;
	uint32_t lines;
	size_t length, capacity;
	const char *query; /* borrowed: lives as long as the agent's plan; "" for lines of no query (start, gap) */
	uint64_t run, first_seq;
	uint64_t time_us;     /* wall clock of its first line */
	char *data;
	struct sf_line *line; /* `lines` of them, of `line_capacity` */
	size_t line_capacity;
	struct sf_buf keys[SF_BY_COUNT]; /* the lines' keys, one behind the other */
};

/*
 * Batches are used again: a pool keeps a few, enough for one that is filled at a time, or for as many as sf_pool_keep
 * says, up to a bound. Any thread. sf_pool_trim takes a batch and gives one back: the same lines
 * in memory of their own size, when half of the capacity or more is empty. A queue holds no air.
 */
struct sf_pool;
struct sf_pool *sf_pool_new(void);
void sf_pool_free(struct sf_pool *);		/* after all batches came back; accepts NULL */
void sf_pool_keep(struct sf_pool *, size_t filled);
struct sf_batch *sf_pool_get(struct sf_pool *); /* empty, capacity SF_BATCH_SIZE, one reference */
struct sf_batch *sf_pool_trim(struct sf_pool *, struct sf_batch *);
void sf_batch_drop(struct sf_pool *, struct sf_batch *); /* one reference; the last one frees or returns it */
/* `length` bytes that were written behind data + length become a line; wall_us as of its receive. */
void sf_batch_line(struct sf_batch *, size_t length, enum sf_line_type, uint64_t wall_us);
/* A key for the line that was added last: SF_KEY_MOST bytes at most. */
void sf_batch_key(struct sf_batch *, enum sf_line_key, const char *bytes, size_t length);

/* ---- outputs ---- */

enum sf_loss {
	SF_LOSS_FULL,     /* the queue in memory */
	SF_LOSS_CLOSED,   /* the sink, for good */
	SF_LOSS_SHUTDOWN, /* waited in memory at the end */
	SF_LOSS_REJECTED, /* dead, where no dead letters are kept */
	SF_LOSS_LETTERS,  /* dead, and the file of dead letters takes no more */
	SF_LOSS_SPOOL,    /* the spool was full by its own budget */
	SF_LOSS_DISK,     /* the spool's disk was full or broken */
	SF_LOSS_DAMAGED,  /* could not be read back from the disk */
	SF_LOSS_POWER,    /* was not on the disk yet when the host went down */
	SF_LOSS_COUNT
};
/* "queue_full" "closed" "shutdown" "rejected" "dead_letters_full" "spool_full" "disk_full" "damaged" "power_loss" */
const char *sf_loss_name(enum sf_loss);

/*
 * What a line is counted as, n lines of a batch at a time. With a queue in memory:
 *
 *   event                        accepted  waiting  delivered  dead  lost          queue
 *   put, room                    +n        +n                                      behind the others
 *   put, full, progress          the collector waited before (sf_outputs_wait), so this is rare: taken all the same
 *   put, full, stalled, oldest   +n        +n - m                    +m queue_full the oldest m that the sink does not
 *                                                                                  hold leave; gaps are owed
 *   put, full, stalled, newest   +n                                  +n queue_full a gap is owed
 *   put, sink closed             +n                                  +n closed     -
 *   sink: k lines written                  -k       +k
 *   sink: a line is dead                                                           its letter is written
 *   sink: batch done, d dead               -d                  +d - x    +x        leaves, when its letters are on the
 *                                                                                  disk; x are lost, with gaps owed:
 *                                                                                  rejected (no letters are kept), or
 *                                                                                  dead_letters_full
 *   sink: batch failed, refused                                                    its topic is parked, others pass
 *   sink: batch failed, again                                                      all of the output waits a while
 *   sink: closed for good                  -w                        +w closed     all leave
 *   ended                                  -w                        +w shutdown   all leave
 *
 * With a spool, where this differs:
 *
 *   opened, s lines in it        +s        +s
 *   put                          +n        +n                                      kept, when it can be
 *   spool: m lines are lost                -m                        +m its reason the spool owes gaps
 *   sink: k lines written                                                          a sign of progress, no more
 *   sink: batch done, d dead               -n       +n - d     +d - x    +x        the same, and is acknowledged
 *   sink: closed for good, ended                                                   what waits stays on the disk
 */
struct sf_counts { /* lines since the start, and those that the spool held then */
	uint64_t accepted, delivered, dead_letters, lost[SF_LOSS_COUNT], waiting;
	uint64_t waiting_bytes;
};

struct sf_output;
struct sf_sink_ops;
struct sf_spool_conf;
struct sf_letters_conf;

/*
 * What an output lost of a query: so many lines, from the first to the last; all that is between them, run records
 * too, and of the first and the last run all outside of them is not lost. `id` is for sf_output_put_gap.
 */
struct sf_gap {
	uint64_t id;
	const char *query; /* "" for lines of no query (start, gap): run and seq are 0 */
	struct sf_place {
		uint64_t run, seq;
	} first, last;
	uint64_t records, bytes;
	enum sf_loss reason; /* of the first */
	const char *boot_id; /* in which they were sampled; NULL or "": this one, or not known */
	const char *output;
};

struct sf_site { /* where we are: for topics and keys */
	const char *host_name, *host_id, *boot_id;
};

struct sf_output_events { /* called in the loop */
	/* For the log, once a cause: "cannot write /var/log/x: No space left on device; will try again". */
	void (*said)(void *arg, struct sf_output *, enum sf_log_level, const char *text);
	void (*closed)(void *arg, struct sf_output *);  /* the reader went away for good (EPIPE on stdout) */
	void (*drained)(void *arg, struct sf_output *); /* after sf_output_drain: nothing waits any more */
	/*
	 * It goes on after a loss: an owed gap is to be told by sf_output_put_gap, at once or later, or never (then it
	 * stays owed). Borrowed for the call. NULL: nobody tells.
	 */
	void (*gap)(void *arg, struct sf_output *, const struct sf_gap *);
	void *arg;
};

struct sf_patience { /* microseconds; pauses double up to the longest, and are cut by up to a half at random */
	uint64_t refused, refused_most; /* of a topic */
	uint64_t again, again_most;     /* of an output as a whole */
	uint64_t gives_up;              /* with gives_up: what failed for so long closes the output */
	uint64_t tells;                 /* between two times of telling gaps, so that they are few */
};
extern const struct sf_patience sf_patience; /* 1 to 60 s, 1 to 30 s, 30 s, 1 s */

struct sf_output_setup {
	const char *name;
	const struct sf_sink_ops *ops;
	const void *conf;     /* the sink's settings, from its keys; borrowed while the output lives */
	const struct sf_site *site; /* borrowed as long */
	const struct sf_spool_conf *spool;     /* NULL: what waits is in memory */
	const struct sf_letters_conf *letters; /* NULL: dead letters are counted as lost */
	uint64_t queue_size;
	int when_full;        /* 0 drop_oldest, 1 drop_newest, 2 block */
	bool waits;           /* --once, --stdout: the collector waits for it for ever, whatever when_full says */
	bool gives_up;        /* the same: an error closes it for good: a writer's at once, others' after patience */
	const struct sf_patience *patience; /* NULL: sf_patience */
};

int sf_output_new(const struct sf_output_setup *, struct sf_loop *, struct sf_pool *, const struct sf_output_events *,
		  struct sf_output **ret, struct sf_err *err);
/*
 * Ends its threads without waiting for a stuck reader: what waits is lost with the reason shutdown and counted, or
 * stays in the spool, waiting.
 */
void sf_output_end(struct sf_output *);
void sf_output_free(struct sf_output *); /* ends it, too; accepts NULL */
const char *sf_output_name(const struct sf_output *);
bool sf_output_spools(const struct sf_output *); /* what it does not send waits on the disk */
/*
 * Takes a reference of its own. `topic`: what the kind's `topic` said for this query and the type of the batch's lines
 * (where topics differ by type, a batch has lines of one topic alone); NULL for kinds without; borrowed for the call.
 */
void sf_output_put(struct sf_output *, struct sf_batch *, const char *topic);
/*
 * The same for a batch of one line, of type SF_LINE_GAP, that tells the gap `id`: owed no more once it is delivered.
 * One that is not owed (any more) is not taken.
 */
void sf_output_put_gap(struct sf_output *, struct sf_batch *, const char *topic, uint64_t id);
/* For the start record: the last run of each query that it had accepted when it was opened; none without a spool. */
void sf_output_last(const struct sf_output *,
		    void (*last)(void *arg, const char *query, const char *boot_id, uint64_t run), void *arg);
void sf_output_reopen(struct sf_output *);                 /* SIGHUP: files are closed and opened anew */
void sf_output_drain(struct sf_output *);                  /* nothing more will be put */
void sf_output_counts(const struct sf_output *, struct sf_counts *);

/*
 * Back-pressure, called by who collects (the collector, the watcher) between receives: waits until each output has
 * room for `need` more bytes, or is stalled (and neither `waits` nor block), or is closed, or *cancel is set; returns
 * the microseconds waited.
 * Bytes on their way to sf_output_put are charged by sf_outputs_charge, for every batch that is handed over.
 */
uint64_t sf_outputs_wait(struct sf_output *const *, size_t count, size_t need, const atomic_bool *cancel);
void sf_outputs_charge(struct sf_output *const *, size_t count, size_t bytes);
void sf_outputs_interrupt(struct sf_output *const *, size_t count); /* a waiter looks at *cancel again; any thread */

/* ---- the kinds of outputs, a table: its keys are what config reads ---- */

struct sf_origin { /* a query, as topics may name it */
	const char *query; /* of lines of no query: "sockfeed" */
	size_t labels;     /* the host's and the query's, merged */
	const char *const *label_names, *const *label_values;
};

struct sf_holding { /* a place that an output writes to, where nothing else may */
	const char *path;   /* NULL: standard output */
	const char *suffix; /* of the path; NULL: none */
	const char *what;   /* lies there: "spool" */
	const char *right;  /* where another has the same there: what to write instead */
	/* Whether the path becomes `name` when it is put away; NULL: it never is. */
	bool (*past)(const char *path, const char *name);
};
enum { SF_HOLDINGS_MOST = 3 }; /* of an output */

struct sf_sink_kind {
	const char *name, *help;
	const struct sf_key *keys; /* of its own section; ends with an entry without a name */
	size_t size;               /* of its settings' struct */
	bool blocks;               /* the default of its queue's when_full, as a configuration's only output: block */
	const struct sf_sink_ops *ops;
	/* Complains about what its settings say together. NULL: nothing to say. */
	void (*settle)(void *conf, const struct sf_places *, struct sf_complaints *);
	/* What would keep it from opening here and now: -errno with a sentence; NULL: nothing to look at. */
	int (*check)(const void *conf, struct sf_err *err);
	/* Where it writes to; returns how many places. */
	size_t (*holds)(const void *conf, struct sf_holding hold[SF_HOLDINGS_MOST]);
	/*
	 * The topic of a query's lines of a type is added to `topic`; NULL: a kind without topics. -EINVAL after a
	 * complaint at the setting's place, when the origin lacks what it names. `site` may be NULL: only to complain.
	 */
	int (*topic)(const void *conf, const struct sf_site *site, const struct sf_origin *, enum sf_line_type,
		     struct sf_buf *topic, struct sf_complaints *);
	/* Bits 1 << enum sf_line_key: the keys that lines must bring. NULL: none. */
	unsigned (*line_keys)(const void *conf);
	/* Parts of its settings; NULL, as the function or its answer: it has none. */
	const struct sf_spool_conf *(*spool)(const void *conf);
	const struct sf_letters_conf *(*letters)(const void *conf);
	/* Tries it, for `check --connect`, for seconds: says on the way what it finds; 0, or -errno with what to do. */
	int (*connect)(const void *conf, const struct sf_site *, const char *const *topics, size_t count,
		       void (*said)(void *arg, const char *text), void *arg, struct sf_err *);
};
extern const struct sf_sink_kind sf_sinks[]; /* stdout, file; ends with an entry without a name */
const struct sf_sink_kind *sf_sink_find(const char *name);
