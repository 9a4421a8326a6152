/* SPDX-License-Identifier: MIT
 *
 * Control messages: a header, data and padding (RFC 3542 section 20).
 */
#include "io/net/control.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The message at offset `at` of the buffer. */
static struct cmsghdr *message_at(const struct msghdr *msg, size_t at)
{
	const size_t end = msg->msg_controllen;
	struct cmsghdr *message = (void *)((uint8_t *)msg->msg_control + at);

	if (at > end || end - at < sizeof(*message) ||
	    message->cmsg_len < sizeof(*message) || message->cmsg_len > end - at) {
		return NULL;
	}
	return message;
}

struct cmsghdr *control_first(const struct msghdr *msg)
{
	return message_at(msg, 0);
}

struct cmsghdr *control_next(const struct msghdr *msg, struct cmsghdr *message)
{
	const size_t at = (size_t)((uint8_t *)message - (uint8_t *)msg->msg_control);

	return message_at(msg, at + CMSG_ALIGN((size_t)message->cmsg_len));
}

void control_add(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
	const struct cmsghdr head = { .cmsg_len = (socklen_t)CMSG_LEN(len),
		                      .cmsg_level = level,
		                      .cmsg_type = type };
	uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;

	memset(at, 0, CMSG_SPACE(len));
	memcpy(at, &head, sizeof(head));
	memcpy(at + CMSG_LEN(0), data, len);
	msg->msg_controllen += (socklen_t)CMSG_SPACE(len);
}
