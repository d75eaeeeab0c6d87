/* SPDX-License-Identifier: MIT */

/* One endpoint's socket and its end; see endpoint.h. */

#include "master/endpoint.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/mem.h"
#include "master/bind.h"

/*
 * The first look comes after a pause: a SYN that another core let in just before the door was shut
 * is in the kernel's table by then.
 */
#define ENDPOINT_DRAIN_STEP_MS 10
/* Accepting what is queued takes the engine one turn of its loops. */
#define ENDPOINT_ENGINE_LIMIT_MS 5000

static const char *const endpoint_state_names[ENDPOINT_STATE_COUNT_] = {
	[ENDPOINT_STATE_FAILED] = "failed",       [ENDPOINT_STATE_BOUND] = "bound",
	[ENDPOINT_STATE_LISTENING] = "listening", [ENDPOINT_STATE_DRAINING] = "retiring",
	[ENDPOINT_STATE_CLOSING] = "retiring",
};

const char *endpoint_state_name(enum endpoint_state state)
{
	assert(state < ENDPOINT_STATE_COUNT_);

	return endpoint_state_names[state];
}

static void endpoint_finish_draining(struct endpoint *endpoint)
{
	timer_disarm(&endpoint->loop->timers, &endpoint->timer);
	endpoint->owner->on_drained(endpoint);
}

static void endpoint_look(struct endpoint *endpoint, struct mono_time now)
{
	int r = handshake_set_update(&endpoint->handshakes, &endpoint->item.endpoint);

	/* Without an answer there is nothing to wait for; the engine still takes the queue. */
	if (r < 0 || endpoint->handshakes.n_remotes == 0 || now.ns >= endpoint->deadline.ns) {
		endpoint_finish_draining(endpoint);
		return;
	}
	timer_arm(&endpoint->loop->timers, &endpoint->timer,
		  mono_add_ms(now, ENDPOINT_DRAIN_STEP_MS));
}

static void endpoint_on_expire(struct timer *timer, struct mono_time now)
{
	struct endpoint *endpoint = container_of(timer, struct endpoint, timer);

	if (endpoint->state == ENDPOINT_STATE_DRAINING) {
		endpoint_look(endpoint, now);
	} else if (endpoint->state == ENDPOINT_STATE_CLOSING) {
		endpoint->owner->on_timeout(endpoint);
	}
}

struct endpoint *endpoint_new(const struct ip_endpoint *address, unsigned scheme, struct loop *loop,
			      const struct endpoint_owner *owner)
{
	assert(address != NULL && loop != NULL && owner != NULL);

	struct endpoint *endpoint = mem_new(sizeof(*endpoint));

	if (endpoint == NULL) {
		return NULL;
	}
	list_init(&endpoint->link);
	endpoint->item.endpoint = *address;
	endpoint->scheme = scheme;
	endpoint->fd = -1;
	endpoint->loop = loop;
	endpoint->owner = owner;
	timer_init(&endpoint->timer, endpoint_on_expire);

	return endpoint;
}

struct endpoint *endpoint_free(struct endpoint *endpoint)
{
	if (endpoint == NULL) {
		return NULL;
	}
	timer_disarm(&endpoint->loop->timers, &endpoint->timer);
	list_remove(&endpoint->link);
	handshake_set_fini(&endpoint->handshakes);
	endpoint->fd = fd_close(endpoint->fd);
	mem_free(endpoint);

	return NULL;
}

void endpoint_adopt_fd(struct endpoint *endpoint, int fd, bool is_reuseport)
{
	assert(endpoint != NULL && endpoint->fd == -1 && fd >= 0);

	struct stat status;

	endpoint->fd = fd;
	endpoint->inode = fstat(fd, &status) == 0 ? (uint32_t)status.st_ino : 0;
	endpoint->state = ENDPOINT_STATE_BOUND;
	endpoint->is_reuseport = is_reuseport;
	endpoint->is_sent = false;
	endpoint->item.outcome = PLAN_OUTCOME_OPEN;
	endpoint->item.holder_inode = 0;
	endpoint->item.text[0] = '\0';
	endpoint->item.repair[0] = '\0';
}

void endpoint_fail(struct endpoint *endpoint, const struct plan_item *why)
{
	assert(endpoint != NULL && why != NULL && why->outcome != PLAN_OUTCOME_OPEN);
	assert(!endpoint_is_retiring(endpoint) && !endpoint->is_sent);

	endpoint->fd = fd_close(endpoint->fd);
	endpoint->inode = 0;
	endpoint->state = ENDPOINT_STATE_FAILED;
	endpoint->is_reuseport = false;
	endpoint->item = *why;
}

void endpoint_drain(struct endpoint *endpoint, int64_t timeout_ms, uint64_t number)
{
	assert(endpoint != NULL && endpoint->state == ENDPOINT_STATE_LISTENING);
	assert(timeout_ms >= 0 && number > 0);

	endpoint->state = ENDPOINT_STATE_DRAINING;
	endpoint->retire_number = number;
	endpoint->deadline = mono_add_ms(endpoint->loop->now, timeout_ms);
	handshake_set_fini(&endpoint->handshakes);
	if (bind_shut_door(endpoint->fd) != 0) {
		/* Connections that begin between the last accept and the close are reset then. */
		diag_warning("a socket cannot be kept from new connections: %s", strerror(errno));
	}
	timer_arm(&endpoint->loop->timers, &endpoint->timer,
		  mono_add_ms(endpoint->loop->now, ENDPOINT_DRAIN_STEP_MS));
}

void endpoint_await_engine(struct endpoint *endpoint)
{
	assert(endpoint != NULL && endpoint->state == ENDPOINT_STATE_DRAINING);

	endpoint->state = ENDPOINT_STATE_CLOSING;
	timer_arm(&endpoint->loop->timers, &endpoint->timer,
		  mono_add_ms(endpoint->loop->now, ENDPOINT_ENGINE_LIMIT_MS));
}

bool endpoint_revive(struct endpoint *endpoint)
{
	assert(endpoint != NULL && endpoint_is_retiring(endpoint));

	if (bind_open_door(endpoint->fd) != 0) {
		endpoint->is_lost = true;
		return false;
	}
	timer_disarm(&endpoint->loop->timers, &endpoint->timer);
	handshake_set_fini(&endpoint->handshakes);
	endpoint->state = ENDPOINT_STATE_LISTENING;
	endpoint->retire_number = 0;

	return true;
}

void endpoint_set_reuseport(struct endpoint *endpoint, bool is_on)
{
	assert(endpoint != NULL);

	if (endpoint->fd == -1 || endpoint->is_reuseport == is_on) {
		return;
	}
	if (bind_set_reuseport(endpoint->fd, is_on) == 0) {
		endpoint->is_reuseport = is_on;
	}
}
