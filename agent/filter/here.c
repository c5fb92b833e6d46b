/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predicates on what this host calls by name: `dev`, `cgroup`, `autobound`, and `fwmark`. Names
 * are looked up once, while the filter is read; what does not exist (yet) matches nothing, with a
 * warning. `dev` compares what the header says, 0 for a socket that is bound to none; `fwmark` and
 * `cgroup` are attributes: where none came, no comparison holds.
 */
#include <mntent.h>
#include <net/if.h>
#include <sys/stat.h>

#include "filter/stages.h"

static void set_equal(struct node *node, bool known, uint64_t number)
{
	node->ranged = true;
	node->test.negate = node->op == OP_NE;
	node->test.range.low = known ? number : 1; /* unknown: never equal */
	node->test.range.high = known ? number : 0;
}

static void warn_unknown(struct reading *r, const struct node *node, const char *hint,
			 const char *what)
{
	sf_warn(r->complaints, r->text, node->value.offset, node->value.length, hint,
		"no %s \"%s\" exists here: nothing is equal to it", what, node->word);
}

void sf_print_word(const struct node *node, struct sf_buf *buf)
{
	if (node->word && sf_filter_is_bare(node->word, node->length))
		sf_buf_add(buf, node->word, node->length);
	else if (node->word)
		sf_filter_quote(buf, node->word, node->length);
}

/* ---- dev ---- */

static bool holds_dev(const struct test *test, const struct sf_view *view)
{
	uint32_t index;

	memcpy(&index, view->part[SF_PART_HEADER] + offsetof(struct sf_inet_msg, interface),
	       sizeof(index));
	return sf_test_has(test, index) != test->negate;
}

/* A name of another host's, which is known there alone. */
static bool is_elsewhere(struct reading *r, const struct node *node, const char *what,
			 const char *hint)
{
	if (r->elsewhere)
		sf_filter_wrong(r, node->value, hint,
				"a capture does not say which %s is called \"%s\"", what,
				node->word);
	return r->elsewhere;
}

void sf_read_dev(struct reading *r, struct node *node)
{
	uint64_t index = r->elsewhere ? 0 : if_nametoindex(node->word);
	bool known = index ||
		     (!sf_filter_number(node->word, node->length, &index) && index <= UINT32_MAX);

	node->test.holds = holds_dev;
	node->test.operand = OPERAND_DEV;
	node->test.same = true;
	set_equal(node, known, index);
	if (!known && !is_elsewhere(r, node, "interface", "write its number, as in dev = 2"))
		warn_unknown(r, node, "it is looked up when the filter is read", "interface");
}

/* ---- cgroup ---- */

/* Where cgroup v2 is mounted, looked up once a reading; "": nowhere. */
static const char *cgroup_mount(struct reading *r)
{
	FILE *mounts = r->cgroups ? NULL : setmntent("/proc/self/mounts", "r");
	struct mntent entry;
	char memory[4096];

	while (mounts && !r->cgroups && getmntent_r(mounts, &entry, memory, sizeof(memory))) {
		if (!strcmp(entry.mnt_type, "cgroup2"))
			r->cgroups = sf_arena_copy(r->arena, entry.mnt_dir, strlen(entry.mnt_dir));
	}
	if (mounts)
		endmntent(mounts);
	r->cgroups = r->cgroups ?: "";
	return r->cgroups;
}

/* The inode of a directory of cgroup v2, given by its path below the mount or in full; 0: none. */
static uint64_t cgroup_inode(struct reading *r, const char *path)
{
	const char *mount = cgroup_mount(r);
	sf_cleanup(sf_buf_finish) struct sf_buf full = {0};
	size_t length = strlen(mount);
	struct stat status;

	if (!length)
		return 0;
	if (strncmp(path, mount, length) || (path[length] && path[length] != '/'))
		sf_buf_format(&full, "%s/", mount);
	sf_buf_text(&full, path);
	return !stat(full.data, &status) && S_ISDIR(status.st_mode) ? status.st_ino : 0;
}

void sf_read_cgroup(struct reading *r, struct node *node)
{
	uint64_t inode = r->elsewhere ? 0 : cgroup_inode(r, node->word);

	sf_test_number(&node->test, &sf_fields[SF_FIELD_CGROUP_ID]);
	node->test.operand = OPERAND_CGROUP;
	set_equal(node, inode, inode);
	if (!inode && !is_elsewhere(r, node, "cgroup", "write its id, as in cgroup.id = 4097"))
		warn_unknown(r, node, "a path below the mount of cgroup v2, such as /system.slice",
			     "cgroup");
}

/* ---- autobound: as ss judges it, the own port lies where the kernel takes ports from ---- */

void sf_read_autobound(struct reading *r, struct node *node)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_local_port_range";
	FILE *file = r->elsewhere ? NULL : fopen(path, "re");
	unsigned low, high;

	if (!file || fscanf(file, "%u %u", &low, &high) != 2) {
		low = 32768; /* the kernel's own: net/ipv4/af_inet.c, inet_init_net() */
		high = 60999;
		sf_warn(r->complaints, r->text, node->name.offset, node->name.length, NULL,
			"%s%s: autobound is taken as ports %u to %u", r->elsewhere ? "" : path,
			r->elsewhere ? "a capture does not say which ports the kernel gave"
				     : " cannot be read",
			low, high);
	}
	if (file)
		fclose(file);
	sf_test_port(&node->test, false);
	node->test.range.low = low;
	node->test.range.high = high;
}

/* ---- fwmark ---- */

static bool holds_mark(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       ((value.number & test->mark.mask) == test->mark.value) != test->negate;
}

void sf_read_mark(struct reading *r, struct node *node)
{
	const char *slash = memchr(node->word, '/', node->length);
	size_t size = slash ? (size_t)(slash - node->word) : node->length;
	uint64_t value, mask = UINT32_MAX;

	if (sf_filter_number(node->word, size, &value) || value > UINT32_MAX ||
	    (slash &&
	     (sf_filter_number(slash + 1, node->length - size - 1, &mask) || mask > UINT32_MAX))) {
		sf_filter_wrong(r, node->value, "write 0x1, or 0x1/0xff for a mark under a mask",
				"\"%s\" is no mark of 32 bits", node->word);
		return;
	}
	if (value & ~mask) {
		sf_filter_wrong(r, node->value,
				sf_arena_format(r->arena, "write 0x%llx/0x%llx",
						(unsigned long long)(value & mask),
						(unsigned long long)mask),
				"the mark has bits outside its mask: it can never hold");
		return;
	}
	node->test.holds = holds_mark;
	node->test.operand = OPERAND_MARK;
	node->test.field = &sf_fields[SF_FIELD_MARK];
	node->test.negate = node->op == OP_NE;
	node->test.mark.value = (uint32_t)value;
	node->test.mark.mask = (uint32_t)mask;
}

void sf_print_mark(const struct node *node, struct sf_buf *buf)
{
	sf_buf_format(buf, "0x%x", node->test.mark.value);
	if (node->test.mark.mask != UINT32_MAX)
		sf_buf_format(buf, "/0x%x", node->test.mark.mask);
}
