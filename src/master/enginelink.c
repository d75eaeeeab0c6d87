/* SPDX-License-Identifier: MIT */

/* The engine's process and channel; see enginelink.h. */

#include "master/enginelink.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/result.h"
#include "master/text.h"

static void enginelink_on_channel(struct loop_source *source, uint32_t events);
static void enginelink_on_process(struct loop_source *source, uint32_t events);

static void enginelink_on_pause(struct timer *timer, struct mono_time now)
{
	struct enginelink *link = container_of(timer, struct enginelink, pause);

	(void)now;

	int r = enginelink_start(link);
	if (r < 0) {
		link->events->on_failure(link->context, r);
	}
}

void enginelink_init(struct enginelink *link, struct loop *loop,
		     const struct enginelink_events *events, void *context)
{
	assert(link != NULL && loop != NULL && events != NULL);

	*link = (struct enginelink){
		.loop = loop,
		.events = events,
		.context = context,
		.channel.fd = -1,
		.process.pidfd = -1,
		.pause_ms = ENGINELINK_PAUSE_MIN_MS,
		.app_fd = -1,
		.lock_fd = -1,
	};
	timer_init(&link->pause, enginelink_on_pause);
}

static void enginelink_close_channel(struct enginelink *link)
{
	if (link->channel.fd != -1) {
		loop_remove(link->loop, &link->channel_source);
		channel_fini(&link->channel);
		link->channel.fd = -1;
	}
}

void enginelink_hang_up(struct enginelink *link)
{
	assert(link != NULL);

	enginelink_close_channel(link);
}

void enginelink_kill(struct enginelink *link)
{
	assert(link != NULL);

	if (link->process.pid > 0 && kill(link->process.pid, SIGKILL) == -1) {
		diag_debug("kill %d: already gone", (int)link->process.pid);
	}
}

void enginelink_fini(struct enginelink *link)
{
	assert(link != NULL);

	char text[TEXT_BYTES];

	if (link->loop == NULL) {
		return;
	}
	timer_disarm(&link->loop->timers, &link->pause);
	enginelink_close_channel(link);
	if (link->process.pidfd != -1) {
		loop_remove(link->loop, &link->process_source);
		enginelink_kill(link);
		spawn_reap(&link->process, text, sizeof(text));
	}
	*link = (struct enginelink){0};
}

/* Both sources; what was done is undone by enginelink_fini(). */
static int enginelink_watch(struct enginelink *link)
{
	link->channel_source = (struct loop_source){
		.fd = link->channel.fd,
		.on_event = enginelink_on_channel,
	};
	link->process_source = (struct loop_source){
		.fd = link->process.pidfd,
		.on_event = enginelink_on_process,
	};

	int r = loop_add(link->loop, &link->channel_source, EPOLLIN);
	if (r < 0) {
		return result_trace(r);
	}

	return result_trace(loop_add(link->loop, &link->process_source, EPOLLIN));
}

int enginelink_start(struct enginelink *link)
{
	assert(link != NULL && link->state == ENGINELINK_STATE_DOWN);

	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
		return result_origin(-errno);
	}

	cleanup_(fd_close_p) int theirs = pair[1];
	int r = channel_init(&link->channel, pair[0], MESSAGE_SENDER_ENGINE);

	if (r < 0) {
		link->channel.fd = -1;
		return result_trace(r);
	}
	r = spawn_engine(theirs, link->app_fd, link->lock_fd, link->user, &link->process);
	if (r < 0) {
		channel_fini(&link->channel);
		link->channel.fd = -1;
		return result_trace(r);
	}
	link->state = ENGINELINK_STATE_STARTING;
	link->started_at = link->loop->now;
	r = enginelink_watch(link);

	return r < 0 ? result_trace(r) : result_trace(link->events->on_start(link->context));
}

void enginelink_note_ready(struct enginelink *link)
{
	assert(link != NULL);

	if (link->state == ENGINELINK_STATE_STARTING) {
		link->state = ENGINELINK_STATE_READY;
		link->was_ever_ready = true;
	}
}

