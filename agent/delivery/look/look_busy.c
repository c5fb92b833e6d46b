/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a directory locked? To try the lock would be to take it, if only for a moment: an agent that
 * starts in this moment would find its spool taken. /proc/locks tells, as far as it shows locks of
 * other PID namespaces; it names file systems as mountinfo does, which is not always as stat does.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "look.h"

/* The device that the kernel knows the file system by. */
static bool device_of(int fd, unsigned *most, unsigned *least)
{
	char path[64], line[4096];
	int mount = -1, id;
	FILE *file;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && mount < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "mnt_id: %d", &mount);
	if (file)
		fclose(file);
	file = mount < 0 ? NULL : fopen("/proc/self/mountinfo", "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%d %*d %u:%u", &id, most, least) == 3 && id == mount;
	if (file)
		fclose(file);
	return found;
}

bool sf_look_locked(int directory)
{
	unsigned most, least, other_most, other_least;
	unsigned long long inode;
	char line[256];
	bool locked = false;
	struct stat st;
	FILE *file;

	if (fstat(directory, &st) < 0)
		return false;
	if (!device_of(directory, &most, &least)) {
		most = major(st.st_dev);
		least = minor(st.st_dev);
	}
	file = fopen("/proc/locks", "re");
	while (file && !locked && fgets(line, sizeof(line), file))
		locked = sscanf(line, "%*s FLOCK %*s WRITE %*s %x:%x:%llu", &other_most,
				&other_least, &inode) == 3 &&
			 other_most == most && other_least == least && inode == st.st_ino;
	if (file)
		fclose(file);
	return locked;
}
