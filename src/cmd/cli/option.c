/* SPDX-License-Identifier: MIT */
#include "cmd/cli/option.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/command.h"
#include "core/base/span.h"
#include "core/base/text.h"
#include "core/report/threshold.h"

/* "--samples: \"many\" is not ...; did you mean ...?" */
static int PRINTF_LIKE(4, 5)
	complain(const struct option_row *row, const struct option_place *place,
                 const char *value, const char *format, ...)
{
	char quoted[COMMAND_QUOTE_SIZE], reason[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	command_complain("%s%s: \"%s\"%s%s", place->before, row->name,
	                 command_quote(value, quoted), reason, place->hint);
	return REQTIME_EXIT_USAGE;
}

static int store_count(const struct option_row *row, const struct option_place *place,
                       const char *value, unsigned *ret)
{
	uint64_t number;

	if (!text_decimal(value, strlen(value), (uint64_t)row->min, (uint64_t)row->max,
	                  &number)) {
		return complain(row, place, value, " is not a number from %lld to %lld",
		                (long long)row->min, (long long)row->max);
	}
	*ret = (unsigned)number;
	return 0;
}

static int store_span(const struct option_row *row, const struct option_place *place,
                      const char *value, int64_t *ret)
{
	char min[SPAN_TEXT_SIZE], max[SPAN_TEXT_SIZE];
	enum span_verdict verdict;
	int64_t span_ns = 0;

	verdict = span_parse(value, &span_ns);
	if (verdict != SPAN_OK) {
		return complain(row, place, value, ": %s", span_verdict_text(verdict));
	}
	if (span_ns < row->min || span_ns > row->max) {
		span_write(row->min, min);
		span_write(row->max, max);
		return complain(row, place, value, " is not between %s and %s", min, max);
	}
	*ret = span_ns;
	return 0;
}

static int store_range(const struct option_row *row, const struct option_place *place,
                       const char *value, struct threshold *ret)
{
	enum threshold_verdict verdict;

	verdict = threshold_parse(value, (enum threshold_unit)row->max, ret);
	if (verdict != THRESHOLD_OK) {
		return complain(row, place, value, ": %s", threshold_verdict_text(verdict));
	}
	return 0;
}

static int store_text(const struct option_row *row, const struct option_place *place,
                      const char *value, const char **ret)
{
	if (!*value) {
		return complain(row, place, value, " is empty: %s must be given",
		                row->argument);
	}
	*ret = value;
	return 0;
}

static int store_more_text(const struct option_row *row, const struct option_place *place,
                           const char *value, struct option_texts *ret)
{
	if (ret->count == OPTION_TEXTS_MAX) {
		return complain(row, place, value,
		                " is one too many: %d may be given in this way",
		                OPTION_TEXTS_MAX);
	}
	return store_text(row, place, value, &ret->items[ret->count++]);
}

/* The word at place `i` of "one|two|three"; NULL: there are not so many. */
static const char *word_at(const char *words, int i, size_t *ret_len)
{
	for (; i > 0 && words; i--) {
		words = strchr(words, '|');
		words = words ? words + 1 : NULL;
	}
	*ret_len = words ? strcspn(words, "|") : 0;
	return words;
}

static int store_word(const struct option_row *row, const struct option_place *place,
                      const char *value, int *ret)
{
	const char *word;
	size_t len;

	for (int i = 0; (word = word_at(row->argument, i, &len)) != NULL; i++) {
		if (strlen(value) == len && memcmp(value, word, len) == 0) {
			*ret = i;
			return 0;
		}
	}
	return complain(row, place, value, " is not one of %s", row->argument);
}

const char *option_word(const struct option_row *row, const void *field, size_t *ret_len)
{
	return word_at(row->argument, *(const int *)field, ret_len);
}

static int store_flag(const struct option_row *row, const struct option_place *place,
                      const char *value, bool *ret)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		return complain(row, place, value, " is neither yes nor no");
	}
	*ret = value[0] == 'y';
	return 0;
}

static int store_level(const struct option_row *row, const struct option_place *place,
                       const char *value, unsigned *ret)
{
	bool is_more = false;
	int status;

	if (value[0] >= '0' && value[0] <= '9' && value[1] == '\0') {
		*ret = (unsigned)(value[0] - '0');
		return 0;
	}
	status = store_flag(row, place, value, &is_more);
	if (status == 0) {
		*ret = is_more ? *ret + 1 : 0;
	}
	return status;
}

int option_store(const struct option_row *row, const struct option_place *place,
                 const char *value, void *field)
{
	bool is_chosen = false;
	int status;

	switch (row->kind) {
	case OPT_FLAG:
		return store_flag(row, place, value, field);
	case OPT_LEVEL:
		return store_level(row, place, value, field);
	case OPT_COUNT:
		return store_count(row, place, value, field);
	case OPT_SPAN_NS:
		return store_span(row, place, value, field);
	case OPT_RANGE:
		return store_range(row, place, value, field);
	case OPT_TEXT:
		return store_text(row, place, value, field);
	case OPT_TEXTS:
		return store_more_text(row, place, value, field);
	case OPT_WORD:
		return store_word(row, place, value, field);
	case OPT_CHOICE:
		break;
	}
	status = store_flag(row, place, value, &is_chosen);
	if (status == 0 && is_chosen) {
		*(int *)field = (int)row->max;
	}
	return status;
}

int option_check(const struct option_row *row, const struct option_place *place,
                 const char *value)
{
	union {
		bool flag;
		unsigned level;
		unsigned count;
		int64_t span_ns;
		struct threshold range;
		const char *text;
		struct option_texts texts;
		int choice;
	} field = { .texts = { .count = 0 } };

	return option_store(row, place, value, &field);
}

bool option_is_set(const struct option_row *row, const void *field)
{
	switch (row->kind) {
	case OPT_COUNT:
		return *(const unsigned *)field >= (unsigned long long)row->min &&
		       *(const unsigned *)field <= (unsigned long long)row->max;
	case OPT_SPAN_NS:
		return *(const int64_t *)field >= row->min;
	case OPT_RANGE:
		return ((const struct threshold *)field)->is_set;
	case OPT_TEXT:
		return *(const char *const *)field != NULL;
	case OPT_TEXTS:
		return ((const struct option_texts *)field)->count > 0;
	case OPT_FLAG:
	case OPT_WORD:
	case OPT_LEVEL:
	case OPT_CHOICE:
		break;
	}
	return true;
}

bool option_excludes(const struct option_row *a, const struct option_row *b)
{
	if (a == b || a->at != b->at) {
		return false;
	}
	return a->kind == OPT_WORD || b->kind == OPT_WORD ||
	       (a->kind == OPT_CHOICE && b->kind == OPT_CHOICE && a->max != b->max);
}
