/* SPDX-License-Identifier: MIT
 *
 * Rate limiting by the generic cell rate algorithm (GCRA), a token bucket without a count.
 * The state of a source is one number, the theoretical arrival time (TAT) at which all its
 * requests are within the rate.  A TAT in the past carries no information, so a full set
 * replaces the entry with the earliest TAT: the longest idle source, and a limited one only
 * if all are limited.
 */
#include "core/ntp/access.h"

#include <string.h>

#include "core/base/ntp_time.h"
#include "core/base/text.h"

enum {
	DEFAULT_BURST_FACTOR = 8,
	/* Stored with the second in 32 bits. */
	NOTE_COUNTS = 4,
	NOTE_SECONDS = 1 << 30,
};
_Static_assert(RATE_KISSES_OF_NET < (int)NOTE_COUNTS, "the count fits beside the second");
/* A quarter of all 32-bit numbers. */
#define LEAK_BELOW (UINT64_C(1) << 30)

/* Distinguishes equal tags: source or network, of IPv4 or IPv6. */
enum grain { FINE_IPV4 = 1, COARSE_IPV4, FINE_IPV6, COARSE_IPV6 };

static uint64_t load_client(const struct rate_entry *e)
{
	return __atomic_load_n(&e->client, __ATOMIC_RELAXED);
}

static int64_t load_ns(const int64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void store_ns(int64_t *at, int64_t ns)
{
	__atomic_store_n(at, ns, __ATOMIC_RELAXED);
}

static bool number_parse(const char *text, size_t len, uint32_t min, uint32_t max,
                         uint32_t *ret)
{
	uint64_t value;

	if (!text_decimal(text, len, min, max, &value)) {
		return false;
	}
	*ret = (uint32_t)value;
	return true;
}

bool rate_limit_parse(const char *text, struct rate_limit *ret)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	struct rate_limit limits = { 0, 1 };

	if (!number_parse(text, len, 0, RATE_PER_S_MAX, &limits.per_s)) {
		return false;
	}
	if (colon) {
		if (limits.per_s == 0 || !number_parse(colon + 1, strlen(colon + 1), 1,
		                                       RATE_BURST_MAX, &limits.burst)) {
			return false;
		}
	} else if (limits.per_s > 0) {
		limits.burst = limits.per_s > RATE_BURST_MAX / DEFAULT_BURST_FACTOR
		                       ? RATE_BURST_MAX
		                       : limits.per_s * DEFAULT_BURST_FACTOR;
	}
	*ret = limits;
	return true;
}

bool access_rules_are_valid(const struct access_rules *rules)
{
	return cidr_list_is_valid(&rules->list) && rules->limits.per_s <= RATE_PER_S_MAX &&
	       rules->limits.burst >= 1 && rules->limits.burst <= RATE_BURST_MAX;
}

/* Hash of the prefix that identifies the source, or its network. */
static uint64_t hash_of(const struct rate_table *table, const struct address *from,
                        bool is_coarse)
{
	uint8_t octets[9] = { 0 };
	size_t len;

	if (from->family == ADDRESS_IPV4) {
		octets[0] = is_coarse ? COARSE_IPV4 : FINE_IPV4;
		len = is_coarse ? 3 : 4;
	} else {
		octets[0] = is_coarse ? COARSE_IPV6 : FINE_IPV6;
		len = is_coarse ? 6 : 8;
	}
	memcpy(octets + 1, from->octets, len);
	return siphash(table->key, octets, sizeof(octets));
}

static struct rate_entry *entry_find(struct rate_table *table, uint64_t hash,
                                     bool *ret_is_new)
{
	struct rate_entry *set = &table->entries[(hash % RATE_SETS) * RATE_WAYS];
	struct rate_entry *oldest = set;
	uint32_t tag = hash >> 32 != 0 ? (uint32_t)(hash >> 32) : 1; /* 0: a free entry */

	for (unsigned i = 0; i < RATE_WAYS; i++) {
		if (load_client(&set[i]) >> 32 == tag) {
			return &set[i];
		}
		if (load_ns(&set[i].tat_ns) < load_ns(&oldest->tat_ns)) {
			oldest = &set[i];
		}
	}
	store_ns(&oldest->tat_ns, 0);
	__atomic_store_n(&oldest->client, (uint64_t)tag << 32, __ATOMIC_RELAXED);
	*ret_is_new = true;
	return oldest;
}

