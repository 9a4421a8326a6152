/* SPDX-License-Identifier: MIT
 *
 * Any file, read as a pcap or pcapng file, followed, and written again.
 */
#include <stdlib.h>
#include <string.h>

#include "core/trace/text.h"
#include "io/net/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES_MAX = 100 };

static struct trace trace; /* too large for a stack */

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

/* A single line of printable ASCII. */
static void check_why(const char *why)
{
	must(why[0] != '\0' && strlen(why) < CAPTURE_WHY_SIZE);
	for (; *why; why++) {
		must(*why >= ' ' && *why <= '~');
	}
}

static void follow(struct capture *capture)
{
	char why[CAPTURE_WHY_SIZE] = "";
	char text[TRACE_TEXT_BLOCK_SIZE];
	enum capture_result result;
	struct trace_input in;
	struct trace_packet packet;
	struct trace_exchange exchange;
	struct trace_silence silence;
	unsigned count = 0;

	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	while ((result = capture_next(capture, 0, &in, why)) == CAPTURE_FRAME &&
	       count < FRAMES_MAX) {
		count++;
		must(in.number == count && (in.octets || in.captured == 0));
		while (trace_next_silence(&trace, in.at, &silence)) {
			must(silence.request_frame < count);
		}
		if (trace_frame(&trace, &in, &packet, &exchange)) {
			trace_text_exchange(&exchange, &STYLE_PLAIN, text, sizeof(text));
		}
		must(trace_text_packet(&packet, text, sizeof(text)) < sizeof(text));
		while (trace_next_assumed(&trace, &packet)) {
			must(packet.number < count);
		}
	}
	if (result == CAPTURE_FAILED) {
		check_why(why);
	}
	must(result != CAPTURE_NOTHING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[CAPTURE_WHY_SIZE] = "";
	struct capture *capture = NULL;
	FILE *from = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "rb") : NULL;
	FILE *to;

	if (!from) {
		return 0;
	}
	if (capture_open_file(from, &capture, why) < 0) {
		check_why(why);
		must(!capture);
		return 0;
	}
	to = fopen("/dev/null", "wb");
	must(to);
	/* There are link types that libpcap reads and does not write. */
	if (capture_save(capture, to, why) < 0) {
		check_why(why);
	}
	follow(capture);
	must(capture_close(capture) == 0);
	return 0;
}
