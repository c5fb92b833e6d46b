/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket: the kernel's tables of sockets (tables.def), the table of everything that we can tell about a socket
 * (fields.def), and reading one field of one reply.
 *
 * A reply of the kernel is indexed once into a view: where each of its parts (the header, each attribute) lies and how
 * long it is. Presence is then arithmetic: a field is present when offset + size lie within its part's length and its
 * WHEN holds. Nothing here allocates but sf_fields_select.
 */
#pragma once

#include <string.h>

#include <sockfeed/base.h>
#include <sockfeed/wire.h>

/* ---- the tables of the kernel ---- */

enum sf_table {
#define TABLE(id, ...) SF_TABLE_##id,
#include <sockfeed/tables.def>
#undef TABLE
	SF_TABLE_COUNT
};

enum sf_shape { /* of requests and answers */
	SF_SHAPE_INET, SF_SHAPE_UNIX, SF_SHAPE_NETLINK, SF_SHAPE_PACKET, SF_SHAPE_VSOCK, SF_SHAPE_XDP, SF_SHAPE_TIPC,
	SF_SHAPE_COUNT
};

struct sf_table_facts {
	const char *name; /* "tcp": the word of `sockets:` and of the field `table` */
	enum sf_shape shape;
	uint16_t protocol;
	bool told;           /* the kernel tells when its sockets end */
	bool filtered;       /* the kernel can leave out sockets: it runs bytecode and takes ports in the header */
	const char *modules; /* "inet_diag, tcp_diag"; the last one answers */
	const char *modules_before; /* in kernels before that release */
	uint32_t renamed;    /* 0: they have always been named so */
	uint32_t known;      /* states: bits of 1 << SF_ESTABLISHED ...; SF_SYN_RECV stands for NEW_SYN_RECV too */
	uint32_t usual;      /* those of them that a filter without a state means */
};
extern const struct sf_table_facts sf_tables[SF_TABLE_COUNT];

/* The mask of 1 << table that a word of `sockets:` stands for: a table, or a group (`inet`, `all`); 0: it is none. */
uint32_t sf_tables_find(const char *word, size_t length, bool *group);
/* The nearest of these words, or NULL; all of them, "tcp udp ... all". */
const char *sf_tables_near(const char *word, size_t length);
void sf_tables_list(struct sf_buf *);
/* "tcp sctp mptcp"; the name of a group that is just these. */
void sf_tables_text(uint32_t tables, struct sf_buf *);
#define SF_TABLES_ALL ((1u << SF_TABLE_COUNT) - 1)

/* ---- one reply ---- */

/*
 * Decided by what came, never by the state alone (fields.tsv, head). A field's classes are a mask of 1 << class.
 * UNCONNECTED: what BOUND is for tcp, in the other tables: full, but without a peer.
 */
enum sf_class {
	SF_CLASS_FULL, SF_CLASS_LISTENER, SF_CLASS_BOUND, SF_CLASS_SMALL, SF_CLASS_UNCONNECTED,
	SF_CLASS_ENDED, /* the event of its end, no answer: sf_view_ended */
	SF_CLASS_COUNT
};
/* Those that an indexed answer of the table can be of. */
static inline uint32_t sf_table_classes(enum sf_table table)
{
	uint32_t both = 1u << SF_CLASS_FULL | 1u << SF_CLASS_LISTENER;

	return table == SF_TABLE_TCP ? both | 1u << SF_CLASS_BOUND | 1u << SF_CLASS_SMALL
				     : both | 1u << SF_CLASS_UNCONNECTED;
}

/*
 * Valid as long as the bytes that it points into, and at its place: it may point into itself. The eight bytes before a
 * part may be read too: an attribute's head and the header lie there.
 *
 * SF_PART_HEADER is an sf_inet_msg whatever the table, so that nobody need know another: where the kernel's is of
 * another shape, or says its state by other numbers, it is a copy.
 */
struct sf_view {
	const uint8_t *part[SF_PART_COUNT];
	uint16_t length[SF_PART_COUNT]; /* 0: the part did not come */
	uint8_t table;                  /* enum sf_table */
	uint8_t class;                  /* enum sf_class */
	uint32_t release;               /* of the kernel that answered, 0x061200 for 6.18; 0: not known */
	struct sf_inet_msg header;      /* the copy */
};

/*
 * Indexes the payload (after nlmsghdr) of one answer of the table. `view->table` and `view->release` are the caller's,
 * set before; SF_TABLE_COUNT: it is an event, whose table sf_view_ended finds out. Attributes beyond those known are
 * passed over, MD5SIG always. -EBADMSG: shorter than its header or an attribute that does not fit; the view is then
 * not to be read.
 */
