/* SPDX-License-Identifier: MIT
 *
 * Complaints on stderr, in the log, and kept for `check`.
 */
#include "cmd/cli/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "reqtime/exit.h"

static struct {
	const char *program;
	bool is_kept;
	char kept[4096]; /* lines that do not fit are lost */
} complaints = { .program = "reqtime" };

/* For --log-to. */
static void (*complain_also)(const char *text);

void complain_as(const char *program, bool is_kept)
{
	complaints.program = program;
	complaints.is_kept = is_kept;
	complaints.kept[0] = '\0';
}

const char *complain_kept(void)
{
	return complaints.kept;
}

void command_complain(const char *format, ...)
{
	char line[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (complaints.is_kept) {
		const size_t len = strlen(complaints.kept);

		snprintf(complaints.kept + len, sizeof(complaints.kept) - len, "%s\n",
		         line);
	} else {
		fprintf(stderr, "%s: %s\n", complaints.program, line);
	}
	if (complain_also) {
		complain_also(line);
	}
}

int command_complain_memory(void)
{
	command_complain("out of memory");
	return REQTIME_EXIT_SYSTEM;
}

void command_complain_also(void (*to)(const char *text))
{
	complain_also = to;
}

const char *command_quote(const char *word, char buf[COMMAND_QUOTE_SIZE])
{
	text_escape((const uint8_t *)word, strlen(word), buf, COMMAND_QUOTE_SIZE);
	return buf;
}
