/* SPDX-License-Identifier: MIT
 *
 * AEAD_AES_SIV_CMAC_256 (RFC 5297), by nettle.
 */
#ifndef IO_NTS_AEAD_H
#define IO_NTS_AEAD_H

#include "core/nts/fields.h"

/* Loads nettle: before any sandbox, and before there are threads.  0 or -ELIBACC; then
 * nts_aead_siv must not be used. */
MUST_USE int nts_aead_load(void);

/* Allocates nothing, keeps no key. */
extern const struct nts_aead nts_aead_siv;

#endif
