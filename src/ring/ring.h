#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The two ends of a single-writer, single-reader ring in shared memory, and the sleep protocol.
 *
 * A writer stages entries and publishes them once per turn; a reader takes what is published.
 * Sleeping: the reader sets its flag, fences, looks once more, and only then sleeps; the writer
 * publishes, fences, and wakes only a reader whose flag is set.  One of the two always sees the
 * other (sequential consistency of the two fences).
 */

#include <stdbool.h>
#include <stdint.h>

#include "ring/layout.h"

enum ring_verdict {
	RING_E_CORRUPT = 1, /* the other side's counter is impossible: give the lane up */
};

struct ring_writer {
	struct ring_entry *entries;
	uint32_t *head;         /* shared, ours */
	const uint32_t *tail;   /* shared, the reader's */
	const uint32_t *sleeps; /* shared, the reader's */
	uint32_t n_entries;
	uint32_t staged; /* private head: staged but not yet published entries included */
	uint32_t published;
};

struct ring_reader {
	const struct ring_entry *entries;
	const uint32_t *head; /* shared, the writer's */
	uint32_t *tail;       /* shared, ours */
	uint32_t *sleeps;     /* shared, ours */
	uint32_t n_entries;
	uint32_t taken; /* private tail */
};

/* ring_writer_room() - how many entries can still be staged; 0 also when the tail is impossible */
static inline uint32_t ring_writer_room(const struct ring_writer *writer)
{
	uint32_t used = writer->staged - __atomic_load_n(writer->tail, __ATOMIC_ACQUIRE);

	return used <= writer->n_entries ? writer->n_entries - used : 0;
}

/* ring_writer_stage() - the next entry to fill; the caller has made sure of room */
static inline struct ring_entry *ring_writer_stage(struct ring_writer *writer)
{
	return &writer->entries[writer->staged++ & (writer->n_entries - 1)];
}

/*
 * ring_writer_publish() - show all staged entries to the reader
 *
 * Return: true when the reader sleeps and must be woken.
 */
static inline bool ring_writer_publish(struct ring_writer *writer)
{
	if (writer->published == writer->staged) {
		return false;
	}

	writer->published = writer->staged;
	__atomic_store_n(writer->head, writer->staged, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);

	return __atomic_load_n(writer->sleeps, __ATOMIC_RELAXED) != 0;
}

/*
 * ring_writer_show() - show all staged entries to a reader that is awake, without looking whether
 * it is; ring_writer_must_wake() must follow before this side sleeps
 */
static inline void ring_writer_show(struct ring_writer *writer)
{
	writer->published = writer->staged;
	__atomic_store_n(writer->head, writer->staged, __ATOMIC_RELEASE);
}

/* ring_writer_must_wake() - after ring_writer_show(): does the reader sleep and must be woken? */
static inline bool ring_writer_must_wake(const struct ring_writer *writer)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);

	return __atomic_load_n(writer->sleeps, __ATOMIC_RELAXED) != 0;
}

/*
 * ring_reader_count() - how many published entries wait
 * @ret_count: 0 to n_entries
 *
 * Return: 0; RING_E_CORRUPT.
 */
static inline int ring_reader_count(const struct ring_reader *reader, uint32_t *ret_count)
{
	uint32_t n = __atomic_load_n(reader->head, __ATOMIC_ACQUIRE) - reader->taken;

	if (n > reader->n_entries) {
		return RING_E_CORRUPT;
	}
	*ret_count = n;

	return 0;
}

/* ring_reader_take() - a private copy of the next entry; the caller has seen a count above 0 */
static inline struct ring_entry ring_reader_take(struct ring_reader *reader)
{
	struct ring_entry entry;

	/* Copied once: the other side may change it at any time, and no field may be read twice. */
	__builtin_memcpy(&entry, &reader->entries[reader->taken & (reader->n_entries - 1)],
			 sizeof(entry));
	reader->taken++;

	return entry;
}

/* ring_reader_release() - tell the writer that everything taken may be overwritten */
static inline void ring_reader_release(struct ring_reader *reader)
{
	__atomic_store_n(reader->tail, reader->taken, __ATOMIC_RELEASE);
}

/*
 * ring_reader_sleep() - declare that this side is about to sleep
 *
 * Return: true: sleep; false: something was published meanwhile (the flag is taken back).
 */
static inline bool ring_reader_sleep(struct ring_reader *reader)
{
	__atomic_store_n(reader->sleeps, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(reader->head, __ATOMIC_RELAXED) != reader->taken) {
		__atomic_store_n(reader->sleeps, 0, __ATOMIC_RELAXED);

		return false;
	}

	return true;
}

/* ring_reader_wake() - awake again: the writer need not wake us */
static inline void ring_reader_wake(struct ring_reader *reader)
{
	__atomic_store_n(reader->sleeps, 0, __ATOMIC_RELAXED);
}

struct area;

/* ring_engine_ends() - the engine's ends of a lane: it writes the request ring, reads the other */
void ring_engine_ends(const struct area *area, struct ring_writer *ret_writer,
		      struct ring_reader *ret_reader);

/* ring_app_ends() - the application's ends of a lane */
void ring_app_ends(const struct area *area, struct ring_writer *ret_writer,
		   struct ring_reader *ret_reader);
