/* SPDX-License-Identifier: MIT
 *
 * Opens the input and output that need privileges, drops every privilege, and only then
 * reads the first octet of a file or of the network.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/trace/trace_private.h"
#include "io/sys/clock_error.h"
#include "io/sys/confine.h"
#include "io/sys/kernel_clock.h"
#include "io/sys/priv.h"

/* First those of the command line: they may give a standard port another protocol. */
int trace_collect_ports(struct session *session)
{
	const struct option_texts *given = &session->settings->ports;
	char quoted[COMMAND_QUOTE_SIZE];
	size_t i;

	_Static_assert(OPTION_TEXTS_MAX + TRACE_STANDARD_PORTS <= TRACE_PORTS_MAX, "room");
	for (i = 0; i < given->count; i++) {
		if (!trace_port_parse(given->items[i], &session->ports[i])) {
			command_complain(
				"--port: \"%s\" is not [PROTO:]N with ntp, reqtime, "
				"time or daytime and 1 to 65535",
				command_quote(given->items[i], quoted));
			return REQTIME_EXIT_USAGE;
		}
	}
	memcpy(session->ports + given->count, trace_standard_ports,
	       sizeof(trace_standard_ports));
	session->port_count = given->count + TRACE_STANDARD_PORTS;
	return 0;
}

static int complain_file(const char *verb, const char *name, int error)
{
	char quoted[COMMAND_QUOTE_SIZE];

	command_complain("cannot %s %s: %s", verb, command_quote(name, quoted),
	                 strerror(error));
	return REQTIME_EXIT_SYSTEM;
}

int trace_complain_capture(const struct session *session, const char *why)
{
	char quoted[COMMAND_QUOTE_SIZE];

	if (session->settings->interface) {
		command_complain("%s", why); /* the reason names the interface */
	} else {
		command_complain("%s: %s", command_quote(session->name, quoted), why);
	}
	return REQTIME_EXIT_SYSTEM;
}

/* A wrong file or interface is a usage error. */
static int complain_opened(const struct session *session, int r, const char *why)
{
	int status = trace_complain_capture(session, why);

	return r == -EBADMSG || r == -ENOTSUP || r == -ENODEV ? REQTIME_EXIT_USAGE : status;
}

static int complain_not_permitted(void)
{
	char path[PATH_MAX], quoted[COMMAND_QUOTE_SIZE];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len > 0 ? len : 0] = '\0';
	command_complain("not permitted to capture: CAP_NET_RAW is missing; as root, "
	                 "\"setcap cap_net_raw=p %s\" grants it",
	                 len > 0 ? command_quote(path, quoted) : "PROGRAM");
	return REQTIME_EXIT_NOT_PERMITTED;
}

static bool is_same_file(const struct stat *a, FILE *other)
{
	struct stat b;

	return other && fstat(fileno(other), &b) == 0 && a->st_dev == b.st_dev &&
	       a->st_ino == b.st_ino;
}

/* Truncates the file only if it is not the input. */
static int open_output(struct session *session, const char *name)
{
	char quoted[COMMAND_QUOTE_SIZE];
	struct stat status;
	int fd;

	if (strcmp(name, "-") == 0) {
		command_complain(
			"--write needs a file: the report goes to standard output");
		return REQTIME_EXIT_USAGE;
	}
	/* O_NONBLOCK: waits for no reader of a FIFO, nor for a slow one. */
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	if (fd < 0 && errno == ENXIO) {
		command_complain("cannot write %s: no program has it open for reading",
		                 command_quote(name, quoted));
		return REQTIME_EXIT_SYSTEM;
	}
	if (fd < 0) {
		return complain_file("write", name, errno);
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		if (is_same_file(&status, session->from)) {
			close(fd);
			command_complain("%s is the input: it cannot be written as well",
			                 command_quote(name, quoted));
			return REQTIME_EXIT_USAGE;
		}
		if (ftruncate(fd, 0) < 0) {
			close(fd);
			return complain_file("write", name, errno);
		}
	}
	session->to = fdopen(fd, "wb");
	if (!session->to) {
		close(fd);
		return complain_file("write", name, errno);
	}
	return 0;
}

