/* SPDX-License-Identifier: MIT
 *
 * Where reqtimed listens: what the options say, and what a service manager has bound for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/serve/serve_private.h"
#include "core/ntp/server_spec.h"

enum { PRIVILEGED_PORTS = 1024 };

/* ADDR:0 lets the kernel choose a port, which is no port that a server can be asked on,
 * so listen_spec_parse() knows nothing of it.  The text before ":0", or NULL. */
static const char *before_port_zero(const char *text, char *buf, size_t size)
{
	size_t len = strlen(text);
	const char *colon = strrchr(text, ':');

	if (!colon || strcmp(colon, ":0") != 0 || len - 2 >= size) {
		return NULL;
	}
	/* "::0" is an address, "[::]:0" is one with a port. */
	if (strchr(text, ':') != colon && colon[-1] != ']') {
		return NULL;
	}
	memcpy(buf, text, len - 2);
	buf[len - 2] = '\0';
	return len == 2 ? "*" : buf;
}

static bool endpoint_add(struct serve_places *places, struct serve_endpoint endpoint)
{
	if (places->endpoint_count == COUNT_OF(places->endpoints)) {
		command_complain("more than %zu addresses to listen on",
		                 COUNT_OF(places->endpoints));
		return false;
	}
	places->endpoints[places->endpoint_count++] = endpoint;
	return true;
}

static bool endpoints_add_all(struct serve_places *places, enum serve_service service,
                              uint16_t port)
{
	struct serve_endpoint v4 = { .service = service,
		                     .at = { .family = ADDRESS_IPV4, .port = port } };
	struct serve_endpoint v6 = { .service = service,
		                     .at = { .family = ADDRESS_IPV6, .port = port },
		                     .is_twin = true };

	return endpoint_add(places, v4) && endpoint_add(places, v6);
}

static bool endpoints_add(struct serve_places *places, enum serve_service service,
                          const char *option, const char *text, uint16_t default_port)
{
	char quoted[COMMAND_QUOTE_SIZE];
	char without_port[SERVER_HOST_SIZE];
	const char *bare = before_port_zero(text, without_port, sizeof(without_port));
	struct serve_endpoint endpoint = { .service = service };
	enum server_spec_verdict verdict;
	struct server_spec spec;

	verdict = bare ? listen_spec_parse(bare, 0, &spec)
	               : listen_spec_parse(text, default_port, &spec);
	if (verdict == SERVER_SPEC_OK && strcmp(spec.host, "*") == 0) {
		return endpoints_add_all(places, service, spec.port);
	}
	if (verdict == SERVER_SPEC_OK && !address_parse(spec.host, &endpoint.at)) {
		verdict = SERVER_SPEC_BAD_HOST;
	}
	if (verdict == SERVER_SPEC_BAD_HOST) {
		command_complain(
			"--%s %s: not an address of this host: give it in numbers, "
			"or \"*\" for all",
			option, command_quote(text, quoted));
		return false;
	}
	if (verdict != SERVER_SPEC_OK) {
		command_complain("--%s %s: %s", option, command_quote(text, quoted),
		                 server_spec_verdict_text(verdict));
		return false;
	}
	if (address_lacks_zone(&endpoint.at)) {
		command_complain("--%s %s: %s is link-local: add the interface, %s%%eth0",
		                 option, command_quote(text, quoted), spec.host, spec.host);
		return false;
	}
	endpoint.at.port = spec.port;
	return endpoint_add(places, endpoint);
}

static bool is_none(const struct option_texts *texts)
{
	return texts->count == 1 && strcmp(texts->items[0], "none") == 0;
}

static bool none_stands_alone(const struct option_texts *texts, const char *option)
{
	for (size_t i = 0; i < texts->count && texts->count > 1; i++) {
		if (strcmp(texts->items[i], "none") == 0) {
			command_complain("--%s none: give it alone, or addresses alone",
			                 option);
			return false;
		}
	}
	return true;
}

static bool is_inherited(const struct serve_places *places, enum serve_service service)
{
	for (size_t i = 0; i < places->inherited_count; i++) {
		if (places->inherited[i].service == service) {
			return true;
		}
	}
	return false;
}

static int endpoints_from(const struct serve_options *options, struct serve_places *ret)
{
	const struct {
		const struct option_texts *texts;
		enum serve_service service;
		const char *option;
		uint16_t port;
	} lists[] = {
		{ &options->listen, SERVE_NTP, "listen", NTP_PORT },
		{ &options->text_listen, SERVE_REQTIME, "text-listen", REQTIME_PORT },
		{ &options->time_listen, SERVE_TIME, "time-listen", TIME_PORT },
		{ &options->daytime_listen, SERVE_DAYTIME, "daytime-listen", DAYTIME_PORT },
	};

	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		if (!none_stands_alone(lists[i].texts, lists[i].option)) {
			return REQTIME_EXIT_USAGE;
		}
	}
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		if (is_none(lists[i].texts) && is_inherited(ret, lists[i].service)) {
			command_complain(
				"--%s none: the service manager hands over a socket "
				"for it: remove that from its unit (systemctl edit "
				"reqtimed.socket), or leave the option away",
				lists[i].option);
			return REQTIME_EXIT_USAGE;
		}
	}
	/* Sockets that were handed over say where to listen. */
	if (options->listen.count == 0 && ret->inherited_count == 0 &&
	    !endpoints_add_all(ret, SERVE_NTP, NTP_PORT)) {
		return REQTIME_EXIT_USAGE;
	}
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		for (size_t k = 0; k < lists[i].texts->count && !is_none(lists[i].texts);
		     k++) {
			if (!endpoints_add(ret, lists[i].service, lists[i].option,
			                   lists[i].texts->items[k], lists[i].port)) {
				return REQTIME_EXIT_USAGE;
			}
		}
	}
	if (ret->endpoint_count + ret->inherited_count == 0) {
		command_complain(
			"nothing to listen on: --listen none leaves NTP out; give an "
			"address to --text-listen, --time-listen or --daytime-listen");
		return REQTIME_EXIT_USAGE;
	}
	return 0;
}

