/* SPDX-License-Identifier: MIT */

/*
 * Read-copy-update over liburcu's qsbr flavour; see rcu.h.  liburcu is not
 * instrumented, so the thread sanitizer sees none of its ordering.  It is told
 * here, by way of one dummy: what a reader did before its pause happens before
 * the end of a grace period, and what the writer did before the grace period
 * began happens before the reader's next reads.
 */

#include "base/rcu.h"

#include <urcu-qsbr.h>

#if defined(__SANITIZE_THREAD__)
#define RCU_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_HAS_TSAN 1
#endif
#endif

#ifdef RCU_HAS_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);

static char rcu_order; /* its address stands for the grace period; never read or written */

static void rcu_note_acquire(void)
{
	__tsan_acquire(&rcu_order);
}

static void rcu_note_release(void)
{
	__tsan_release(&rcu_order);
}
#else
static void rcu_note_acquire(void)
{
}

static void rcu_note_release(void)
{
}
#endif

void rcu_thread_enter(void)
{
	urcu_qsbr_register_thread();
	rcu_note_acquire();
}

void rcu_thread_leave(void)
{
	rcu_note_release();
	urcu_qsbr_unregister_thread();
}

void rcu_pause(void)
{
	rcu_note_release();
	urcu_qsbr_thread_offline();
}

void rcu_resume(void)
{
	urcu_qsbr_thread_online();
	rcu_note_acquire();
}

void rcu_wait(void)
{
	rcu_note_release();
	urcu_qsbr_synchronize_rcu();
	rcu_note_acquire();
}
