/* SPDX-License-Identifier: MIT
 *
 * The servers that are judged one by one: each of them once, and the reference.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/verbs/fleet_private.h"

static int spec_compare(const struct server_spec *a, const struct server_spec *b)
{
	const int by_host = strcasecmp(a->host, b->host);

	if (by_host != 0) {
		return by_host;
	}
	return a->port != b->port ? (int)a->port - (int)b->port
	                          : (int)a->scheme - (int)b->scheme;
}

struct named {
	const struct server_spec *spec;
	size_t at;
};

static int named_compare(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	const int by_spec = spec_compare(one->spec, other->spec);

	return by_spec != 0 ? by_spec : one->at < other->at ? -1 : 1;
}

/* Leaves out each server that an earlier one equals, and keeps the order. */
static int drop_repeated(struct server_spec *servers, size_t *count)
{
	struct named *sorted = calloc(*count + 1, sizeof(*sorted));
	bool *is_repeated = calloc(*count + 1, sizeof(*is_repeated));
	size_t kept = 0;

	if (!sorted || !is_repeated) {
		free(sorted);
		free(is_repeated);
		return command_complain_memory();
	}
	for (size_t i = 0; i < *count; i++) {
		sorted[i] = (struct named){ &servers[i], i };
	}
	qsort(sorted, *count, sizeof(*sorted), named_compare);
	for (size_t i = 1; i < *count; i++) {
		is_repeated[sorted[i].at] =
			spec_compare(sorted[i - 1].spec, sorted[i].spec) == 0;
	}
	for (size_t i = 0; i < *count; i++) {
		if (!is_repeated[i]) {
			servers[kept++] = servers[i];
		}
	}
	*count = kept;
	free(sorted);
	free(is_repeated);
	return 0;
}

static int add_reference(struct fleet_job *job, struct server_spec **servers, size_t count)
{
	const char *const word = job->fleet->reference;
	struct server_spec *reference, *grown;
	int status = measure_cli_servers(&word, 1, &reference);

	if (status) {
		return status;
	}
	for (size_t i = 0; i < count; i++) {
		if (spec_compare(&(*servers)[i], reference) == 0) {
			job->reference = i;
			free(reference);
			return 0;
		}
	}
	grown = reallocarray(*servers, count + 1, sizeof(*grown));
	if (!grown) {
		free(reference);
		return command_complain_memory();
	}
	*servers = grown;
	grown[count] = *reference;
	free(reference);
	job->reference = count;
	job->server_count = count + 1;
	if (count == MEASURE_SOURCES_MAX) {
		command_complain("more than %d servers, with that of --reference",
		                 MEASURE_SOURCES_MAX);
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

int fleet_take_servers(struct fleet_job *job, struct server_spec **servers, size_t *count)
{
	const size_t named_count = *count;
	int status = drop_repeated(*servers, count);

	job->repeated_count = named_count - *count;
	job->server_count = *count;
	job->reference = SIZE_MAX;
	if (status == 0 && job->fleet->reference) {
		status = add_reference(job, servers, *count);
	}
	if (status == 0 && job->reference != SIZE_MAX && job->server_count < 2) {
		command_complain("no server to judge: only that of --reference is named");
		status = REQTIME_EXIT_USAGE;
	}
	job->servers = *servers;
	return status;
}
