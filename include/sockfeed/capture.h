/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture: what passes between us and the kernel, in a file, and such a file in the kernel's place.
 *
 * Three forms are read: what is written here, what tcpdump writes of an nlmon interface, and what `ss -D` writes. Both
 * directions are a stream: memory does not grow with the file. No TCP-MD5 key comes into a file, and none that is in a
 * file of others comes out of it.
 */
#pragma once

#include <sockfeed/host.h>
#include <sockfeed/kernel.h>

/*
 * The form. A pcap file ("PCAP Capture File Format", draft-ietf-opsawg-pcap), numbers in the byte order of its writer:
 *
 *   head, 24 bytes    u32 magic a1b2c3d4 (a1b23c4d: nanoseconds), u16 2, u16 4, u32 0, u32 0, u32 snaplen, u32 253
 *   packet, 16 bytes  u32 seconds, u32 microseconds, u32 bytes that follow, u32 bytes that there were
 *   cooked, 16 bytes  big-endian (LINKTYPE_NETLINK 253, tcpdump.org; drivers/net/nlmon.c): u16 4 (sent by us),
 *                     u16 824 (ARPHRD_NETLINK), u16 0, 8 bytes 0, u16 netlink family (4: NETLINK_SOCK_DIAG)
 *   netlink messages  as they were sent or received, in the byte order of that machine; a request has port id 0
 *
 * The first packet is a note of ours, which other readers pass over: netlink family 2 (NETLINK_USERSOCK), one
 * NLMSG_NOOP with the text `sockfeed 1 kernel=RELEASE host=NAME id=ID boot_id=ID netns=INODE`; a byte of a value that
 * is none of [A-Za-z0-9._-] is %XX, what is not known is left out. In a file of several namespaces it says
 * `namespaces=N` instead of `netns`, and before the packets of each stands a further one, `sockfeed 1 netns=INODE`.
 *
 * A dump of `ss -D` is the datagrams of the TCP dumps of both families one behind the other, without anything around
 * them: no time, no request, no kernel's name.
 */

/* ---- writing ---- */

struct sf_capture;
/*
 * Begins a file that its owner alone may read (0600), beside `path` and under another name: it takes its name at
 * the end. What is no regular file (a pipe), or is our standard output by another name, is written to as it is; a
 * link stays one. The note says who the host is and of how many namespaces these are.
 */
int sf_capture_new(const char *path, const struct sf_host *host, size_t namespaces, struct sf_capture **ret,
		   struct sf_err *err);
void sf_capture_free(struct sf_capture *); /* accepts NULL; without sf_capture_end no file is left */
void sf_capture_free_p(struct sf_capture **);
/* Before the packets of each namespace: its inode, 0 for one that is not known. */
void sf_capture_netns(struct sf_capture *, uint32_t netns);
/* For a walker; good as long as the capture. */
const struct sf_tap *sf_capture_tap(struct sf_capture *);
/* 0, or the -errno of the first write that failed: nothing is written any more, so the walk may end. */
int sf_capture_failed(const struct sf_capture *);
/* Once, at the end: 0 and the file is at `path`, or -errno. */
int sf_capture_end(struct sf_capture *, struct sf_err *err);

/* ---- reading ---- */

struct sf_replay;
/* Opens a file and reads its head. What is none of the three forms is refused with what to do instead. */
int sf_replay_new(const char *path, struct sf_replay **ret, struct sf_err *err);
void sf_replay_free(struct sf_replay *); /* accepts NULL */
void sf_replay_free_p(struct sf_replay **);
/* Whose sockets these are; empty and 0 where the file does not say. */
const struct sf_host *sf_replay_host(const struct sf_replay *);
/*
 * A walker over the file, which must outlive it. `release` goes into every view. A walk takes the answers to all
 * requests for its table: a socket comes as often as it was asked for. Their time is the packet's (of `ss -D`: the
 * file's last change). It fails when the file ends
 * too early or is damaged, with the place, after everything before it was handed out; with ENOENT when the table was
 * not asked for; and when the kernel had refused.
 */
struct sf_walker *sf_replay_walker(struct sf_replay *, uint32_t release);
