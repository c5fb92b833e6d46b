/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walker among namespaces: it has a link, into which the descriptor of the namespace at hand is
 * put. What comes in is what was found (netns_find.c); what goes out is each namespace once, with
 * a descriptor that was opened there (netns_open.c).
 *
 * A descriptor holds its namespace: while we have it the inode is nobody else's, and the namespace
 * with all that is in it lives on after its name and its last process are gone. So it is let go of
 * at the first look that finds nothing that leads there; who looks seldom tidies in between.
 */
#include <string.h>

#include "netns.h"

/*
 * States of a namespace, and what is held in each:
 *
 *   unknown   nothing            found, not entered yet; or its descriptor broke, or was closed
 *   open      a descriptor       entered
 *   refused   the errno          could not be entered
 *   (gone)    nothing            forgotten: there is no such entry
 *
 *   event                                 unknown      open          refused      (gone)
 *   look: name or process leads there     unknown      open          refused      unknown
 *   look not for it, or tidy: its own     gone         open          gone         gone
 *     name or process still leads there
 *   the same, but a look that goes on     unknown      open          refused      -
 *     later has chosen it
 *   look, tidy: nothing does               gone         closed, gone  gone         gone
 *   look: its name leads to another       gone         closed, gone  gone         gone; the other
 *     inode (replaced), nothing to it                                             is unknown
 *   enter: opened                         open         open, as is   open         -
 *   enter: not permitted, no descriptor   refused      -             refused      -
 *     left, no such kind of socket
 *   enter: what led there does not any    as if        -             as if        -
 *     more, a process in it does          found by it                found by it
 *   enter: nothing leads there (-ESRCH)   unknown      -             unknown      -
 *   walk: the descriptor broke            -            opened anew; refused: the walk says it
 *   leave                                 -            open          -            -
 *   leave: few descriptors are left       -            closed,       -            -
 *                                                      unknown
 *   let go                                gone         closed, gone  gone         gone
 */

/* ---- a look ---- */

/* Those that pause stay. */
static void clear_choices(const struct sf_netns_list *places, uint64_t *chosen, size_t words)
{
	for (size_t w = places->paused / 64; w < words; w++)
		chosen[w] &= w == places->paused / 64 ? (1ull << places->paused % 64) - 1 : 0;
}

static void forget_choices(struct sf_netns_list *places, size_t count)
{
	size_t words = (places->paused + count + 63) / 64, more;

	if (words < places->words)
		words = places->words;
	more = words - places->words;
	for (size_t i = 0; i < places->count; i++) {
		struct sf_netns *place = places->place[i];

		if (more) {
			place->chosen = sf_realloc(place->chosen, words * sizeof(uint64_t));
			memset(place->chosen + places->words, 0, more * sizeof(uint64_t));
		}
		clear_choices(places, place->chosen, words);
		place->seen = false;
	}
	places->words = words;
	places->choices = count;
	while (places->problems && places->problem[places->problems - 1].choice >= places->paused)
		places->problems--;
}

static bool is_awaited(const struct sf_netns_list *places, const struct sf_netns *place)
{
	uint64_t chosen = 0;

	for (size_t choice = 0; choice < places->paused; choice++)
		chosen |= place->chosen[choice / 64] >> choice % 64 & 1;
	return chosen != 0;
}

static bool is_held(const struct sf_netns_list *places, const struct sf_netns *place)
{
	return place->seen || is_awaited(places, place) ||
	       (place->state == SF_NETNS_OPEN && sf_netns_leads(place, places->device));
}

static void forget_gone(struct sf_netns_list *places)
{
	size_t kept = 1;

	for (size_t i = 1; i < places->count; i++) {
		if (is_held(places, places->place[i]))
			places->place[kept++] = places->place[i];
		else
			sf_netns_free(places->place[i]);
	}
	places->count = kept;
}