int sf_view_index(struct sf_view *view, const void *payload, size_t length);

/*
 * An indexed view is that of an event of a socket's end: its class, and the table that the event says. -ENOENT: it is
 * of no table that we know.
 */
int sf_view_ended(struct sf_view *view);
/*
 * Of such a view: it was never bound, or it wanted a connection and at its end had none: refused, given up, or aborted
 * by itself, which the kernel does not tell from refused. Listeners and bound sockets have ended as what they were.
 */
bool sf_view_unconnected(const struct sf_view *view);

/* The kernel's identity of a socket, unique while the host is up. */
static inline uint64_t sf_view_cookie(const struct sf_view *view)
{
	uint64_t cookie;
	memcpy(&cookie, view->part[SF_PART_HEADER] + offsetof(struct sf_inet_msg, cookie), sizeof(cookie));
	return cookie;
}

/*
 * What tells an answer from others of its dump: the cookie; of sctp with the ends, as associations have the cookie of
 * their socket.
 */
uint64_t sf_view_identity(const struct sf_view *);

/* SF_ESTABLISHED ..., bound-inactive apart; one of a newer kernel may have no name. */
static inline uint8_t sf_view_state(const struct sf_view *view)
{
	return view->part[SF_PART_HEADER][offsetof(struct sf_inet_msg, state)];
}

/* ---- the table of fields ---- */

enum sf_type {
	SF_TYPE_U8, SF_TYPE_U16, SF_TYPE_U32, SF_TYPE_U64, SF_TYPE_I32,
	SF_TYPE_PORT,  /* u16 in network order on the wire, "u16" for users */
	SF_TYPE_BOOL, SF_TYPE_RATIO,
	SF_TYPE_ID64,  /* a string of decimal digits */
	SF_TYPE_WORD,  /* a number with a name; "unknown-7" without */
	SF_TYPE_WORDS, /* bits with names */
	SF_TYPE_IP,
	SF_TYPE_TEXT,  /* bytes chosen by others, to the first NUL */
	SF_TYPE_BYTES, /* bytes chosen by others, NUL too */
	SF_TYPE_HEX,   /* bytes as pairs of digits with colons between: a hardware address */
	SF_TYPE_COUNT
};
const char *sf_type_name(enum sf_type); /* "u32", "ip", "words": as `sockfeed fields` says it */

/* Several values of one type in one field. */
enum sf_list_kind {
	SF_LIST_NONE,
	SF_LIST_ARRAY, /* elements of `stride` bytes, each with the value at `offset`; an IP: a sockaddr */
	SF_LIST_BITS   /* the numbers of the bits that are set, from 1 */
};

struct sf_words { /* names of the numbers (WORD) or bits (WORDS) first, first + 1 ...; NULL where there is none */
	uint32_t first, count;
	const char *const *names;
	/*
	 * Or other numbers, which may have the same names. Then several spaces of numbers are in one, each at its own
	 * multiple of SF_WORDS_SPACE: protocols of inet, netlink, packet.
	 */
	const struct sf_words *more;
};
#define SF_WORDS_SPACE 0x10000u

/*
 * A value as read; which member holds it goes by the type: number (all integers, PORT, BOOL, WORD, WORDS, ID64; I32 as
 * int64_t), real (RATIO), bytes (IP: 4 or 16 of them; TEXT, BYTES, HEX; of a list all that its elements lie in).
 */
struct sf_value {
	union {
		uint64_t number;
		double real;
		const uint8_t *bytes;
	};
	uint32_t length; /* of bytes */
};

enum sf_presence { SF_ABSENT, SF_NULL, SF_PRESENT };

