/* SPDX-License-Identifier: MIT
 *
 * Any datagram as a reply with NTS, and requests of any shape.  The first octet of the input
 * chooses: bit 0, the AEAD accepts every tag, so that what is encrypted is reached; bit 1,
 * the identifier is that of the reply.  The rest is the datagram.
 */
#include <stdlib.h>
#include <string.h>

#include "core/ntp/ext.h"
#include "core/nts/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID_AT = NTP_HEADER_OCTETS + 4 };

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

/* Reads every octet, so that the sanitizer sees each range. */
static uint8_t sum_of(const uint8_t *octets, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum = (uint8_t)(sum * 31 + octets[i]);
	}
	return sum;
}

static void toy_tag(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                    const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                    size_t len, uint8_t *ret)
{
	memset(ret, 0, NTS_TAG_OCTETS);
	ret[0] = sum_of(key, NTS_KEY_OCTETS);
	ret[1] = sum_of(nonce, nonce_len);
	ret[2] = sum_of(associated, associated_len);
	ret[3] = sum_of(plain, len);
}

static void toy_seal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                     const uint8_t *associated, size_t associated_len, const uint8_t *plain,
                     size_t len, uint8_t *ret)
{
	toy_tag(key, nonce, nonce_len, associated, associated_len, plain, len, ret);
	if (len > 0) {
		memcpy(ret + NTS_TAG_OCTETS, plain, len);
	}
}

static bool toy_unseal(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                       const uint8_t *associated, size_t associated_len,
                       const uint8_t *sealed, size_t len, uint8_t *ret)
{
	uint8_t tag[NTS_TAG_OCTETS];

	must(nonce_len > 0 && len >= NTS_TAG_OCTETS);
	must(associated_len >= NTP_HEADER_OCTETS && associated_len % 4 == 0);
	must(nonce_len + associated_len + len <= NTP_PACKET_SIZE);
	memcpy(ret, sealed + NTS_TAG_OCTETS, len - NTS_TAG_OCTETS);
	toy_tag(key, nonce, nonce_len, associated, associated_len, ret,
	        len - NTS_TAG_OCTETS, tag);
	return memcmp(tag, sealed, sizeof(tag)) == 0;
}

static bool unseal_all(const uint8_t *key, const uint8_t *nonce, size_t nonce_len,
                       const uint8_t *associated, size_t associated_len,
                       const uint8_t *sealed, size_t len, uint8_t *ret)
{
	(void)toy_unseal(key, nonce, nonce_len, associated, associated_len, sealed, len,
	                 ret);
	return true;
}

static void check_reply(const uint8_t *packet, size_t len, const uint8_t *unique_id,
                        const struct nts_aead *aead)
{
	static const struct nts_keys keys = { .aead = NTS_AEAD_SIV_CMAC_256 };
	struct nts_reply reply, before;
	enum nts_reply_verdict verdict;

	memset(&reply, 0xa5, sizeof(reply));
	before = reply;
	verdict = nts_reply_open(packet, len, unique_id, &keys, aead, &reply);
	must(verdict < NTS_REPLY_VERDICT_COUNT);
	must(strlen(nts_reply_text(verdict)) > 0);
	if (verdict != NTS_REPLY_AUTHENTIC) {
		must(memcmp(&reply, &before, sizeof(reply)) == 0);
	} else {
		must(nts_cookies_are_valid(&reply.cookies));
		must(len >= NTP_HEADER_OCTETS + 36 + 28 && len <= NTP_PACKET_SIZE);
	}
	if (verdict == NTS_REPLY_NAK) {
		must(packet[1] == 0 && memcmp(packet + 12, "NTSN", 4) == 0);
	}
	if (verdict == NTS_REPLY_FORGED) {
		must(aead->unseal == toy_unseal);
	}
	if (verdict == NTS_REPLY_PLAIN || verdict == NTS_REPLY_NAK ||
	    verdict == NTS_REPLY_UNSEALED) {
		must(ntp_ext_check(packet, len) != NTP_EXT_MALFORMED);
	}
}

/* The octets choose lengths and size.  A request that was sealed opens as its own reply, as
 * both keys are the same. */
static void check_request(const uint8_t *data, size_t len)
{
	static const struct nts_keys keys = { .aead = NTS_AEAD_SIV_CMAC_256 };
	const struct nts_aead aead = { .seal = toy_seal, .unseal = toy_unseal };
	struct nts_request request = { .placeholder_count = 0 };
	struct nts_reply reply;
	uint8_t *buf;
	size_t size, sealed;

	if (len < 6) {
		return;
	}
	request.cookie.len = (uint16_t)(12 + data[0] % 126 * 4);
	request.placeholder_count = data[1] % NTS_COOKIES_MAX;
	size = NTP_HEADER_OCTETS + (size_t)(data[2] << 8 | data[3]) % 1024;
	memset(request.unique_id, data[4], sizeof(request.unique_id));
	memset(request.cookie.octets, data[5], sizeof(request.cookie.octets));
	buf = calloc(1, size);
	must(buf != NULL);
	buf[0] = 0x23;
	sealed = nts_request_seal(&request, &keys, &aead, buf, size);
	must(sealed <= size);
	if (sealed > 0) {
		must(sealed ==
		     124u + (4u + request.cookie.len) * (1 + request.placeholder_count));
		must(ntp_ext_check(buf, sealed) == NTP_EXT_END);
	}
	if (sealed > 0 && sealed <= NTP_PACKET_SIZE) {
		must(nts_reply_open(buf, sealed, request.unique_id, &keys, &aead, &reply) ==
		     NTS_REPLY_AUTHENTIC);
		must(reply.cookies.count == 0);
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t other_id[NTS_UNIQUE_ID_OCTETS] = "another";
	struct nts_aead aead = { .seal = toy_seal, .unseal = toy_unseal };
	uint8_t unique_id[NTS_UNIQUE_ID_OCTETS];
	const uint8_t *packet;
	size_t len;

	if (size < 1) {
		return 0;
	}
	packet = data + 1;
	len = size - 1;
	memcpy(unique_id, other_id, sizeof(unique_id));
	if (data[0] & 1) {
		aead.unseal = unseal_all;
	}
	if (data[0] & 2 && len >= ID_AT + sizeof(unique_id)) {
		memcpy(unique_id, packet + ID_AT, sizeof(unique_id));
	}
	check_reply(packet, len, unique_id, &aead);
	check_request(packet, len);
	return 0;
}
