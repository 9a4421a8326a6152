/* SPDX-License-Identifier: MIT
 *
 * libpcap's captures as frames, read in order.
 */
#include "io/net/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "io/net/capture_library_private.h"

enum {
	/* The largest NTP packet that is read, and all headers before it. */
	SNAP_OCTETS = 2048,
	BUFFER_OCTETS = 4 << 20,
	TIMEOUT_MS = 100,
	FILTER_SIZE = 64 * TRACE_PORTS_MAX,
	LINKTYPE_RAW_OPENBSD = 14, /* the value in files; there DLT_RAW has another */
};

struct capture {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	FILE *from; /* until libpcap has taken it over */
	enum frame_link link;
	bool is_live;
	uint64_t count;
};

/* Loaded by the first capture. */
static struct capture_library lib;

static void PRINTF_LIKE(2, 3) explain(char why[CAPTURE_WHY_SIZE], const char *format, ...)
{
	char line[CAPTURE_WHY_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	text_escape((const uint8_t *)line, strlen(line), why, CAPTURE_WHY_SIZE);
}

static int find_link(pcap_t *pcap, enum frame_link *ret, char why[CAPTURE_WHY_SIZE])
{
	static const struct {
		int type;
		enum frame_link link;
	} links[] = {
		{ DLT_EN10MB, FRAME_LINK_ETHERNET },
		{ DLT_LINUX_SLL, FRAME_LINK_COOKED },
		{ DLT_LINUX_SLL2, FRAME_LINK_COOKED_2 },
		{ DLT_RAW, FRAME_LINK_RAW_IP },
		{ DLT_IPV4, FRAME_LINK_RAW_IP },
		{ DLT_IPV6, FRAME_LINK_RAW_IP },
		{ DLT_NULL, FRAME_LINK_LOOPBACK },
		{ DLT_LOOP, FRAME_LINK_LOOPBACK },
		{ DLT_PPP, FRAME_LINK_PPP },
		{ DLT_PPP_SERIAL, FRAME_LINK_PPP },
		{ DLT_C_HDLC, FRAME_LINK_PPP },
		{ DLT_PPP_ETHER, FRAME_LINK_PPPOE },
		{ DLT_NFLOG, FRAME_LINK_NFLOG },
		{ LINKTYPE_RAW_OPENBSD, FRAME_LINK_RAW_IP },
	};
	int type = lib.datalink(pcap);
	const char *name = lib.datalink_val_to_name(type);

	for (size_t i = 0; i < COUNT_OF(links); i++) {
		if (links[i].type == type) {
			*ret = links[i].link;
			return 0;
		}
	}
	explain(why,
	        "link type %d (%s) is not supported; supported are Ethernet, Linux cooked, "
	        "PPP, PPPoE, Cisco HDLC, raw IP, loopback and NFLOG",
	        type, name ? name : "unknown");
	return -ENOTSUP;
}

/* "udp port 123 or udp port 9191 or tcp port 9191 ..." */
static void write_filter(const struct trace_port *ports, size_t count, char *buf)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < count && i < TRACE_PORTS_MAX; i++) {
		len += (size_t)snprintf(buf + len, FILTER_SIZE - len, "%s%sport %u",
		                        i > 0 ? " or " : "",
		                        ports[i].protocol == TRACE_NTP ? "udp " : "",
		                        (unsigned)ports[i].port);
	}
}

