/* SPDX-License-Identifier: MIT */
#include "io/net/capture_library_private.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Debian's name for it, and that of those who gave it its own. */
static const char *const names[] = { "libpcap.so.0.8", "libpcap.so.1" };

static const struct {
	const char *name;
	size_t at;
} calls[] = {
#define CAPTURE_ROW(name) { "pcap_" #name, offsetof(struct capture_library, name) },
	CAPTURE_CALLS(CAPTURE_ROW)
#undef CAPTURE_ROW
};

int capture_library_load(struct capture_library *ret)
{
	struct capture_library loaded = { .activate = NULL };
	void *library = NULL, *call;

	for (size_t i = 0; i < COUNT_OF(names) && !library; i++) {
		library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	}
	if (!library) {
		return -ELIBACC;
	}
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		call = dlsym(library, calls[i].name);
		if (!call) {
			return -ELIBACC;
		}
		memcpy((uint8_t *)&loaded + calls[i].at, &call, sizeof(call));
	}
	*ret = loaded;
	return 0;
}
