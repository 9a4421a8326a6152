#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# page_look.py PICTURE [#rrggbb]...  the number of pixels of a PNG that are close to each colour; other
#                                    words are ignored
# page_look.py contrast PAGE         the contrast of text and lines in a page's style, by WCAG
#                                    2.1: one line each, "light --dim on --card 5.87"
"""Looks at pages and at pictures of them, without any library."""
import re
import struct
import sys
import zlib

NEAR = 24  # of 255, in each channel: edges are smoothed


def pixels(path):
    """Yields (r, g, b) of an 8-bit PNG."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, packed, width, channels = 8, b"", 0, 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            channels = {2: 3, 6: 4}[colour]
            assert depth == 8
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    raw = zlib.decompress(packed)
    stride = width * channels
    before = bytearray(stride)
    for row in range(height):
        kind = raw[row * (stride + 1)]
        line = bytearray(raw[row * (stride + 1) + 1:(row + 1) * (stride + 1)])
        for i in range(stride):
            left = line[i - channels] if i >= channels else 0
            up = before[i]
            corner = before[i - channels] if i >= channels else 0
            if kind == 1:
                line[i] = (line[i] + left) & 255
            elif kind == 2:
                line[i] = (line[i] + up) & 255
            elif kind == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            elif kind == 4:
                guess = left + up - corner
                best = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                           (abs(guess - corner), 2, corner))
                line[i] = (line[i] + best[2]) & 255
        for i in range(0, stride, channels):
            yield line[i], line[i + 1], line[i + 2]
        before = line


def rgb(text):
    text = text.lstrip("#")
    if len(text) == 3:
        text = "".join(c + c for c in text)
    return tuple(int(text[i:i + 2], 16) for i in (0, 2, 4))


def count(path, colours):
    counts = {}
    for pixel in pixels(path):
        counts[pixel] = counts.get(pixel, 0) + 1
    for colour in colours:
        if not colour.startswith("#"):
            continue
        want = rgb(colour)
        print(colour, sum(n for pixel, n in counts.items()
                          if all(abs(a - b) <= NEAR for a, b in zip(pixel, want))))


def luminance(colour):
    def linear(c):
        c /= 255
        return c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
    r, g, b = (linear(c) for c in rgb(colour))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    bright, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def contrasts(path):
    style = re.search(r"<style>(.*?)</style>", open(path, encoding="utf-8").read(), re.S)[1]
    themes = [dict(re.findall(r"(--[a-z]+):(#[0-9a-f]+)", block))
              for block in re.findall(r":root\{([^}]*--bg[^}]*)\}", style)]
    for name, theme in zip(("light", "dark", "print"), themes):
        for ground in ("--bg", "--card"):
            for ink in theme:
                if ink not in ("--bg", "--card", "--rule"):
                    print(name, ink, "on", ground,
                          "%.2f" % contrast(theme[ink], theme[ground]))


if sys.argv[1] == "contrast":
    contrasts(sys.argv[2])
else:
    count(sys.argv[1], sys.argv[2:])
