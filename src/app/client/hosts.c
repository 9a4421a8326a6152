/* SPDX-License-Identifier: MIT
 *
 * The machines that are asked: sources by address, and those that have the same one.
 */
#include <stdio.h>

#include "app/client/measure_private.h"

/* FNV-1a: the published constants. */
static uint32_t *bucket_of(struct measurement *m, const struct address *address)
{
	uint32_t key = UINT32_C(2166136261) ^ address->port;

	for (size_t k = 0; k < sizeof(address->octets); k++) {
		key = (key ^ address->octets[k]) * UINT32_C(16777619);
	}
	return &m->buckets[(key ^ key >> 16) % MEASUREMENT_BUCKETS];
}

/* Source `i` has the address of source `k`, which is asked for both. */
static void pair_source(struct measurement *m, size_t i, size_t k)
{
	char reason[SOURCE_REASON_SIZE];

	m->sources[i].twin = k;
	snprintf(reason, sizeof(reason), "the same address as %.60s: asked once",
	         m->run->sources[k].name);
	source_decline(m, i, reason);
}

static bool is_ntp(const struct run_source *source)
{
	return source->scheme == SCHEME_NTP || source->scheme == SCHEME_NTS;
}

/* Whether two sources at one address are both asked although they are one machine: with
 * NTS each has keys of its own, and the server of another could lead there. */
static bool is_shared_host(const struct run_source *a, const struct run_source *b)
{
	return is_ntp(a) && is_ntp(b) &&
	       (a->scheme == SCHEME_NTS || b->scheme == SCHEME_NTS);
}

/* A second key exchange may lead to another address: the others stay one machine. */
static void leave_host(struct measurement *m, size_t i)
{
	uint32_t *at = bucket_of(m, &m->run->sources[i].address);
	size_t first = SIZE_MAX;

	while (*at != 0 && *at != i + 1) {
		at = &m->sources[*at - 1].next_in_bucket;
	}
	if (*at == 0) {
		return; /* it was nowhere yet */
	}
	*at = m->sources[i].next_in_bucket;
	for (size_t k = 0; k < m->run->source_count; k++) {
		if (k != i && m->sources[k].host == i) {
			first = first == SIZE_MAX ? k : first;
			m->sources[k].host = first;
		}
	}
	m->sources[i].host = i;
}

void hosts_find(struct measurement *m, size_t i, const struct address *address)
{
	struct run_source *shown = &m->run->sources[i];
	struct source *s = &m->sources[i];
	const struct kod_holdoff *kiss;
	uint32_t *bucket;

	leave_host(m, i);
	shown->address = *address;
	s->has_ntp_address = true;
	bucket = bucket_of(m, &shown->address);
	for (uint32_t k = *bucket; k != 0; k = m->sources[k - 1].next_in_bucket) {
		const struct run_source *other = &m->run->sources[k - 1];

		if (!address_equal(&other->address, &shown->address)) {
			continue;
		}
		if (is_shared_host(shown, other)) {
			if (s->has_vote && m->sources[k - 1].has_vote) {
				s->host = m->sources[k - 1].host;
			}
		} else if (other->scheme == shown->scheme) {
			pair_source(m, i, k - 1);
			return;
		}
	}
	s->next_in_bucket = *bucket;
	*bucket = (uint32_t)i + 1;
	kiss = s->kiss ? NULL
	               : hold_off_find(m, shown); /* else it is asked in spite of it */
	if (kiss) {
		hold_off_begin(m, i, kiss);
		return;
	}
	enter_phase(m, i, PHASE_READY);
	s->due_mono_ns = m->now_mono_ns;
}
