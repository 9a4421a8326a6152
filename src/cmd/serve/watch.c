/* SPDX-License-Identifier: MIT
 *
 * The loop of reqtimed while it serves: clock state every second, metrics, service manager,
 * signals.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/serve/serve_private.h"
#include "core/base/span.h"
#include "core/base/text_time.h"
#include "io/sys/monotonic.h"
#include "io/sys/signals.h"

/* The interval of updates: by RFC 5905 the dispersion grows by 15 us in it. */
#define REFRESH_EVERY_NS NS_PER_S
#define METRICS_EVERY_NS (15 * NS_PER_S)
/* Lines per minute, at most: a clock that changes often must not fill the log. */
#define SAY_PERIOD_NS (60 * NS_PER_S)
enum { SAY_MAX = 10, SUMMARY_SIZE = 512, STATUS_SIZE = 256 };

struct watching {
	struct serve_watch *watch;
	struct serve_view view;
	int64_t metrics_due_mono_ns;
	int64_t say_period_mono_ns;
	unsigned said_count;
	struct access_rules rules; /* reread, not in force yet */
	bool has_rules;
};

static void say(struct watching *w, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct watching *w, const char *format, ...)
{
	int64_t now_mono_ns = monotonic_now_ns();
	char line[512];
	va_list arguments;

	if (now_mono_ns - w->say_period_mono_ns >= SAY_PERIOD_NS) {
		if (w->said_count > SAY_MAX) {
			command_complain("%u more messages were suppressed",
			                 w->said_count - SAY_MAX);
		}
		w->say_period_mono_ns = now_mono_ns;
		w->said_count = 0;
	}
	if (w->said_count++ >= SAY_MAX) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	command_complain("%s", line);
}

static const char *state_text(const struct serve_view *view, char buf[STATUS_SIZE])
{
	if (view->is_usable) {
		snprintf(buf, STATUS_SIZE, "Serving time, stratum %u", view->ntp.stratum);
		return buf;
	}
	return view->is_after_step ? "Clock was stepped" : "Clock not synchronised";
}

static void tell_status(const struct watching *w)
{
	char status[STATUS_SIZE + 128], state[STATUS_SIZE];
	struct serve_counts counts;
	uint64_t dropped = 0;

	serve_counts(w->watch->serve, &counts);
	for (size_t i = SERVE_ANSWER + 1; i < SERVE_VERDICT_COUNT; i++) {
		dropped += counts.by_verdict[i];
	}
	snprintf(status, sizeof(status), "STATUS=%s: %llu answered, %llu dropped",
	         state_text(&w->view, state),
	         (unsigned long long)counts.by_verdict[SERVE_ANSWER],
	         (unsigned long long)dropped);
	(void)notify_send(w->watch->notify, status);
}

/* The reference of the answers. */
static void say_basis(struct watching *w, const char *before)
{
	const struct ntp_server_state *ntp = &w->view.ntp;
	char when[TEXT_TIME_RFC3339_SIZE], within[SPAN_TEXT_SIZE];

	switch (w->view.basis) {
	case SERVE_BY_LOCAL:
		say(w, "%sreference: this clock as it is, stratum %u", before,
		    ntp->stratum);
		break;
	case SERVE_BY_KERNEL:
		say(w, "%sreference: kernel clock, stratum %u", before, ntp->stratum);
		break;
	case SERVE_BY_SYNC_SOURCE:
		text_time_rfc3339(ntp->reference, when);
		span_format(ntp->root_delay_ns / 2 + ntp->root_dispersion_ns, 0, within);
		say(w, "%sreference: run of reqtime at %.19sZ, stratum %u, within %s",
		    before, when, ntp->stratum, within);
		break;
	}
}

/* Reports each state once, when it begins. */
static void say_state(struct watching *w, const struct serve_view *before)
{
	static const char means[] = "NTP answers are marked unsynchronised, the text "
				    "services are silent; --local-stratum serves it anyway";

	switch (w->view.doubt) {
	case SERVE_SURE:
		say_basis(w, !before || before->is_usable ? "serving time; "
		             : before->is_after_step ? "serving time again after a step; "
		                                     : "this clock is synchronised now; ");
		break;
	case SERVE_UNSYNCHRONISED:
		say(w, "the kernel says that this clock is not synchronised: %s", means);
		break;
	case SERVE_UNREADABLE:
		say(w,
		    "the kernel's clock state cannot be read (clock_adjtime: %s), so "
		    "the quality of this clock is unknown: NTP answers are marked "
		    "unsynchronised, the text services are silent. Allow the call "
		    "(systemd: ProtectClock=no; container: clock_adjtime in its seccomp "
		    "profile), or serve the clock as it is with --local-stratum",
		    strerror(w->view.kernel_error));
		break;
	case SERVE_TOO_FAR:
		say(w,
		    "this clock is not synchronised: it may be more than %d ms off by "
		    "now: %s",
		    (int)(SERVE_ROOT_DISTANCE_MAX_NS / NS_PER_MS), means);
		break;
	case SERVE_AFTER_STEP:
		say(w,
		    "the clock was stepped: for %d s NTP answers are marked "
		    "unsynchronised, "
		    "the text services are silent",
		    (int)(SERVE_STEP_GRACE_NS / NS_PER_S));
		break;
	}
	tell_status(w);
}

