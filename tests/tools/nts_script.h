/* SPDX-License-Identifier: MIT
 *
 * For nts_server.c: scripts of words, and scripts that have names.
 *
 * A script: what to do at the first time; at the second; ... The last is repeated.  `/` separates
 * the datagrams of one reply.
 *
 * Words of a key exchange.  With records among them, these are the whole response, in this order;
 * without, it is an honest one:
 *
 *   silent=STAGE reset=STAGE close=STAGE   nothing more, RST, FIN; STAGE: accept, hello (it has come),
 *                      flight (half of ours), handshake (done), request (read), response (half of it)
 *   tls12[=ALERT] no-alpn   TLS 1.2 only, and that alert (70, protocol version); ALPN is ignored
 *   alpn=NAME          only this protocol, else an alert
 *   group=NAME ask     this group for the keys only; a certificate of the client is asked for
 *   wait=MS            before the response
 *   slow=MS split      each octet after a pause; each in a segment of its own
 *   records=N          N octets in a TLS record (16384)
 *   early              the response before the request
 *   updates=N tickets=N   key updates, session tickets before the response
 *   no-bye rude        neither close_notify nor FIN; FIN without close_notify
 *   next[=HEX] aead[=HEX] end     critical records; HEX: another body
 *   port server        Port and Server record when there is something to say
 *   cookies=N cookie=LEN[*N]      good cookies; random octets
 *   rec=TYPE:HEX raw=HEX fill=N   any record; no record; octets of it, so that all are N with End
 *   nothing            no record
 *
 * Words of a reply.  With fields among them, these are all, in this order:
 *
 *   leap= version= mode= stratum= poll= refid=TEXT rootdelay= rootdisp= (raw) shift=MS
 *   origin=random
 *   uid cookie field=TYPE:HEX     our client's identifier; a good cookie in clear; any field
 *   +cookies[=N] +cookie=LEN[*N] +hex=HEX   into the encrypted part: as many as asked, or N; random
 *   c2s nonce=LEN pad=LEN         the wrong key, the nonce's length, additional padding: before auth
 *   auth                          the authenticator, with what stands before it
 *   noncelen=N ctlen=N fieldlen=N written over its lengths
 *   flip=OCTET bits=A-B           one bit of that octet; a datagram for each of these bits
 *   cut=N tail=HEX                only N octets; more at the end
 *   none                          no fields: a plain reply
 *   ntsn                          stratum 0, NTSN, the identifier alone
 *   silent replay                 no reply; the octets of the last one
 *   wait=MS again=N               delay; copies
 */
#ifndef NTS_SCRIPT_H
#define NTS_SCRIPT_H

#include "nts_octets.h"

enum { SCRIPT_SIZE = 65536, STEP_SIZE = 8192, WORDS_MAX = 256 };

struct script {
	char text[SCRIPT_SIZE]; /* "": honest */
};

struct words {
	char text[STEP_SIZE];
	char *word[WORDS_MAX];
	size_t count;
};

struct mode {
	const char *id, *name, *script;
	bool is_exchange;
};

#define HONEST "next aead server port cookies=8 end"