static int set_filter(struct capture *capture, const struct trace_port *ports, size_t count,
                      char why[CAPTURE_WHY_SIZE])
{
	char plain[FILTER_SIZE];
	char tagged[2 * FILTER_SIZE + 32];
	struct bpf_program program;
	int r = 0;

	if (count == 0) {
		return 0;
	}
	write_filter(ports, count, plain);
	/* After a VLAN tag all offsets move, and not every link type has tags. */
	snprintf(tagged, sizeof(tagged), "(%s) or (vlan and (%s))", plain, plain);
	if (lib.compile(capture->pcap, &program, tagged, 1, PCAP_NETMASK_UNKNOWN) < 0 &&
	    lib.compile(capture->pcap, &program, plain, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		explain(why, "capture filter: %s", lib.geterr(capture->pcap));
		return -EINVAL;
	}
	if (lib.setfilter(capture->pcap, &program) < 0) {
		explain(why, "capture filter: %s", lib.geterr(capture->pcap));
		r = -EINVAL;
	}
	lib.freecode(&program);
	return r;
}

static int activate(struct capture *capture, const char *interface,
                    char why[CAPTURE_WHY_SIZE])
{
	char error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = capture->pcap;
	int r;

	/* These fail only on an active handle, except the precision: a device may not
	 * support nanoseconds, and then it is microseconds. */
	(void)lib.set_snaplen(pcap, SNAP_OCTETS);
	(void)lib.set_promisc(pcap, 1);
	(void)lib.set_timeout(pcap, TIMEOUT_MS);
	(void)lib.set_immediate_mode(pcap, 1);
	(void)lib.set_buffer_size(pcap, BUFFER_OCTETS);
	(void)lib.set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	r = lib.activate(pcap);
	switch (r) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		explain(why, "%s: not permitted", interface);
		return -EPERM;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		explain(why, "%s: no such interface; \"ip link\" lists them", interface);
		return -ENODEV;
	case PCAP_ERROR_IFACE_NOT_UP:
		explain(why, "%s: the interface is not up", interface);
		return -ENETDOWN;
	default:
		break;
	}
	if (r < 0) {
		explain(why, "%s: %s", interface,
		        r == PCAP_ERROR ? lib.geterr(pcap) : lib.statustostr(r));
		return -EIO;
	}
	if (lib.setnonblock(pcap, 1, error) < 0) {
		explain(why, "%s: %s", interface, error);
		return -EIO;
	}
	return 0;
}

int capture_load(char why[CAPTURE_WHY_SIZE])
{
	int r = capture_library_load(&lib);

	if (r < 0) {
		explain(why, "libpcap is not installed: on Debian, \"apt install "
		             "libpcap0.8\"");
	}
	return r;
}

/* A new capture, still to be opened; NULL: `*ret_r` and `why` are set. */
static struct capture *capture_new(int *ret_r, char why[CAPTURE_WHY_SIZE])
{
	struct capture *capture = NULL;

	*ret_r = capture_load(why);
	if (*ret_r < 0) {
		return NULL;
	}
	capture = calloc(1, sizeof(*capture));
	if (!capture) {
		explain(why, "out of memory");
		*ret_r = -ENOMEM;
	}
	return capture;
}

int capture_open_live(const char *interface, const struct trace_port *ports,
                      size_t port_count, struct capture **ret, char why[CAPTURE_WHY_SIZE])
{
	char error[PCAP_ERRBUF_SIZE] = "";
	int r;
	struct capture *capture = capture_new(&r, why);

	if (!capture) {
		return r;
	}
	capture->is_live = true;
	capture->pcap = lib.create(interface, error);
	if (!capture->pcap) {
		explain(why, "%s: %s", interface, error);
		r = -EIO;
	}
	if (r == 0) {
		r = activate(capture, interface, why);
	}
	if (r == 0) {
		r = find_link(capture->pcap, &capture->link, why);
	}
	if (r == 0) {
		r = set_filter(capture, ports, port_count, why);
	}
	if (r < 0) {
		(void)capture_close(capture);
		return r;
	}
	*ret = capture;
	return 0;
}

/* Why libpcap does not know the file, where its first octets tell more.  The octets of a
 * pipe are already consumed. */
static void explain_format(FILE *from, const char *error, char why[CAPTURE_WHY_SIZE])
{
	static const struct {
		const char *magic;
		const char *unpack;
	} packers[] = {
		{ "\x1f\x8b", "gzip" },        { "\x28\xb5\x2f\xfd", "zstd" },
		{ "\xfd\x37zXZ", "xz" },       { "BZh", "bzip2" },
		{ "\x04\x22\x4d\x18", "lz4" },
	};
	uint8_t head[8] = { 0 };
	ssize_t len = pread(fileno(from), head, sizeof(head), 0);

	for (size_t i = 0; len > 0 && i < COUNT_OF(packers); i++) {
		if (memcmp(head, packers[i].magic, strlen(packers[i].magic)) == 0) {
			explain(why,
			        "compressed: \"%s -dc FILE | reqtime trace -r -\" reads it",
			        packers[i].unpack);
			return;
		}
	}
	if (len == 0) {
		explain(why, "the file is empty");
	} else {
		explain(why,
		        "%s: a capture is a pcap or pcapng file, as \"tcpdump -w\" writes "
		        "it",
		        error);
	}
}

