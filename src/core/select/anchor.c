/* SPDX-License-Identifier: MIT
 *
 * The anchor: packing, checks, and its update by accepted, held-back and refused runs.
 */
#include "core/select/anchor.h"

#include <string.h>

#include "core/base/siphash.h"

#define MAGIC UINT32_C(0x52714131)
/* A virtual machine wakes with the time of its RTC, which counts seconds. */
#define SUSPEND_DOUBT_NS (2 * NS_PER_S)
#define SUSPEND_SEEN_NS (10 * NS_PER_MS)
enum { AGREE_PPM = 500, HEAD_OCTETS = 16 };
/* Drift by AGREE_PPM is allowed for this long. */
#define AGREE_FULLY_NS (900 * NS_PER_S)

/* Against torn writes and bad disks, not against an attacker: not secret. */
static const struct siphash_key checksum_key = { UINT64_C(0x72657174696d6520),
	                                         UINT64_C(0x616e63686f722020) };

_Static_assert(sizeof(struct anchor) == ANCHOR_BOOT_ID_SIZE + 3 * 8 + 4 * 4 + 32 + 8 + 32 +
                                                4 * 8 +
                                                ANCHOR_SIGHTS * sizeof(struct anchor_sight),
               "padding would be stored");

void anchor_init(struct anchor *ret)
{
	memset(ret, 0, sizeof(*ret));
}

void anchor_pack(const struct anchor *anchor, uint8_t ret[ANCHOR_OCTETS])
{
	const uint32_t head[2] = { MAGIC, (uint32_t)sizeof(*anchor) };
	uint64_t checksum;

	memcpy(ret, head, sizeof(head));
	memcpy(ret + HEAD_OCTETS, anchor, sizeof(*anchor));
	checksum = siphash(checksum_key, ret + HEAD_OCTETS, sizeof(*anchor));
	memcpy(ret + sizeof(head), &checksum, sizeof(checksum));
}

static bool point_is_valid(const struct anchor_point *point)
{
	return point->boot_ns >= 0 && point->bound_ns >= 0;
}

static bool is_valid(const struct anchor *a)
{
	if (a->sight_count > ANCHOR_SIGHTS ||
	    !memchr(a->boot_id, '\0', sizeof(a->boot_id)) || a->top_ns < 0 ||
	    a->chain_ns < 0 || !point_is_valid(&a->last) ||
	    !point_is_valid(&a->confirmed)) {
		return false;
	}
	for (size_t i = 0; i < a->sight_count; i++) {
		if (!point_is_valid(&a->sights[i].point)) {
			return false;
		}
	}
	return true;
}

static bool may_be_floor(int64_t unix_ns, struct instant release)
{
	return unix_ns >= release.unix_ns &&
	       unix_ns <= ns_add(release.unix_ns, ANCHOR_FLOOR_SPAN_NS);
}

bool anchor_unpack(const uint8_t *octets, size_t len, struct instant release,
                   struct anchor *ret)
{
	struct anchor anchor;
	uint32_t head[2];
	uint64_t checksum;

	if (len != ANCHOR_OCTETS) {
		return false;
	}
	memcpy(head, octets, sizeof(head));
	memcpy(&checksum, octets + sizeof(head), sizeof(checksum));
	memcpy(&anchor, octets + HEAD_OCTETS, sizeof(anchor));
	if (head[0] != MAGIC || head[1] != sizeof(anchor) ||
	    checksum != siphash(checksum_key, octets + HEAD_OCTETS, sizeof(anchor)) ||
	    !is_valid(&anchor)) {
		return false;
	}
	if (!may_be_floor(anchor.floor_ns, release)) {
		anchor.has_floor = 0;
		anchor.floor_ns = 0;
	}
	*ret = anchor;
	return true;
}

bool anchor_is_newer(const struct anchor *a, const struct anchor *b, const char *boot_id)
{
	const bool is_a = strcmp(a->boot_id, boot_id) == 0;
	const bool is_b = strcmp(b->boot_id, boot_id) == 0;

	if (is_a != is_b) {
		return is_a;
	}
	/* From another boot only the floor is used, and a later floor is not a better one. */
	return is_a ? a->run_count > b->run_count : !b->has_floor;
}

void anchor_begin(struct anchor *anchor, const char *boot_id, const struct reading *now)
{
	struct anchor fresh;

	anchor->run_count++;
	if (boot_id[0] != '\0' && strcmp(anchor->boot_id, boot_id) == 0 &&
	    now->boot_ns >= anchor->top_ns) {
		anchor->top_ns = now->boot_ns;
		return;
	}
	anchor_init(&fresh);
	fresh.run_count = anchor->run_count;
	fresh.has_floor = anchor->has_floor;
	fresh.floor_ns = anchor->floor_ns;
	memcpy(fresh.boot_id, boot_id, strnlen(boot_id, sizeof(fresh.boot_id) - 1));
	fresh.top_ns = now->boot_ns;
	fresh.found_booted_ns = ns_sub(now->wall.unix_ns, now->boot_ns);
	*anchor = fresh;
}

