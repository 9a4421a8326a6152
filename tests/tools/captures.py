#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""captures.py CAPTURE FOLDER: the first exchange of CAPTURE (pcap with nanoseconds, Ethernet, IPv4 without
options) in other forms: inside tunnels, on other links, out of order, cut; one file each."""
import gzip
import os
import struct
import sys

source, folder = sys.argv[1], sys.argv[2]
os.makedirs(folder, exist_ok=True)
data = open(source, "rb").read()
frames, at = [], 24
while len(frames) < 2:
    seconds, nanoseconds, captured, wire = struct.unpack("<IIII", data[at : at + 16])
    frames.append((seconds, nanoseconds, data[at + 16 : at + 16 + captured]))
    at += 16 + captured


def write(name, packets, link=1):
    """packets: (seconds, nanoseconds, octets[, octets on the wire])"""
    with open(os.path.join(folder, name + ".pcap"), "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link))
        for seconds, nanoseconds, octets, *wire in packets:
            length = wire[0] if wire else len(octets)
            out.write(struct.pack("<IIII", seconds, nanoseconds, len(octets), length) + octets)


wires = []  # Ethernet frames that tshark decodes without options


def wrapped(name, wrap, link=1):
    """wrap: from an IP packet to a frame"""
    packets = [(s, n, wrap(octets[14:])) for s, n, octets in frames]
    write(name, packets, link)
    if link == 1 and name != "mpls-pseudowire":
        wires.extend(packets)


def eth(octets, kind=0x0800):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + struct.pack(">H", kind) + octets


def ip(octets, protocol):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(octets), 1, 0, 64, protocol, 0)
    return head + bytes((203, 0, 113, 1, 203, 0, 113, 2)) + octets


def ip6(octets, protocol):
    ends = b"\xfd" + bytes(14) + b"\1" + b"\xfd" + bytes(14) + b"\2"
    return struct.pack(">IHBB", 6 << 28, len(octets), protocol, 64) + ends + octets


def udp(octets, port):
    return struct.pack(">HHHH", 50000, port, 8 + len(octets), 0) + octets


def pppoe(octets):
    return struct.pack(">BBHHH", 0x11, 0, 5, len(octets) + 2, 0x21) + octets


def vxlan(octets):
    return struct.pack(">II", 0x08000000, 72 << 8) + eth(octets)


def tag(octets, kind):
    return struct.pack(">HH", 100, kind) + octets


label = struct.pack(">I", 100 << 12 | 0x40)
last = struct.pack(">I", 100 << 12 | 0x100 | 0x40)

wrapped("pppoe", lambda p: eth(pppoe(p), 0x8864))
wrapped("pppoe-qinq", lambda p: eth(tag(tag(pppoe(p), 0x8864), 0x8100), 0x88A8))
wrapped("mpls", lambda p: eth(label + last + p, 0x8847))
wrapped("mpls-pseudowire", lambda p: eth(label + last + bytes(4) + eth(p), 0x8847))
wrapped("gre", lambda p: eth(ip(b"\0\0\x08\0" + p, 47)))
wrapped("gre-key-sequence", lambda p: eth(ip(b"\x30\0\x08\0\0\0\0\7\0\0\0\1" + p, 47)))
wrapped("gre-ethernet", lambda p: eth(ip(b"\0\0\x65\x58" + eth(p), 47)))
wrapped("ipip", lambda p: eth(ip(p, 4)))
wrapped("4in6", lambda p: eth(ip6(p, 4), 0x86DD))
wrapped("vxlan", lambda p: eth(ip(udp(vxlan(p), 4789), 17)))
wrapped("vxlan-ipv6", lambda p: eth(ip6(udp(vxlan(p), 4789), 17), 0x86DD))
wrapped("geneve", lambda p: eth(ip(udp(b"\0\0\x65\x58\0\0\7\0" + eth(p), 6081), 17)))
wrapped("vxlan-gre-mpls", lambda p: eth(last + ip(b"\0\0\x08\0" + ip(udp(vxlan(p), 4789), 17), 47), 0x8847))
wrapped("ppp", lambda p: b"\xff\3\0\x21" + p, 9)
wrapped("nflog", lambda p: b"\2\0\0\0" + struct.pack("<HH", 4 + len(p), 9) + p + bytes(-len(p) % 4), 239)

write("wires", wires)

(s1, n1, request), (s2, n2, answer) = frames
write("swapped", [frames[1], frames[0]])
write("back", [frames[0], (s2 - 160, n2, answer)])
write("same", [frames[0], (s1, n1, answer)])
write("cut", [(s1, n1, request[:68], 90), (s2, n2, answer[:68], 90)])
write("cut-ip", [(s1, n1, request[:30], 90), (s2, n2, answer, 90)])
arp = b"\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\x06" + bytes(46)
fragment = bytearray(request)
fragment[20] = 0x20
write(
    "unread",
    [
        (s1, n1, arp),
        (s1, n1, arp),
        (s1, n1, eth(ip(bytes(60), 50))),
        (s1, n1, bytes(fragment)),
        (s1, n1, eth(ip(b"\x40\0\x08\0" + request[14:], 47))),
        (s1, n1, eth(ip(udp(bytes(60), 51820), 17))),
        frames[0],
        frames[1],
    ],
)
with open(os.path.join(folder, "packed.pcap.gz"), "wb") as packed:
    packed.write(gzip.compress(data))