/* clang-format off */
static const struct mode modes[] = {
	/* The key exchange */
	{ "K2", "silent-accept", "silent=accept", true },
	{ "K3", "silent-hello", "silent=hello", true },
	{ "K3", "silent-handshake", "silent=handshake", true },
	{ "K3", "silent-request", "silent=request", true },
	{ "K3", "silent-response", "silent=response", true },
	{ "K4", "slow", "slow=50", true },
	{ "K5", "reset-accept", "reset=accept", true },
	{ "K5", "reset-hello", "reset=hello", true },
	{ "K5", "reset-flight", "reset=flight", true },
	{ "K5", "reset-handshake", "reset=handshake", true },
	{ "K5", "reset-request", "reset=request", true },
	{ "K5", "reset-response", "reset=response", true },
	{ "K6", "tls12", "tls12", true },
	{ "K6", "tls12-40", "tls12=40", true },
	{ "K6", "hello-retry", "group=SECP521R1", true },
	{ "K6", "ask-certificate", "ask", true },
	{ "K7", "no-alpn", "no-alpn", true },
	{ "K7", "alpn-other", "alpn=http/1.1", true },
	{ "K15", "no-end", "next aead port cookies=8", true },
	{ "K16", "two-ends", "next aead port cookies=8 end end", true },
	{ "K17", "end-plain", "next aead port cookies=8 rec=0000:", true },
	{ "K17", "end-body", "next aead port cookies=8 rec=8000:00", true },
	{ "K17", "end-first", "end next aead port cookies=8", true },
	{ "K17", "end-early", "next aead end port cookies=8", true },
	{ "K18", "truncated", "next aead port cookies=7 raw=000500640000", true },
	{ "K18", "truncated-head", "next aead port cookies=7 raw=0005", true },
	{ "K19", "empty", "nothing", true },
	{ "K20", "next-missing", "aead port cookies=8 end", true },
	{ "K20", "next-twice", "next next aead port cookies=8 end", true },
	{ "K20", "next-empty", "next= aead port cookies=8 end", true },
	{ "K20", "next-unknown", "next=8001 aead port cookies=8 end", true },
	{ "K20", "next-plain", "rec=0001:0000 aead port cookies=8 end", true },
	{ "K20", "next-odd", "next=000000 aead port cookies=8 end", true },
	{ "K21", "aead-missing", "next port cookies=8 end", true },
	{ "K21", "aead-empty", "next aead= port cookies=8 end", true },
	{ "K21", "aead-two", "next aead=000f0011 port cookies=8 end", true },
	{ "K21", "aead-twice", "next aead aead port cookies=8 end", true },
	{ "K21", "aead-other", "next aead=0011 port cookies=8 end", true },
	{ "K21", "aead-odd", "next aead=000f00 port cookies=8 end", true },
	{ "K22", "error-0", "rec=8002:0000 end", true },
	{ "K22", "error-1", "rec=8002:0001 end", true },
	{ "K22", "error-2", "rec=8002:0002 end", true },
	{ "K22", "error-3", "rec=8002:0003 end", true },
	{ "K22", "error-good", "next aead port cookies=8 rec=8002:0001 end", true },
	{ "K22", "error-short", "rec=8002:00 end", true },
	{ "K23", "warning", "next aead port cookies=8 rec=8003:0000 end", true },
	{ "K24", "unknown-critical", "next aead port rec=c000: cookies=8 end", true },
	{ "K25", "unknown-plain", "next aead rec=4000:1234 port rec=0008: cookies=8 end", true },
	{ "K26", "no-cookie", "next aead port end", true },
	{ "K27", "one-cookie", "next aead port cookies=1 end", true },
	{ "K28", "nine-cookies", "next aead port cookies=9 end", true },
	{ "K28", "many-cookies", "next aead port cookies=100 end", true },
	{ "K29", "cookie-empty", "next aead port cookie=0 end", true },
	{ "K29", "cookie-empty-too", "next aead port cookie=0 cookies=2 cookie=0*10 end", true },
	{ "K30", "cookie-odd", "next aead port cookie=1 cookie=2 cookie=3 cookie=101 end", true },
	{ "K30", "cookie-odd-too", "next aead port cookie=1 cookie=101*8 cookies=2 end", true },
	{ "K31", "cookie-long", "next aead port cookie=516 cookie=1024 cookie=16000 end", true },
	{ "K31", "cookie-long-too", "next aead port cookie=516*8 cookies=2 end", true },
	{ "K32", "server-empty", "next aead rec=8006: port cookies=8 end", true },
	{ "K32", "server-space", "next aead rec=8006:3132372e302e302e3120 port cookies=8 end", true },
	{ "K32", "server-nul", "next aead rec=8006:3132372e302e302e3100 port cookies=8 end", true },
	{ "K32", "server-escape", "next aead rec=8006:1b5b324a2e6578616d706c65 port cookies=8 end", true },
	{ "K32", "server-latin", "next aead rec=8006:7ae9726f2e6578616d706c65 port cookies=8 end", true },
	{ "K32", "server-loopback", "next aead rec=8006:3132372e302e302e31 port cookies=8 end", true },
	{ "K32", "server-multicast", "next aead rec=8006:3232342e302e312e31 port cookies=8 end", true },
	{ "K32", "server-any", "next aead rec=8006:302e302e302e30 port cookies=8 end", true },
	{ "K32", "server-url", "next aead rec=8006:6e74703a2f2f3132372e302e302e31 port cookies=8 end", true },
	{ "K33", "server-twice",
	  "next aead rec=8006:3132372e302e302e31 rec=8006:3132372e302e302e31 port cookies=8 end", true },
	{ "K34", "port-zero", "next aead rec=8007:0000 cookies=8 end", true },
	{ "K34", "port-odd", "next aead rec=8007:7b cookies=8 end", true },
	{ "K34", "port-twice", "next aead port rec=8007:007b cookies=8 end", true },
	{ "K35", "octets-65536", "next aead port cookies=8 fill=65536 end", true },
	{ "K35", "octets-70000", "next aead port cookies=8 fill=70000 end", true },
	{ "K36", "split", "split", true },
	{ "K36", "records-of-1", "records=1", true },
	{ "K37", "early", "early", true },
	{ "K38", "no-bye", "no-bye", true },
	{ "K38", "rude", "rude", true },
	{ "K39", "updates", "updates=2000", true },
	{ "K39", "tickets", "tickets=255", true },
	{ "K40", "close-accept", "close=accept", true },
	{ "K40", "close-hello", "close=hello", true },
	{ "K40", "close-handshake", "close=handshake", true },
	{ "K40", "close-request", "close=request", true },
	{ "K40", "close-response", "close=response", true },
	/* Replies */
	{ "N1", "plain", "none", false },
	{ "N2", "uid-bits", "bits=416-671", false },
	{ "N2", "uid-other", "field=0104:" "00112233445566778899aabbccddeeff"
	  "00112233445566778899aabbccddeeff +cookies auth", false },
	{ "N2", "uid-short", "field=0104:00112233445566778899aabbccddeeff +cookies auth", false },
	{ "N3", "no-uid", "+cookies auth", false },
	{ "N3", "uid-after", "+cookies auth uid", false },
	{ "N4", "uid-twice", "uid uid +cookies auth", false },
	{ "N5", "no-auth", "uid", false },
	{ "N5", "auth-twice", "uid +cookies auth auth", false },
	{ "N5", "auth-first", "+cookies auth uid +cookies auth", false },
	{ "N6", "nonce-empty", "uid +cookies nonce=0 auth", false },
	{ "N6", "nonce-beyond", "uid +cookies auth noncelen=200", false },
	{ "N6", "nonce-65535", "uid +cookies auth noncelen=65535", false },
	{ "N6", "nonce-12", "uid +cookies nonce=12 pad=4 auth", false },
	{ "N7", "sealed-empty", "uid +cookies auth ctlen=0", false },
	{ "N7", "sealed-short", "uid +cookies auth ctlen=15", false },
	{ "N7", "sealed-beyond", "uid +cookies auth ctlen=2000", false },
	{ "N7", "sealed-65535", "uid +cookies auth ctlen=65535", false },
	{ "N7", "both-65535", "uid +cookies auth noncelen=65535 ctlen=65535", false },
	{ "N7", "field-short", "uid +cookies auth fieldlen=8", false },
	{ "N7", "field-zero", "uid +cookies auth fieldlen=0", false },
	{ "N7", "field-odd", "uid +cookies auth fieldlen=143", false },
	{ "N7", "field-beyond", "uid +cookies auth fieldlen=65532", false },
	{ "N8", "bits", "bits=0-1823", false },
	{ "N9", "c2s", "uid +cookies c2s auth", false },
	{ "N10", "field-after", "uid +cookies auth field=0204:" "00000000000000000000000000000000"
	  " field=7777:" "000102030405060708090a0b0c0d0e0f", false },
	{ "N10", "garbage-after", "uid +cookies auth tail=01040001ffffffff", false },
	{ "N10", "octets-after", "uid +cookies auth tail=01040001ffff", false },
	{ "N11", "cookie-in-clear", "uid cookie +cookies auth", false },
	{ "N11", "cookie-in-clear-only", "uid cookie auth", false },
	{ "N12", "inner-zero", "uid +cookies +hex=02040000 auth", false },
	{ "N12", "inner-odd", "uid +cookies +hex=0204000700000000 auth", false },
	{ "N12", "inner-long", "uid +cookies +hex=02040400 auth", false },
	{ "N12", "inner-cut", "uid +cookies +hex=0204 auth", false },
	{ "N12", "inner-unknown", "uid +hex=77770010000000000000000000000000 +cookies auth", false },
	{ "N13", "no-inner", "uid auth", false },
	{ "N14", "nine-inner", "uid +cookie=64*9 auth", false },
	{ "N15", "other-length", "uid +cookie=104 auth", false },
	{ "N15", "odd-length", "uid +cookie=0 +cookies auth", false },
	{ "N16", "ntsn-then-good", "ntsn / wait=30", false },
	{ "N17", "ntsn-once", "ntsn; good", false },
	{ "N18", "ntsn-other-uid",
	  "stratum=0 refid=NTSN field=0104:" "00112233445566778899aabbccddeeff"
	  "00112233445566778899aabbccddeeff / wait=30", false },
	{ "N18", "ntsn-other-origin", "ntsn origin=random / wait=30", false },
	{ "N19", "ntsn", "ntsn", false },
	{ "N20", "deny", "stratum=0 leap=3 refid=DENY", false },
	{ "N20", "rate", "stratum=0 leap=3 refid=RATE", false },
	{ "N21", "plain-rate", "stratum=0 leap=3 refid=RATE uid", false },
	{ "N21", "plain-deny", "stratum=0 leap=3 refid=DENY uid", false },
	{ "N22", "replay", "good; replay", false },
	{ "N23", "unsynchronised", "leap=3 stratum=16", false },
	{ "N24", "longer", "uid +cookies pad=400 auth", false },
	{ "N25", "silent", "silent", false },
};
/* clang-format on */