int64_t anchor_drift_ns(int64_t apart_ns, int64_t ppm)
{
	int64_t ns;

	if (apart_ns <= 0) {
		return 0;
	}
	return __builtin_mul_overflow(apart_ns / 1000000 + 1, ppm, &ns) ? INT64_MAX : ns;
}

int64_t anchor_limit_ns(const struct anchor_point *a, const struct anchor_point *b,
                        int64_t drift_ns)
{
	const int64_t slept_ns = ns_sub(b->suspended_ns, a->suspended_ns);
	int64_t limit_ns = ns_add(drift_ns, ns_add(a->bound_ns, b->bound_ns));

	return ns_abs(slept_ns) > SUSPEND_SEEN_NS ? ns_add(limit_ns, SUSPEND_DOUBT_NS)
	                                          : limit_ns;
}

static int64_t agreed_drift_ns(int64_t apart_ns, int64_t ppm)
{
	const int64_t longer_ns = ns_sub(apart_ns, AGREE_FULLY_NS);

	if (longer_ns <= 0) {
		return anchor_drift_ns(apart_ns, AGREE_PPM);
	}
	return ns_add(anchor_drift_ns(AGREE_FULLY_NS, AGREE_PPM),
	              anchor_drift_ns(longer_ns, ppm));
}

int64_t anchor_beyond_ns(const struct anchor_point *earlier,
                         const struct anchor_point *later, int64_t ppm)
{
	const int64_t apart_ns = ns_sub(later->boot_ns, earlier->boot_ns);
	const int64_t by_ns = ns_sub(later->booted_ns, earlier->booted_ns);
	struct anchor_point exact = *later;
	int64_t limit_ns;

	exact.bound_ns = 0;
	limit_ns = anchor_limit_ns(earlier, &exact, agreed_drift_ns(apart_ns, ppm));
	if (ns_abs(by_ns) <= limit_ns) {
		return 0;
	}
	return by_ns > 0 ? ns_sub(by_ns, limit_ns) : ns_add(by_ns, limit_ns);
}

bool anchor_agrees(const struct anchor_point *earlier, const struct anchor_point *later,
                   int64_t ppm)
{
	return ns_abs(anchor_beyond_ns(earlier, later, ppm)) <= later->bound_ns;
}

/* The oldest `count`. */
static void drop_sights(struct anchor *anchor, size_t count)
{
	const size_t left = (size_t)anchor->sight_count - count;

	memmove(anchor->sights, anchor->sights + count, left * sizeof(anchor->sights[0]));
	memset(anchor->sights + left, 0, count * sizeof(anchor->sights[0]));
	anchor->sight_count = left;
}

void anchor_note_sight(struct anchor *anchor, const struct anchor_sight *sight)
{
	const int64_t now_ns = sight->point.boot_ns;
	size_t young = 0;

	for (size_t i = 0; i < anchor->sight_count; i++) {
		if (ns_sub(now_ns, anchor->sights[i].point.boot_ns) >= ANCHOR_CONFIRM_NS) {
			continue;
		}
		young++;
		if (sight->server_count <= anchor->sights[i].server_count &&
		    anchor_agrees(&anchor->sights[i].point, &sight->point, AGREE_PPM)) {
			return;
		}
	}
	if (young == ANCHOR_YOUNG) {
		return;
	}
	while (anchor->sight_count - young > ANCHOR_SIGHTS - ANCHOR_YOUNG) {
		drop_sights(anchor, 1);
	}
	anchor->sights[anchor->sight_count++] = *sight;
}

void anchor_note_accepted(struct anchor *anchor, const struct anchor_point *point,
                          bool is_apart)
{
	if (!anchor->has_last || is_apart) {
		anchor->chain_ns = point->boot_ns;
	}
	anchor->has_last = 1;
	anchor->last = *point;
	drop_sights(anchor, (size_t)anchor->sight_count);
}

void anchor_note_confirmed(struct anchor *anchor, int64_t floor_ns, struct instant release)
{
	anchor->has_confirmed = 1;
	anchor->confirmed = anchor->last;
	if (may_be_floor(floor_ns, release)) {
		anchor->has_floor = 1;
		anchor->floor_ns = floor_ns;
	}
}

void anchor_note_part(struct anchor *anchor, size_t first, const struct anchor_point *point)
{
	anchor->has_last = 1;
	anchor->last = *point;
	anchor->chain_ns = point->boot_ns;
	drop_sights(anchor, first + 1);
}
