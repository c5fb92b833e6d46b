/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `socket`: a reply is indexed, each field is read when it is there and means something, and never else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sockfeed/socket.h>

struct reply { /* one answer of inet_diag, built attribute by attribute */
	uint8_t bytes[2048];
	size_t length;
};

static struct sf_inet_msg *header(struct reply *reply)
{
	return (struct sf_inet_msg *)(void *)reply->bytes;
}

static struct reply begin(uint8_t state)
{
	struct reply reply = {.length = sizeof(struct sf_inet_msg)};

	header(&reply)->family = 2;
	header(&reply)->state = state;
	return reply;
}

static void add(struct reply *reply, uint16_t type, const void *payload, uint16_t length)
{
	const uint16_t head[2] = {(uint16_t)(length + 4), type};

	memcpy(reply->bytes + reply->length, head, 4);
	if (length)
		memcpy(reply->bytes + reply->length + 4, payload, length);
	reply->length += (4u + length + 3u) & ~3u;
}

static void add_shutdown(struct reply *reply)
{
	add(reply, SF_PART_SHUTDOWN, "", 1);
}

static struct sf_view index_ok(const struct reply *reply)
{
	struct sf_view view = {.table = SF_TABLE_TCP, .release = 0x061200};

	assert_int_equal(sf_view_index(&view, reply->bytes, reply->length), 0);
	return view;
}

static enum sf_presence get(const struct sf_view *view, const char *name, struct sf_value *value)
{
	int id = sf_field_find(name, strlen(name));

	assert_true(id >= 0);
	return sf_field_read(&sf_fields[id], view, value);
}

static void assert_number(const struct sf_view *view, const char *name, uint64_t number)
{
	struct sf_value value;

	assert_int_equal(get(view, name, &value), SF_PRESENT);
	assert_int_equal(value.number, number);
}

static void assert_not_there(const struct sf_view *view, const char *name)
{
	struct sf_value value;

	if (get(view, name, &value) != SF_ABSENT)
		fail_msg("%s should be absent", name);
}

static void the_class_goes_by_what_came(void **state)
{
	struct reply small = begin(SF_FIN_WAIT_2), full = begin(SF_FIN_WAIT_2),
		     listener = begin(SF_LISTEN), bound = begin(SF_CLOSE);
	(void)state;

	add_shutdown(&full);
	add_shutdown(&bound);
	assert_int_equal(index_ok(&small).class, SF_CLASS_SMALL);
	assert_int_equal(index_ok(&full).class, SF_CLASS_FULL);
	assert_int_equal(index_ok(&listener).class, SF_CLASS_LISTENER);
	assert_int_equal(index_ok(&bound).class, SF_CLASS_BOUND);
}

static void a_field_beyond_what_the_kernel_sent_is_absent(void **state)
{
	struct sf_tcp_info info = {.rtt = 5, .total_rto_time = 7};
	(void)state;

	for (uint16_t length = 0; length <= sizeof(info); length++) {
		struct reply reply = begin(SF_ESTABLISHED);
		struct sf_view view;

		add_shutdown(&reply);
		add(&reply, SF_PART_INFO, &info, length);
		view = index_ok(&reply);
		for (int id = 0; id < SF_FIELD_COUNT; id++) {
			const struct sf_field *field = &sf_fields[id];
			struct sf_value value;

			if (field->part != SF_PART_INFO || !(field->tables & 1u << SF_TABLE_TCP))
				continue;
			if (field->offset + field->size > length)
				assert_int_equal(sf_field_read(field, &view, &value), SF_ABSENT);
			else if (!field->when && !field->set.mask && !field->nullable && !field->read)
				assert_int_equal(sf_field_read(field, &view, &value), SF_PRESENT);
		}
	}
}