static void send_metrics(struct watching *w)
{
	struct serve_metrics metrics = { .view = w->view, .started = w->watch->started };
	int64_t now_mono_ns = monotonic_now_ns();

	if (now_mono_ns < w->metrics_due_mono_ns) {
		return;
	}
	w->metrics_due_mono_ns = now_mono_ns + METRICS_EVERY_NS;
	tell_status(w);
	if (w->watch->has_metrics) {
		serve_counts(w->watch->serve, &metrics.counts);
		serve_helper_metrics(w->watch->helper, &metrics);
	}
}

static void reread(struct watching *w)
{
	if (w->watch->has_config) {
		serve_helper_reread(w->watch->helper);
	} else {
		say(w, "SIGHUP: there is no --config to reread");
	}
}

static void hear_helper(struct watching *w)
{
	struct serve_news news;

	if (w->watch->helper->fd < 0) {
		return;
	}
	while (serve_helper_news(w->watch->helper, &news)) {
		if (news.has_sync_source) {
			serve_set_sync_source(w->watch->serve, &news.sync_source);
		}
		if (news.has_rules) {
			w->rules = news.rules;
			w->has_rules = true;
		}
	}
	/* The reply comes with the next tick. */
	if (w->watch->watches_sync_source) {
		serve_helper_look(w->watch->helper);
	}
}

static void tick(struct watching *w)
{
	struct serve_view before = w->view;

	hear_helper(w);
	if (w->has_rules && serve_replace_rules(w->watch->serve, &w->rules)) {
		w->has_rules = false;
		say(w, "reread: %u prefixes, %u requests per second from one address",
		    w->rules.list.count, w->rules.limits.per_s);
	}
	serve_refresh(w->watch->serve, &w->view);
	if (w->view.doubt != before.doubt || w->view.basis != before.basis) {
		say_state(w, &before);
	}
	send_metrics(w);
	if (w->watch->notify->watchdog_ns > 0) {
		(void)notify_send(w->watch->notify, "WATCHDOG=1");
	}
}

int serve_watch(struct serve_watch *watch, const struct serve_view *view)
{
	struct watching w = { .watch = watch, .view = *view };
	int64_t every_ns = REFRESH_EVERY_NS;
	int signal_number;

	if (watch->notify->watchdog_ns > 0 && watch->notify->watchdog_ns / 2 < every_ns) {
		every_ns = watch->notify->watchdog_ns / 2;
	}
	say_state(&w, NULL);
	send_metrics(&w);
	for (;;) {
		signal_number = signals_wait(watch->signals_fd, every_ns);
		if (signal_number == SIGHUP) {
			reread(&w);
		} else if (signal_number != 0) {
			return signal_number;
		}
		tick(&w);
	}
}

void serve_watch_say_counts(const struct serve_counts *counts)
{
	char reasons[SUMMARY_SIZE] = "";
	uint64_t dropped = 0;
	size_t at = 0;

	for (size_t v = SERVE_ANSWER + 1; v < SERVE_VERDICT_COUNT; v++) {
		if (counts->by_verdict[v] == 0) {
			continue;
		}
		at += (size_t)snprintf(reasons + at, sizeof(reasons) - at, "%s%s %llu",
		                       dropped > 0 ? ", " : " (",
		                       serve_verdict_text((enum serve_verdict)v),
		                       (unsigned long long)counts->by_verdict[v]);
		dropped += counts->by_verdict[v];
	}
	command_complain(
		"ended: answered %llu, dropped %llu%s%s; connections answered %llu, "
		"dropped %llu, refused %llu",
		(unsigned long long)counts->by_verdict[SERVE_ANSWER],
		(unsigned long long)dropped, reasons, dropped > 0 ? ")" : "",
		(unsigned long long)counts->tcp.answered,
		(unsigned long long)counts->tcp.dropped,
		(unsigned long long)counts->tcp.refused);
}
