/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sieve on the running kernel, in a namespace of our own with sockets of both families in several states: the answer
 * with the sieve, judged, is the answer without it, judged; the kernel takes every bytecode, and leaves out what it can.
 */
#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sockfeed/kernel.h>

#include "bytecode.h"
#include "drafts.h"

#define FILTERS 384
#define BATCH 64 /* that are judged beside each other: a bit each */
#define MOST 200 /* sockets */
#define EVERY ((1u << SF_STATE_COUNT) - 1)

/* ---- sockets ---- */

static const uint16_t served[] = {22, 80, 81, 443, 40000}, clients[] = {1, 82, 65534, 65535, 40001};
static const char *const addresses[] = {"10.0.0.1", "10.1.0.1", "2001:db8::1", "2001:db8:8000::1", "::1", "::ffff:10.0.0.1"};

static int keep(int fd)
{
	static int fds[2 * MOST];
	static unsigned count;

	if (fd < 0) {
		perror("a socket of the test");
		abort();
	}
	assert_true(count < SF_COUNT(fds));
	fds[count++] = fd; /* closed with the process */
	return fd;
}

static socklen_t place(struct sockaddr_storage *at, const char *address, uint16_t port)
{
	struct sockaddr_in *v4 = (void *)at;
	struct sockaddr_in6 *v6 = (void *)at;

	memset(at, 0, sizeof(*at));
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
	return sizeof(*v6);
}

static int bound(const char *address, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t size = place(&at, address, port);
	int fd = keep(socket(at.ss_family, SOCK_STREAM, 0)), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	for (unsigned tries = 0; bind(fd, (struct sockaddr *)&at, size) < 0; tries++) {
		if (errno != EADDRNOTAVAIL || tries == 1000) /* an IPv6 address is tentative at first */
			fail_msg("bind %s:%u: %s", address, port, strerror(errno));
		usleep(10000);
	}
	return fd;
}

static int listening(const char *address, uint16_t port)
{
	int fd = bound(address, port);

	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static void connect_to(int fd, const char *address, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t size = place(&at, address, port);

	if (connect(fd, (struct sockaddr *)&at, size) < 0 && errno != EINPROGRESS)
		fail_msg("connect %s:%u: %s", address, port, strerror(errno));
}

/* Served ports on an address, clients of each from the address itself, in several states. */
static void make_pairs(const char *address)
{
	const uint32_t marks[] = {0, 1, 0x34, 0x1234};

	for (unsigned i = 0; i < SF_COUNT(served); i++) {
		int listener = listening(address, served[i]), client = bound(address, clients[i]), server;

		setsockopt(client, SOL_SOCKET, SO_MARK, &marks[i % 4], sizeof(marks[0]));
		if (i == 1)
			setsockopt(client, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
		connect_to(client, address, served[i]);
		server = keep(accept(listener, NULL, NULL));
		if (i == 2) { /* time-wait here, the peer is closed */
			shutdown(client, SHUT_WR);
			shutdown(server, SHUT_WR);
		} else if (i == 3) { /* fin-wait-2 and close-wait */
			shutdown(server, SHUT_WR);
		}
	}
}

/* syn-recv: the listener waits for data, which never come. syn-sent: it hears nothing. */
static void make_beginnings(const char *address)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog deaf = {1, &nothing};
	int listener = listening(address, 8080), seconds = 100;

	setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	connect_to(bound(address, 8081), address, 8080);
	listener = listening(address, 8082);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &deaf, sizeof(deaf)), 0);
	connect_to(keep(socket(strchr(address, ':') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), address, 8082);
}

static void add_address(int fd, const char *address, unsigned n)
{
	struct ifreq v4 = {.ifr_flags = IFF_UP};
	struct { struct in6_addr address; uint32_t prefix; int index; } v6 = {.prefix = 128, .index = 1};

	snprintf(v4.ifr_name, sizeof(v4.ifr_name), "lo:%u", n);
	if (!strncmp(address, "::", 2))
		return;
	if (inet_pton(AF_INET6, address, &v6.address) == 1) {
		int six = keep(socket(AF_INET6, SOCK_DGRAM, 0));

		if (ioctl(six, SIOCSIFADDR, &v6) < 0)
			exit(77);
		return;
	}
	v4.ifr_addr.sa_family = AF_INET;
	inet_pton(AF_INET, address, &((struct sockaddr_in *)(void *)&v4.ifr_addr)->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &v4) < 0)
		exit(77);
}

static int enter(void **state)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;
	(void)state;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		exit(77); /* skipped: no namespace may be made here */
	fd = keep(socket(AF_INET, SOCK_DGRAM, 0));
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		exit(77);
	for (unsigned i = 0; i < SF_COUNT(addresses); i++)
		add_address(fd, addresses[i], i);
	for (unsigned i = 0; i < SF_COUNT(addresses); i++) {
		if (i != 5) /* the v4-mapped one is the first one */
			make_pairs(addresses[i]);
	}
	make_beginnings("10.0.0.1");
	make_beginnings("2001:db8::1");
	listening("::", 8888); /* both families; its peers' addresses are mapped */
	connect_to(bound("10.0.0.1", 8889), "10.0.0.1", 8888);
	connect_to(bound("::ffff:10.0.0.1", 8890), "::ffff:10.0.0.1", 8888);
	bound("10.0.0.1", 9000); /* bound-inactive */
	bound("::", 0);
	usleep(300000); /* delayed acknowledgements, at most 200 ms */
	return 0;
}

