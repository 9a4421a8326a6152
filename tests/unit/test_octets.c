/* SPDX-License-Identifier: MIT
 *
 * Big-endian reading and writing within limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/octets.h"

static void reads_big_endian(void **state)
{
	const uint8_t buf[] = { 0x01, 0x82, 0x03, 0x84, 0x05, 0x06, 0x07, 0xf8, 0xf9 };
	struct octets_reader in = octets_read_from(buf, sizeof(buf));
	uint8_t two[2] = { 0 };

	(void)state;
	assert_int_equal(octets_get_u8(&in), 0x01);
	assert_int_equal(octets_get_u16(&in), 0x8203);
	assert_int_equal(octets_get_u32(&in), 0x84050607);
	assert_true(octets_get(&in, two, sizeof(two)));
	assert_int_equal(two[0], 0xf8);
	assert_int_equal(two[1], 0xf9);
	assert_false(in.failed);
	assert_int_equal(in.left, 0);
}

static void top_bit_is_no_sign(void **state)
{
	const uint8_t buf[] = { 0xff, 0xfe, 0xfd, 0xfc };
	struct octets_reader in = octets_read_from(buf, sizeof(buf));

	(void)state;
	assert_true(octets_get_u32(&in) == UINT32_C(0xfffefdfc));
}

/* Every read of 1, 2 and 4 octets from every shorter buffer. */
static void reading_past_the_end_gives_zero(void **state)
{
	(void)state;
	for (size_t len = 0; len < 4; len++) {
		uint8_t *buf = malloc(len + 1);
		struct octets_reader in;

		assert_non_null(buf);
		memset(buf, 0xff, len + 1);
		in = octets_read_from(buf, len);
		assert_true(octets_get_u32(&in) == 0);
		assert_true(in.failed);
		in = octets_read_from(buf, len);
		assert_int_equal(octets_get_u16(&in), len < 2 ? 0 : 0xffff);
		assert_int_equal(in.failed, len < 2);
		in = octets_read_from(buf, len);
		assert_int_equal(octets_get_u8(&in), len < 1 ? 0 : 0xff);
		assert_int_equal(in.failed, len < 1);
		free(buf);
	}
}

static void failed_reader_stays_failed(void **state)
{
	const uint8_t buf[] = { 0x11, 0x22, 0x33 };
	struct octets_reader in = octets_read_from(buf, sizeof(buf));
	uint8_t copy[2] = { 0xa5, 0xa5 };

	(void)state;
	assert_true(octets_get_u32(&in) == 0);
	assert_int_equal(octets_get_u8(&in), 0);
	assert_int_equal(octets_get_u16(&in), 0);
	assert_false(octets_get(&in, copy, 1));
	assert_false(octets_get(&in, copy, 0));
	assert_false(octets_skip(&in, 1));
	assert_false(octets_skip(&in, 0));
	assert_int_equal(copy[0], 0xa5);
	assert_true(in.failed);
}

static void get_is_all_or_nothing(void **state)
{
	const uint8_t buf[] = { 0x11, 0x22 };
	struct octets_reader in = octets_read_from(buf, sizeof(buf));
	uint8_t copy[3] = { 0xa5, 0xa5, 0xa5 };

	(void)state;
	assert_false(octets_get(&in, copy, sizeof(copy)));
	assert_int_equal(copy[0], 0xa5);
}

static void skips(void **state)
{
	const uint8_t buf[] = { 0x11, 0x22, 0x33 };
	struct octets_reader in = octets_read_from(buf, sizeof(buf));

	(void)state;
	assert_true(octets_skip(&in, 2));
	assert_int_equal(octets_get_u8(&in), 0x33);
	assert_true(octets_skip(&in, 0));
	assert_false(octets_skip(&in, 1));
	assert_true(in.failed);
}

static void huge_length_does_not_wrap(void **state)
{
	const uint8_t buf[] = { 0x11 };
	struct octets_reader in = octets_read_from(buf, sizeof(buf));
	uint8_t size[1];
	struct octets_writer out = octets_write_to(size, sizeof(size));
	volatile size_t huge =
		SIZE_MAX; /* as from outside: not for the compiler to judge */

	(void)state;
	assert_false(octets_skip(&in, huge));
	in = octets_read_from(buf, sizeof(buf));
	assert_false(octets_get(&in, size, huge));
	octets_put(&out, buf, huge);
	assert_true(out.failed);
}

static void nothing_of_null_is_fine(void **state)
{
	struct octets_reader in = octets_read_from(NULL, 0);
	struct octets_writer out = octets_write_to(NULL, 0);

	(void)state;
	assert_true(octets_get(&in, NULL, 0));
	assert_true(octets_skip(&in, 0));
	assert_int_equal(octets_get_u8(&in), 0);
	assert_true(in.failed);
	octets_put(&out, NULL, 0);
	assert_false(out.failed);
	octets_put_u8(&out, 1);
	assert_true(out.failed);
}

static void writes_big_endian(void **state)
{
	const uint8_t want[] = {
		0x01, 0x82, 0x03, 0x84, 0x05, 0x06, 0x07, 0xf8, 0xf9, 0xa5
	};
	const uint8_t two[] = { 0xf8, 0xf9 };
	uint8_t buf[sizeof(want)];
	struct octets_writer out = octets_write_to(buf, sizeof(buf) - 1);

	(void)state;
	memset(buf, 0xa5, sizeof(buf));
	octets_put_u8(&out, 0x01);
	octets_put_u16(&out, 0x8203);
	octets_put_u32(&out, 0x84050607);
	octets_put(&out, two, sizeof(two));
	assert_false(out.failed);
	assert_int_equal(out.left, 0);
	assert_memory_equal(buf, want, sizeof(want));
}

/* A number that does not fit leaves no part of itself behind. */
static void writing_past_the_end_writes_nothing(void **state)
{
	(void)state;
	for (size_t size = 0; size < 4; size++) {
		uint8_t buf[4] = { 0xa5, 0xa5, 0xa5, 0xa5 };
		const uint8_t untouched[4] = { 0xa5, 0xa5, 0xa5, 0xa5 };
		struct octets_writer out = octets_write_to(buf, size);

		octets_put_u32(&out, 0);
		assert_true(out.failed);
		octets_put_u8(&out, 0);
		octets_put_u16(&out, 0);
		assert_true(out.failed);
		assert_memory_equal(buf, untouched, sizeof(buf));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_big_endian),
		cmocka_unit_test(top_bit_is_no_sign),
		cmocka_unit_test(reading_past_the_end_gives_zero),
		cmocka_unit_test(failed_reader_stays_failed),
		cmocka_unit_test(get_is_all_or_nothing),
		cmocka_unit_test(skips),
		cmocka_unit_test(huge_length_does_not_wrap),
		cmocka_unit_test(nothing_of_null_is_fine),
		cmocka_unit_test(writes_big_endian),
		cmocka_unit_test(writing_past_the_end_writes_nothing),
	};

	return cmocka_run_group_tests_name("octets", tests, NULL, NULL);
}
