/* SPDX-License-Identifier: Apache-2.0 */
/* An output to Kafka: its settings, and the files that are it, each for one question. */
#pragma once

#include "delivery/letters/letters.h"
#include "delivery/sink.h"
#include "delivery/spool/spool.h"
#include "kafka_library.h"

enum { SF_MESSAGE_MOST = 900000 }; /* bytes of lines in a message */

enum sf_kafka_key { SF_KEY_NONE, SF_KEY_HOST, SF_KEY_QUERY, SF_KEY_SOCKET, SF_KEY_FLOW };

struct sf_kafka_conf {
	struct sf_list brokers;
	const char *client_id;
	struct sf_text topic; /* with placeholders */
	int key;	      /* enum sf_kafka_key */
	struct sf_list headers;
	uint64_t records_per_message;
	int compression, partitioner;
	bool has_tls;
	struct {
		struct sf_secret ca, cert, key, key_password;
		bool verify;
	} tls;
	bool has_sasl;
	struct {
		int mechanism;
		const char *username;
		struct sf_secret password;
	} sasl;
	struct sf_list properties; /* of the library, as the user wrote them */
	bool has_spool;
	struct sf_spool_conf spool;
	bool has_letters;
	struct sf_letters_conf letters;
};

extern const struct sf_key sf_kafka_keys[];
const char *sf_kafka_choice(const char *key, int choice); /* as a user writes it, and the library */

const struct sf_spool_conf *sf_kafka_spool(const void *conf);
const struct sf_letters_conf *sf_kafka_letters(const void *conf);
unsigned sf_kafka_line_keys(const void *conf);
void sf_kafka_settle(void *conf, const struct sf_places *, struct sf_complaints *);

/* ---- topics ---- */

void sf_kafka_topic_check(const struct sf_text *, struct sf_complaints *);
int sf_kafka_topic(const void *conf, const struct sf_site *, const struct sf_origin *,
		   enum sf_line_type, struct sf_buf *topic, struct sf_complaints *);

/* ---- settings of the library ---- */

/* A setting that the library refused: by our key (of a section, or NULL), or by a property. */
struct sf_kafka_refused {
	void (*call)(void *arg, const char *section, const char *key, const struct sf_text *pair,
		     const char *why);
	void *arg;
};
/* Never NULL. What is refused is left out. */
rd_kafka_conf_t *sf_kafka_settings(const struct sf_kafka_conf *, const struct sf_kafka_refused *);
/* Why a property is not the user's to set, "write tls instead"; NULL: it is. */
const char *sf_kafka_owner(const char *property);

/* ---- what errors mean ---- */

enum sf_kafka_class {
	SF_KAFKA_SIZE,	  /* too large, alone or with others */
	SF_KAFKA_DATA,	  /* wrong as it is, alone or because of others */
	SF_KAFKA_REFUSED, /* its topic takes nothing now */
	SF_KAFKA_AGAIN	  /* anything else */
};
struct sf_kafka_cause {
	rd_kafka_resp_err_t code;
	enum sf_kafka_class class;
	const char *advice; /* what to do; "" for nothing */
};
extern const struct sf_kafka_cause sf_kafka_causes[]; /* the last one is for all other codes */
const struct sf_kafka_cause *sf_kafka_cause(rd_kafka_resp_err_t);
/* Of a connection: the library's words say more than its code. */
const struct sf_kafka_cause *sf_kafka_cause_by_words(rd_kafka_resp_err_t, const char *words);
bool sf_kafka_is_certificate(const struct sf_kafka_cause *); /* which sf_kafka_certificate names */
/* What is wrong with a broker's certificate: "has expired"; NULL: OpenSSL may say. */
const char *sf_kafka_certificate(int x509_error);

/* ---- sentences, to be freed ---- */

/*
 * What an error, or a line of the log, says of a connection, and its cause. No cause: it says
 * nothing of one. A cause and no words: others say it, or said it.
 */
char *sf_kafka_words(rd_kafka_event_t *, const struct sf_kafka_cause **cause);
/* "BEGIN TEXT; ADVICE" */
char *sf_kafka_sentence(const char *begin, const char *text, const char *advice);
/* Of a line of the library's log, what is behind the name of its thread. */
const char *sf_kafka_log_text(const char *text);

/* Tries it, as struct sf_sink_kind says. */
int sf_kafka_connect(const void *conf, const struct sf_site *, const char *const *topics,
		     size_t count, void (*said)(void *arg, const char *text), void *arg,
		     struct sf_err *);
