#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Read-copy-update (liburcu, qsbr flavour): one writer thread replaces shared
 * objects, reader threads use them without locks between two quiescent states.
 * This wrapper exists so that the thread sanitizer learns of the grace period.
 */

/* rcu_thread_enter() / rcu_thread_leave() - begin and end being a reader (and writer) thread */
void rcu_thread_enter(void);
void rcu_thread_leave(void);

/* rcu_pause() - the thread holds no shared object and is about to sleep */
void rcu_pause(void);

/* rcu_resume() - the thread is back from its sleep and may read again */
void rcu_resume(void);

/* rcu_wait() - writer: return when no reader can still see what was unpublished before */
void rcu_wait(void);

/* Publish and read a shared pointer: release and acquire, in the C11 memory model. */
#define rcu_publish(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define rcu_read(p)       __atomic_load_n((p), __ATOMIC_ACQUIRE)
