/* SPDX-License-Identifier: MIT
 *
 * Prometheus metrics of a run, written by a process of their own.
 */
#include "cmd/cli/metrics_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/history/exporter.h"
#include "cmd/cli/command.h"
#include "io/store/file_replace.h"
#include "io/sys/kernel_clock.h"

static struct {
	const char *path; /* NULL: no metrics */
	enum run_verb verb;
	int64_t began_mono_ns;
	struct exporter exporter;
} metrics_file;

static void complain(int error)
{
	char quoted[COMMAND_QUOTE_SIZE];

	command_complain("warning: --metrics %s: %s%s",
	                 command_quote(metrics_file.path, quoted),
	                 error == -ETIMEDOUT ? "not written in time"
	                 : error == -EPIPE   ? "the process that writes it has failed"
	                                     : file_replace_error_text(error),
	                 metrics_file_advice(error));
}

const char *metrics_file_advice(int error)
{
	switch (-error) {
	case EISDIR:
	case EMEDIUMTYPE:
		return "; name a regular file or a new one";
	case EACCES:
	case ENOENT:
	case ENOTDIR:
	case EPERM:
	case EROFS:
		return "; name a file in a directory that this user may write to";
	case ENOSPC:
	case EDQUOT:
		return "; free some space or name a file on another file system";
	default:
		return "";
	}
}

const char *metrics_file_default(void)
{
	/* A program with file capabilities must not write to a path of the environment. */
	const char *path = secure_getenv("REQTIME_METRICS");

	return path && *path ? path : NULL;
}

static void warn_of_ignored(void)
{
	const char *ignored = getenv("REQTIME_METRICS");

	if (ignored && *ignored && !secure_getenv("REQTIME_METRICS")) {
		command_complain(
			"warning: REQTIME_METRICS is ignored: this program has file "
			"capabilities (setcap) or is setuid; use --metrics FILE, or "
			"metrics = FILE in the configuration file");
	}
}

void metrics_file_open(const struct measure_cli_settings *settings, enum run_verb verb)
{
	const char *path = settings->metrics ? settings->metrics : metrics_file_default();
	struct reading now;
	int r;

	if (!path) {
		warn_of_ignored();
		return;
	}
	if (kernel_clock_now(&now) < 0) {
		return;
	}
	metrics_file.path = path;
	metrics_file.verb = verb;
	metrics_file.began_mono_ns = now.mono_ns;
	r = exporter_start(metrics_file.path, &metrics_file.exporter);
	if (r < 0) {
		complain(r);
		metrics_file.path = NULL;
	}
}

void metrics_file_run(const struct run *run, const struct run_record *record,
                      const struct check_result *check_result,
                      const struct discipline_report *discipline_report)
{
	struct metrics metrics;

	if (!metrics_file.path) {
		return;
	}
	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = (uint32_t)metrics_file.verb;
	metrics_note_run(&metrics, run, record);
	metrics.has_check = check_result != NULL;
	metrics_note_discipline(&metrics, discipline_report);
	metrics.check_state = check_result ? (uint32_t)check_result->state : 0;
	exporter_note(&metrics_file.exporter, &metrics);
}

void metrics_file_skip(void)
{
	if (metrics_file.path) {
		exporter_skip(&metrics_file.exporter);
	}
}

void metrics_file_end(int status)
{
	struct reading now;
	struct metrics metrics;
	int r;

	if (!metrics_file.path || kernel_clock_now(&now) < 0) {
		return;
	}
	if (status > 128) {
		metrics_file_skip();
	}
	memset(&metrics, 0, sizeof(metrics));
	metrics.verb = (uint32_t)metrics_file.verb;
	metrics.exit_status = (uint32_t)status;
	metrics.ended = now.wall;
	metrics.duration_ns = ns_add(now.mono_ns, -metrics_file.began_mono_ns);
	r = exporter_end(&metrics_file.exporter, &metrics);
	if (r < 0) {
		complain(r);
	}
	metrics_file.path = NULL;
}