static void magic_numbers_are_null(void **state)
{
	struct sf_tcp_info info = {
		.snd_ssthresh = 0x7fffffff, .pacing_rate = UINT64_MAX, .min_rtt = UINT32_MAX};
	struct reply reply = begin(SF_ESTABLISHED);
	struct sf_view view;
	struct sf_value value;
	(void)state;

	add_shutdown(&reply);
	add(&reply, SF_PART_INFO, &info, sizeof(info));
	view = index_ok(&reply);
	assert_int_equal(get(&view, "tcp.snd_ssthresh", &value), SF_NULL);
	assert_int_equal(get(&view, "tcp.pacing_rate_bytes_per_s", &value), SF_NULL);
	assert_int_equal(get(&view, "tcp.min_rtt_us", &value), SF_NULL);
	assert_number(&view, "tcp.max_pacing_rate_bytes_per_s", 0);
}

static void a_listener_shows_its_backlog_and_no_queues(void **state)
{
	struct reply reply = begin(SF_LISTEN);
	struct sf_view view;
	struct sf_value value;
	(void)state;

	header(&reply)->rqueue = 3;
	header(&reply)->wqueue = 4;
	add_shutdown(&reply);
	view = index_ok(&reply);
	assert_number(&view, "listen.backlog", 3);
	assert_number(&view, "listen.backlog_limit", 4);
	assert_int_equal(get(&view, "listen.backlog_ratio", &value), SF_PRESENT);
	assert_true(value.real == 0.75);
	assert_not_there(&view, "recv_q_bytes");
	assert_not_there(&view, "peer.port");
	header(&reply)->wqueue = 0;
	view = index_ok(&reply);
	assert_not_there(&view, "listen.backlog_ratio");
}

static void a_uid_of_nobody_known_is_absent(void **state)
{
	struct reply small = begin(SF_TIME_WAIT), full = begin(SF_ESTABLISHED);
	struct sf_view view;
	(void)state;

	add_shutdown(&full);
	view = index_ok(&small);
	assert_not_there(&view, "uid");
	view = index_ok(&full);
	assert_not_there(&view, "uid"); /* an orphan before 6.17 */
	header(&full)->uid = 33;
	view = index_ok(&full);
	assert_number(&view, "uid", 33);
	header(&full)->uid = 0;
	header(&full)->inode = 9;
	view = index_ok(&full);
	assert_number(&view, "uid", 0);
}

static void the_two_layouts_of_accecn_go_by_the_release(void **state)
{
	struct sf_tcp_info info = {.accecn_fail_mode = 0x00b6, .accecn_opt_seen = 2};
	struct reply reply = begin(SF_ESTABLISHED);
	struct sf_view view;
	(void)state;

	add_shutdown(&reply);
	add(&reply, SF_PART_INFO, &info, sizeof(info));
	view = index_ok(&reply);
	assert_number(&view, "tcp.accecn_fail_mode", 0xb6);
	assert_number(&view, "tcp.accecn_opt_seen", 2);
	assert_not_there(&view, "tcp.ecn_mode");
	view.release = 0x070000; /* 0xb6: ecn_mode 2, opt_seen 1, fail_mode 11 */
	assert_number(&view, "tcp.ecn_mode", 2);
	assert_number(&view, "tcp.accecn_opt_seen", 1);
	assert_number(&view, "tcp.accecn_fail_mode", 11);
	view.release = 0;
	assert_not_there(&view, "tcp.accecn_fail_mode");
}

static void what_the_nest_of_the_upper_protocol_holds_is_found(void **state)
{
	const uint16_t version = 0x0304, cipher = 52, map_datalen = 700;
	struct reply tls = {0}, subflow = {0}, ulp = {0}, reply = begin(SF_ESTABLISHED);
	struct sf_view view;
	struct sf_value value;
	(void)state;

	add(&tls, 1, &version, 2);
	add(&tls, 2, &cipher, 2);
	add(&tls, 5, "", 0); /* the flag ZC_RO_TX */
	add(&subflow, 7, &map_datalen, 2);
	add(&ulp, 1, "tls", 4);
	add(&ulp, 2 | 0x8000, tls.bytes, (uint16_t)tls.length);
	add(&ulp, 3 | 0x8000, subflow.bytes, (uint16_t)subflow.length);
	add_shutdown(&reply);
	add(&reply, SF_PART_ULP | 0x8000, ulp.bytes, (uint16_t)ulp.length);
	view = index_ok(&reply);
	assert_int_equal(get(&view, "ulp.name", &value), SF_PRESENT);
	assert_int_equal(value.length, 3);
	assert_memory_equal(value.bytes, "tls", 3);
	assert_number(&view, "tls.version", 0x0304);
	assert_string_equal(sf_word(sf_fields[SF_FIELD_TLS_VERSION].words, 0x0304), "1.3");
	assert_number(&view, "tls.cipher", 52);
	assert_number(&view, "tls.zc_ro_tx", 1);
	assert_number(&view, "tls.rx_no_pad", 0);
	assert_not_there(&view, "tls.tx_conf");
	assert_number(&view, "subflow.map_datalen", 700);
}

