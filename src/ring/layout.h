#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The data plane's shared memory, byte by byte: what an engine thread and one receiver of an
 * application see.  Per (engine thread, receiver) there is one *lane* of two memfds:
 *
 *   request area   written by the engine, read-only for the application (F_SEAL_FUTURE_WRITE)
 *   response area  written by the application, mapped read-only by the engine
 *
 * Both are made, sized and sealed (shrink, grow, seal) by the engine.
 *
 *   request area                               response area
 *   +-------------------------------+          +-------------------------------+
 *   | ring_area_header (1 page)     |          | ring_area_header (1 page)     |
 *   | request ring: n_entries       |          | response ring: n_entries      |
 *   | slots: n_slots x slot_bytes   |          | slots: n_slots x slot_bytes   |
 *   | blocks: n_blocks x block_bytes|          | blocks: n_blocks x block_bytes|
 *   +-------------------------------+          +-------------------------------+
 *
 * An *exchange* is one request and its response.  It lives in slot s (the same number on both
 * sides) under a generation, from REQUEST_NEW until the application's entry with END has been seen
 * and everything was sent.  Slot s of the request area holds the request's head; slot s of the
 * response area is the application's to fill with head and small body.  Blocks carry bodies:
 * request blocks belong to the engine and are handed back by BODY_FREE, response blocks belong to
 * the application and are handed back by BLOCK_FREE.
 *
 * Every ring has one writer; head and tail are free-running 32-bit counters.  A ring is so large
 * that its entries cannot overtake it: each kind of entry is bounded by slots or blocks.
 *
 * The engine never decides on anything in the response area that it has not copied first.
 */

#include <assert.h>
#include <stdint.h>

#define RING_MAGIC        0x48535231u /* "HSR1" */
#define RING_HEADER_BYTES 4096
#define RING_NO_BLOCK     UINT32_MAX

/* Sizes that the engine chooses per lane; the headers of both areas repeat them. */
struct ring_geometry {
	uint32_t n_entries;           /* of each ring; power of two */
	uint32_t n_slots;             /* exchanges at a time */
	uint32_t request_slot_bytes;  /* multiple of 4096 */
	uint32_t response_slot_bytes; /* multiple of 4096 */
	uint32_t n_blocks;            /* body blocks in each direction */
	uint32_t block_bytes;         /* multiple of 4096 */
};

struct ring_area_header {
	uint32_t magic;
	uint32_t version;
	struct ring_geometry geometry;

	_Alignas(64) uint32_t head; /* entries written by this area's writer */
	_Alignas(64)
		uint32_t tail; /* entries of the other area's ring that its reader is done with */
	_Alignas(64) uint32_t sleeps; /* this area's writer sleeps: wake it after publishing */
	_Alignas(64) uint32_t credit; /* response area: REQUEST_NEW entries allowed in total */
	/*
	 * Request area: 1 while requests wait for credit.  Who raises the credit fences, looks
	 * here, and wakes the engine through its eventfd when it is set (also when the engine's
	 * sleeps is 0).
	 */
	_Alignas(64) uint32_t wants;
};

static_assert(sizeof(struct ring_area_header) <= RING_HEADER_BYTES, "header fits its page");

enum ring_entry_type {
	/* engine -> application */
	RING_REQUEST_NEW = 1, /* length: bytes used in the request slot */
	RING_REQUEST_BODY =
		2, /* block, length; LAST ends the body; TRAILERS: the block holds fields */
	/*
	 * The client has gone or the exchange failed; it still needs an END.  With LAST: the client
	 * has shut its sending side, and has perhaps gone; an answer is sent all the same.
	 */
	RING_REQUEST_GONE = 3,
	RING_REQUEST_BLOCK_FREE = 4, /* response block `block` may be reused */
	RING_REQUEST_FILE_DONE = 5,  /* a RESPONSE_FILE entry of this slot was sent */
	RING_REQUEST_DONE =
		6, /* answers NOTIFY: everything was handed to the kernel (or GONE came) */

	/* application -> engine */
	RING_RESPONSE_HEAD =
		32, /* block: where the head is (RING_NO_BLOCK: slot); length: head + body */
	RING_RESPONSE_BODY = 33,      /* block, offset, length */
	RING_RESPONSE_FILE = 34,      /* block: file number in the lane's table; offset, length */
	RING_RESPONSE_TRAILERS = 35,  /* block, length: fields; implies END */
	RING_RESPONSE_BODY_FREE = 36, /* request block `block` may be reused */
	RING_RESPONSE_WANT_BODY = 37, /* send 100 Continue if the client waits for it */
	RING_RESPONSE_ABORT = 38,     /* break the exchange off: reset; implies END */
};