int capture_open_file(FILE *from, struct capture **ret, char why[CAPTURE_WHY_SIZE])
{
	char error[PCAP_ERRBUF_SIZE] = "";
	int r;
	struct capture *capture = capture_new(&r, why);

	if (!capture) {
		fclose(from);
		return r;
	}
	capture->from = from;
	capture->pcap = lib.fopen_offline_with_tstamp_precision(
		from, PCAP_TSTAMP_PRECISION_NANO, error);
	if (capture->pcap) {
		capture->from = NULL;
		r = find_link(capture->pcap, &capture->link, why);
	} else {
		explain_format(from, error, why);
		r = -EBADMSG;
	}
	if (r < 0) {
		(void)capture_close(capture);
		return r;
	}
	*ret = capture;
	return 0;
}

int capture_save(struct capture *capture, FILE *to, char why[CAPTURE_WHY_SIZE])
{
	capture->dumper = lib.dump_fopen(capture->pcap, to);
	if (!capture->dumper) {
		explain(why, "%s", lib.geterr(capture->pcap));
		fclose(to);
		return -EIO;
	}
	return 0;
}

static int next_packet(struct capture *capture, int timeout_ms,
                       struct pcap_pkthdr **ret_header, const u_char **ret_octets)
{
	struct pollfd wait = { .fd = -1, .events = POLLIN };
	int r = lib.next_ex(capture->pcap, ret_header, ret_octets);

	if (r != 0 || !capture->is_live) {
		return r;
	}
	wait.fd = lib.get_selectable_fd(capture->pcap);
	if (poll(&wait, 1, timeout_ms) <= 0) {
		return 0;
	}
	return lib.next_ex(capture->pcap, ret_header, ret_octets);
}

static bool is_saved(struct capture *capture, const struct pcap_pkthdr *header,
                     const u_char *octets, char why[CAPTURE_WHY_SIZE])
{
	if (!capture->dumper) {
		return true;
	}
	lib.dump((u_char *)capture->dumper, header, octets);
	/* In a live capture every frame must be in the file, whatever happens next. */
	if (ferror(lib.dump_file(capture->dumper)) != 0 ||
	    (capture->is_live && lib.dump_flush(capture->dumper) < 0)) {
		explain(why, "cannot write the file: %s", strerror(errno));
		return false;
	}
	return true;
}

static void explain_broken(const struct capture *capture, const char *error,
                           char why[CAPTURE_WHY_SIZE])
{
	/* libpcap reads one link type per file. */
	const char *way_out =
		strstr(error, "different from the type of the first interface")
			? "; capture into a file for each interface: tcpdump -i IFACE -w "
			  "FILE"
			: "";

	explain(why, "after frame %llu: %s%s", (unsigned long long)capture->count, error,
	        way_out);
}

enum capture_result capture_next(struct capture *capture, int timeout_ms,
                                 struct trace_input *ret, char why[CAPTURE_WHY_SIZE])
{
	struct pcap_pkthdr *header = NULL;
	struct capture_header said;
	const u_char *octets = NULL;
	int r = next_packet(capture, timeout_ms, &header, &octets);

	if (r == PCAP_ERROR_BREAK) {
		return capture->is_live ? CAPTURE_NOTHING : CAPTURE_END;
	}
	if (r < 0) {
		explain_broken(capture, lib.geterr(capture->pcap), why);
		return CAPTURE_FAILED;
	}
	if (r == 0) {
		return CAPTURE_NOTHING;
	}
	capture->count++;
	said = capture_library_header(&lib, header);
	*ret = (struct trace_input){
		.number = capture->count,
		/* A file may have any number in both parts. */
		.at = instant_from_unix(said.s, said.ns),
		.link = capture->link,
		.octets = octets,
		.captured = said.captured,
		.wire = said.wire,
	};
	return is_saved(capture, header, octets, why) ? CAPTURE_FRAME : CAPTURE_FAILED;
}

uint64_t capture_lost(struct capture *capture)
{
	struct pcap_stat stat = { 0 };

	if (!capture->is_live || lib.stats(capture->pcap, &stat) < 0) {
		return 0;
	}
	return (uint64_t)stat.ps_drop + stat.ps_ifdrop;
}

int capture_close(struct capture *capture)
{
	int r = 0;

	if (!capture) {
		return 0;
	}
	if (capture->dumper) {
		if (lib.dump_flush(capture->dumper) < 0 ||
		    ferror(lib.dump_file(capture->dumper)) != 0) {
			r = errno != 0 ? -errno : -EIO;
		}
		lib.dump_close(capture->dumper);
	}
	if (capture->pcap) {
		lib.close(capture->pcap);
	}
	if (capture->from) {
		fclose(capture->from);
	}
	free(capture);
	return r;
}
