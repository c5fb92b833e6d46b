/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nanoseconds a record: index a reply and encode all its fields. 4,096 full established sockets with
 * varied values, as the kernel would send them, written into a buffer of 256 KiB used round. Prints
 * the median of five passes.
 */
#include <stdlib.h>
#include <time.h>

#include <sockfeed/record.h>

enum { VIEWS = 4096, ROUNDS = 40, PASSES = 5, MESSAGE_ROOM = 640, OUT_SIZE = 256 << 10 };

struct message {
	uint32_t length;
	uint8_t bytes[MESSAGE_ROOM];
};

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t draw(void) /* xorshift64, Marsaglia 2003 */
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* Below `most`: any number of digits is as likely as any other. */
static uint64_t varied(uint64_t most)
{
	uint64_t bound = 1, digits = 1;

	while (digits < 20 && bound < most / 10) {
		bound *= 10;
		digits++;
	}
	for (bound = 10, digits = draw() % digits; digits; digits--)
		bound *= 10;
	return draw() % (bound < most ? bound : most);
}

static void attribute(struct message *m, unsigned type, const void *bytes, size_t length)
{
	uint16_t head[2] = {(uint16_t)(4 + length), (uint16_t)type};

	memcpy(m->bytes + m->length, head, 4);
	memcpy(m->bytes + m->length + 4, bytes, length);
	m->length += (uint32_t)(4 + length + 3) & ~3u;
}

static void fill_header(struct message *m, bool inet6)
{
	struct sf_inet_msg h = {.family = inet6 ? 10 : 2,
				.state = SF_ESTABLISHED,
				.sport = (uint16_t)draw(),
				.dport = (uint16_t)draw(),
				.uid = (uint32_t)varied(70000),
				.inode = (uint32_t)varied(9000000) + 1,
				.rqueue = (uint32_t)varied(400000),
				.wqueue = (uint32_t)varied(400000)};
	uint64_t cookie = varied(1u << 30);

	if (draw() % 2) {
		h.timer = (uint8_t)(1 + draw() % 2);
		h.expires = (uint32_t)varied(7200000);
	}
	memcpy(h.cookie, &cookie, 8);
	h.src[0] = (uint32_t)draw();
	h.dst[0] = (uint32_t)draw();
	for (unsigned i = 1; inet6 && i < 4; i++) {
		h.src[i] = i == 3 || draw() % 2 ? (uint32_t)draw() : 0;
		h.dst[i] = i == 3 || draw() % 2 ? (uint32_t)draw() : 0;
	}
	memcpy(m->bytes, &h, sizeof(h));
	m->length = sizeof(h);
}

static void fill_info(struct sf_tcp_info *t)
{
	memset(t, 0, sizeof(*t));
	t->state = SF_ESTABLISHED;
	t->ca_state = (uint8_t)(draw() % 8 ? 0 : draw() % 5);
	t->options = (uint8_t)(7 | (draw() % 4 ? 0 : 8));
	t->wscale = 0x77;
	t->rate_flags = (uint8_t)(draw() % 2);
	t->rto = (uint32_t)(200000 + varied(800000));
	t->ato = 40000;
	t->snd_mss = (uint32_t)(536 + draw() % 9000);
	t->rcv_mss = (uint32_t)(536 + draw() % 9000);
	t->unacked = (uint32_t)varied(100);
	t->sacked = (uint32_t)varied(10);
	t->lost = (uint32_t)varied(10);
	t->retrans = (uint32_t)varied(10);
	t->last_data_sent = (uint32_t)varied(4000000);
	t->last_data_recv = (uint32_t)varied(4000000);
	t->last_ack_recv = (uint32_t)varied(4000000);
	t->pmtu = (uint32_t)(1280 + draw() % 8000);
	t->rcv_ssthresh = (uint32_t)varied(6000000);
	t->rtt = (uint32_t)varied(300000) + 1;
	t->rttvar = (uint32_t)varied(100000);
	t->snd_ssthresh = draw() % 2 ? 0x7fffffff : (uint32_t)varied(1000);
	t->snd_cwnd = (uint32_t)(10 + varied(1000));
	t->advmss = 1448;
	t->reordering = (uint32_t)(3 + varied(300));
	t->rcv_rtt = (uint32_t)varied(300000);
	t->rcv_space = (uint32_t)(14600 + varied(6000000));
	t->total_retrans = (uint32_t)varied(10000);
	t->pacing_rate = varied(10000000000);
	t->max_pacing_rate = UINT64_MAX;
	t->bytes_acked = varied(1000000000000);
	t->bytes_received = varied(1000000000000);
	t->segs_out = (uint32_t)varied(4000000000);
	t->segs_in = (uint32_t)varied(4000000000);
	t->notsent_bytes = (uint32_t)varied(400000);
	t->min_rtt = (uint32_t)varied(300000);
	t->data_segs_in = (uint32_t)varied(4000000000);
	t->data_segs_out = (uint32_t)varied(4000000000);
	t->delivery_rate = varied(10000000000);
	t->busy_time = varied(1000000000) + 1;
	t->rwnd_limited = draw() % 2 ? 0 : varied(t->busy_time);
	t->sndbuf_limited = draw() % 2 ? 0 : varied(t->busy_time);
	t->delivered = (uint32_t)varied(4000000000);
	t->delivered_ce = (uint32_t)varied(1000);
	t->bytes_sent = t->bytes_acked + 1;
	t->bytes_retrans = varied(t->bytes_sent);
	t->dsack_dups = (uint32_t)varied(1000);
	t->reord_seen = (uint32_t)varied(1000);
	t->rcv_ooopack = (uint32_t)varied(100000);
	t->snd_wnd = (uint32_t)(65536 + varied(6000000));
	t->rcv_wnd = (uint32_t)(65536 + varied(6000000));
	t->rehash = (uint32_t)varied(100);
	t->total_rto = (uint16_t)varied(1000);
	t->total_rto_recoveries = (uint16_t)varied(1000);
	t->total_rto_time = (uint32_t)varied(1000000);
	t->received_ce = (uint32_t)varied(1000);
	t->delivered_e1_bytes = (uint32_t)varied(1000000);
	t->delivered_e0_bytes = (uint32_t)varied(1000000);
	t->received_e1_bytes = (uint32_t)varied(1000000);
	t->received_e0_bytes = (uint32_t)varied(1000000);
}

