/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A string of JSON (RFC 8259) from any bytes: always valid UTF-8, always one line.
 */
#include <string.h>

#include <sockfeed/base.h>

#include "base/utf8.h"

static void add_escaped(struct sf_buf *buf, char byte)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *found = byte ? strchr(plain, byte) : NULL;

	if (found)
		sf_buf_format(buf, "\\%c", letter[found - plain]);
	else
		sf_buf_format(buf, "\\u%04x", (unsigned char)byte);
}

void sf_json_string(struct sf_buf *buf, const char *bytes, size_t length)
{
	size_t plain = 0; /* where the run of bytes begins that are copied as they are */
	size_t at = 0;

	sf_buf_add(buf, "\"", 1);
	while (at < length) {
		size_t step = sf_utf8_length(bytes + at, length - at);
		char byte = bytes[at];

		if (step && (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\') {
			at += step;
			continue;
		}
		sf_buf_add(buf, bytes + plain, at - plain);
		if (step)
			add_escaped(buf, byte);
		else
			sf_buf_text(buf, "\xef\xbf\xbd");
		plain = ++at;
	}
	sf_buf_add(buf, bytes + plain, at - plain);
	sf_buf_add(buf, "\"", 1);
}
