/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms in which the kernel is asked for a dump.
 */
#pragma once

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>

#include <sockfeed/kernel.h>

enum sf_form {
	SF_FORM_LEGACY, /* TCPDIAG_GETSOCK: TCP alone, both families in one pass; all before 3.3 */
	SF_FORM_INET,	/* SOCK_DIAG_BY_FAMILY: one family */
	SF_FORM_INET6,
	SF_FORM_OWN /* SOCK_DIAG_BY_FAMILY: the table's, where it is not of inet_diag */
};

/* A request of any form, with its netlink header, which counts the bytecode that is sent behind. */
union sf_request {
	struct nlmsghdr header;
	char bytes[128];
};

void sf_request_write(union sf_request *, enum sf_form, const struct sf_ask *, uint32_t sequence);