static void fill(struct message *m)
{
	/* One in four has figures of its congestion control, as a host that tries bbr. */
	static const char *const controls[] = {"cubic", "bbr", "cubic", "reno"};
	bool inet6 = draw() % 3 == 0;
	const char *control = controls[draw() % SF_COUNT(controls)];
	struct sf_tcp_info info;
	struct sf_bbr_info bbr = {.bw = {(uint32_t)varied(4000000000), 0},
				  .min_rtt = (uint32_t)varied(300000),
				  .pacing_gain = (uint32_t)(draw() % 740),
				  .cwnd_gain = (uint32_t)(draw() % 740)};
	uint8_t tos = (uint8_t)(draw() % 2 ? 0 : draw()), shutdown = 0;
	uint8_t sockopt[2] = {(uint8_t)(0x52 | (draw() & 5)), (uint8_t)(draw() & 1)};
	uint64_t cgroup = varied(1000000);
	uint32_t class_id = 0, skmem[9];

	fill_header(m, inet6);
	fill_info(&info);
	for (unsigned i = 0; i < 9; i++)
		skmem[i] = (uint32_t)varied(6000000);
	attribute(m, SF_PART_SHUTDOWN, &shutdown, 1);
	attribute(m, SF_PART_TOS, &tos, 1);
	if (inet6)
		attribute(m, SF_PART_TCLASS, &tos, 1);
	attribute(m, SF_PART_CLASS_ID, &class_id, 4);
	attribute(m, SF_PART_CGROUP, &cgroup, 8);
	attribute(m, SF_PART_SOCKOPT, sockopt, 2);
	attribute(m, SF_PART_SKMEM, skmem, sizeof(skmem));
	attribute(m, SF_PART_CONG, control, strlen(control) + 1);
	attribute(m, SF_PART_INFO, &info, sizeof(info));
	if (!strcmp(control, "bbr"))
		attribute(m, SF_PART_BBR, &bbr, sizeof(bbr));
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One pass; returns ns a record, *bytes of them all. */
static double pass(struct sf_encoder *encoder, const struct message *messages, char *out,
		   uint64_t *bytes)
{
	struct sf_view view = {.table = SF_TABLE_TCP, .release = 0x061200}; /* one, as a walk has */
	size_t most = sf_encoder_most(encoder), used = 0;
	double start = now_ns();
	uint64_t seq = 0;

	*bytes = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < VIEWS; i++) {
			size_t length;

			if (sf_view_index(&view, messages[i].bytes, messages[i].length))
				abort();
			if (OUT_SIZE - used < most)
				used = 0;
			length = (size_t)(sf_encode_socket(encoder, &view, seq++, out + used) -
					  (out + used));
			used += length;
			*bytes += length;
		}
	}
	return (now_ns() - start) / (ROUNDS * VIEWS);
}

int main(void)
{
	static const char *const names[] = {"cluster", "role"}, *const values[] = {"edge", "web"};
	const struct sf_envelope envelope = {.host_name = "web-1.example.net",
					     .host_id = "0123456789abcdef0123456789abcdef",
					     .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
					     .query = "established",
					     .labels = 2,
					     .label_names = names,
					     .label_values = values};
	struct message *messages = sf_alloc(VIEWS * sizeof(*messages));
	char *out = sf_alloc(OUT_SIZE);
	struct sf_fieldset all = {0};
	struct sf_encoder *encoder;
	double ns[PASSES];
	uint64_t bytes = 0;

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		sf_fieldset_add(&all, id);
	for (unsigned i = 0; i < VIEWS; i++)
		fill(&messages[i]);
	encoder = sf_encoder_new(&envelope, &all, 1u << SF_TABLE_TCP);
	sf_encoder_run(encoder, 86400123456, 4026531840);
	sf_encoder_time(encoder, 1763964000123456);
	pass(encoder, messages, out, &bytes); /* caches and frequency */
	for (unsigned i = 0; i < PASSES; i++)
		ns[i] = pass(encoder, messages, out, &bytes);
	qsort(ns, PASSES, sizeof(*ns), ascending);
	printf("encode: %.0f ns a record (least %.0f, most %.0f), %.0f bytes a record\n",
	       ns[PASSES / 2], ns[0], ns[PASSES - 1], (double)bytes / (ROUNDS * VIEWS));
	sf_encoder_free(encoder);
	free(messages);
	free(out);
	return 0;
}
