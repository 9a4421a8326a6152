/* SPDX-License-Identifier: MIT
 *
 * Frames in words: contents that are not decoded have the names of the IANA and IEEE
 * registries.
 */
#include <stdio.h>

#include "core/trace/frame_private.h"

struct name {
	uint16_t code;
	const char *name;
};

static const struct name types[] = {
	{ 0x0806, "ARP" },
	{ 0x0842, "Wake-on-LAN" },
	{ 0x8035, "RARP" },
	{ 0x8863, "PPPoE discovery" },
	{ 0x886d, "Intel ANS" },
	{ 0x888e, "EAPOL" },
	{ 0x88be, "ERSPAN" },
	{ 0x88cc, "LLDP" },
	{ 0x88e5, "MACsec, encrypted" },
	{ 0x88e7, "provider backbone bridging" },
	{ 0x88f7, "PTP over Ethernet" },
	{ 0x8902, "CFM" },
	{ 0x8906, "FCoE" },
	{ 0x8809, "LACP" },
	{ 0x892f, "HSR" },
	{ 0x9000, "loopback test" },
	{ 0x22eb, "ERSPAN" },
	{ 0x894f, "NSH" },
};

static const struct name ppp_protocols[] = {
	{ 0x003d, "multilink PPP" },
	{ 0x0053, "encrypted PPP" },
	{ 0x00fd, "compressed PPP" },
	{ 0x8021, "IPCP" },
	{ 0x8057, "IPv6CP" },
	{ 0x80fd, "CCP" },
	{ 0xc021, "LCP" },
	{ 0xc023, "PAP" },
	{ 0xc025, "link quality" },
	{ 0xc223, "CHAP" },
};

static const struct name protocols[] = {
	{ 1, "ICMP" },
	{ 2, "IGMP" },
	{ 33, "DCCP" },
	{ 46, "RSVP" },
	{ 50, "ESP, encrypted" },
	{ 58, "ICMPv6" },
	{ 59, "no next header" },
	{ 88, "EIGRP" },
	{ 89, "OSPF" },
	{ 103, "PIM" },
	{ 108, "compressed IP" },
	{ 112, "VRRP" },
	{ 115, "L2TPv3" },
	{ 132, "SCTP" },
	{ 136, "UDP-Lite" },
};

static const struct name udp_ports[] = {
	{ 1701, "L2TP" },
	{ 2152, "GTP-U" },
	{ 4500, "IPsec, encrypted" },
	{ 4754, "GRE in UDP" },
	{ 4790, "VXLAN-GPE" },
	{ 6635, "MPLS in UDP" },
	{ 51820, "WireGuard, encrypted" },
};

static const char *find(const struct name *names, size_t count, unsigned code)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i].code == code) {
			return names[i].name;
		}
	}
	return NULL;
}

const char *frame_unread_udp(uint16_t port)
{
	return find(udp_ports, COUNT_OF(udp_ports), port);
}

/* "ARP (EtherType 0x0806)", or the number alone if it has no name here. */
static void format_numbered(const char *name, const char *number, char *buf)
{
	if (name) {
		snprintf(buf, FRAME_NAME_SIZE, "%s (%s)", name, number);
	} else {
		snprintf(buf, FRAME_NAME_SIZE, "%s", number);
	}
}

static void format_type(uint16_t type, char *buf)
{
	char number[24];

	if (type == 0) {
		snprintf(buf, FRAME_NAME_SIZE, "not IP");
	} else if (type < FRAME_TYPE_MIN) {
		snprintf(buf, FRAME_NAME_SIZE, "IEEE 802.3 without SNAP");
	} else {
		snprintf(number, sizeof(number), "EtherType 0x%04x", type);
		format_numbered(find(types, COUNT_OF(types), type), number, buf);
	}
}

static void format_gre(uint16_t version, char *buf)
{
	if (version > 1) {
		snprintf(buf, FRAME_NAME_SIZE, "GRE version %u", version);
	} else {
		snprintf(buf, FRAME_NAME_SIZE, "%s",
		         version == 0 ? "GRE with a source route"
		                      : "GRE of PPTP without a packet");
	}
}

void frame_unread_format(enum frame_verdict verdict, uint16_t code, char *buf)
{
	char number[24];

	switch (verdict) {
	case FRAME_NOT_IP:
		format_type(code, buf);
		break;
	case FRAME_NOT_IP_IN_PPP:
		snprintf(number, sizeof(number), "PPP protocol 0x%04x", code);
		format_numbered(find(ppp_protocols, COUNT_OF(ppp_protocols), code), number,
		                buf);
		break;
	case FRAME_OTHER_PROTOCOL:
		snprintf(number, sizeof(number), "IP protocol %u", code);
		format_numbered(find(protocols, COUNT_OF(protocols), code), number, buf);
		break;
	case FRAME_OTHER_GRE:
		format_gre(code, buf);
		break;
	case FRAME_OTHER_MPLS:
		snprintf(buf, FRAME_NAME_SIZE, "MPLS with neither IP nor Ethernet inside");
		break;
	default:
		snprintf(buf, FRAME_NAME_SIZE, "%s", frame_verdict_text(verdict));
		break;
	}
}

const char *frame_verdict_text(enum frame_verdict verdict)
{
	static const char *const texts[] = {
		[FRAME_OK] = "UDP or TCP",
		[FRAME_NOT_IP] = "not IP",
		[FRAME_NOT_IP_IN_PPP] = "PPP without IP",
		[FRAME_OTHER_PROTOCOL] = "neither UDP nor TCP",
		[FRAME_OTHER_GRE] = "GRE of an unknown kind",
		[FRAME_OTHER_MPLS] = "MPLS of an unknown kind",
		[FRAME_FRAGMENT] = "IP fragment: fragments are not reassembled",
		[FRAME_TOO_DEEP] = "nested too deep",
		[FRAME_CUT] = "cut short by the capture",
		[FRAME_MALFORMED] = "malformed: its lengths contradict each other",
	};

	return (size_t)verdict < COUNT_OF(texts) ? texts[verdict] : "unknown";
}

const char *frame_tunnel_name(enum frame_tunnel tunnel)
{
	static const char *const names[FRAME_TUNNEL_COUNT] = {
		[FRAME_TUNNEL_PPPOE] = "PPPoE",     [FRAME_TUNNEL_MPLS] = "MPLS",
		[FRAME_TUNNEL_GRE] = "GRE",         [FRAME_TUNNEL_IP] = "IP-in-IP",
		[FRAME_TUNNEL_ETHERIP] = "EtherIP", [FRAME_TUNNEL_VXLAN] = "VXLAN",
		[FRAME_TUNNEL_GENEVE] = "Geneve",
	};

	return (size_t)tunnel < COUNT_OF(names) ? names[tunnel] : "unknown";
}
