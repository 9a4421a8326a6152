/* SPDX-License-Identifier: MIT
 *
 * Reads the servers that DHCP named.
 */
#include "cmd/cli/dhcp_servers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "cmd/cli/config_apply_private.h"
#include "core/ntp/server_spec.h"
#include "io/store/config.h"

enum { WRONG = -1, REASON_SIZE = 128 };

struct reading {
	struct parse *parse;
	struct option_texts *servers;
	const char *path;
	size_t taken; /* of all files */
	size_t left_out;
	unsigned line; /* of the entry that is wrong */
	char reason[REASON_SIZE];
};

static void PRINTF_LIKE(2, 3) warn(const struct parse *parse, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (parse->has_warned) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	command_complain("%s", text);
}

static int wrong(struct reading *reading, unsigned line, const char *reason)
{
	reading->line = line;
	snprintf(reading->reason, sizeof(reading->reason), "%s", reason);
	return WRONG;
}

/* A host alone: no scheme, no port. */
static bool is_host(const char *value)
{
	struct server_spec spec;

	return server_spec_parse(value, &spec) == SERVER_SPEC_OK &&
	       spec.scheme == SCHEME_NTP && strcmp(spec.host, value) == 0;
}

static bool is_listed(const struct option_texts *servers, const char *value)
{
	for (size_t i = 0; i < servers->count; i++) {
		if (strcmp(servers->items[i], value) == 0) {
			return true;
		}
	}
	return false;
}

static int take(void *ctx, const struct config_entry *entry)
{
	struct reading *reading = ctx;
	struct config_files *files = &reading->parse->files;
	int status;

	if (!entry->key || *entry->section) {
		return wrong(reading, entry->line, "a section");
	}
	if (strcmp(entry->key, "server") != 0) {
		return wrong(reading, entry->line, "a key that is not \"server\"");
	}
	if (!is_host(entry->value)) {
		return wrong(reading, entry->line, "neither an address nor a host name");
	}
	if (is_listed(reading->servers, entry->value)) {
		return 0;
	}
	if (reading->taken == DHCP_SERVERS_MAX ||
	    reading->servers->count == OPTION_TEXTS_MAX) {
		reading->left_out++;
		return 0;
	}
	status = config_files_keep(files, reading->path, entry);
	if (status == 0) {
		reading->servers->items[reading->servers->count++] =
			files->items[files->count - 1].value;
		reading->taken++;
	}
	return status;
}

/* All of a file, or nothing of it. */
static int read_file(struct reading *reading)
{
	struct config_files *files = &reading->parse->files;
	const struct reading before = *reading;
	const size_t item_count = files->count, server_count = reading->servers->count;
	struct config_error error = { .line = 0 };
	char quoted[COMMAND_QUOTE_SIZE];
	int r = config_read(reading->path, take, reading, &error);

	/* The lease may have ended since the folder was listed. */
	if (r == 0 || r == -ENOENT || r == REQTIME_EXIT_SYSTEM) {
		return r == -ENOENT ? 0 : r;
	}
	if (r == WRONG) {
		error.line = reading->line;
		snprintf(error.reason, sizeof(error.reason), "%s", reading->reason);
	}
	config_files_drop(files, item_count);
	reading->servers->count = server_count;
	reading->taken = before.taken;
	reading->left_out = before.left_out;
	command_quote(reading->path, quoted);
	if (error.line > 0) {
		warn(reading->parse, "%s:%u: %s: this file of DHCP is skipped", quoted,
		     error.line, error.reason);
	} else {
		warn(reading->parse, "%s: %s: this file of DHCP is skipped", quoted,
		     error.reason);
	}
	return 0;
}

static int read_folder(struct reading *reading)
{
	struct config_folder *folder = &reading->parse->files.dhcp;
	struct config_error error;
	int status = 0;

	if (config_folder_open(DHCP_SERVERS_FOLDER, folder, &error) < 0) {
		warn(reading->parse, "%s: %s: servers of DHCP are not asked",
		     DHCP_SERVERS_FOLDER, error.reason);
		return 0;
	}
	for (size_t i = 0; i < folder->count && status == 0; i++) {
		reading->path = folder->paths[i];
		status = read_file(reading);
	}
	if (status == 0 && reading->left_out > 0) {
		warn(reading->parse,
		     "%s: %zu lines are left out: at most %d servers of DHCP, %d in all",
		     DHCP_SERVERS_FOLDER, reading->left_out, DHCP_SERVERS_MAX,
		     OPTION_TEXTS_MAX);
	}
	return status;
}

static size_t find(const struct parse *parse, const char *name)
{
	return option_find(parse->command, name, strlen(name), 0);
}

static bool has_servers(const struct parse *parse, size_t at)
{
	const char *file = parse->command->operand_file_option;
	size_t i = file ? find(parse, file) : at;

	return option_is_set(option_at(parse->command, at), option_field(parse, at)) ||
	       option_is_set(option_at(parse->command, i), option_field(parse, i));
}

/* enum dhcp_servers */
static int wanted_of(const struct parse *parse)
{
	const size_t i = find(parse, "dhcp-servers");

	return parse->command->operand_option && i < option_count(parse->command)
	               ? *(const int *)option_field(parse, i)
	               : DHCP_SERVERS_NEVER;
}

bool dhcp_servers_are_wanted(const struct parse *parse)
{
	return wanted_of(parse) != DHCP_SERVERS_NEVER;
}

int dhcp_servers_add(struct parse *parse)
{
	const int wanted = wanted_of(parse);
	struct reading reading = { .parse = parse };
	size_t at;
	int status;

	if (wanted == DHCP_SERVERS_NEVER) {
		return 0;
	}
	at = find(parse, parse->command->operand_option);
	if (config_is_overridden(parse, at) ||
	    (wanted == DHCP_SERVERS_FALLBACK && has_servers(parse, at))) {
		return 0;
	}
	reading.servers = option_field(parse, at);
	status = read_folder(&reading);
	if (reading.taken > 0 && parse->origins[at] == ORIGIN_DEFAULT) {
		parse->origins[at] = ORIGIN_FILE;
		parse->items[at] = config_item_of(&parse->files, reading.servers->items[0]);
	}
	return status;
}