static bool is_word(const char *word, const char *key)
{
	size_t len = strlen(key);

	return strncmp(word, key, len) == 0 && (word[len] == '\0' || word[len] == '=');
}

static const char *value_of(const char *word)
{
	const char *value = strchr(word, '=');

	return value ? value + 1 : NULL;
}

static int64_t number(const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno != 0 || end == text || (*end && *end != '*' && *end != '-')) {
		die("number", text);
	}
	return value;
}

/* The part of `text` with that number, between separators; the last when there are fewer. */
static void part_of(const char *text, char separator, size_t index, struct words *ret)
{
	const char *end = strchr(text, separator);
	size_t len;

	for (; end && index > 0; index--) {
		text = end + 1;
		end = strchr(text, separator);
	}
	len = end ? (size_t)(end - text) : strlen(text);
	if (len >= sizeof(ret->text)) {
		errno = E2BIG;
		die("script", text);
	}
	memcpy(ret->text, text, len);
	ret->text[len] = '\0';
}

static void split_words(struct words *words)
{
	char *state = NULL;

	words->count = 0;
	for (char *w = strtok_r(words->text, " \t\n", &state);
	     w && words->count < WORDS_MAX; w = strtok_r(NULL, " \t\n", &state)) {
		words->word[words->count++] = w;
	}
}