static void the_secret_key_of_tcp_md5_is_never_indexed(void **state)
{
	struct reply reply = begin(SF_ESTABLISHED);
	struct sf_view view;
	(void)state;

	add(&reply, SF_PART_MD5SIG, "secret", 6);
	view = index_ok(&reply);
	assert_int_equal(view.length[SF_PART_MD5SIG], 0);
}

static void a_reply_that_does_not_fit_is_refused(void **state)
{
	struct reply reply = begin(SF_ESTABLISHED);
	struct sf_view view = {.table = SF_TABLE_TCP};
	const uint16_t longer[2] = {40, SF_PART_INFO}, shorter[2] = {3, SF_PART_INFO};
	(void)state;

	assert_int_equal(sf_view_index(&view, reply.bytes, sizeof(struct sf_inet_msg) - 1),
			 -EBADMSG);
	memcpy(reply.bytes + reply.length, longer, 4);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length + 36), -EBADMSG);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length + 40), 0);
	memcpy(reply.bytes + reply.length, shorter, 4);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length + 4), -EBADMSG);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length + 2), -EBADMSG);
}

static struct sf_fieldset select_ok(const char *const *words, size_t count)
{
	struct sf_text texts[8] = {0};
	struct sf_fieldset set = {0};
	struct sf_complaints *complaints = sf_complaints_new();

	for (size_t i = 0; i < count; i++)
		texts[i] = (struct sf_text){
			.name = "fields", .text = words[i], .length = strlen(words[i])};
	assert_int_equal(sf_fields_select(texts, count, &set, complaints), 0);
	sf_complaints_free(complaints);
	return set;
}

static void fields_are_selected_from_left_to_right(void **state)
{
	struct sf_fieldset set;
	(void)state;

	set = select_ok(
		(const char *const[]){"tcp", "-tcp.last_*", "local", "tcp.last_ack_recv_ms"}, 4);
	assert_true(sf_fieldset_has(&set, SF_FIELD_TCP_RTT));
	assert_true(sf_fieldset_has(&set, SF_FIELD_LOCAL_PORT));
	assert_true(sf_fieldset_has(&set, SF_FIELD_TCP_LAST_ACK_RECV));
	assert_false(sf_fieldset_has(&set, SF_FIELD_TCP_LAST_DATA_SENT));
	assert_false(sf_fieldset_has(&set, SF_FIELD_PEER_PORT));
	set = select_ok((const char *const[]){"-skmem"}, 1); /* only removals start from all */
	assert_true(sf_fieldset_has(&set, SF_FIELD_UID));
	assert_false(sf_fieldset_has(&set, SF_FIELD_SKMEM_DROPS));
	set = select_ok((const char *const[]){"mark"}, 1); /* a name is no prefix */
	assert_true(sf_fieldset_has(&set, SF_FIELD_MARK));
}