/* ---- walks ---- */

struct seen {
	uint64_t cookie, holds; /* a bit a filter */
};

struct looking { /* at one walk */
	struct sf_filter *const *filters;
	unsigned count;
	struct seen seen[MOST];
	unsigned sockets;
	uint32_t states; /* that were seen */
};

static int received(void *arg, uint64_t wall_us)
{
	(void)arg;
	(void)wall_us;
	return 0;
}

static void judge_all(void *arg, const struct sf_view *view)
{
	struct looking *l = arg;
	struct seen *seen = &l->seen[l->sockets++];

	assert_true(l->sockets <= MOST);
	l->states |= 1u << (sf_view_state(view) == SF_CLOSE ? SF_BOUND_INACTIVE : sf_view_state(view));
	*seen = (struct seen){.cookie = sf_view_cookie(view)};
	for (unsigned i = 0; i < l->count; i++)
		seen->holds |= (uint64_t)sf_filter_judge(l->filters[i], view) << i;
}

static int by_cookie(const void *a, const void *b)
{
	const struct seen *one = a, *other = b;

	return one->cookie < other->cookie ? -1 : one->cookie > other->cookie;
}

static void look(struct sf_walker *walker, const struct sf_ask *ask, struct looking *l, unsigned dumps)
{
	struct sf_walk walk;

	assert_int_equal(sf_walker_walk(walker, ask, &(struct sf_walk_calls){received, judge_all, l}, &walk), 0);
	assert_int_equal(walk.errors, 0);
	if (dumps) /* more: the kernel refused the bytecode */
		assert_int_equal(walk.dumps, dumps);
	qsort(l->seen, l->sockets, sizeof(l->seen[0]), by_cookie);
}

static struct sf_ask ask_by(const struct sf_sieve *sieve, uint32_t states)
{
	return (struct sf_ask){.table = SF_TABLE_TCP, .states = states, .ext = 0xff, .sport = sieve->sport, .dport = sieve->dport,
			       .bytecode = sieve_code(sieve), .bytecode_length = sieve->bytecode.length};
}

/* Those for which filter `i` of the first walk holds, against the one filter of the second. */
static void compare(const struct looking *all, unsigned i, const struct looking *sieved, const char *text)
{
	unsigned s = 0, expected = 0, came = 0;

	for (unsigned a = 0; a < all->sockets; a++)
		expected += all->seen[a].holds >> i & 1;
	for (unsigned a = 0; a < sieved->sockets; a++)
		came += sieved->seen[a].holds & 1;
	if (expected != came)
		fail_msg("%s: %u sockets with the sieve, %u without", text, came, expected);
	for (unsigned a = 0; a < all->sockets; a++) {
		if (!(all->seen[a].holds >> i & 1))
			continue;
		while (s < sieved->sockets && !(sieved->seen[s].holds & 1))
			s++;
		assert_true(s < sieved->sockets);
		assert_int_equal(sieved->seen[s++].cookie, all->seen[a].cookie);
	}
}

struct walkers {
	struct sf_walker *legacy, *newer;
	uint32_t operations;
};

static void check_one(const struct walkers *w, const struct looking *all, unsigned i, uint64_t *seen)
{
	struct sf_filter *const *filter = &all->filters[i];
	static struct looking with;
	struct sf_sieve sieve;
	struct sf_needs needs;
	struct sf_ask ask;
	char *text = normal(*filter);

	sf_filter_needs(*filter, SF_TABLE_TCP, &needs);
	sf_sieve_make(&sieve, (const struct sf_filter *const *)filter, 1, w->operations);
	ask = ask_by(&sieve, needs.states);
	for (unsigned form = 0; form < 2; form++) {
		with = (struct looking){.filters = filter, .count = 1};
		look(form ? w->newer : w->legacy, &ask, &with, 1 + form);
		compare(all, i, &with, text);
		*seen += with.sockets;
	}
	free(text);
	sf_sieve_finish(&sieve);
}

static struct walkers walkers_new(void)
{
	struct walkers w = {sf_walker_new(0), sf_walker_new(0)};

	sf_walker_avoid_legacy(w.newer);
	w.operations = sf_walker_operations(w.legacy);
	assert_int_equal(sf_walker_operations(w.newer), w.operations);
	return w;
}

static void walkers_finish(struct walkers *w)
{
	sf_walker_free(w->legacy);
	sf_walker_free(w->newer);
}

/* How many sockets were seen, and how many more without a sieve. */
static void check_all(struct sf_filter *const *filters, unsigned count, uint64_t *seen, uint64_t *more)
{
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = EVERY, .ext = 0xff};
	struct walkers w = walkers_new();
	static struct looking all;

	for (unsigned first = 0; first < count; first += BATCH) {
		unsigned part = count - first < BATCH ? count - first : BATCH;

		all = (struct looking){.filters = filters + first, .count = part};
		look(w.newer, &ask, &all, 0);
		assert_true(all.sockets > 60);
		for (unsigned i = 0; i < part; i++)
			check_one(&w, &all, i, seen);
		*more += 2 * part * all.sockets;
	}
	walkers_finish(&w);
}

