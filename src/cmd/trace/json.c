/* SPDX-License-Identifier: MIT
 *
 * Packets, exchanges, unanswered requests and the summary as JSON.
 */
#include "cmd/trace/json_private.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "core/base/text.h"
#include "core/base/text_time.h"
#include "core/ntp/refid.h"
#include "core/trace/text.h"

enum { INFO_SIZE = 640 };

static json_t *text_or_null(const char *text)
{
	return text && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *count_json(uint64_t count)
{
	return json_integer((json_int_t)count);
}

/* A frame number; they begin at 1. */
static json_t *number_or_null(uint64_t number)
{
	return number != 0 ? count_json(number) : json_null();
}

static json_t *integer_or_null(bool is_known, int64_t value)
{
	return is_known ? json_integer((json_int_t)value) : json_null();
}

static json_t *time_or_null(bool is_known, struct instant at)
{
	char text[TEXT_TIME_RFC3339_SIZE];

	if (!is_known) {
		return json_null();
	}
	text_time_rfc3339(at, text);
	return json_string(text);
}

static json_t *address_json(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	if (address->family == ADDRESS_NONE) {
		return json_null();
	}
	address_format(address, text);
	return json_string(text);
}

/* All 64 bits: a timestamp may be a random number and no time. */
static json_t *ts_json(struct ntp_ts ts)
{
	char text[18];

	snprintf(text, sizeof(text), "%08" PRIx32 ".%08" PRIx32, ts.seconds, ts.fraction);
	return json_string(text);
}

static json_t *mode_json(uint8_t mode)
{
	return json_string(ntp_mode_name(mode));
}

static json_t *nts_json(const struct trace_packet *packet)
{
	const struct trace_nts *nts = &packet->nts;

	if (nts->unique_id_octets == 0 && nts->cookie_octets == 0 &&
	    nts->placeholder_count == 0 && nts->authenticator_octets == 0) {
		return json_null();
	}
	return json_pack("{so so so so so}", "unique_id_octets",
	                 count_json(nts->unique_id_octets), "cookie_octets",
	                 count_json(nts->cookie_octets), "placeholders",
	                 count_json(nts->placeholder_count), "authenticator_octets",
	                 count_json(nts->authenticator_octets), "encrypted_octets",
	                 count_json(nts->encrypted_octets));
}

static json_t *ntp_json(const struct trace_packet *packet)
{
	const struct ntp_header *ntp = &packet->ntp;
	char refid[20];

	if (!packet->has_mode) {
		return json_null();
	}
	if (!packet->has_header) {
		return json_pack("{si so}", "version", (int)ntp->version, "mode",
		                 mode_json(ntp->mode));
	}
	refid_format(ntp->stratum, ntp->refid, refid, sizeof(refid));
	return json_pack(
		"{si so si si si si so so ss so so so so so so so so}", "version",
		(int)ntp->version, "mode", mode_json(ntp->mode), "leap", (int)ntp->leap,
		"stratum", (int)ntp->stratum, "poll_log2_s", (int)ntp->poll_log2_s,
		"precision_log2_s", (int)ntp->precision_log2_s, "root_delay_ns",
		integer_or_null(true, ntp_short_to_ns(ntp->root_delay)),
		"root_dispersion_ns",
		integer_or_null(true, ntp_short_to_ns(ntp->root_dispersion)), "refid",
		refid, "reference", ts_json(ntp->reference), "origin", ts_json(ntp->origin),
		"receive", ts_json(ntp->receive), "transmit", ts_json(ntp->transmit),
		"extension_fields", count_json(packet->extension_count), "mac_octets",
		integer_or_null(packet->mac_octets > 0, (int64_t)packet->mac_octets),
		"key_id", integer_or_null(packet->mac_octets > 0, packet->key_id), "nts",
		nts_json(packet));
}

static json_t *tcp_json(const struct trace_packet *packet)
{
	if (packet->verdict != FRAME_OK || !packet->frame.is_tcp) {
		return json_null();
	}
	return json_pack("{si so}", "flags", (int)packet->frame.tcp_flags, "stream",
	                 number_or_null(packet->stream));
}

static json_t *text_json(const struct trace_packet *packet)
{
	char escaped[4 * TRACE_TEXT_SIZE + 1];

	if (packet->text_octets == 0) {
		return json_null();
	}
	text_escape(packet->text, packet->text_octets, escaped, sizeof(escaped));
	return json_string(escaped);
}

/* A line of JSON from the result of json_pack(), which is NULL when out of memory. */
static char *render(json_t *object)
{
	char *line = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	json_decref(object);
	return line;
}

static const char *role_name(enum trace_role role)
{
	switch (role) {
	case TRACE_REQUEST:
		return "request";
	case TRACE_ANSWER:
		return "answer";
	default:
		return NULL;
	}
}

static json_t *port_json(const struct trace_packet *packet, uint16_t port)
{
	return integer_or_null(packet->verdict == FRAME_OK, port);
}

/* Outermost first. */
static json_t *tunnels_json(const struct frame *frame)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < frame->tunnel_count; i++) {
		if (json_array_append_new(
			    list, json_string(frame_tunnel_name(frame->tunnels[i]))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool append_unread(json_t *list, const char *what, uint64_t frames)
{
	json_t *kind = json_pack("{ss so}", "what", what, "frames", count_json(frames));

	return kind && json_array_append_new(list, kind) == 0;
}

static json_t *unread_json(const struct trace_counts *counts)
{
	json_t *list = json_array();
	char name[TRACE_TEXT_UNREAD_SIZE];
	uint64_t named = 0;
	bool is_good = list != NULL;

	for (size_t i = 0; is_good && i < counts->unread_kind_count; i++) {
		if (counts->unread_kinds[i].frames == 0) {
			continue;
		}
		trace_text_unread(&counts->unread_kinds[i], name);
		is_good = append_unread(list, name, counts->unread_kinds[i].frames);
		named += counts->unread_kinds[i].frames;
	}
	if (is_good && named < counts->unread) {
		is_good = append_unread(list, "of other kinds", counts->unread - named);
	}
	if (!is_good) {
		json_decref(list);
		return NULL;
	}
	return list;
}

char *trace_json_packet(const struct trace_packet *packet)
{
	bool is_ok = packet->verdict == FRAME_OK;
	char info[INFO_SIZE];

	trace_text_info(packet, info, sizeof(info));
	return render(json_pack(
		"{ss so so so so so so so so so so so so ss so so so so so so so so sb}",
		"type", "frame", "frame", count_json(packet->number), "time",
		time_or_null(true, packet->at), "since_first_ns",
		integer_or_null(true, packet->since_first_ns), "octets",
		count_json(packet->wire), "captured_octets", count_json(packet->captured),
		"transport",
		text_or_null(!is_ok                 ? NULL
	                     : packet->frame.is_tcp ? "tcp"
	                                            : "udp"),
		"source", address_json(&packet->frame.source), "source_port",
		port_json(packet, packet->frame.source.port), "destination",
		address_json(&packet->frame.destination), "destination_port",
		port_json(packet, packet->frame.destination.port), "protocol",
		text_or_null(packet->protocol != TRACE_NONE
	                             ? trace_protocol_name(packet->protocol)
	                             : NULL),
		"role", text_or_null(role_name(packet->role)), "info", info, "note",
		text_or_null(packet->note != TRACE_NOTE_NONE ? trace_note_name(packet->note)
	                                                     : NULL),
		"related", number_or_null(packet->related), "complaint",
		text_or_null(packet->complaint), "ntp", ntp_json(packet), "tcp",
		tcp_json(packet), "text", text_json(packet), "reading",
		time_or_null(packet->has_reading, packet->reading), "inside",
		tunnels_json(&packet->frame), "assumed", (int)packet->is_assumed));
}

char *trace_json_exchange(const struct trace_exchange *exchange)
{
	bool has_stamps = exchange->has_stamps;
	bool has_result = exchange->has_result;

	return render(json_pack(
		"{ss so ss ss so si so si so so sb so so so so so so so so sb}", "type",
		"exchange", "exchange", count_json(exchange->number), "protocol",
		trace_protocol_name(exchange->protocol), "transport",
		exchange->is_tcp ? "tcp" : "udp", "client", address_json(&exchange->client),
		"client_port", (int)exchange->client.port, "server",
		address_json(&exchange->server), "server_port", (int)exchange->server.port,
		"request_frame", count_json(exchange->request_frame), "answer_frame",
		count_json(exchange->answer_frame), "late", (int)exchange->is_late, "t1",
		time_or_null(true, exchange->t1), "t2",
		time_or_null(has_stamps, exchange->t2), "t3",
		time_or_null(has_stamps, exchange->t3), "t4",
		time_or_null(true, exchange->t4), "reading",
		time_or_null(exchange->has_reading, exchange->reading), "offset_ns",
		integer_or_null(has_result, exchange->offset_ns), "delay_ns",
		integer_or_null(has_result, exchange->delay_ns), "complaint",
		text_or_null(exchange->complaint), "assumed", (int)exchange->is_assumed));
}

char *trace_json_silence(const struct trace_silence *silence)
{
	return render(json_pack(
		"{ss ss ss so si so si so so so}", "type", "silence", "protocol",
		trace_protocol_name(silence->protocol), "transport",
		silence->is_tcp ? "tcp" : "udp", "client", address_json(&silence->client),
		"client_port", (int)silence->client.port, "server",
		address_json(&silence->server), "server_port", (int)silence->server.port,
		"request_frame", count_json(silence->request_frame), "t1",
		time_or_null(true, silence->asked), "refused_by",
		number_or_null(silence->refused_by)));
}

char *trace_json_summary(const struct trace_counts *counts, uint64_t lost)
{
	return render(json_pack(
		"{ss so so so so so so so so so so so so so}", "type", "summary", "frames",
		count_json(counts->frames), "packets", count_json(counts->packets),
		"requests", count_json(counts->requests), "answers",
		count_json(counts->answers), "exchanges", count_json(counts->exchanges),
		"late", count_json(counts->late), "silent", count_json(counts->silent),
		"remarkable", count_json(counts->remarkable), "lost", count_json(lost),
		"cut", count_json(counts->cut), "assumed", count_json(counts->assumed),
		"other_udp", count_json(counts->other_udp), "not_looked_into",
		unread_json(counts)));
}
