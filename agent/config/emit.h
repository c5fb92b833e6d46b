/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml writes: texts so that they read back the same, lists and maps.
 */
#pragma once

#include <yaml.h>

#include <sockfeed/base.h>

/* Into `out`, which must outlive the emitter, up to sf_emit_finish. */
void sf_emit_init(yaml_emitter_t *, struct sf_buf *out);
void sf_emit_finish(yaml_emitter_t *);

/* A word or number of ours, without quotes. */
void sf_emit_plain(yaml_emitter_t *, const char *text);
/* A text of the user's; of several lines as lines, where that reads back. `$` comes out as `$$`. */
void sf_emit_text(yaml_emitter_t *, const struct sf_text *);
void sf_emit_begin(yaml_emitter_t *, bool map, bool flow);
void sf_emit_end(yaml_emitter_t *, bool map);
