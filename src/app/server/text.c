/* SPDX-License-Identifier: MIT
 *
 * The text services.
 */
#include "app/server/text.h"

#include <string.h>

#define ANSWER_COST_NS (NS_PER_S / SERVE_TEXT_PER_S)
#define BUDGET_MAX_NS (ANSWER_COST_NS * SERVE_TEXT_BURST)

static const char request_word[] = "reqtime";
enum { REQUEST_WORD_OCTETS = sizeof(request_word) - 1 };

const char *serve_service_name(enum serve_service service)
{
	switch (service) {
	case SERVE_NTP:
		return "ntp";
	case SERVE_REQTIME:
		return "text";
	case SERVE_TIME:
		return "time";
	case SERVE_DAYTIME:
		return "daytime";
	case SERVE_SERVICE_COUNT:
		break;
	}
	return "unknown";
}

/* `is_leaked`: of a client beyond its own rate.  Those share half of the budget, so that they take
 * nothing from clients that keep to their rate. */
static bool serve_budget_take(struct serve_budget *budget, bool is_leaked, int64_t mono_ns)
{
	const int64_t kept_ns = is_leaked ? BUDGET_MAX_NS / 2 : 0;

	if (!budget->is_started) {
		budget->is_started = true;
		budget->tokens_ns = BUDGET_MAX_NS;
		budget->mono_ns = mono_ns;
	}
	budget->tokens_ns = ns_add(budget->tokens_ns, mono_ns - budget->mono_ns);
	budget->mono_ns = mono_ns;
	if (budget->tokens_ns > BUDGET_MAX_NS) {
		budget->tokens_ns = BUDGET_MAX_NS;
	}
	if (budget->tokens_ns < kept_ns + ANSWER_COST_NS) {
		return false;
	}
	budget->tokens_ns -= ANSWER_COST_NS;
	return true;
}

static bool is_request(enum serve_service service, const uint8_t *octets, size_t len)
{
	const uint8_t *end = len > 0 ? memchr(octets, '\n', len) : NULL;

	if (service != SERVE_REQTIME) {
		return len == 0;
	}
	return text_time_is_request(octets, end ? (size_t)(end - octets) + 1 : len);
}

enum serve_verdict serve_text_check(enum serve_service service,
                                    const struct udp_listen_datagram *datagram,
                                    const struct serve_view *view)
{
	if (!datagram->is_answerable) {
		return SERVE_NOT_FOR_US;
	}
	if (datagram->is_cut) {
		return SERVE_CUT;
	}
	if (!is_request(service, datagram->octets, datagram->len)) {
		return SERVE_NO_REQUEST;
	}
	if (datagram->from.port < SERVE_TEXT_PORT_MIN) {
		return SERVE_SMALL_PORT;
	}
	if (!view->is_usable) {
		return SERVE_UNKNOWN_TIME;
	}
	return SERVE_ANSWER;
}

enum serve_verdict serve_text_access(enum access_verdict access, const struct address *from,
                                     struct serve_budget *budget, int64_t mono_ns)
{
	const enum serve_verdict verdict = serve_verdict_from_access(access);

	if (verdict == SERVE_KISSED) {
		return SERVE_TOO_OFTEN;
	}
	if (verdict == SERVE_ANSWER && address_reach(from) != ADDRESS_LOOPBACK &&
	    !serve_budget_take(budget, access == ACCESS_LEAKED, mono_ns)) {
		return SERVE_TOO_OFTEN;
	}
	return verdict;
}

size_t serve_text_write(enum serve_service service, struct instant now, uint8_t *buf)
{
	char text[TEXT_TIME_867_SIZE];
	size_t len;

	switch (service) {
	case SERVE_REQTIME:
		return text_time_answer(now, buf);
	case SERVE_TIME:
		return text_time_868(now, buf);
	case SERVE_DAYTIME:
		len = text_time_867(now, text);
		memcpy(buf, text, len);
		return len;
	case SERVE_NTP:
	case SERVE_SERVICE_COUNT:
		break;
	}
	return 0;
}

enum serve_line serve_line_check(const uint8_t *buf, size_t len, bool is_end)
{
	size_t shared = len < REQUEST_WORD_OCTETS ? len : REQUEST_WORD_OCTETS;

	if (shared > 0 && memcmp(buf, request_word, shared) != 0) {
		return SERVE_LINE_OTHER;
	}
	if (len < REQUEST_WORD_OCTETS) {
		return is_end ? SERVE_LINE_OTHER : SERVE_LINE_PART;
	}
	if (len == REQUEST_WORD_OCTETS || buf[REQUEST_WORD_OCTETS] == '\n' ||
	    buf[REQUEST_WORD_OCTETS] == '\r') {
		return SERVE_LINE_REQUEST;
	}
	return SERVE_LINE_OTHER;
}
