#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Letters between threads of the engine.  Each thread has one mailbox; whoever wants something from
 * it posts a letter whose function runs on that thread.  Control traffic only: the request path
 * never posts.  Letters are the poster's memory until their function has been called.
 */

#include <pthread.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/list.h"
#include "event/loop.h"

struct letter {
	struct list link;
	void (*on_receive)(struct letter *letter, void *receiver);
};

struct mailbox {
	struct loop_source source; /* eventfd, owned */
	pthread_mutex_t lock;
	struct list letters; /* under lock */
	void *receiver;      /* handed to each letter */
};

/*
 * mailbox_init() - make a mailbox that is emptied by @loop
 * @receiver: the thread's object, handed to the letters
 *
 * Return: 0; -errno.
 */
int mailbox_init(struct mailbox *mailbox, struct loop *loop, void *receiver) must_check_;

/* mailbox_fini() - close it; letters inside are forgotten, not freed; fd -1 = never made */
void mailbox_fini(struct mailbox *mailbox);

/* mailbox_post() - any thread: have @letter delivered.  Keeps the order of one poster. */
void mailbox_post(struct mailbox *mailbox, struct letter *letter);
