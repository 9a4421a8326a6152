/* SPDX-License-Identifier: MIT
 *
 * Writes the request of a key exchange, and checks the response record by record.  The first
 * bad record decides, so the verdict is the same however the octets arrive: that of a part
 * is INCOMPLETE or final.
 */
#include "core/nts/record.h"

#include "core/base/octets.h"
#include "core/nts/host_private.h"

enum {
	RECORD_END,
	RECORD_NEXT_PROTOCOL,
	RECORD_ERROR,
	RECORD_WARNING,
	RECORD_AEAD,
	RECORD_COOKIE,
	RECORD_SERVER,
	RECORD_PORT,

	RECORD_CRITICAL = 0x8000,
	RECORD_TYPE = 0x7fff,
	PROTOCOL_NTPV4 = 0,
};

struct record {
	uint16_t type; /* without the critical bit */
	bool is_critical;
	struct octets_reader body;
};

struct parser {
	struct nts_response response;
	bool has_protocol; /* the record was there */
	bool has_ntp;      /* ... and NTPv4 in it */
	bool has_aead;
	bool has_server;
	bool has_port;
};

void nts_exporter_context(uint16_t aead, bool is_server_to_client,
                          uint8_t ret[NTS_EXPORTER_CONTEXT_OCTETS])
{
	struct octets_writer out = octets_write_to(ret, NTS_EXPORTER_CONTEXT_OCTETS);

	octets_put_u16(&out, PROTOCOL_NTPV4);
	octets_put_u16(&out, aead);
	octets_put_u8(&out, is_server_to_client);
}

void nts_request_write(uint8_t buf[NTS_REQUEST_OCTETS])
{
	struct octets_writer out = octets_write_to(buf, NTS_REQUEST_OCTETS);

	octets_put_u16(&out, RECORD_CRITICAL | RECORD_NEXT_PROTOCOL);
	octets_put_u16(&out, 2);
	octets_put_u16(&out, PROTOCOL_NTPV4);
	octets_put_u16(&out, RECORD_CRITICAL | RECORD_AEAD);
	octets_put_u16(&out, 2);
	octets_put_u16(&out, NTS_AEAD_SIV_CMAC_256);
	octets_put_u16(&out, RECORD_CRITICAL | RECORD_END);
	octets_put_u16(&out, 0);
}

/* False when it is not there, or not complete yet. */
static bool record_next(struct octets_reader *in, struct record *ret)
{
	const uint16_t type = octets_get_u16(in);
	const uint16_t len = octets_get_u16(in);
	const uint8_t *body = in->at;

	if (!octets_skip(in, len)) {
		return false;
	}
	*ret = (struct record){
		.type = type & RECORD_TYPE,
		.is_critical = type & RECORD_CRITICAL,
		.body = octets_read_from(body, len),
	};
	return true;
}

/* The functions below return INCOMPLETE for: go on. */

/* A list with at most one number: we ask for one protocol and one algorithm, and a response
 * has no other.  False when it is longer or not a list. */
static bool read_choice(struct record *record, bool *ret_is_empty, uint16_t *ret)
{
	const size_t len = record->body.left;

	if (len != 0 && len != 2) {
		return false;
	}
	*ret_is_empty = len == 0;
	*ret = octets_get_u16(&record->body);
	return true;
}

static enum nts_response_verdict read_protocol(struct parser *parser, struct record *record)
{
	uint16_t protocol;
	bool is_empty;

	if (parser->has_protocol || !read_choice(record, &is_empty, &protocol) ||
	    (!is_empty && protocol != PROTOCOL_NTPV4)) {
		return NTS_RESPONSE_MALFORMED;
	}
	parser->has_protocol = true;
	parser->has_ntp = !is_empty;
	return NTS_RESPONSE_INCOMPLETE;
}

/* An algorithm that was not offered is as good as none: some servers choose their own when
 * they have no other. */
static enum nts_response_verdict read_aead(struct parser *parser, struct record *record)
{
	bool is_empty;

	if (parser->has_aead || !read_choice(record, &is_empty, &parser->response.aead)) {
		return NTS_RESPONSE_MALFORMED;
	}
	parser->has_aead = true;
	return NTS_RESPONSE_INCOMPLETE;
}

static enum nts_response_verdict read_code(struct parser *parser, struct record *record,
                                           enum nts_response_verdict verdict)
{
	if (record->body.left != 2) {
		return NTS_RESPONSE_MALFORMED;
	}
	parser->response.error_code = octets_get_u16(&record->body);
	return verdict;
}

