/* SPDX-License-Identifier: MIT
 *
 * The resolver's child: a thread pool for each address family, and the tries of a question.
 *
 * By default the C library waits 5 s for a dead name server before it asks the next one.
 * So a question is first tried with a short timeout; while it is unanswered, further tries
 * with longer timeouts run in parallel, and the first answer counts.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/net/resolve_private.h"
#include "io/sys/child.h"
#include "io/sys/monotonic.h"

enum { THREAD_STACK_OCTETS = 1024 * 1024, TICK_MS = 50 };

/* When a try begins, counted from the question, and its timeout for each name server.  The
 * first finds a good server behind dead ones, the last a slow one, the second a slow one
 * behind a dead one. */
static const struct {
	int64_t after_ns;
	int timeout_s;
} tries[] = {
	{ 0, 1 },
	{ 500 * NS_PER_MS, 2 },
	{ NS_PER_S, 5 },
};

struct lookup {
	struct question question;
	int64_t began_ns; /* when a thread took the first try */
	unsigned wanted;  /* tries requested so far */
	unsigned taken;   /* ... of them started by a thread */
	unsigned over;    /* ... and finished */
	bool is_answered;
	struct lookup *next; /* in lane.lookups */
};

struct lane {
	struct lookup *lookups; /* in the order of the questions */
	unsigned threads;
	unsigned idle;           /* threads that wait for `has_work`, or were just woken */
	pthread_cond_t has_work; /* with the pool's lock */
	struct pool *pool;
};

struct pool {
	int fd;
	unsigned try_max;
	pthread_mutex_t lock; /* protects all below; answers are sent under it */
	struct lane lanes[RESOLVE_LANES];
};

/* Whether a failure is final: the name has no such address.  Any other failure, such as
 * silent name servers, is worth a further try.  A truncated answer, which only further
 * tries accept, may have lost all its addresses. */
static bool is_final(int error, unsigned try)
{
	switch (error) {
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return try == 0;
	case 0:
	case EAI_NONAME:
	case EAI_FAMILY:
		return true;
	default:
		return false;
	}
}

/* All functions below are called with the lock held. */

