/* SPDX-License-Identifier: MIT
 *
 * Whether the dates of a certificate allow its use: before an answer has told the time, and
 * by that time (RFC 8915 section 8.5).
 */
#include <stdio.h>

#include "app/client/measure_private.h"
#include "core/base/text_time.h"

/* Room for format_minute(). */
enum { MINUTE_SIZE = 64 };

struct instant certificate_clock(const struct measurement *m)
{
	const struct instant mono = { m->now_mono_ns };

	return m->settings->is_time_known
	               ? instant_add_ns(mono, ns_add(m->settings->known_booted_ns,
	                                             m->boot_minus_mono_ns))
	               : instant_add_ns(mono, m->wall_minus_mono_ns);
}

/* The clock may be what is wrong, and later the answers will tell.  A confirmed time can
 * only lag, when the machine was paused: so it proves that a certificate has expired, and
 * not that another is not valid yet. */
static enum nts_trust trust_now(const struct measurement *m,
                                const struct nts_window *window, bool *ret_is_known)
{
	const struct instant now = certificate_clock(m);
	const enum nts_trust trust = nts_trust_at(window, now, now);

	*ret_is_known = m->settings->is_time_known && trust != NTS_TRUST_EARLY;
	return trust;
}

bool certificate_may_be_valid(const struct measurement *m, const struct nts_window *window)
{
	bool is_known;
	const enum nts_trust trust = trust_now(m, window, &is_known);

	return trust == NTS_TRUST_VALID ||
	       (!m->settings->is_certificate_strict && !is_known);
}

bool certificate_is_acceptable(struct measurement *m, size_t i,
                               const struct nts_window *window)
{
	bool is_known;
	const bool is_early = trust_now(m, window, &is_known) == NTS_TRUST_EARLY;
	char why[SOURCE_REASON_SIZE];
	struct civil date;

	if (certificate_may_be_valid(m, window)) {
		return true;
	}
	date = civil_from_unix_s(is_early ? window->from_s : window->until_s);
	snprintf(why, sizeof(why), "key exchange: its certificate %s %04d-%02d-%02d%s",
	         is_early ? "is not valid before" : "expired on", date.year, date.month,
	         date.day,
	         is_known ? " by the confirmed time; if that is wrong: --any-offset"
	                  : " by this clock (--certificate-time strict)");
	source_decline(m, i, why);
	return false;
}

/* "2026-11-30 16:29" */
static void format_minute(struct civil at, char *buf, size_t size)
{
	snprintf(buf, size, "%04d-%02d-%02d %02d:%02d", at.year, at.month, at.day, at.hour,
	         at.minute);
}

/* The dates of the certificate over all that the sample allows to be the time. */
static enum nts_trust trust_told(const struct source_nts *nts, const struct sample *sample,
                                 struct instant told, bool *ret_is_start)
{
	const struct instant lo = instant_add_ns(told, -sample->bound_ns);
	const struct instant hi = instant_add_ns(told, sample->bound_ns);

	*ret_is_start = nts_trust_at(&nts->window, lo, lo) == NTS_TRUST_EARLY;
	return nts_trust_at(&nts->window, lo, hi);
}

bool certificate_is_in_time(struct measurement *m, size_t i, const struct sample *sample,
                            struct instant t4)
{
	struct source_nts *nts = &m->run->sources[i].nts;
	const struct instant clock = certificate_clock(m);
	bool is_start;

	if (trust_told(nts, sample, instant_add_ns(t4, sample->offset_ns), &is_start) !=
	    NTS_TRUST_VALID) {
		return false;
	}
	nts->is_authenticated = true;
	nts->is_told = nts_trust_at(&nts->window, clock, clock) != NTS_TRUST_VALID;
	return true;
}

void certificate_decline_time(struct measurement *m, size_t i, const struct sample *sample,
                              struct instant t4)
{
	const struct source_nts *nts = &m->run->sources[i].nts;
	const struct instant told = instant_add_ns(t4, sample->offset_ns);
	char reason[SOURCE_REASON_SIZE], end[MINUTE_SIZE], at[MINUTE_SIZE];
	bool is_start;
	const enum nts_trust trust = trust_told(nts, sample, told, &is_start);

	format_minute(
		civil_from_unix_s(is_start ? nts->window.from_s : nts->window.until_s), end,
		sizeof(end));
	format_minute(civil_from_instant(told), at, sizeof(at));
	snprintf(reason, sizeof(reason),
	         "clock refused: its time is %.16s%s; its certificate %s %.16s", at,
	         trust == NTS_TRUST_STRADDLES ? ", not exactly enough" : "",
	         is_start ? "is not valid before" : "expires", end);
	source_decline(m, i, reason);
}
