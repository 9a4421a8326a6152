/* SPDX-License-Identifier: MIT
 *
 * AEAD_AES_SIV_CMAC_256 (RFC 5297), by nettle.
 */
#ifndef IO_NTS_AEAD_H
#define IO_NTS_AEAD_H

#include "core/nts/fields.h"

/* Allocates nothing, keeps no key. */
extern const struct nts_aead nts_aead_siv;

#endif
