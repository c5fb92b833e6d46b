/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which namespaces there are: those with a name are files in /run/netns, as ip-netns(8) makes them,
 * those without one are found through the processes in them. A file that is no namespace (it was
 * not mounted, or is no more) is passed over. Names come first: they lead to a namespace as long as
 * it has one, a process may end any time.
 *
 * Not found: the namespace of a thread that left its process's, and one that only a descriptor or a
 * mount elsewhere holds.
 */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "netns.h"

struct search {
	struct sf_netns_list *places;
	const struct sf_netns_choice *const *choices;
	size_t count;
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The inode of the namespace that the path leads to, or -errno; -EINVAL: it is none. */
static int64_t inode_at(int dir, const char *path, dev_t device)
{
	struct stat st;

	if (fstatat(dir, path, &st, 0) < 0)
		return -errno;
	return device && st.st_dev != device ? -EINVAL : (int64_t)st.st_ino;
}

static int64_t inode_of_process(int proc, int pid, dev_t device)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/ns/net", pid);
	return inode_at(proc, path, device);
}

static bool is_pid(const char *name, int *pid)
{
	*pid = atoi(name);
	return *pid > 0 && strspn(name, "0123456789") == strlen(name);
}

enum { ALL = 1 << SF_NETNS_ALL, SEVERAL = ALL | 1 << SF_NETNS_GLOB };

static bool has(const struct sf_netns_choice *choice, unsigned kinds)
{
	for (size_t w = 0; choice && w < choice->count; w++)
		if (kinds >> choice->word[w].kind & 1)
			return true;
	return false;
}

/* Those who want such ones did not get all. */
static void say_hidden(struct search *s, unsigned kinds, int code, const char *what,
		       const char *why)
{
	for (size_t i = 0; i < s->count; i++)
		if (has(s->choices[i], kinds))
			sf_netns_list_problem(s->places, i, code, "%s: %s", what, why);
}

/* ---- by name ---- */

static bool takes(const struct sf_netns_choice *choice, const char *name)
{
	for (size_t i = 0; i < choice->count; i++) {
		const struct sf_netns_word *word = &choice->word[i];

		if (word->kind == SF_NETNS_ALL ||
		    (word->kind == SF_NETNS_GLOB && fnmatch(word->text, name, FNM_PERIOD) == 0))
			return true;
	}
	return false;
}

static void find_name(struct search *s, int dir, const char *name)
{
	struct sf_netns *place = NULL;

	for (size_t i = 0; i < s->count; i++) {
		int64_t inode;

		if (!s->choices[i] || !takes(s->choices[i], name))
			continue;
		if (!place) {
			inode = inode_at(dir, name, s->places->device);
			if (inode < 0)
				return;
			place = sf_netns_list_take(s->places, (uint32_t)inode, name, 0);
		}
		sf_netns_choose(s->places, place, i);
	}
}

static void find_names(struct search *s)
{
	sf_cleanup(close_dir) DIR *dir = opendir(SF_NETNS_NAMES);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			find_name(s, dirfd(dir), entry->d_name);
	if (!dir && errno != ENOENT)
		say_hidden(s, SEVERAL, errno, SF_NETNS_NAMES " cannot be looked through",
			   strerror(errno));
}

/* ---- one by one ---- */

static void find_named(struct search *s, size_t choice, const char *name)
{
	char path[sizeof(SF_NETNS_NAMES) + 256];
	int64_t inode;

	snprintf(path, sizeof(path), "%s/%s", SF_NETNS_NAMES, name);
	inode = inode_at(AT_FDCWD, path, s->places->device);
	if (inode >= 0)
		sf_netns_choose(s->places, sf_netns_list_take(s->places, (uint32_t)inode, name, 0),
				choice);
	else if (inode == -EINVAL)
		sf_netns_list_problem(s->places, choice, EINVAL, "%s is no network namespace",
				      path);
	else
		sf_netns_list_problem(s->places, choice, (int)-inode,
				      "no namespace is named %s: %s", name, strerror((int)-inode));
}

static void find_pid(struct search *s, size_t choice, int pid)
{
	char path[32];
	int64_t inode;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	inode = inode_at(AT_FDCWD, path, s->places->device);
	if (inode >= 0)
		sf_netns_choose(s->places,
				sf_netns_list_take(s->places, (uint32_t)inode, NULL, pid), choice);
	else if (inode == -EACCES || inode == -EPERM)
		sf_netns_list_problem(
			s->places, choice, (int)-inode,
			"the namespace of process %d cannot be seen: CAP_SYS_PTRACE is needed",
			pid);
	else
		sf_netns_list_problem(s->places, choice, ESRCH, "there is no process %d", pid);
}

/* ---- through processes ---- */

static void choose_all(const struct search *s, struct sf_netns *place)
{
	for (size_t i = 0; i < s->count; i++)
		if (has(s->choices[i], ALL))
			sf_netns_choose(s->places, place, i);
}

static void find_processes(struct search *s)
{
	sf_cleanup(close_dir) DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool hidden = false;
	uint32_t last = 0;

	while (proc && (entry = readdir(proc))) {
		int64_t inode;
		int pid;

		if (!is_pid(entry->d_name, &pid))
			continue;
		inode = inode_of_process(dirfd(proc), pid, s->places->device);
		hidden |= inode == -EACCES || inode == -EPERM;
		if (inode < 0 || inode == last) /* most are where the one before is */
			continue;
		last = (uint32_t)inode;
		choose_all(s, sf_netns_list_take(s->places, last, NULL, pid));
	}
	if (!proc)
		say_hidden(s, ALL, errno, "/proc cannot be looked through", strerror(errno));
	if (hidden)
		say_hidden(s, ALL, EACCES, "namespaces of some processes cannot be seen",
			   "CAP_SYS_PTRACE is needed");
}

void sf_netns_list_find(struct sf_netns_list *places, const struct sf_netns_choice *const *choices,
			size_t count)
{
	struct search s = {places, choices, count};
	bool kinds[SF_NETNS_GLOB + 1] = {false};

	for (size_t i = 0; i < count; i++) {
		if (sf_netns_choice_self(choices[i]))
			sf_netns_choose(places, places->place[0], i);
		for (size_t w = 0; choices[i] && w < choices[i]->count; w++) {
			const struct sf_netns_word *word = &choices[i]->word[w];

			kinds[word->kind] = true;
			if (word->kind == SF_NETNS_SELF || word->kind == SF_NETNS_ALL)
				sf_netns_choose(places, places->place[0], i);
			if (word->kind == SF_NETNS_NAME)
				find_named(&s, i, word->text);
			if (word->kind == SF_NETNS_PID)
				find_pid(&s, i, word->pid);
		}
	}
	if (kinds[SF_NETNS_ALL] || kinds[SF_NETNS_GLOB])
		find_names(&s);
	if (kinds[SF_NETNS_ALL])
		find_processes(&s);
}

bool sf_netns_leads(const struct sf_netns *place, dev_t device)
{
	sf_cleanup(sf_buf_finish) struct sf_buf path = {0};

	sf_netns_path(place, &path);
	return inode_at(AT_FDCWD, path.data, device) == place->inode;
}

bool sf_netns_find_again(struct sf_netns *place, dev_t device)
{
	sf_cleanup(close_dir) DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int pid;

	while (proc && (entry = readdir(proc))) {
		if (!is_pid(entry->d_name, &pid) ||
		    inode_of_process(dirfd(proc), pid, device) != place->inode)
			continue;
		free(sf_take(place->name));
		place->pid = pid;
		return true;
	}
	return false;
}
