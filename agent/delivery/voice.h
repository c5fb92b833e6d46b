/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink's threads have to say: sentences on their way to the loop, which logs them. */
#pragma once

#include <sockfeed/base.h>
#include <sockfeed/loop.h>

struct sf_voice;
struct sf_voice *sf_voice_new(void);
void sf_voice_free(struct sf_voice *);				/* accepts NULL */
void sf_voice_wakes(struct sf_voice *, struct sf_source *wake); /* as sf_channel_wakes */
/* Any thread. When the loop does not listen and a few wait already, it is not said. */
void sf_voice_say(struct sf_voice *, enum sf_log_level, const char *format, ...) SF_PRINTF(3, 4);
/* In the loop: all that wait, in order. */
void sf_voice_hear(struct sf_voice *, void (*said)(void *arg, enum sf_log_level, const char *text),
		   void *arg);
