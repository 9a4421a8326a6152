/* SPDX-License-Identifier: MIT
 *
 * A datagram on the NTP port: from the checks to the answer.
 */
#include "app/server/ntp.h"

/* Two readings of both clocks differ by less than this unless a clock was moved. */
#define STEP_MIN_NS (100 * NS_PER_US)

const char *serve_verdict_text(enum serve_verdict verdict)
{
	switch (verdict) {
	case SERVE_ANSWER:
		return "answered";
	case SERVE_NOT_FOR_US:
		return "not to be answered";
	case SERVE_CUT:
		return "too long";
	case SERVE_NO_REQUEST:
		return "no request";
	case SERVE_STALE:
		return "waited too long";
	case SERVE_STEPPED:
		return "clock moved";
	case SERVE_SMALL_PORT:
		return "from a service port";
	case SERVE_UNKNOWN_TIME:
		return "time unknown";
	case SERVE_TOO_OFTEN:
		return "too many";
	case SERVE_DENIED:
		return "not allowed";
	case SERVE_KISSED:
		return "told to slow down";
	case SERVE_LOST:
		return "could not be sent";
	case SERVE_VERDICT_COUNT:
		break;
	}
	return "unknown";
}

/* echo, daytime, quote of the day, character generator, time: they answer anything, so an
 * answer of ours, provoked by a forged source, could start an endless exchange. */
static bool is_small_port(uint16_t port)
{
	return port == 7 || port == 13 || port == 17 || port == 19 || port == 37;
}

enum serve_verdict serve_verdict_from_access(enum access_verdict verdict)
{
	switch (verdict) {
	case ACCESS_ANSWER:
	case ACCESS_LEAKED:
		return SERVE_ANSWER;
	case ACCESS_KISS:
		return SERVE_KISSED;
	case ACCESS_DENIED:
		return SERVE_DENIED;
	case ACCESS_DROP:
		break;
	}
	return SERVE_TOO_OFTEN;
}

enum serve_verdict serve_ntp_check(const struct udp_listen_datagram *datagram,
                                   const struct serve_view *view, struct clock_moment after,
                                   bool has_stepped, struct ntp_header *ret_request,
                                   struct instant *ret_received)
{
	struct ntp_header request;
	int64_t age_ns = 0;

	if (!datagram->is_answerable) {
		return SERVE_NOT_FOR_US;
	}
	if (datagram->is_cut) {
		return SERVE_CUT;
	}
	if (ntp_request_parse(datagram->octets, datagram->len, &request) !=
	    NTP_REQUEST_ACCEPTED) {
		return SERVE_NO_REQUEST;
	}
	if (is_small_port(datagram->from.port)) {
		return SERVE_SMALL_PORT;
	}
	if (view->stamps_fit && datagram->has_arrived) {
		age_ns = instant_diff_ns(after.wall, datagram->arrived);
	}
	/* Arrived in the future: the clock was set back in between. */
	if (has_stepped || age_ns < 0) {
		return SERVE_STEPPED;
	}
	if (age_ns > SERVE_QUEUE_MAX_NS) {
		return SERVE_STALE;
	}
	*ret_request = request;
	*ret_received = instant_add_ns(after.wall, -age_ns);
	return SERVE_ANSWER;
}

void serve_ntp_write(const struct ntp_header *request, const struct ntp_server_state *state,
                     struct instant received, struct instant read, int64_t added_ns,
                     uint8_t *buf)
{
	struct ntp_server_state given = *state;

	given.root_dispersion_ns = ns_add(given.root_dispersion_ns, added_ns);
	(void)ntp_reply_write(request, &given, received, instant_add_ns(read, added_ns),
	                      buf);
}

bool serve_step_seen(struct serve_step_watch *watch, struct clock_moment now)
{
	int64_t distance_ns = ns_add(now.wall.unix_ns, -now.mono_ns);
	int64_t moved_ns = ns_add(distance_ns, -watch->distance_ns);
	bool was_started = watch->is_started;

	watch->is_started = true;
	watch->distance_ns = distance_ns;
	return was_started && (moved_ns > STEP_MIN_NS || moved_ns < -STEP_MIN_NS);
}

struct instant serve_wall_at(struct clock_moment base, int64_t mono_ns)
{
	return instant_add_ns(base.wall, mono_ns - base.mono_ns);
}