enum ring_entry_flag {
	RING_FLAG_LAST = 1,     /* of a request's body */
	RING_FLAG_TRAILERS = 2, /* the block holds trailer fields */
	RING_FLAG_END = 4,      /* the application is through with this exchange */
	RING_FLAG_NOTIFY = 8,   /* with END: answer with RING_REQUEST_DONE */
};

struct ring_entry {
	uint8_t type;      /* enum ring_entry_type */
	uint8_t flags;     /* enum ring_entry_flag */
	uint16_t reserved; /* 0 */
	uint32_t slot;
	uint32_t generation;
	uint32_t block;
	uint64_t offset; /* bytes */
	uint64_t length; /* bytes */
};

static_assert(sizeof(struct ring_entry) == 32, "two entries per cache line");

/* A field in a request slot: offsets are from the start of the slot. */
struct ring_field {
	uint32_t name_offset;
	uint32_t value_offset;
	uint32_t value_len;
	uint16_t name_len;
	uint16_t id; /* known field number, RING_FIELD_UNKNOWN otherwise */
};

#define RING_FIELD_UNKNOWN 0xffff

struct ring_span {
	uint32_t offset; /* from the start of the slot */
	uint32_t len;
};

/* Address and port as 16 + 2 bytes; IPv4 is v4-mapped. */
struct ring_address {
	uint8_t ip[16];
	uint16_t port; /* host order */
	uint16_t reserved;
	uint32_t scope_id;
};

enum ring_request_flag {
	RING_REQUEST_HAS_BODY = 1, /* REQUEST_BODY entries will follow */
	RING_REQUEST_EXPECTS = 2,  /* the client waits for 100 Continue */
	RING_REQUEST_IS_TLS = 4,
	RING_REQUEST_IS_IP_ROUTED = 8,
	RING_REQUEST_IS_KEEPALIVE = 16,
};

#define RING_LENGTH_UNKNOWN UINT64_MAX

/* At offset 0 of a request slot. */
struct ring_request_head {
	uint64_t connection_id;
	uint64_t request_id;     /* unique in the engine's life */
	uint64_t url_context;    /* of the matched prefix */
	uint64_t group_id;       /* of the matched prefix */
	uint64_t content_length; /* RING_LENGTH_UNKNOWN: chunked; 0: no body */
	uint32_t flags;          /* enum ring_request_flag */
	uint16_t method_id;      /* number of the verb, 1 = other */
	uint8_t version_major;
	uint8_t version_minor;
	struct ring_address remote;
	struct ring_address local;
	struct ring_span method;
	struct ring_span target; /* as received */
	struct ring_span host;   /* name without port */
	struct ring_span path;   /* cooked */
	struct ring_span query;  /* without '?'; len 0 and offset 0: there is none */
	struct ring_span prefix; /* text of the matched prefix */
	uint32_t n_fields;
	uint32_t fields_offset; /* struct ring_field [n_fields], 8-byte aligned */
};

/*
 * At offset 0 of a response head (slot or block).  Behind it: the reason phrase, then n_fields
 * times a struct ring_response_field followed by name and value bytes, all unpadded; then, up to
 * the entry's length, the first body bytes.
 */
struct ring_response_head {
	uint64_t content_length; /* of the whole body; RING_LENGTH_UNKNOWN: not said */
	uint32_t head_bytes;     /* this struct, reason and fields */
	uint16_t status;         /* 100-999; 1xx (not 101): interim, another head follows */
	uint16_t reason_len;     /* 0: the standard phrase */
	uint16_t n_fields;
	uint16_t flags; /* enum ring_response_flag */
	uint32_t reserved;
};

enum ring_response_flag {
	RING_RESPONSE_CLOSE = 1, /* close the connection afterwards */
};

/* Also the form of trailer fields in a block, both ways (n_fields = until length is used up). */
struct ring_response_field {
	uint32_t value_len;
	uint16_t name_len;
	uint16_t id; /* hint; RING_FIELD_UNKNOWN is always right */
};

static_assert(sizeof(struct ring_response_head) == 24, "no padding");
static_assert(sizeof(struct ring_response_field) == 8, "no padding");
static_assert(sizeof(struct ring_field) == 16, "no padding");

/*
 * The file lane: a SEQPACKET socket on which the application sends, *before* it publishes a
 * RESPONSE_FILE entry that uses it, one such message with one descriptor.  A number that is used
 * again replaces its file.  The engine accepts regular files of local file systems only.
 */
struct ring_file_message {
	uint32_t number; /* below RING_FILES_MAX */
	uint32_t reserved;
};

#define RING_FILES_MAX 32