/* By its name in the unit (FileDescriptorName=), else by its port.  SERVE_SERVICE_COUNT when
 * neither says. */
static enum serve_service service_of(const struct inherited *in)
{
	static const uint16_t ports[SERVE_SERVICE_COUNT] = {
		[SERVE_NTP] = NTP_PORT,
		[SERVE_REQTIME] = REQTIME_PORT,
		[SERVE_TIME] = TIME_PORT,
		[SERVE_DAYTIME] = DAYTIME_PORT,
	};

	for (unsigned i = 0; i < SERVE_SERVICE_COUNT; i++) {
		if (strcmp(in->name, serve_service_name((enum serve_service)i)) == 0) {
			return (enum serve_service)i;
		}
	}
	for (unsigned i = 0; i < SERVE_SERVICE_COUNT; i++) {
		if (in->at.port == ports[i]) {
			return (enum serve_service)i;
		}
	}
	return SERVE_SERVICE_COUNT;
}

static int inherit_one(const struct inherited *in, struct serve_places *ret)
{
	enum serve_service service = service_of(in);
	char quoted[COMMAND_QUOTE_SIZE];

	if (in->at.family == ADDRESS_NONE || service == SERVE_SERVICE_COUNT) {
		command_complain(
			"the socket \"%s\" of the service manager is for no service "
			"of ours: FileDescriptorName= ntp, text, time or daytime",
			command_quote(in->name, quoted));
		return REQTIME_EXIT_USAGE;
	}
	if (service == SERVE_NTP && in->is_stream) {
		command_complain(
			"the socket \"%s\" of the service manager is TCP; NTP is UDP",
			command_quote(in->name, quoted));
		return REQTIME_EXIT_USAGE;
	}
	ret->inherited[ret->inherited_count++] = (struct serve_inherited){
		.service = service, .is_tcp = in->is_stream, .fd = in->fd
	};
	return 0;
}

int serve_places_from(const struct serve_options *options,
                      const struct inherited *inherited, size_t inherited_count,
                      struct serve_places *ret)
{
	int status = 0;

	ret->endpoint_count = 0;
	ret->inherited_count = 0;
	for (size_t i = 0; i < inherited_count && status == 0; i++) {
		status = inherit_one(&inherited[i], ret);
	}
	return status != 0 ? status : endpoints_from(options, ret);
}

bool serve_places_have_ntp(const struct serve_places *places)
{
	if (is_inherited(places, SERVE_NTP)) {
		return true;
	}
	for (size_t i = 0; i < places->endpoint_count; i++) {
		if (places->endpoints[i].service == SERVE_NTP) {
			return true;
		}
	}
	return false;
}

const char *serve_place_text(const struct serve_place *place, char buf[PLACE_TEXT_SIZE])
{
	const char *transport = place->is_tcp ? " tcp" : " udp";
	bool is_ipv6 = place->at.family == ADDRESS_IPV6;
	char address[ADDRESS_TEXT_SIZE];

	(void)address_format(&place->at, address);
	snprintf(buf, PLACE_TEXT_SIZE, "%s%s %s%s%s:%u", serve_service_name(place->service),
	         place->service == SERVE_NTP ? "" : transport, is_ipv6 ? "[" : "", address,
	         is_ipv6 ? "]" : "", place->at.port);
	return buf;
}

static const char *bind_advice(const struct serve_place *place, int error)
{
	if (error == EACCES && place->at.port < PRIVILEGED_PORTS) {
		return ": ports below 1024 need root or CAP_NET_BIND_SERVICE, or give "
		       "another port";
	}
	if (error == EADDRINUSE) {
		return ": another program has this port; ss -lnptu shows which";
	}
	if (error == EPROTONOSUPPORT) {
		return ": the socket unit needs BindIPv6Only=ipv6-only";
	}
	if (error == EADDRNOTAVAIL) {
		return ": no interface of this host has this address";
	}
	return "";
}

/* Where sockets are handed over, the service may have no network but these. */
static int complain_of_unit(const struct serve_place *failed, int error)
{
	char text[PLACE_TEXT_SIZE];

	command_complain(
		"cannot listen on %s: %s; systemd hands over the sockets of "
		"reqtimed.socket: change %s= there (systemctl edit reqtimed.socket)",
		serve_place_text(failed, text), strerror(error),
		failed->is_tcp ? "ListenStream" : "ListenDatagram");
	return REQTIME_EXIT_USAGE;
}

int serve_places_complain(const struct serve_place *failed, int error, bool has_inherited)
{
	char text[PLACE_TEXT_SIZE];

	if (has_inherited && failed->service != SERVE_SERVICE_COUNT &&
	    (error == EAFNOSUPPORT || error == EADDRINUSE || error == EADDRNOTAVAIL ||
	     error == EACCES || error == EPERM)) {
		return complain_of_unit(failed, error);
	}
	if (failed->service == SERVE_SERVICE_COUNT) {
		command_complain("cannot start: %s", strerror(error));
	} else if (error == ENODEV && failed->at.zone[0] != '\0') {
		command_complain("cannot listen on %s: no interface %s",
		                 serve_place_text(failed, text), failed->at.zone);
	} else {
		command_complain("cannot listen on %s: %s%s",
		                 serve_place_text(failed, text), strerror(error),
		                 bind_advice(failed, error));
	}
	return REQTIME_EXIT_SYSTEM;
}
