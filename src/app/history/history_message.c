/* SPDX-License-Identifier: MIT
 *
 * The sizes of messages, and their validation.
 */
#include <string.h>

#include "app/history/history_private.h"

size_t message_size(enum message_kind kind)
{
	static const struct message *const of;
	const size_t head = offsetof(struct message, u);

	switch (kind) {
	case MESSAGE_HEAD:
		return head + sizeof(of->u.head);
	case MESSAGE_REPLAY:
		return head + sizeof(of->u.replay);
	case MESSAGE_KISS:
		return head + sizeof(of->u.kiss);
	case MESSAGE_STORE:
		return head + sizeof(of->u.store);
	case MESSAGE_SOURCE:
		return head + sizeof(of->u.source);
	case MESSAGE_ANSWER:
		return head + sizeof(of->u.answer);
	case MESSAGE_TAKE:
	case MESSAGE_PUT:
		return head + sizeof(of->u.ticket);
	case MESSAGE_KEYS:
		return head + sizeof(of->u.keys);
	}
	return 0;
}

bool message_is_whole(const struct message *message, ssize_t len)
{
	return len >= (ssize_t)sizeof(message->kind) &&
	       (size_t)len == message_size((enum message_kind)message->kind);
}

void message_init(struct message *message, enum message_kind kind)
{
	memset(message, 0, message_size(kind));
	message->kind = (uint32_t)kind;
}
