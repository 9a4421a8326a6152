/* SPDX-License-Identifier: MIT
 *
 * io/net/control: which control messages of a buffer are seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/base.h"
#include "io/net/control.h"

enum { DATA = 5, EACH = CMSG_SPACE(DATA), SIZE = 3 * EACH };

struct row {
	const char *name;
	size_t size;    /* of the buffer, as recvmsg() tells it */
	size_t lens[3]; /* cmsg_len of each; 0: as it should be */
	size_t want;    /* seen */
};

#define ALL_GOOD                                                                           \
	{                                                                                  \
		0, 0, 0                                                                    \
	}
#define HEAD CMSG_LEN(0)

/* clang-format off */
static const struct row rows[] = {
	{ "three messages",                      SIZE,              ALL_GOOD,           3 },
	{ "no message",                          0,                 ALL_GOOD,           0 },
	{ "less than a head",                    HEAD - 1,          ALL_GOOD,           0 },
	{ "a head and no data",                  HEAD,              { HEAD, 0, 0 },     1 },
	{ "the last without its padding",        SIZE - (EACH - CMSG_LEN(DATA)), ALL_GOOD, 3 },
	{ "the last without an octet of its data", SIZE - (EACH - CMSG_LEN(DATA)) - 1, ALL_GOOD, 2 },
	{ "the third's head is cut",             2 * EACH + HEAD - 1, ALL_GOOD,         2 },
	{ "a length below that of a head",       SIZE,              { 0, HEAD - 1, 0 }, 1 },
	{ "the first's length is beyond all",    SIZE,              { SIZE + 1, 0, 0 }, 0 },
	{ "the second's length is beyond all",   SIZE,              { 0, SIZE, 0 },     1 },
	{ "a length near the end of numbers",    SIZE,              { 0, 0x7fffffff, 0 }, 1 },
};
/* clang-format on */

static void walk(void **state)
{
	const struct row *row = *state;
	_Alignas(struct cmsghdr) uint8_t buffer[SIZE] = { 0 };
	struct msghdr msg = { .msg_control = buffer,
		              .msg_controllen = (socklen_t)row->size };
	size_t seen = 0;

	for (size_t i = 0; i < COUNT_OF(row->lens); i++) {
		struct cmsghdr head = { .cmsg_level = 1, .cmsg_type = (int)i };

		head.cmsg_len =
			(socklen_t)(row->lens[i] > 0 ? row->lens[i] : CMSG_LEN(DATA));
		memcpy(buffer + i * EACH, &head, sizeof(head));
	}
	for (struct cmsghdr *c = control_first(&msg); c; c = control_next(&msg, c)) {
		assert_true(seen < COUNT_OF(row->lens));
		assert_ptr_equal(c, buffer + seen * EACH);
		assert_int_equal(c->cmsg_type, seen);
		seen++;
	}
	assert_int_equal(seen, row->want);
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows)];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = walk,
			                        .initial_state = (void *)&rows[i] };
	}
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