static void send_answer(const struct pool *pool, const struct resolve_answer *answer)
{
	ssize_t n;

	do {
		n = send(pool->fd, answer, sizeof(*answer), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(*answer)) {
		_exit(0);
	}
}

static void forget_if_over(struct lane *lane, struct lookup *lookup)
{
	struct lookup **at = &lane->lookups;

	if (!lookup->is_answered || lookup->over < lookup->taken) {
		return;
	}
	while (*at != lookup) {
		at = &(*at)->next;
	}
	*at = lookup->next;
	free(lookup);
}

/* The first result, addresses or a final failure, is the answer; later results are
 * dropped. */
static void settle(struct lane *lane, struct lookup *lookup, bool is_last_word,
                   const struct resolve_answer *answer)
{
	lookup->over++;
	if (!lookup->is_answered && !is_last_word && lookup->over == lookup->wanted) {
		is_last_word = lookup->wanted == lane->pool->try_max;
		lookup->wanted++; /* this thread takes it next */
	}
	if (!lookup->is_answered && is_last_word) {
		lookup->is_answered = true;
		lookup->wanted = lookup->taken;
		send_answer(lane->pool, answer);
	}
	forget_if_over(lane, lookup);
}

/* The next try: a question that has had no try, else one that has waited long enough. */
static struct lookup *waiting_lookup(const struct lane *lane)
{
	struct lookup *again = NULL;

	for (struct lookup *l = lane->lookups; l; l = l->next) {
		if (l->taken < l->wanted) {
			if (l->taken == 0) {
				return l;
			}
			again = again ? again : l;
		}
	}
	return again;
}

static struct lookup *await_lookup(struct lane *lane)
{
	struct lookup *lookup;

	while (!(lookup = waiting_lookup(lane))) {
		lane->idle++;
		pthread_cond_wait(&lane->has_work, &lane->pool->lock);
		lane->idle--;
	}
	return lookup;
}

/* A thread never ends: an ended one still counts as the process's for a while, so the limit
 * on threads would not hold. */
static void *work(void *arg)
{
	struct lane *lane = arg;
	pthread_mutex_t *lock = &lane->pool->lock;
	struct resolve_answer answer;
	struct question question;
	struct lookup *lookup;
	unsigned try;
	int error;

	pthread_mutex_lock(lock);
	while ((lookup = await_lookup(lane))) {
		try = lookup->taken++;
		if (try == 0) {
			lookup->began_ns = monotonic_now_ns();
		}
		question = lookup->question;
		pthread_mutex_unlock(lock);
		error = resolve_look_up(&question, try == 0 ? 0 : tries[try].timeout_s,
		                        &answer);
		pthread_mutex_lock(lock);
		settle(lane, lookup, is_final(error, try), &answer);
	}
	pthread_mutex_unlock(lock);
	return NULL;
}

/* If no thread can be added, the existing ones go on: an errno only where there is no
 * thread. */
static int add_thread(struct lane *lane)
{
	pthread_attr_t attr;
	pthread_t thread;
	unsigned waiting = 0;
	int r;

	for (const struct lookup *l = lane->lookups; l; l = l->next) {
		waiting += l->taken < l->wanted;
	}
	if (lane->idle >= waiting) {
		pthread_cond_signal(&lane->has_work);
		return 0;
	}
	if (lane->threads == RESOLVE_PARALLEL_MAX) {
		return 0;
	}
	r = pthread_attr_init(&attr);
	if (r != 0) {
		return lane->threads > 0 ? 0 : r;
	}
	r = pthread_attr_setstacksize(&attr, THREAD_STACK_OCTETS);
	if (r == 0) {
		r = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	}
	if (r == 0) {
		r = pthread_create(&thread, &attr, work, lane);
	}
	pthread_attr_destroy(&attr);
	lane->threads += r == 0;
	return lane->threads > 0 ? 0 : r;
}

/* Answers without any (further) try. */
static void refuse_question(struct lane *lane, struct lookup *lookup, const char *why)
{
	struct resolve_answer answer = { .name = lookup->question.name,
		                         .ticket = lookup->question.ticket,
		                         .family = lookup->question.family };

	snprintf(answer.error, sizeof(answer.error), "%s", why);
	lookup->is_answered = true;
	lookup->wanted = lookup->taken;
	send_answer(lane->pool, &answer);
	forget_if_over(lane, lookup);
}

/* A new measurement repeats the questions that had no answer in the one before. */
static void refuse_earlier(struct lane *lane, uint32_t name)
{
	struct lookup *next;

	for (struct lookup *l = lane->lookups; l; l = next) {
		next = l->next;
		if (!l->is_answered && l->question.name == name) {
			refuse_question(lane, l, "asked again");
		}
	}
}

static void take_question(struct pool *pool, const struct question *question)
{
	struct lane *lane = &pool->lanes[resolve_lane(question->family)];
	struct lookup **end;
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	int error;

	if (!lookup) {
		_exit(1); /* the parent notices */
	}
	lookup->question = *question;
	lookup->wanted = 1;
	refuse_earlier(lane, question->name);
	end = &lane->lookups;
	while (*end) {
		end = &(*end)->next;
	}
	*end = lookup;
	error = add_thread(lane);
	if (error != 0) {
		/* No thread can resolve it; the other family may still work. */
		refuse_question(lane, lookup, strerror(error));
	}
}

/* Further tries begin only when no question waits for a thread, and leave threads for those
 * still to come: tries with long timeouts block a thread for long. */
static void try_again(struct lane *lane, unsigned try_max)
{
	const int64_t now_ns = monotonic_now_ns();
	const struct lookup *waiting = waiting_lookup(lane);

	if (waiting && waiting->taken == 0) {
		return;
	}
	for (struct lookup *l = lane->lookups; l; l = l->next) {
		if (!l->is_answered && l->wanted < try_max &&
		    now_ns - l->began_ns >= tries[l->wanted].after_ns &&
		    lane->threads - lane->idle < RESOLVE_PARALLEL_MAX / 2) {
			l->wanted++;
			(void)add_thread(lane);
		}
	}
}

static void take_questions(struct pool *pool)
{
	struct question question;
	ssize_t n;

	while ((n = recv(pool->fd, &question, sizeof(question), MSG_DONTWAIT)) ==
	       (ssize_t)sizeof(question)) {
		question.host[RESOLVE_HOST_SIZE - 1] = '\0';
		take_question(pool, &question);
	}
	if (n >= 0 || (errno != EAGAIN && errno != EINTR)) {
		_exit(0); /* the parent has closed its end */
	}
}

void resolve_work(int fd)
{
	struct pollfd parent = { .fd = fd, .events = POLLIN };
	/* No thread outlives this one: the process ends with it. */
	static struct pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char options[40];
	bool is_busy = false;

	pool.fd = fd;
	snprintf(options, sizeof(options), "timeout:%d attempts:2", tries[0].timeout_s);
	/* If the user sets RES_OPTIONS, those settings hold: a single try. */
	pool.try_max = getenv("RES_OPTIONS") || setenv("RES_OPTIONS", options, 1) < 0
	                       ? 1
	                       : COUNT_OF(tries);
	for (size_t i = 0; i < RESOLVE_LANES; i++) {
		pool.lanes[i].pool = &pool;
		pthread_cond_init(&pool.lanes[i].has_work, NULL);
	}
	/* This thread only dispatches: the others may be stuck in a lookup that never
	 * ends. */
	for (;;) {
		int n = poll(&parent, 1, is_busy ? TICK_MS : -1);

		pthread_mutex_lock(&pool.lock);
		if (n > 0) {
			take_questions(&pool);
		}
		is_busy = false;
		for (size_t i = 0; i < RESOLVE_LANES; i++) {
			try_again(&pool.lanes[i], pool.try_max);
			is_busy = is_busy || pool.lanes[i].lookups;
		}
		pthread_mutex_unlock(&pool.lock);
	}
}
