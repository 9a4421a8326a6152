/* SPDX-License-Identifier: MIT
 *
 * The contract of the command line, word by word: scripts depend on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/select/run.h"

static const struct row {
	enum run_status status;
	const char *name;
	int want_exit;
} rows[] = {
	{ RUN_OK, "ok", 0 },
	{ RUN_NO_ANSWER, "no-answer", 1 },
	{ RUN_NO_MAJORITY, "no-majority", 1 },
	{ RUN_UNSYNCHRONISED, "unsynchronised", 1 },
	{ RUN_REFUSED, "refused", 3 },
	{ RUN_NOT_PERMITTED, "not-permitted", 4 },
	{ RUN_BUSY, "busy", 5 },
	{ RUN_ERROR, "error", 6 },
	{ RUN_INTERRUPTED, "interrupted", 6 },
};

static void status_row(void **state)
{
	const struct row *row = *state;

	assert_string_equal(run_status_name(row->status), row->name);
	assert_int_equal(run_status_exit(row->status), row->want_exit);
}

static void source_names(void **state)
{
	(void)state;
	assert_string_equal(source_status_name(SOURCE_SELECTED), "selected");
	assert_string_equal(source_status_name(SOURCE_AGREEING), "agreeing");
	assert_string_equal(source_status_name(SOURCE_FALSETICKER), "falseticker");
	assert_string_equal(source_status_name(SOURCE_REJECTED), "rejected");
	assert_string_equal(source_status_name(SOURCE_UNREACHABLE), "unreachable");
}

/* An unknown status must never read as success. */
static void unknown(void **state)
{
	(void)state;
	assert_int_equal(run_status_exit((enum run_status)99), 6);
	assert_string_equal(run_status_name((enum run_status)99), "error");
	assert_string_equal(source_status_name((enum source_status)99), "rejected");
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(rows) + 2];
	size_t i;

	for (i = 0; i < COUNT_OF(rows); i++) {
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = status_row,
			                        .initial_state = (void *)&rows[i] };
	}
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(source_names);
	tests[i++] = (struct CMUnitTest)cmocka_unit_test(unknown);
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
