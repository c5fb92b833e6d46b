/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two forms of a walk see the same: one legacy dump, and a dump a family, on the running kernel, in a namespace of
 * our own with sockets of both families in several states. What runs (timers, milliseconds since) is left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sockfeed/kernel.h>

enum { PAIRS = 40, MOST = 4 * PAIRS, EXT = 0xff, PART = 1024 };

struct seen {
	uint64_t cookie;
	uint8_t class;
	uint16_t length[SF_PART_COUNT];
	uint8_t part[SF_PART_COUNT][PART];
};

struct all {
	size_t count;
	struct seen one[MOST];
};

static int received(void *arg, uint64_t wall_us)
{
	(void)arg;
	(void)wall_us;
	return 0;
}

static void clear_clocks(struct seen *seen)
{
	const size_t at = offsetof(struct sf_tcp_info, last_data_sent);

	memset(seen->part[SF_PART_HEADER] + offsetof(struct sf_inet_msg, expires), 0, 4);
	if (seen->length[SF_PART_INFO])
		memset(seen->part[SF_PART_INFO] + at, 0, offsetof(struct sf_tcp_info, pmtu) - at);
}

static void note(void *arg, const struct sf_view *view)
{
	struct all *all = arg;
	struct seen *seen = &all->one[all->count++];

	assert_true(all->count <= MOST);
	seen->cookie = sf_view_cookie(view);
	seen->class = view->class;
	for (unsigned part = 0; part < SF_PART_COUNT; part++) {
		seen->length[part] = view->length[part];
		if (!view->length[part])
			continue;
		assert_true(view->length[part] <= PART);
		memcpy(seen->part[part], view->part[part], view->length[part]);
	}
	clear_clocks(seen);
}

static int by_cookie(const void *a, const void *b)
{
	const struct seen *one = a, *other = b;

	return one->cookie < other->cookie ? -1 : one->cookie > other->cookie;
}

static struct all *walk(struct sf_walker *walker, struct sf_walk *account)
{
	struct all *all = sf_new(struct all);
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = ~0u, .ext = EXT};

	assert_int_equal(sf_walker_walk(walker, &ask, &(struct sf_walk_calls){received, note, all}, account), 0);
	assert_false(account->partial);
	qsort(all->one, all->count, sizeof(all->one[0]), by_cookie);
	return all;
}

/* ---- sockets ---- */

static int fds[MOST];
static size_t open_fds;

static int keep(int fd)
{
	assert_true(fd >= 0);
	fds[open_fds++] = fd;
	return fd;
}

static socklen_t loopback(int family, struct sockaddr_storage *address)
{
	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		((struct sockaddr_in *)address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(struct sockaddr_in);
	}
	((struct sockaddr_in6 *)address)->sin6_addr = in6addr_loopback;
	return sizeof(struct sockaddr_in6);
}

static void make_pairs(int family)
{
	struct sockaddr_storage address;
	socklen_t size = loopback(family, &address);
	int listener = keep(socket(family, SOCK_STREAM, 0));

	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, PAIRS), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	for (unsigned i = 0; i < PAIRS / 2; i++) {
		int client = keep(socket(family, SOCK_STREAM, 0)), server;

		assert_int_equal(connect(client, (struct sockaddr *)&address, size), 0);
		server = keep(accept(listener, NULL, NULL));
		assert_int_equal(send(client, "some bytes", 10, 0), 10);
		if (i % 5 == 0)
			shutdown(server, SHUT_WR); /* fin-wait-2 and close-wait */
	}
}

static int enter(void **state)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		exit(77); /* skipped: no namespace may be made here */
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		exit(77);
	close(fd);
	make_pairs(AF_INET);
	make_pairs(AF_INET6);
	usleep(300000); /* delayed acknowledgements, at most 200 ms */
	return 0;
}

static int leave(void **state)
{
	(void)state;
	while (open_fds)
		close(fds[--open_fds]);
	return 0;
}

static void both_forms_of_a_walk_see_the_same(void **state)
{
	sf_cleanup(sf_walker_free_p) struct sf_walker *legacy = sf_walker_new(0), *newer = sf_walker_new(0);
	struct sf_walk one, other;
	struct all *a, *b;

	(void)state;
	sf_walker_avoid_legacy(newer);
	a = walk(legacy, &one);
	b = walk(newer, &other);
	assert_int_equal(other.dumps, 2);
	assert_int_equal(a->count, 2 * (PAIRS + 1));
	assert_int_equal(b->count, a->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->one[i].cookie, b->one[i].cookie);
		assert_int_equal(a->one[i].class, b->one[i].class);
		for (unsigned part = 0; part < SF_PART_COUNT; part++) {
			assert_int_equal(a->one[i].length[part], b->one[i].length[part]);
			assert_memory_equal(a->one[i].part[part], b->one[i].part[part], a->one[i].length[part]);
		}
	}
	free(a);
	free(b);
}

static void what_is_not_asked_for_does_not_come(void **state)
{
	sf_cleanup(sf_walker_free_p) struct sf_walker *walker = sf_walker_new(0);
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = 1u << SF_LISTEN};
	struct all *all = sf_new(struct all);
	struct sf_walk account;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		all->count = 0;
		assert_int_equal(sf_walker_walk(walker, &ask, &(struct sf_walk_calls){received, note, all}, &account),
				 0);
		assert_int_equal(all->count, 2);
		for (size_t s = 0; s < all->count; s++) {
			assert_int_equal(all->one[s].class, SF_CLASS_LISTENER);
			assert_int_equal(all->one[s].length[SF_PART_INFO], 0);
			assert_int_equal(all->one[s].length[SF_PART_SKMEM], 0);
			assert_int_equal(all->one[s].length[SF_PART_CONG], 0);
		}
		sf_walker_avoid_legacy(walker);
	}
	free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_of_a_walk_see_the_same),
		cmocka_unit_test(what_is_not_asked_for_does_not_come),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
