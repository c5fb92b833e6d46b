/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded channel of sentences. */
#include <stdlib.h>

#include "voice.h"

enum { WAITING = 8 };

struct sf_voice {
	struct sf_channel *channel;
};

struct sentence {
	enum sf_log_level level;
	char *text;
};

struct sf_voice *sf_voice_new(void)
{
	struct sf_voice *voice = sf_new(struct sf_voice);

	voice->channel = sf_channel_new(WAITING);
	return voice;
}

static void drop(struct sentence *sentence)
{
	free(sentence->text);
	free(sentence);
}

void sf_voice_free(struct sf_voice *voice)
{
	struct sentence *sentence;

	if (!voice)
		return;
	while ((sentence = sf_channel_try_take(voice->channel)))
		drop(sentence);
	sf_channel_free(voice->channel);
	free(voice);
}

void sf_voice_wakes(struct sf_voice *voice, struct sf_source *wake)
{
	sf_channel_wakes(voice->channel, wake);
}

void sf_voice_say(struct sf_voice *voice, enum sf_log_level level, const char *format, ...)
{
	struct sentence *sentence = sf_new(struct sentence);
	struct sf_buf text = {0};
	va_list args;

	va_start(args, format);
	sf_buf_vformat(&text, format, args);
	va_end(args);
	*sentence = (struct sentence){level, sf_buf_take(&text)};
	if (!sf_channel_try_put(voice->channel, sentence))
		drop(sentence);
}

void sf_voice_hear(struct sf_voice *voice,
		   void (*said)(void *arg, enum sf_log_level, const char *text), void *arg)
{
	struct sentence *sentence;

	while ((sentence = sf_channel_try_take(voice->channel))) {
		said(arg, sentence->level, sentence->text);
		drop(sentence);
	}
}
