/* SPDX-License-Identifier: MIT
 *
 * Compares output with a golden file.
 */
#include "golden_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILE_SIZE_MAX = 65536 };

void golden_file_is(const char *name, const char *output)
{
	static char want[FILE_SIZE_MAX];
	char path[128];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "tests/data/golden/%s.txt", name);
	if (getenv("GOLDEN_WRITE")) {
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(output, file);
		assert_int_equal(fclose(file), 0);
	}
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(want, 1, sizeof(want) - 1, file);
	fclose(file);
	want[len] = '\0';
	assert_string_equal(output, want);
}
