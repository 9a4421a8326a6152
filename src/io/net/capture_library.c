/* SPDX-License-Identifier: MIT
 *
 * libpcap, loaded at run time.
 */
#include "io/net/capture_library_private.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Debian's name, then upstream's. */
static const char *const names[] = { "libpcap.so.0.8", "libpcap.so.1" };

static const struct {
	const char *name;
	size_t at;
} calls[] = {
#define CAPTURE_ROW(name) { "pcap_" #name, offsetof(struct capture_library, name) },
	CAPTURE_CALLS(CAPTURE_ROW)
#undef CAPTURE_ROW
};

/* pcap_pkthdr where struct timeval has 32 bits. */
struct narrow_header {
	int32_t s;
	int32_t ns;
	uint32_t captured;
	uint32_t wire;
};

/* Reads a file with one packet of known time through the library. */
static bool has_narrow_times(const struct capture_library *library)
{
	static const uint32_t words[] = { 0xa1b23c4d, 0, 0, 0, 65535, DLT_EN10MB,
		                          1,          2, 4, 5, 0 };
	const struct narrow_header narrow = { 1, 2, 4, 5 };
	const uint16_t version[] = { 2, 4 };
	char error[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *header = NULL;
	const u_char *octets = NULL;
	uint8_t file[sizeof(words)];
	bool is_narrow = false;
	pcap_t *pcap = NULL;
	FILE *f;

	memcpy(file, words, sizeof(words));
	memcpy(file + sizeof(words[0]), version, sizeof(version));
	f = fmemopen(file, sizeof(file), "r");
	if (!f) {
		return false;
	}
	pcap = library->fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO,
	                                                    error);
	if (!pcap) {
		fclose(f);
		return false;
	}
	if (library->next_ex(pcap, &header, &octets) == 1) {
		is_narrow = memcmp(header, &narrow, sizeof(narrow)) == 0;
	}
	library->close(pcap);
	return is_narrow;
}

struct capture_header capture_library_header(const struct capture_library *library,
                                             const struct pcap_pkthdr *header)
{
	struct narrow_header narrow;

	if (library->has_narrow_times) {
		memcpy(&narrow, header, sizeof(narrow));
		return (struct capture_header){ narrow.s, narrow.ns, narrow.captured,
			                        narrow.wire };
	}
	/* Nanoseconds, despite the name: that precision was requested. */
	return (struct capture_header){ header->ts.tv_sec, header->ts.tv_usec,
		                        header->caplen, header->len };
}

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
	loaded.has_narrow_times =
		sizeof(long) < sizeof(int64_t) && has_narrow_times(&loaded);
	*ret = loaded;
	return 0;
}