struct sf_field {
	const char *name, *since; /* since which kernel, "" for always */
	const char *source, *help; /* source: what it is read from, in words */
	enum sf_type type;
	enum sf_unit unit;
	uint8_t part;     /* SF_PART_* */
	uint16_t offset;  /* in the part */
	/* Bytes read there: offset + size <= length of the part, or it is absent; TEXT, BYTES: 0, the rest of it. */
	uint8_t size;
	uint8_t list;     /* enum sf_list_kind; size is then an element's, and there may be none */
	uint8_t stride;   /* of an array */
	uint8_t classes;  /* mask of 1 << enum sf_class, ENDED apart: in others it is absent whatever came */
	bool ends;        /* the event of a socket's end has it, too */
	uint32_t tables;  /* mask of 1 << enum sf_table: in others too */
	uint32_t same;    /* of them, those whose sockets all have one value: `read` asks for the table alone */
	bool rare;        /* a plain number that is 0 in nearly all sockets: a writer may ask for all such at once */
	bool nullable;    /* a plain number that equals one of nulls is null: "none", "unlimited" */
	uint64_t nulls[2];
	/* A number is these bits of the plain bytes alone: (bytes >> shift) & (2^bits - 1). bits 0: all of them. */
	uint8_t shift, bits;
	/*
	 * Absent when these bytes of its own part, as a number, have no bit of the mask; mask 0: no such condition. A
	 * RATIO without a function is the field's bytes divided by 2^scale, by these where that is 0. Of a list of HEX:
	 * how many of the bytes count.
	 */
	struct { uint16_t offset; uint8_t size; uint64_t mask; } set;
	uint8_t scale; /* 0: it has none */
	/* A further condition, or NULL; called when part, offset and size are there. */
	bool (*when)(const struct sf_view *);
	uint8_t holds; /* mask of classes: it holds in all their sockets and need not be asked */
	/* Constants and derived values; NULL: the plain bytes. Called after part, size, classes, when. */
	enum sf_presence (*read)(const struct sf_view *, struct sf_value *);
	const struct sf_words *words; /* WORD and WORDS */
	const char *when_text;        /* when it means something, in words, for `sockfeed fields` */
	const char *null_text;        /* what null means, or "" */
};

enum sf_field_id {
#define FIELD(id, ...) SF_FIELD_##id,
#include <sockfeed/fields.def>
#undef FIELD
	SF_FIELD_COUNT
};
extern const struct sf_field sf_fields[SF_FIELD_COUNT]; /* in the order of records; a group's fields stand together */

int sf_field_find(const char *name, size_t length); /* id or -ENOENT */
/* The one that ss calls so (minrtt: tcp.min_rtt_us), the nearest, one that begins so (rtt: tcp.rtt_us), or NULL. */
const char *sf_field_near(const char *name, size_t length);
const char *sf_field_without_unit(const char *name, size_t length); /* tcp.rtt: that of tcp.rtt_us; or NULL */
/* Can a socket of that class of the table have it? */
static inline bool sf_field_in(const struct sf_field *field, unsigned table, unsigned class)
{
	return field->tables >> table & 1 &&
	       (class == SF_CLASS_ENDED ? field->ends : field->classes >> class & 1);
}
/* Reads one field: the slow, general way (filters, tables, tests). `value` is set when SF_PRESENT alone. */
enum sf_presence sf_field_read(const struct sf_field *, const struct sf_view *, struct sf_value *value);
/*
 * What a request of the table must ask for to have the field; 0 for what always comes, or never. Of inet bits of
 * 1 << (N - 1) for attribute N that idiag_ext gates; of others those of their own word.
 */
uint32_t sf_field_ext(const struct sf_field *, enum sf_table);
/* "INFO": what a bit of sf_field_ext asks for, in the kernel's word; NULL: the table has no such bit. */
const char *sf_ext_name(enum sf_table, unsigned bit);

/* Of a list as read: element number *at, which is counted up; false: there are no more. */
bool sf_list_next(const struct sf_field *, const struct sf_value *list, uint32_t *at, struct sf_value *element);
/* "u32", of a list "u32[]". */
const char *sf_field_type(const struct sf_field *);

/* A set of fields. */
struct sf_fieldset {
	uint64_t bits[(SF_FIELD_COUNT + 63) / 64];
};
static inline bool sf_fieldset_has(const struct sf_fieldset *set, unsigned id)
{
	return set->bits[id / 64] >> (id % 64) & 1;
}
static inline void sf_fieldset_add(struct sf_fieldset *set, unsigned id)
{
	set->bits[id / 64] |= 1ull << (id % 64);
}
/*
 * Applies a list of words, left to right: `all`, a group (`tcp`, `local`), a name, a glob (`tcp.last_*`), each with a
 * leading `-` to remove; a list of removals alone starts from all. What matches nothing is a complaint with the nearest
 * name. Returns -EINVAL after any complaint, or when nothing is left.
 */
int sf_fields_select(const struct sf_text *words, size_t count, struct sf_fieldset *ret, struct sf_complaints *);

/*
 * The word of a number or bit, NULL: it has none. The number of a word, or -ENOENT. sf_fields[SF_FIELD_STATE].words are
 * the states.
 */
static inline const char *sf_word(const struct sf_words *words, uint64_t number)
{
	for (; words; words = words->more)
		if (number - words->first < words->count && words->names[number - words->first])
			return words->names[number - words->first];
	return NULL;
}
/* What `unknown-7` says of a number without a word. */
static inline uint64_t sf_word_unknown(const struct sf_words *words, uint64_t number)
{
	return words->more ? number % SF_WORDS_SPACE : number;
}
int sf_word_find(const struct sf_words *words, const char *word, size_t length);
