/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor in another namespace: a thread goes there, opens it, and ends; nobody else ever
 * leaves the namespace of the process. Needs CAP_SYS_ADMIN, here and there; what was opened works
 * without.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include <sockfeed/loop.h>

#include "netns.h"

enum { RESERVE = 64 }; /* descriptors that are left to outputs, files and libraries */

static rlim_t limit(void)
{
	struct rlimit rlimit;

	return getrlimit(RLIMIT_NOFILE, &rlimit) == 0 ? rlimit.rlim_cur : 0;
}

void sf_netns_list_raise_limit(size_t count)
{
	rlim_t need = count + 4 * RESERVE;
	struct rlimit rlimit;

	if (getrlimit(RLIMIT_NOFILE, &rlimit) < 0 || need <= rlimit.rlim_cur ||
	    rlimit.rlim_cur == rlimit.rlim_max)
		return;
	rlimit.rlim_cur = need < rlimit.rlim_max ? need : rlimit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rlimit); /* up to its hard limit anybody may */
}

bool sf_netns_list_scarce(int fd)
{
	return (rlim_t)fd + RESERVE > limit();
}

struct opening {
	const struct sf_netns *place;
	const char *path;
	struct sf_link *link;
	struct sf_err *err;
	int result;
};

static const char sentence[] = "the namespace cannot be entered: %m";

static int go(const struct opening *opening)
{
	sf_cleanup(sf_close_p) int fd = open(opening->path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		return sf_fail(opening->err, -errno, sentence);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return sf_fail(opening->err, -errno, sentence);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != opening->place->inode)
		return -ESRCH;
	if (setns(fd, CLONE_NEWNET) < 0)
		return sf_fail(opening->err, -errno, sentence);
	return sf_link_open(opening->link, opening->err);
}

static void run(void *arg)
{
	struct opening *opening = arg;

	opening->result = go(opening);
}

int sf_netns_open(const struct sf_netns *place, struct sf_link *link, struct sf_err *err)
{
	sf_cleanup(sf_buf_finish) struct sf_buf path = {0};
	struct opening opening = {.place = place, .link = link, .err = err};
	struct sf_thread *thread;
	int r;

	if (link->socket)
		return 0;
	sf_netns_path(place, &path);
	opening.path = path.data;
	r = sf_thread_start("netns", run, &opening, &thread, err);
	if (r < 0)
		return r;
	sf_thread_join(thread);
	return opening.result;
}
