/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this host is: its name, its id, this boot, its kernel. Read once at the start; what the
 * configuration says wins.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sockfeed/host.h>

/* The first line of a small file, cut at size - 1 bytes: its length, or -errno. */
static int read_line(const char *path, char *out, size_t size)
{
	sf_cleanup(sf_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, out, size - 1);
	if (got < 0)
		return -errno;
	out[got] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return (int)strlen(out);
}

/* machine-id(5): 32 hexadecimal digits; "uninitialized" stands there during the first boot. */
static bool is_machine_id(const char *text)
{
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

uint32_t sf_host_release(const char *release)
{
	char *end;
	unsigned long major = strtoul(release, &end, 10), minor;

	if (end == release || *end != '.' || major > 255)
		return 0;
	minor = strtoul(end + 1, NULL, 10);
	return minor > 255 ? 0 : (uint32_t)(major << 16 | minor << 8);
}

int sf_host_read(struct sf_host *host, const char *name, const char *id, struct sf_err *err)
{
	struct sf_host got = {0};
	struct utsname kernel;
	int r;

	r = read_line("/proc/sys/kernel/random/boot_id", got.boot_id, sizeof(got.boot_id));
	if (r < 0)
		return sf_fail(err, r, "cannot read /proc/sys/kernel/random/boot_id: %s",
			       strerror(-r));
	if (uname(&kernel) < 0)
		return sf_fail(err, -errno, "uname: %s", strerror(errno));
	snprintf(got.kernel, sizeof(got.kernel), "%s", kernel.release);
	got.release = sf_host_release(kernel.release);

	if (strlen(name) >= sizeof(got.name))
		return sf_fail(err, -ENAMETOOLONG, "the host's name is longer than %zu bytes",
			       sizeof(got.name) - 1);
	snprintf(got.name, sizeof(got.name), "%s", *name ? name : kernel.nodename);
	if (strlen(id) >= sizeof(got.id))
		return sf_fail(err, -ENAMETOOLONG, "the host's id is longer than %zu bytes",
			       sizeof(got.id) - 1);
	if (*id)
		snprintf(got.id, sizeof(got.id), "%s", id);
	else if (read_line("/etc/machine-id", got.id, sizeof(got.id)) < 0 ||
		 !is_machine_id(got.id)) {
		snprintf(got.id, sizeof(got.id), "%s", got.boot_id);
		got.id_is_boot = true;
	}
	*host = got;
	return 0;
}