static void check_random(uint64_t random, bool same)
{
	struct draft d = {.random = random};
	struct sf_filter *filters[FILTERS];
	uint64_t seen = 0, more = 0;
	unsigned count = 0;

	while (count < FILTERS) {
		filters[count] = draw_filter(&d, same);
		count += filters[count] != NULL;
	}
	check_all(filters, count, &seen, &more);
	print_message("%llu sockets instead of %llu\n", (unsigned long long)seen, (unsigned long long)more);
	assert_true(seen < more / 2);
	while (count)
		sf_filter_free(filters[--count]);
	sf_buf_finish(&d.text);
}

/* ---- tests ---- */

static void there_are_sockets_in_the_states_that_differ(void **state)
{
	const uint32_t wanted = 1u << SF_ESTABLISHED | 1u << SF_SYN_SENT | 1u << SF_SYN_RECV | 1u << SF_FIN_WAIT_2 |
				1u << SF_TIME_WAIT | 1u << SF_CLOSE_WAIT | 1u << SF_LISTEN;
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = EVERY};
	struct walkers w = walkers_new();
	static struct looking l;
	(void)state;

	look(w.newer, &ask, &l, 2);
	assert_int_equal(l.states & wanted, wanted);
	walkers_finish(&w);
}

static void the_kernel_leaves_out_nothing_that_a_filter_holds_for(void **state)
{
	(void)state;
	check_random(seed(), false);
	check_random(seed() + 1, true);
}

static void marks_and_cgroups_are_compared_as_they_are_judged(void **state)
{
	static const char *const texts[] = {
		"state all fwmark = 1", "state all fwmark != 1", "state all fwmark = 0x34/0xff", "state all not fwmark = 0x34/0xff",
		"fwmark = 0 and sport = :443", "cgroup.id = 1", "cgroup.id != 1", "state all not cgroup.id = 1", "state all cgroup.id > 0",
		"cgroup = /", "state all cgroup = / or fwmark = 1", "interface.index = 1", "state all dev lo", "state all not dev lo"};
	struct sf_filter *filters[SF_COUNT(texts)];
	uint64_t seen = 0, more = 0;
	unsigned count = 0;
	(void)state;

	for (size_t i = 0; i < SF_COUNT(texts); i++) {
		filters[count] = filter_try(texts[i], strlen(texts[i]), NULL);
		count += filters[count] != NULL;
	}
	check_all(filters, count, &seen, &more);
	while (count)
		sf_filter_free(filters[--count]);
}

static void drop_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[CAP_NET_ADMIN / 32].effective &= ~(1u << CAP_NET_ADMIN % 32);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* In a child: a right that was given up does not come back. */
static void in_child(void (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void without_the_right(void)
{
	struct walkers w;

	drop_net_admin();
	w = walkers_new();
	if (w.operations >> SF_BC_MARK_COND & 1)
		_exit(1);
	walkers_finish(&w);
	marks_and_cgroups_are_compared_as_they_are_judged(NULL);
}

static void losing_the_right(void)
{
	struct sf_filter *filter = filter_make("fwmark = 1");
	struct walkers w = walkers_new();
	static struct looking l;
	struct sf_sieve sieve;
	struct sf_ask ask;

	if (!(w.operations >> SF_BC_MARK_COND & 1))
		_exit(0); /* it was not there */
	sf_sieve_make(&sieve, (const struct sf_filter *const *)&filter, 1, w.operations);
	drop_net_admin();
	ask = ask_by(&sieve, EVERY);
	l = (struct looking){.filters = &filter, .count = 1};
	look(w.legacy, &ask, &l, 0);
	if (l.sockets < 60 || sf_walker_operations(w.legacy) >> SF_BC_MARK_COND & 1)
		_exit(2);
	walkers_finish(&w);
	sf_sieve_finish(&sieve);
	sf_filter_free(filter);
}

static void who_may_not_see_marks_is_not_refused(void **state)
{
	(void)state;
	in_child(without_the_right);
	in_child(losing_the_right);
}

static void the_longest_sieve_is_taken(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_filter *filter;
	uint64_t seen = 0, more = 0;
	(void)state;

	for (unsigned port = 1; port < 10000; port += 2) /* 5,000 ports, none next to another */
		sf_buf_format(&text, "%ssport=%u", port > 1 ? "|" : "", port);
	filter = filter_make(text.data);
	check_all(&filter, 1, &seen, &more);
	sf_filter_free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_sockets_in_the_states_that_differ),
		cmocka_unit_test(the_kernel_leaves_out_nothing_that_a_filter_holds_for),
		cmocka_unit_test(marks_and_cgroups_are_compared_as_they_are_judged),
		cmocka_unit_test(who_may_not_see_marks_is_not_refused),
		cmocka_unit_test(the_longest_sieve_is_taken),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
