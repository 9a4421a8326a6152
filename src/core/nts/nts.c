/* SPDX-License-Identifier: MIT
 *
 * The cookies of one association.
 */
#include "core/nts/nts.h"

#include <assert.h>
#include <string.h>

bool nts_cookie_len_is_valid(size_t len)
{
	return len >= NTS_COOKIE_OCTETS_MIN && len <= NTS_COOKIE_SIZE && len % 4 == 0;
}

bool nts_cookies_spend(struct nts_cookies *cookies, struct nts_cookie *ret)
{
	if (cookies->count == 0) {
		return false;
	}
	assert(cookies->count <= NTS_COOKIES_MAX);
	*ret = cookies->items[0];
	cookies->count--;
	memmove(&cookies->items[0], &cookies->items[1],
	        cookies->count * sizeof(cookies->items[0]));
	/* No copy stays behind that could be sent a second time. */
	memset(&cookies->items[cookies->count], 0, sizeof(cookies->items[0]));
	return true;
}

void nts_cookies_add(struct nts_cookies *cookies, const struct nts_cookie *cookie)
{
	assert(nts_cookie_len_is_valid(cookie->len));
	if (cookies->count < NTS_COOKIES_MAX) {
		cookies->items[cookies->count++] = *cookie;
	}
}

void nts_cookies_receive(struct nts_cookies *cookies, const uint8_t *octets, size_t len)
{
	struct nts_cookie cookie = { .len = (uint16_t)len };

	if (nts_cookie_len_is_valid(len)) {
		memcpy(cookie.octets, octets, len);
		nts_cookies_add(cookies, &cookie);
	}
}

bool nts_cookies_are_valid(const struct nts_cookies *cookies)
{
	if (cookies->count > NTS_COOKIES_MAX) {
		return false;
	}
	for (size_t i = 0; i < cookies->count; i++) {
		if (!nts_cookie_len_is_valid(cookies->items[i].len)) {
			return false;
		}
	}
	return true;
}