static void a_selection_that_names_nothing_is_an_error(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text words[] = {{.name = "f", .text = "tpc", .length = 3},
				  {.name = "f", .text = "-nothing.*", .length = 10}};
	struct sf_text none[] = {{.name = "f", .text = "uid", .length = 3},
				 {.name = "f", .text = "-uid", .length = 4}};
	struct sf_fieldset set;
	(void)state;

	assert_int_equal(sf_fields_select(words, 2, &set, complaints), -EINVAL);
	assert_int_equal(sf_complaints_errors(complaints), 2);
	assert_int_equal(sf_fields_select(none, 2, &set, complaints), -EINVAL);
	assert_int_equal(sf_complaints_errors(complaints), 3);
	sf_complaints_free(complaints);
}

static void a_name_without_its_unit_or_its_group_is_near_the_whole_one(void **state)
{
	(void)state;
	assert_string_equal(sf_field_near("tcp.rtt", 7), "tcp.rtt_us");
	assert_string_equal(sf_field_near("rtt", 3), "tcp.rtt_us");
	assert_string_equal(sf_field_near("skmem.dorps", 11), "skmem.drops");
	assert_string_equal(sf_field_near("recv_q", 6), "recv_q_bytes");
	assert_string_equal(sf_field_near("minrtt", 6), "tcp.min_rtt_us"); /* as ss says */
	assert_string_equal(sf_field_near("retrans", 7), "tcp.total_retrans"); /* as our table says */
	assert_null(sf_field_near("nothing", 7));
	assert_null(sf_field_near("tc", 2)); /* it would be any of a hundred */
}

static void nothing_is_asked_that_no_field_needs(void **state)
{
	(void)state;

	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_LOCAL_PORT], SF_TABLE_TCP), 0);
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_CGROUP_ID], SF_TABLE_TCP), 0); /* always comes */
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_TCP_RTT], SF_TABLE_TCP), 1 << 1);
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_BBR_BW], SF_TABLE_TCP), 1 << 2);
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_TCP_CONGESTION_CONTROL], SF_TABLE_TCP), 1 << 3);
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_CLASS_ID], SF_TABLE_TCP), 1 << 5);
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_SKMEM_DROPS], SF_TABLE_TCP), 1 << 6);
	assert_int_equal(sf_field_ext(&sf_fields[SF_FIELD_TLS_VERSION], SF_TABLE_TCP), 1 << 1);
}

static void every_field_can_be_found_by_its_name_and_its_group_stands_together(void **state)
{
	(void)state;

	for (int id = 0; id < SF_FIELD_COUNT; id++) {
		const struct sf_field *field = &sf_fields[id];
		const char *dot = strchr(field->name, '.');

		assert_int_equal(sf_field_find(field->name, strlen(field->name)), id);
		assert_true(field->help[0] && field->source[0] && field->when_text[0] &&
			    field->classes);
		if (field->type == SF_TYPE_WORD || field->type == SF_TYPE_WORDS)
			assert_non_null(field->words);
		for (int other = id + 2; dot && other < SF_FIELD_COUNT; other++) {
			size_t group = (size_t)(dot - field->name) + 1;

			if (!strncmp(sf_fields[other].name, field->name, group))
				assert_memory_equal(sf_fields[other - 1].name, field->name, group);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_class_goes_by_what_came),
		cmocka_unit_test(a_field_beyond_what_the_kernel_sent_is_absent),
		cmocka_unit_test(magic_numbers_are_null),
		cmocka_unit_test(a_listener_shows_its_backlog_and_no_queues),
		cmocka_unit_test(a_uid_of_nobody_known_is_absent),
		cmocka_unit_test(the_two_layouts_of_accecn_go_by_the_release),
		cmocka_unit_test(what_the_nest_of_the_upper_protocol_holds_is_found),
		cmocka_unit_test(the_secret_key_of_tcp_md5_is_never_indexed),
		cmocka_unit_test(a_reply_that_does_not_fit_is_refused),
		cmocka_unit_test(fields_are_selected_from_left_to_right),
		cmocka_unit_test(a_selection_that_names_nothing_is_an_error),
		cmocka_unit_test(a_name_without_its_unit_or_its_group_is_near_the_whole_one),
		cmocka_unit_test(nothing_is_asked_that_no_field_needs),
		cmocka_unit_test(
			every_field_can_be_found_by_its_name_and_its_group_stands_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