/* Also for the name of an interface given as a file. */
static int complain_not_read(const char *name, int error)
{
	char quoted[COMMAND_QUOTE_SIZE];

	if (error == ENOENT && (strcmp(name, "any") == 0 || if_nametoindex(name) != 0)) {
		command_quote(name, quoted);
		command_complain(
			"cannot read %s: no such file; to listen on the interface: "
			"reqtime trace --interface %s",
			quoted, quoted);
	} else if (error == ENOENT && (strncmp(name, "/dev/fd/", 8) == 0 ||
	                               strncmp(name, "/proc/self/fd/", 14) == 0)) {
		command_complain("cannot read %s: only standard input is kept open: "
		                 "COMMAND | reqtime trace -r -",
		                 command_quote(name, quoted));
	} else {
		complain_file("read", name, error);
	}
	return REQTIME_EXIT_USAGE;
}

static int open_file(struct session *session)
{
	const char *name = session->settings->read;
	struct stat status;

	session->name = name;
	session->from = strcmp(name, "-") == 0 ? stdin : fopen(name, "rbe");
	if (!session->from) {
		return complain_not_read(name, errno);
	}
	if (fstat(fileno(session->from), &status) == 0 && S_ISDIR(status.st_mode)) {
		return complain_not_read(name, EISDIR);
	}
	if (isatty(fileno(session->from))) {
		command_complain(
			"standard input is a terminal: a capture comes from a file "
			"or a pipe, as in \"tcpdump -w - | reqtime trace -r -\"");
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

static int open_input(struct session *session)
{
	const struct trace_settings *settings = session->settings;
	char why[CAPTURE_WHY_SIZE] = "";
	int r;

	/* The library must be loaded before the sandbox forbids opening files. */
	r = capture_load(why);
	if (r < 0) {
		session->name = settings->read;
		return trace_complain_capture(session, why);
	}
	if (settings->read) {
		return open_file(session);
	}
	session->name = settings->interface;
	/* If this fails, opening reports it. */
	r = priv_raise_raw();
	(void)r;
	r = capture_open_live(settings->interface, session->ports,
	                      settings->shows_all ? 0 : session->port_count,
	                      &session->capture, why);
	if (r == -EPERM || r == -EACCES) {
		return complain_not_permitted();
	}
	return r < 0 ? complain_opened(session, r, why) : 0;
}

static int give_up(void)
{
	int r = priv_drop_all();

	if (r < 0) {
		command_complain("cannot give up privileges: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	r = confine_tracer();
	if (r < 0) {
		command_complain("cannot enter the sandbox: %s", strerror(-r));
		return REQTIME_EXIT_SYSTEM;
	}
	return 0;
}

/* Opens, drops privileges, then reads the head of the file. */
int trace_open(struct session *session)
{
	char why[CAPTURE_WHY_SIZE] = "";
	struct reading now;
	int status = open_input(session);
	int r;

	if (status == 0 && session->settings->write) {
		status = open_output(session, session->settings->write);
	}
	if (status == 0) {
		status = give_up();
	}
	if (status != 0) {
		return status;
	}
	r = kernel_clock_now(&now);
	if (r < 0) {
		command_complain("cannot read the clock: %s", clock_error_text(r));
		return REQTIME_EXIT_SYSTEM;
	}
	session->deadline_mono_ns = ns_add(now.mono_ns, session->settings->timeout_ns);
	if (session->from) {
		r = capture_open_file(session->from, &session->capture, why);
		session->from = NULL;
	}
	if (r < 0) {
		return complain_opened(session, r, why);
	}
	if (session->to) {
		r = capture_save(session->capture, session->to, why);
		session->to = NULL;
	}
	return r < 0 ? trace_complain_capture(session, why) : 0;
}

int trace_close(struct session *session)
{
	int r = capture_close(session->capture);

	if (session->from) {
		fclose(session->from);
	}
	if (session->to) {
		fclose(session->to);
	}
	free(session->trace);
	return r < 0 ? complain_file("write", session->settings->write, -r) : 0;
}
