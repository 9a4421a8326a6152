/* SPDX-License-Identifier: MIT
 *
 * Any frames, taken apart, followed and written out.  The first octet of the input is the
 * link type; then repeatedly: tenths of a second since the last frame, octets of the frame,
 * octets that the capture cut off, and the frame.
 */
#include <stdlib.h>
#include <string.h>

#include "core/trace/text.h"
#include "core/trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct trace trace; /* too large for a stack */

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void check_text(const char *text, size_t len)
{
	size_t column = 0;

	must(len < TRACE_TEXT_BLOCK_SIZE && len == strlen(text) && len > 0);
	must(text[len - 1] == '\n');
	for (; *text; text++) {
		must(*text == '\n' || (*text >= ' ' && *text <= '~'));
		column = *text == '\n' ? 0 : column + 1;
		must(column <= TRACE_TEXT_COLUMNS);
	}
}

static void check_packet(const struct trace_packet *packet, const struct trace_input *in)
{
	const struct frame *frame = &packet->frame;
	char text[TRACE_TEXT_BLOCK_SIZE];

	must(packet->number == in->number && packet->verdict < FRAME_VERDICT_COUNT);
	must(packet->note < TRACE_NOTE_COUNT && packet->related <= in->number);
	if (packet->verdict == FRAME_OK) {
		must(frame->payload >= in->octets);
		must(frame->payload + frame->payload_octets <= in->octets + in->captured);
		must(frame->payload_octets <= frame->wire_octets);
		must(frame->wire_octets <= in->wire);
	} else {
		must(!frame->payload && packet->protocol == TRACE_NONE);
		frame_unread_format(packet->verdict, frame->code, text);
		must(text[0] != '\0' && strlen(text) < FRAME_NAME_SIZE);
	}
	must(packet->text_octets <= sizeof(packet->text));
	must(frame->tunnel_count <= FRAME_TUNNELS_MAX);
	check_text(text, trace_text_packet(packet, text, sizeof(text)));
}

static void check_exchange(const struct trace_exchange *exchange,
                           const struct trace_packet *packet)
{
	const struct style narrow = { .columns = 40 };
	char text[TRACE_TEXT_BLOCK_SIZE];

	/* Either may come first. */
	must(exchange->answer_frame == packet->number ||
	     (exchange->request_frame == packet->number &&
	      packet->note == TRACE_NOTE_AFTER &&
	      packet->related == exchange->answer_frame));
	must(exchange->request_frame != exchange->answer_frame);
	must(exchange->request_frame <= packet->number);
	must(exchange->request_frame == packet->related || packet->role == TRACE_REQUEST);
	must(!exchange->has_result || exchange->delay_ns >= 0);
	must(!exchange->has_stamps || !exchange->has_reading);
	must(exchange->number == trace.counts.exchanges);
	check_text(text, trace_text_exchange(exchange, &STYLE_PLAIN, text, sizeof(text)));
	check_text(text, trace_text_ladder(exchange, &STYLE_PLAIN, text, sizeof(text)));
	check_text(text, trace_text_ladder(exchange, &narrow, text, sizeof(text)));
}

/* Counts packets that were seen before and turned out to be NTP. */
static void check_assumed(uint64_t number)
{
	struct trace_packet packet;
	char text[TRACE_TEXT_BLOCK_SIZE];
	uint64_t last = 0;

	while (trace_next_assumed(&trace, &packet)) {
		must(packet.is_assumed && packet.protocol == TRACE_NTP);
		must(packet.number > last && packet.number < number);
		last = packet.number;
		check_text(text, trace_text_packet(&packet, text, sizeof(text)));
	}
}

static void tell_silences(struct instant now)
{
	struct trace_silence silence;
	char text[TRACE_TEXT_BLOCK_SIZE];

	while (trace_next_silence(&trace, now, &silence)) {
		check_text(text,
		           trace_text_silence(&silence, &STYLE_PLAIN, text, sizeof(text)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_input in = { .link = size > 0 ? data[0] % (FRAME_LINK_COUNT + 1) : 0 };
	struct trace_packet packet;
	struct trace_exchange exchange;
	char text[TRACE_TEXT_BLOCK_SIZE];
	size_t at = 1;

	trace_init(&trace, trace_standard_ports, TRACE_STANDARD_PORTS);
	while (at + 3 <= size) {
		uint8_t *octets;

		in.number++;
		in.at = instant_add_ns(in.at, data[at] * 100 * NS_PER_MS);
		in.captured = data[at + 1] < size - at - 3 ? data[at + 1] : size - at - 3;
		in.wire = in.captured + data[at + 2];
		octets = malloc(in.captured + 1);
		must(octets != NULL);
		memcpy(octets, data + at + 3, in.captured);
		in.octets = octets;
		at += 3 + in.captured;
		tell_silences(in.at);
		if (trace_frame(&trace, &in, &packet, &exchange)) {
			check_exchange(&exchange, &packet);
		}
		check_assumed(in.number);
		check_packet(&packet, &in);
		free(octets);
	}
	tell_silences((struct instant){ .unix_ns = INT64_MAX });
	must(trace.counts.silent <= trace.counts.requests);
	must(trace.counts.packets + trace.counts.unread <= trace.counts.frames);
	must(trace.counts.packets + trace.counts.other_udp <= trace.counts.frames);
	check_text(text, trace_text_summary(&trace.counts, text, sizeof(text)));
	return 0;
}