void enginelink_stop(struct enginelink *link)
{
	assert(link != NULL);

	link->is_stopping = true;
	timer_disarm(&link->loop->timers, &link->pause);
}

/* What the socket did not take goes out when it is writable again. */
static int enginelink_update_events(struct enginelink *link)
{
	uint32_t events = channel_has_backlog(&link->channel) ? EPOLLIN | EPOLLOUT : EPOLLIN;

	return result_trace(loop_modify(link->loop, &link->channel_source, events));
}

int enginelink_send(struct enginelink *link, struct message *message)
{
	assert(link != NULL && message != NULL);

	if (link->channel.fd == -1) {
		message_fini(message);
		return 0;
	}

	int r = channel_send(&link->channel, message);
	if (r == CHANNEL_E_CLOSED) {
		enginelink_kill(link);
		return 0;
	}

	return r == 0 ? enginelink_update_events(link) : result_fold(r);
}

/* One message.  Return: 1 = there may be more; 0 = not now; -errno (fatal). */
static int enginelink_receive(struct enginelink *link)
{
	struct message message;
	int r = channel_receive(&link->channel, &message);

	switch (r) {
	case 0:
		r = link->events->on_message(link->context, &message);
		message_fini(&message);
		return r < 0 ? result_trace(r) : 1;
	case CHANNEL_E_AGAIN:
		return 0;
	case CHANNEL_E_INVALID:
		diag_error("the engine broke the protocol: %s", link->channel.error);
		enginelink_kill(link);
		return 0;
	case CHANNEL_E_CLOSED:
		/* Its process is ending, or has lost its mind. */
		enginelink_close_channel(link);
		enginelink_kill(link);
		return 0;
	default:
		return result_fold(r);
	}
}

static void enginelink_on_channel(struct loop_source *source, uint32_t events)
{
	struct enginelink *link = container_of(source, struct enginelink, channel_source);
	int r = 1;

	if ((events & EPOLLOUT) != 0) {
		r = channel_flush(&link->channel);
		if (r == CHANNEL_E_CLOSED) {
			enginelink_kill(link);
			return;
		}
		r = r < 0 ? r : enginelink_update_events(link);
		r = r < 0 ? r : 1;
	}
	while (r > 0 && link->channel.fd != -1) {
		r = enginelink_receive(link);
	}
	if (r < 0) {
		link->events->on_failure(link->context, r);
	}
}

/* How long until the next start: not at all after a long life, ever longer after short ones. */
static void enginelink_schedule(struct enginelink *link)
{
	if (mono_diff_ms(link->loop->now, link->started_at) >= ENGINELINK_SOON_MS) {
		link->pause_ms = ENGINELINK_PAUSE_MIN_MS;
	}
	timer_arm(&link->loop->timers, &link->pause, mono_add_ms(link->loop->now, link->pause_ms));
	link->pause_ms *= 2;
	if (link->pause_ms > ENGINELINK_PAUSE_MAX_MS) {
		link->pause_ms = ENGINELINK_PAUSE_MAX_MS;
	}
}

static void enginelink_on_process(struct loop_source *source, uint32_t events)
{
	struct enginelink *link = container_of(source, struct enginelink, process_source);
	char text[TEXT_BYTES];

	(void)events;

	loop_remove(link->loop, &link->process_source);
	spawn_reap(&link->process, text, sizeof(text));
	/* What it said last (ENGINE_STOPPED, events) is still in the channel. */
	if (link->channel.fd != -1) {
		enginelink_on_channel(&link->channel_source, EPOLLIN);
	}
	enginelink_close_channel(link);
	link->n_failed_starts += !link->was_ever_ready;
	link->state = ENGINELINK_STATE_DOWN;
	link->events->on_end(link->context, text);
	if (link->is_stopping) {
		return;
	}
	if (!link->was_ever_ready && link->n_failed_starts >= ENGINELINK_FAILED_STARTS_MAX) {
		link->events->on_failure(link->context, result_origin(-ECHILD));
		return;
	}
	enginelink_schedule(link);
}
