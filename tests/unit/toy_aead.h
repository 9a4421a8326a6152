/* SPDX-License-Identifier: MIT
 *
 * An AEAD for tests: sees every change, and anyone can forge it.
 */
#ifndef TESTS_UNIT_TOY_AEAD_H
#define TESTS_UNIT_TOY_AEAD_H

#include "core/nts/fields.h"

extern const struct nts_aead toy_aead;

#endif