static size_t parts_in(const char *text, char separator)
{
	size_t count = 1;

	for (; *text; text++) {
		count += *text == separator;
	}
	return count;
}

/* NULL: no such word; "" when it has no value. */
static const char *value_in(const struct words *words, const char *key)
{
	const char *value;

	for (size_t i = 0; i < words->count; i++) {
		if (is_word(words->word[i], key)) {
			value = value_of(words->word[i]);
			return value ? value : "";
		}
	}
	return NULL;
}

static int64_t number_in(const struct words *words, const char *key, int64_t otherwise)
{
	const char *value = value_in(words, key);

	return value && *value ? number(value) : otherwise;
}

/* "LEN*N" */
static size_t times_of(const char *value)
{
	const char *star = strchr(value, '*');

	return star ? (size_t)number(star + 1) : 1;
}

/* From the `from`th time on, in addition to what the script has. */
static void add_to_script(struct script *script, const char *text, long from)
{
	size_t len = strlen(script->text);

	if (len == 0) {
		for (; from > 1 && len + 8 < sizeof(script->text); from--) {
			len += (size_t)snprintf(script->text + len, 8, "good;");
		}
	}
	snprintf(script->text + len, sizeof(script->text) - len, " %s", text);
}

static void add_mode(struct script *exchange, struct script *reply, const char *name,
                     long from)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, name) == 0 || strcmp(modes[i].id, name) == 0) {
			add_to_script(modes[i].is_exchange ? exchange : reply,
			              modes[i].script, from);
			return;
		}
	}
	errno = 0;
	die("mode", name);
}

static void list_modes(void)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		printf("%-4s %-20s %s\n", modes[i].id, modes[i].name, modes[i].script);
	}
}

#endif