/* GCRA: counts one request; false, without counting it, beyond the rate. */
static bool charge(int64_t *tat_ns, int64_t cost_ns, int64_t burst, int64_t mono_ns)
{
	const int64_t tat_then_ns = ns_max(load_ns(tat_ns), mono_ns);

	if (tat_then_ns - mono_ns > cost_ns * (burst - 1)) {
		return false;
	}
	store_ns(tat_ns, tat_then_ns + cost_ns);
	return true;
}

/* xorshift64*: clients should not guess which requests leak; it does no harm if they do. */
static uint64_t next_random(struct rate_leak *leak)
{
	uint64_t x = leak->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	leak->state = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

static void note_kiss(struct rate_entry *entry, uint32_t note)
{
	__atomic_store_n(&entry->client,
	                 (load_client(entry) & ~UINT64_C(0xffffffff)) | note,
	                 __ATOMIC_RELAXED);
}

/* Per second at most one to a source, RATE_KISSES_OF_NET to its network, so that no
 * network uses up those of the others, and RATE_KISSES_PER_S in all. */
static bool may_kiss(struct rate_table *table, struct rate_entry *fine,
                     const struct address *from, int64_t mono_ns)
{
	const uint32_t second = (uint32_t)(mono_ns / NS_PER_S) + 1;
	struct rate_entry *coarse;
	uint32_t note, count;
	bool is_new;

	/* Two seconds apart: consecutive seconds may be moments apart. */
	if (second - (uint32_t)load_client(fine) < 2) {
		return false;
	}
	coarse = entry_find(table, hash_of(table, from, true), &is_new);
	/* The note in a network's entry is the second, and the number of kisses in it. */
	note = (uint32_t)load_client(coarse);
	count = note / NOTE_COUNTS == second % NOTE_SECONDS ? note % NOTE_COUNTS : 0;
	if (count >= RATE_KISSES_OF_NET ||
	    !charge(&table->kisses_tat_ns, NS_PER_S / RATE_KISSES_PER_S, RATE_KISSES_PER_S,
	            mono_ns)) {
		return false;
	}
	note_kiss(fine, second);
	note_kiss(coarse, second % NOTE_SECONDS * NOTE_COUNTS + count + 1);
	return true;
}

enum access_verdict access_check(struct rate_table *table, const struct access_rules *rules,
                                 struct rate_leak *leak, const struct address *from,
                                 int64_t mono_ns, bool *ret_is_new)
{
	const struct rate_limit *limits = &rules->limits;
	struct rate_entry *fine, *coarse;
	bool is_new = false, is_new_net = false;
	int64_t cost_ns;

	if (ret_is_new) {
		*ret_is_new = false;
	}
	if (rules->list.count > 0 && !cidr_list_allows(&rules->list, from)) {
		return ACCESS_DENIED;
	}
	if (limits->per_s == 0 || address_reach(from) == ADDRESS_LOOPBACK) {
		return ACCESS_ANSWER;
	}
	cost_ns = NS_PER_S / limits->per_s;
	fine = entry_find(table, hash_of(table, from, false), &is_new);
	if (ret_is_new) {
		*ret_is_new = is_new;
	}
	/* A source beyond its own rate does not count against its network. */
	if (charge(&fine->tat_ns, cost_ns, limits->burst, mono_ns)) {
		coarse = entry_find(table, hash_of(table, from, true), &is_new_net);
		if (charge(&coarse->tat_ns, cost_ns / RATE_COARSE,
		           (int64_t)limits->burst * RATE_COARSE, mono_ns)) {
			return ACCESS_ANSWER;
		}
	}
	if (next_random(leak) >> 32 < LEAK_BELOW) {
		return ACCESS_LEAKED;
	}
	return may_kiss(table, fine, from, mono_ns) ? ACCESS_KISS : ACCESS_DROP;
}