size_t sf_walker_look(struct sf_walker *walker, const struct sf_netns_choice *const *choices,
		      size_t count)
{
	struct sf_netns_list *places = walker->places;
	bool abroad = false;

	if (walker->source.walk)
		return walker->source.netnses ?: 1;
	for (size_t i = 0; i < count; i++)
		abroad |= !sf_netns_choice_self(choices[i]);
	if (!places && !abroad)
		return 1;
	if (!places)
		places = walker->places = sf_netns_list_new(walker->netns);
	forget_choices(places, count);
	if (!abroad) { /* what is open stays: others keep it, and look for themselves */
		for (size_t i = 0; i < count; i++)
			sf_netns_choose(places, places->place[0], i);
		return 1;
	}
	sf_netns_list_find(places, choices, count);
	forget_gone(places);
	sf_netns_list_raise_limit(places->count);
	return places->count;
}

size_t sf_walker_tidy(struct sf_walker *walker)
{
	struct sf_netns_list *places = walker->places;

	if (!places)
		return 0;
	for (size_t i = 0; i < places->count; i++)
		places->place[i]->seen = false;
	forget_gone(places);
	return places->count - 1;
}

void sf_walker_let_go(struct sf_walker *walker)
{
	sf_netns_list_free(sf_take(walker->places));
}

bool sf_walker_chosen(const struct sf_walker *walker, size_t at, size_t choice)
{
	const struct sf_netns_list *places = walker->places;

	if (walker->source.walk)
		return true;
	if (!places)
		return at == 0;
	choice += places->paused;
	return places->place[at]->chosen[choice / 64] >> choice % 64 & 1;
}

/* ---- a look that goes on later ---- */

struct sf_walker_pause sf_walker_pause(struct sf_walker *walker, size_t at)
{
	struct sf_netns_list *places = walker->places;

	places->paused += places->choices;
	return (struct sf_walker_pause){places->choices, at ? places->place[at]->inode : 0};
}

size_t sf_walker_resume(struct sf_walker *walker, const struct sf_walker_pause *pause,
			size_t *count)
{
	struct sf_netns_list *places = walker->places;

	places->choices = pause->choices;
	places->paused -= pause->choices;
	*count = places->count;
	return pause->inode ? sf_netns_list_at(places, pause->inode + 1) : 1;
}

/* ---- in and out ---- */

enum { AGAIN = 3 };

static int open_place(struct sf_walker *walker, struct sf_netns *place)
{
	dev_t device = walker->places->device;
	struct sf_err err;
	int r = sf_netns_open(place, &walker->link, &err);

	for (int again = 0; r == -ESRCH && again < AGAIN && sf_netns_find_again(place, device);
	     again++)
		r = sf_netns_open(place, &walker->link, &err);
	place->state = r == 0 ? SF_NETNS_OPEN : r == -ESRCH ? SF_NETNS_UNKNOWN : SF_NETNS_REFUSED;
	place->code = r;
	return r;
}

static void go_home(struct sf_walker *walker)
{
	walker->link.socket = sf_take(walker->places->home);
	walker->link.port = walker->places->home_port;
	walker->away = NULL;
}

int sf_walker_enter(struct sf_walker *walker, size_t at)
{
	struct sf_netns *place;
	int r = 0;

	walker->at = at;
	if (walker->source.netnses)
		walker->netns = walker->source.netns[at];
	if (at == 0 || walker->source.walk)
		return 0;
	place = walker->places->place[at];
	walker->places->home = walker->link.socket;
	walker->places->home_port = walker->link.port;
	walker->link.socket = sf_take(place->socket);
	walker->link.port = place->port;
	walker->away = place;
	if (!walker->link.socket)
		r = open_place(walker, place);
	if (r < 0)
		go_home(walker);
	return r;
}

void sf_walker_leave(struct sf_walker *walker)
{
	struct sf_netns *place = walker->away;
	struct sf_link *link = &walker->link;

	if (!place)
		return;
	if (link->socket && sf_netns_list_scarce(mnl_socket_get_fd(link->socket)))
		sf_link_close(link);
	place->socket = link->socket;
	place->port = link->port;
	place->state = link->socket ? SF_NETNS_OPEN : SF_NETNS_UNKNOWN;
	go_home(walker);
}