static enum nts_response_verdict read_server(struct parser *parser, struct record *record)
{
	if (parser->has_server) {
		return NTS_RESPONSE_MALFORMED;
	}
	parser->has_server = true;
	return nts_host_read(record->body.at, record->body.left, parser->response.server)
	               ? NTS_RESPONSE_INCOMPLETE
	               : NTS_RESPONSE_BAD_SERVER;
}

static enum nts_response_verdict read_port(struct parser *parser, struct record *record)
{
	if (parser->has_port || record->body.left != 2) {
		return NTS_RESPONSE_MALFORMED;
	}
	parser->has_port = true;
	parser->response.port = octets_get_u16(&record->body);
	return parser->response.port != 0 ? NTS_RESPONSE_INCOMPLETE : NTS_RESPONSE_BAD_PORT;
}

static enum nts_response_verdict read_end(const struct parser *parser,
                                          const struct record *record)
{
	if (record->body.left != 0 || !parser->has_protocol) {
		return NTS_RESPONSE_MALFORMED;
	}
	if (!parser->has_ntp) {
		return NTS_RESPONSE_NO_NTP;
	}
	if (!parser->has_aead) {
		return NTS_RESPONSE_MALFORMED;
	}
	if (parser->response.aead != NTS_AEAD_SIV_CMAC_256) {
		return NTS_RESPONSE_NO_AEAD;
	}
	return parser->response.cookies.count > 0 ? NTS_RESPONSE_ACCEPTED
	                                          : NTS_RESPONSE_NO_COOKIE;
}

static enum nts_response_verdict read_record(struct parser *parser, struct record *record)
{
	/* Section 4.1.1 to 4.1.4. */
	if (record->type <= RECORD_WARNING && !record->is_critical) {
		return NTS_RESPONSE_MALFORMED;
	}
	switch (record->type) {
	case RECORD_END:
		return read_end(parser, record);
	case RECORD_NEXT_PROTOCOL:
		return read_protocol(parser, record);
	case RECORD_ERROR:
		return read_code(parser, record, NTS_RESPONSE_ERROR);
	case RECORD_WARNING:
		return read_code(parser, record, NTS_RESPONSE_WARNING);
	case RECORD_AEAD:
		return read_aead(parser, record);
	case RECORD_COOKIE:
		nts_cookies_receive(&parser->response.cookies, record->body.at,
		                    record->body.left);
		return NTS_RESPONSE_INCOMPLETE;
	case RECORD_SERVER:
		return read_server(parser, record);
	case RECORD_PORT:
		return read_port(parser, record);
	default:
		parser->response.error_code = record->type;
		return record->is_critical ? NTS_RESPONSE_UNKNOWN : NTS_RESPONSE_INCOMPLETE;
	}
}

enum nts_response_verdict nts_response_parse(const uint8_t *octets, size_t len,
                                             struct nts_response *ret)
{
	struct parser parser = { .response.port = NTP_PORT };
	struct octets_reader in = octets_read_from(octets, len);
	enum nts_response_verdict verdict = NTS_RESPONSE_INCOMPLETE;
	struct record record;

	while (verdict == NTS_RESPONSE_INCOMPLETE && record_next(&in, &record)) {
		verdict = read_record(&parser, &record);
	}
	if (verdict == NTS_RESPONSE_ACCEPTED) {
		parser.response.error_code = 0;
		*ret = parser.response;
	} else if (verdict == NTS_RESPONSE_ERROR || verdict == NTS_RESPONSE_WARNING ||
	           verdict == NTS_RESPONSE_UNKNOWN) {
		ret->error_code = parser.response.error_code;
	}
	return verdict;
}

const char *nts_response_text(enum nts_response_verdict verdict)
{
	static const char *const texts[NTS_RESPONSE_VERDICT_COUNT] = {
		[NTS_RESPONSE_ACCEPTED] = "accepted",
		[NTS_RESPONSE_INCOMPLETE] = "the response ends too early",
		[NTS_RESPONSE_MALFORMED] = "the response is malformed",
		[NTS_RESPONSE_ERROR] = "the server reports error",
		[NTS_RESPONSE_WARNING] = "the server sends unknown warning",
		[NTS_RESPONSE_UNKNOWN] = "the response has unknown critical record",
		[NTS_RESPONSE_NO_NTP] = "the server has no NTPv4",
		[NTS_RESPONSE_NO_AEAD] = "the server has no AEAD_AES_SIV_CMAC_256",
		[NTS_RESPONSE_NO_COOKIE] = "the server sent no cookie that fits a packet",
		[NTS_RESPONSE_BAD_SERVER] =
			"the server names an NTP server that is no host",
		[NTS_RESPONSE_BAD_PORT] = "the server names NTP port 0",
	};

	return (unsigned)verdict < NTS_RESPONSE_VERDICT_COUNT ? texts[verdict]
	                                                      : "unknown verdict";
}
