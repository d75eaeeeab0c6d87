/* SPDX-License-Identifier: MIT */

/* Mailboxes of the engine's threads; see mailbox.h. */

#include "engine/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/result.h"

static void mailbox_on_event(struct loop_source *source, uint32_t events)
{
	struct mailbox *mailbox = container_of(source, struct mailbox, source);
	struct list letters;
	uint64_t count;

	(void)events;
	/* The counter is only a bell; what counts is the list. */
	ssize_t n = read(source->fd, &count, sizeof(count));
	(void)n;

	list_init(&letters);
	pthread_mutex_lock(&mailbox->lock);
	while (!list_is_empty(&mailbox->letters)) {
		struct list *node = mailbox->letters.next;

		list_remove(node);
		list_append(&letters, node);
	}
	pthread_mutex_unlock(&mailbox->lock);

	while (!list_is_empty(&letters)) {
		struct letter *letter = list_entry(letters.next, struct letter, link);

		list_remove(&letter->link);
		letter->on_receive(letter, mailbox->receiver);
	}
}

int mailbox_init(struct mailbox *mailbox, struct loop *loop, void *receiver)
{
	assert(mailbox != NULL && loop != NULL);

	mailbox->receiver = receiver;
	mailbox->source.on_event = mailbox_on_event;
	list_init(&mailbox->letters);
	pthread_mutex_init(&mailbox->lock, NULL);

	mailbox->source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->source.fd == -1) {
		return result_origin(-errno);
	}

	int r = loop_add(loop, &mailbox->source, EPOLLIN);
	if (r < 0) {
		mailbox_fini(mailbox);

		return result_trace(r);
	}

	return 0;
}

void mailbox_fini(struct mailbox *mailbox)
{
	if (mailbox == NULL || mailbox->source.fd == -1) {
		return;
	}

	mailbox->source.fd = fd_close(mailbox->source.fd);
	pthread_mutex_destroy(&mailbox->lock);
}

void mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
	const uint64_t one = 1;

	assert(letter->on_receive != NULL);

	pthread_mutex_lock(&mailbox->lock);
	list_append(&mailbox->letters, &letter->link);
	pthread_mutex_unlock(&mailbox->lock);

	/* Fails only when the counter is full, and then the bell is ringing already. */
	ssize_t n = write(mailbox->source.fd, &one, sizeof(one));
	(void)n;
}
