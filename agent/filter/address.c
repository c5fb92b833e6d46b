/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and prefixes: reading, matching, printing. 10.0.0.0/8, 193.233.7/24 (as ss has it: the
 * rest is 0), 2001:db8::/32. A v4 prefix matches v4-mapped addresses of inet6 sockets too, a v6
 * prefix matches inet6 sockets alone. Bits beyond the prefix are cleared. Host names are never
 * resolved: reading a filter does no network traffic.
 */
#include <arpa/inet.h>

#include "filter/stages.h"

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Says what is wrong with what is no address. */
static void no_address(struct reading *r, struct place place, const char *text)
{
	static const char *const hint = "write an address such as 192.0.2.7 or a prefix such as "
					"10.0.0.0/8, [2001:db8::/32]";
	size_t digits = strspn(text, "0123456789");

	if (sf_field_find(text, strlen(text)) >= 0)
		sf_filter_wrong(r, place, "write local.address = peer.address",
				"\"%s\" is a field, which fields alone are compared with", text);
	else if (!text[digits] && digits)
		sf_filter_wrong(r, place,
				sf_arena_format(r->arena, "a port is written as :%s", text),
				"\"%s\" is no address", text);
	else if (strchr(text, '%'))
		sf_filter_wrong(r, place, "write `dev eth0` for sockets bound to an interface",
				"addresses are compared without a zone");
	else if (strspn(text, "0123456789abcdefABCDEF:./") != strlen(text))
		sf_filter_wrong(r, place, hint,
				"\"%s\" is no address, and host names are never resolved", text);
	else
		sf_filter_wrong(r, place, hint, "\"%s\" is no address", text);
}

/* 193.233.7 with a prefix length: what is missing is 0. */
static bool read_v4(const char *text, bool partial, uint8_t bytes[4])
{
	char whole[INET_ADDRSTRLEN + 8];
	unsigned dots = 0;

	for (const char *at = text; *at; at++)
		dots += *at == '.';
	if (strlen(text) >= INET_ADDRSTRLEN || dots > 3 || (dots < 3 && !partial))
		return false;
	strcpy(whole, text);
	while (dots++ < 3)
		strcat(whole, ".0");
	return inet_pton(AF_INET, whole, bytes) == 1;
}

bool sf_filter_address(struct reading *r, const struct node *leaf, const char *text, size_t length,
		       struct prefix *ret)
{
	const char *slash = memchr(text, '/', length);
	size_t size = slash ? (size_t)(slash - text) : length;
	char *address = sf_arena_copy(r->arena, text, size);
	struct prefix prefix = {0};
	unsigned most, bits = 0;

	if (read_v4(address, slash, prefix.bytes))
		prefix.family = AF_INET;
	else if (inet_pton(AF_INET6, address, prefix.bytes) == 1)
		prefix.family = AF_INET6;
	if (!prefix.family) {
		no_address(r, sf_filter_within(leaf, text, length),
			   sf_arena_copy(r->arena, text, length));
		return false;
	}
	most = prefix.family == AF_INET ? 32 : 128;
	for (size_t i = size + 1; i < length; i++)
		bits = text[i] < '0' || text[i] > '9' || bits > most
			       ? most + 1
			       : bits * 10 + (unsigned)(text[i] - '0');
	if (slash && (bits > most || size + 1 == length)) {
		sf_filter_wrong(r, sf_filter_within(leaf, slash, length - size), NULL,
				"an IPv%c prefix has 0 to %u bits", most == 32 ? '4' : '6', most);
		return false;
	}
	prefix.bits = (uint8_t)(slash ? bits : most);
	for (unsigned bit = prefix.bits; bit < most; bit++)
		prefix.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	*ret = prefix;
	return true;
}

/* `address` has 4 bytes (v4) or 16. */
bool sf_prefix_match(const struct prefix *prefix, const uint8_t *address, bool v4)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (!prefix->family)
		return true;
	if (prefix->family == AF_INET && !v4) {
		if (memcmp(address, v4_mapped, sizeof(v4_mapped)))
			return false;
		address += sizeof(v4_mapped);
	} else if (prefix->family == AF_INET6 && v4) {
		return false;
	}
	if (memcmp(address, prefix->bytes, whole))
		return false;
	return !rest || !((address[whole] ^ prefix->bytes[whole]) >> (8 - rest));
}

void sf_prefix_print(const struct prefix *prefix, struct sf_buf *buf, bool brackets)
{
	char text[INET6_ADDRSTRLEN];
	bool v6 = prefix->family == AF_INET6;

	inet_ntop(prefix->family, prefix->bytes, text, sizeof(text));
	sf_buf_format(buf, "%s%s", v6 && brackets ? "[" : "", text);
	if (prefix->bits != (v6 ? 128 : 32))
		sf_buf_format(buf, "/%u", prefix->bits);
	sf_buf_text(buf, v6 && brackets ? "]" : "");
}
