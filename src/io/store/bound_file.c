/* SPDX-License-Identifier: MIT
 *
 * Writes the bound file, and the segment for ClockBound's clients.
 */
#include "io/store/bound_file.h"

#include <string.h>

#include "core/discipline/clockbound.h"
#include "core/discipline/now_page.h"
#include "io/store/page_file.h"

/* A write takes less than a microsecond, this some hundreds. */
enum { WAIT_TRIES = 100000 };

static bool is_usable(const void *page)
{
	struct reqtime_now_page head;

	memcpy(&head, page, sizeof(head));
	return head.magic == REQTIME_NOW_MAGIC && head.version == REQTIME_NOW_VERSION &&
	       head.octets >= sizeof(head) && head.octets <= PAGE_FILE_OCTETS;
}

int bound_file_open(const char *path, bool may_create_dir, struct reqtime_now_page **ret)
{
	struct reqtime_now_page initial;
	const struct page_file_format format = { .initial = &initial,
		                                 .size = sizeof(initial),
		                                 .is_usable = is_usable };
	void *page;
	int r;

	now_page_make_unknown(REQTIME_NOW_NO_RUN, &initial);
	r = page_file_open(path, may_create_dir, &format, &page);
	if (r == 0) {
		*ret = page;
	}
	return r;
}

/* The counter is odd before anything else changes.  The thread sanitizer knows no fences. */
static void fence(void)
{
#ifdef __SANITIZE_THREAD__
	__sync_synchronize();
#else
	__atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}

/* The counter, odd from now on. */
static uint32_t sequence_begin(uint32_t *sequence)
{
	uint32_t now = __atomic_load_n(sequence, __ATOMIC_RELAXED);

	for (int i = 0; i < WAIT_TRIES; i++) {
		if (now % 2 == 0 &&
		    __atomic_compare_exchange_n(sequence, &now, now + 1, false,
		                                __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			return now + 1;
		}
		now = __atomic_load_n(sequence, __ATOMIC_RELAXED);
	}
	__atomic_store_n(sequence, now | 1, __ATOMIC_RELAXED);
	return now | 1;
}

void bound_file_write(struct reqtime_now_page *page, const struct reqtime_now_page *from)
{
	const uint32_t sequence = sequence_begin(&page->sequence);

	fence();
	memcpy(&page->facts, &from->facts, sizeof(page->facts));
	memcpy(page->knots, from->knots, sizeof(page->knots));
	page->octets = from->octets;
	__atomic_store_n(&page->sequence, sequence + 1, __ATOMIC_RELEASE);
}

int clockbound_file_open(const char *path, struct clockbound_segment **ret)
{
	const struct reqtime_now_facts unknown = { 0 };
	struct clockbound_segment initial;
	const struct page_file_format format = { .initial = &initial,
		                                 .size = sizeof(initial),
		                                 .is_usable = clockbound_is_usable };
	void *page;
	int r;

	clockbound_make(&unknown, &initial);
	initial.generation = 2; /* 0: not written yet */
	r = page_file_open(path, false, &format, &page);
	if (r == 0) {
		*ret = page;
	}
	return r;
}

void clockbound_file_write(struct clockbound_segment *segment,
                           const struct clockbound_segment *from)
{
	const size_t head = offsetof(struct clockbound_segment, as_of_s);
	const uint16_t before = __atomic_load_n(&segment->generation, __ATOMIC_RELAXED);
	const uint16_t odd = before | 1;
	const uint16_t next = (uint16_t)(odd + 1);

	__atomic_store_n(&segment->generation, odd, __ATOMIC_RELAXED);
	fence();
	memcpy((uint8_t *)segment + head, (const uint8_t *)from + head,
	       sizeof(*segment) - head);
	__atomic_store_n(&segment->generation, next ? next : 2, __ATOMIC_RELEASE);
}
