/* SPDX-License-Identifier: MIT */
#ifndef HTTPSYS_H
#define HTTPSYS_H

/*
 * httpsys: register URL prefixes on the machine's HTTP listener, receive requests, send responses.
 *
 * Objects, after the HTTP Server API:
 *
 *   session   the connection to the listener; everything below ends with it
 *   group     a URL group: prefixes that share properties and one queue
 *   queue     a request queue, named (several processes may receive from it) or anonymous
 *   receiver  one consumer of a queue; usually one per thread
 *   request   one received request and its response
 *
 * Threads: a session with its groups and queues may be used from any thread (calls are serialised).
 * A receiver and its requests belong to one thread at a time.
 *
 * Restart of the listener: the session notices, connects again by itself, and creates its groups,
 * queues, prefixes and receivers anew under the same handles.  Requests that were in work are gone
 * (HTTPSYS_E_GONE).
 *
 * Errors: every function that can fail returns 0 or a negative HTTPSYS_E_ number.  A misused
 * handle or a call out of order gives HTTPSYS_E_MISUSE; the library never aborts the process.
 * After a code below HTTPSYS_E_FATAL only httpsys_session_free() may still be called.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HTTPSYS_API __attribute__((__visibility__("default")))

enum {
	HTTPSYS_E_INVALID = -1,     /* malformed prefix, name, property, field or value */
	HTTPSYS_E_DENIED = -2,      /* no reservation lets this user register here; not the owner */
	HTTPSYS_E_EXISTS = -3,      /* this very prefix, reservation or queue name is taken */
	HTTPSYS_E_NOT_FOUND = -4,   /* no such prefix, queue, reservation */
	HTTPSYS_E_PORT_IN_USE = -5, /* a program outside the listener holds the port */
	HTTPSYS_E_UNREACHABLE = -6, /* nothing can be bound for this prefix */
	HTTPSYS_E_QUOTA = -7,       /* this user holds its maximum of that kind of object */
	HTTPSYS_E_BUSY = -8,        /* somebody else works on it; try again */
	HTTPSYS_E_TIMEOUT = -9,     /* time is up */
	HTTPSYS_E_AGAIN = -10,      /* would block: wait for the descriptor */
	HTTPSYS_E_GONE = -11,       /* the client has gone, or the request is finished */
	HTTPSYS_E_END = -12,        /* end of the body */
	HTTPSYS_E_TOO_LARGE = -13,  /* over a limit; the text says which */
	HTTPSYS_E_MISUSE = -14,     /* the call is not allowed in this state */
	HTTPSYS_E_CONFLICT = -15,   /* configuration changed meanwhile */
	HTTPSYS_E_VERSION = -16,    /* library and listener do not speak the same version */
	HTTPSYS_E_PROTOCOL = -17,   /* malformed message */
	HTTPSYS_E_SHUTDOWN = -18,   /* the listener is shutting down */
	HTTPSYS_E_NOT_SUPPORTED = -19,
	HTTPSYS_E_NO_DAEMON = -20, /* nobody listens on the listener's socket */
	HTTPSYS_E_ADDRESS = -21,   /* the text is no address */
	HTTPSYS_E_CHANGED = -22,   /* done, with warnings */
	HTTPSYS_E_FATAL = -100,    /* not a code: everything below is fatal */
	HTTPSYS_E_SYSTEM = -100,   /* a system call failed; errno is kept */
	HTTPSYS_E_NO_MEMORY = -101,
};

/* How a prefix stands. */
enum httpsys_state {
	HTTPSYS_STATE_SERVED = 0, /* at least one endpoint delivers, none of the wanted fails */
	HTTPSYS_STATE_PARTLY_SERVED = 1, /* some wanted endpoints deliver, others do not */
	HTTPSYS_STATE_UNREACHABLE = 2,   /* no endpoint can deliver; text and repair say why */
};

enum httpsys_group_property {
	HTTPSYS_GROUP_STATE = 1,     /* 0 active (default), 1 inactive: requests get 503 */
	HTTPSYS_GROUP_IS_SHARED = 2, /* 1: IP literals share the port's wildcard endpoint; default
				      * 0; set before the first prefix is added */
	HTTPSYS_GROUP_GRACE_MS = 3,  /* prefixes stay parked that long after the session's end; 0 */
};

enum httpsys_queue_property {
	HTTPSYS_QUEUE_ENTRIES_MAX = 1, /* waiting requests, 1-65535, default 1000; over it: 503 */
	HTTPSYS_QUEUE_STATE = 2,       /* 0 active (default), 1 inactive: 503 */
};

struct httpsys_session;
struct httpsys_group;
struct httpsys_queue;
struct httpsys_receiver;
struct httpsys_request;

/* Bytes that the library or the application owns; not NUL-terminated. */
struct httpsys_slice {
	const char *data;
	size_t len;
};

struct httpsys_field {
	struct httpsys_slice name;
	struct httpsys_slice value;
};

/* ---- life cycle ---------------------------------------------------------------------------- */

/*
 * httpsys_session_new() - connect to the listener
 * @home: the listener's directory; NULL: the environment's HTTPSYS_HOME, or the installed default
 * @ret_session: owned by the caller, end with httpsys_session_free()
 *
 * Return: 0; NO_DAEMON, VERSION, DENIED (no right to open the socket), QUOTA (MaxSessionsPerUser),
 * SYSTEM, NO_MEMORY.
 */
HTTPSYS_API int httpsys_session_new(const char *home, struct httpsys_session **ret_session);

/*
 * httpsys_session_free() - end the session and everything made from it
 *
 * Prefixes are free at once (or after the group's grace period).  Accepts NULL.
 *
 * Return: NULL.
 */
HTTPSYS_API struct httpsys_session *httpsys_session_free(struct httpsys_session *session);

/*
 * httpsys_session_error() - the last failed call's explanation: what, why, what to do
 *
 * Return: a text valid until the next call on @session from any thread; never NULL.
 */
HTTPSYS_API const char *httpsys_session_error(const struct httpsys_session *session);

/* httpsys_strerror() - the sentence for an HTTPSYS_E_ number (or 0); never NULL, static */
HTTPSYS_API const char *httpsys_strerror(int code);

/* httpsys_win32() - the Win32 code for an HTTPSYS_E_ number.  Return: it; 0 for 0 */
HTTPSYS_API int httpsys_win32(int code);

/* httpsys_version() - the library's version, static */
HTTPSYS_API const char *httpsys_version(void);

/* ---- set-up -------------------------------------------------------------------------------- */

/*
 * httpsys_group_new() - make a URL group in @session (HttpCreateUrlGroup)
 *
 * Return: 0 and a group owned by the session; QUOTA, NO_DAEMON (no listener now: created when it
 * is back is not done for a failed call), SYSTEM, NO_MEMORY.
 */
HTTPSYS_API int httpsys_group_new(struct httpsys_session *session,
				  struct httpsys_group **ret_group);

/* httpsys_group_free() - remove the group's prefixes and the group; accepts NULL.  Return: NULL */
HTTPSYS_API struct httpsys_group *httpsys_group_free(struct httpsys_group *group);

/*
 * httpsys_group_set() - set a property (HttpSetUrlGroupProperty)
 *
 * Return: 0; INVALID (unknown property or value out of range), MISUSE (IS_SHARED after the first
 * prefix), NO_DAEMON, SYSTEM.
 */
HTTPSYS_API int httpsys_group_set(struct httpsys_group *group, enum httpsys_group_property property,
				  uint64_t value);

/* httpsys_group_bind() - let @queue receive the group's requests; NULL unbinds (requests get 503).
 * Return: 0; MISUSE (queue of another session), NO_DAEMON, SYSTEM */
HTTPSYS_API int httpsys_group_bind(struct httpsys_group *group, struct httpsys_queue *queue);

struct httpsys_registration {
	enum httpsys_state state;
	char text[512];   /* what is wrong and why; empty when it is served */
	char repair[512]; /* what to do or type; empty when nothing is wrong */
};

/*
 * httpsys_group_add() - register a prefix (HttpAddUrlToUrlGroup)
 * @prefix: "scheme://host:port/path/"
 * @context: comes back with every request of this prefix
 * @ret_registration: may be NULL; written on success: how it stands now
 *
 * An unreachable prefix is registered all the same: it is served as soon as that becomes possible.
 *
 * Return: 0; INVALID, DENIED, EXISTS, PORT_IN_USE (the owner is in httpsys_session_error()), QUOTA,
 * NO_DAEMON, SYSTEM, NO_MEMORY.  On failure nothing is registered.
 */
HTTPSYS_API int httpsys_group_add(struct httpsys_group *group, const char *prefix, uint64_t context,
				  struct httpsys_registration *ret_registration);

/* httpsys_group_remove() - take a registered prefix back (any spelling of it).
 * Return: 0; NOT_FOUND, INVALID, NO_DAEMON, SYSTEM */
HTTPSYS_API int httpsys_group_remove(struct httpsys_group *group, const char *prefix);

/* httpsys_group_query() - how a registered prefix stands now.  Return: 0; NOT_FOUND, NO_DAEMON,
 * SYSTEM */
HTTPSYS_API int httpsys_group_query(struct httpsys_group *group, const char *prefix,
				    struct httpsys_registration *ret_registration);

/*
 * httpsys_session_watch() - be told when a prefix's state changes, and when the listener went or
 * came back (prefix NULL then: state UNREACHABLE = gone, SERVED = back)
 * @on_state: called from httpsys_session_dispatch() and from waiting calls of receivers; NULL: stop
 */
HTTPSYS_API void httpsys_session_watch(struct httpsys_session *session,
				       void (*on_state)(void *user, const char *prefix,
							const struct httpsys_registration *state),
				       void *user);

/* httpsys_session_fd() - readable when httpsys_session_dispatch() has something to do; owned by
 * the session, the same for its whole life.  Return: a descriptor */
HTTPSYS_API int httpsys_session_fd(const struct httpsys_session *session);

/*
 * httpsys_session_dispatch() - handle news of the listener: states, loss, reconnection
 *
 * Never blocks for long.  Receivers' waiting calls do this too; a program that neither waits in
 * httpsys_receive() nor watches the receiver's descriptor calls it when the session's is readable.
 *
 * Return: 0; VERSION, SYSTEM, NO_MEMORY.
 */
HTTPSYS_API int httpsys_session_dispatch(struct httpsys_session *session);

/*
 * httpsys_queue_new() - make a request queue (HttpCreateRequestQueue)
 * @name: up to 255 bytes without '/', NULL: anonymous
 * @acl: who else may open it: SDDL or "user:NAME,group:NAME,everyone"; NULL: the same user only
 *
 * Return: 0 and a queue owned by the session; EXISTS, INVALID, QUOTA, NO_DAEMON, SYSTEM, NO_MEMORY.
 */
HTTPSYS_API int httpsys_queue_new(struct httpsys_session *session, const char *name,
				  const char *acl, struct httpsys_queue **ret_queue);

/* httpsys_queue_open() - open another process' named queue, to receive from it.
 * Return: 0 and a queue owned by the session; NOT_FOUND, DENIED, INVALID, NO_DAEMON, SYSTEM,
 * NO_MEMORY */
HTTPSYS_API int httpsys_queue_open(struct httpsys_session *session, const char *name,
				   struct httpsys_queue **ret_queue);

/* httpsys_queue_free() - detach its receivers and close it; accepts NULL.  Return: NULL */
HTTPSYS_API struct httpsys_queue *httpsys_queue_free(struct httpsys_queue *queue);

/* httpsys_queue_set() - set a property.  Return: 0; INVALID, DENIED (opened, not created),
 * NO_DAEMON, SYSTEM */
HTTPSYS_API int httpsys_queue_set(struct httpsys_queue *queue, enum httpsys_queue_property property,
				  uint64_t value);

struct httpsys_receiver_options {
	size_t size;            /* sizeof(struct httpsys_receiver_options) */
	uint32_t exchanges_max; /* requests in work at a time per engine thread, 16-4096; 0: default
				 */
	uint32_t prefetch;      /* requests delivered ahead, 1-exchanges_max; 0: default (128) */
	uint32_t spin_us;       /* look that long before sleeping, 0-1000; default 0 */
};

/*
 * httpsys_receiver_new() - attach a consumer to @queue
 * @options: NULL: defaults
 *
 * Return: 0 and a receiver owned by the queue; QUOTA, INVALID, NO_DAEMON, SYSTEM, NO_MEMORY.
 */
HTTPSYS_API int httpsys_receiver_new(struct httpsys_queue *queue,
				     const struct httpsys_receiver_options *options,
				     struct httpsys_receiver **ret_receiver);

/* httpsys_receiver_free() - detach; requests taken and not answered fail; accepts NULL.
 * Return: NULL */
HTTPSYS_API struct httpsys_receiver *httpsys_receiver_free(struct httpsys_receiver *receiver);

/* httpsys_receiver_fd() - readable when there is something to do for this receiver; the same
 * descriptor for its whole life, owned by it.  Use: when readable call httpsys_receive() with
 * time-out 0 until it says AGAIN.  Before waiting for it again, AGAIN must have been seen. Return:
 * a descriptor */
HTTPSYS_API int httpsys_receiver_fd(const struct httpsys_receiver *receiver);

/* ---- receive ------------------------------------------------------------------------------- */

/*
 * httpsys_receive() - the next request of the queue (HttpReceiveHttpRequest)
 * @timeout_ms: -1 wait for ever, 0 only look, otherwise milliseconds
 * @ret_request: owned by the receiver until the response is ended, or httpsys_request_abort()
 *
 * Also keeps everything going: bodies, notices, reconnection.  Publishes what was answered before.
 *
 * Return: 0; TIMEOUT (or AGAIN when @timeout_ms is 0), SYSTEM, NO_MEMORY, SHUTDOWN (the queue or
 * session was freed meanwhile).
 */
HTTPSYS_API int httpsys_receive(struct httpsys_receiver *receiver, int timeout_ms,
				struct httpsys_request **ret_request);

/*
 * httpsys_receiver_flush() - hand all responses written so far to the listener now
 *
 * httpsys_receive() does it before it sleeps; needed only by programs that answer and then do
 * something long.
 */
HTTPSYS_API void httpsys_receiver_flush(struct httpsys_receiver *receiver);

/*
 * Events of a request beside its arrival: set a callback to be told from inside httpsys_receive()
 * (event-loop style); without one the blocking calls are used.
 */
enum httpsys_event {
	HTTPSYS_EVENT_BODY = 1,  /* httpsys_request_read() has something (data or end) */
	HTTPSYS_EVENT_SPACE = 2, /* httpsys_response_write() has room again */
	HTTPSYS_EVENT_GONE = 3,  /* the client has gone; end or abort the request */
	HTTPSYS_EVENT_DONE = 4,  /* everything was handed to the kernel; the last event */
};

/* httpsys_request_watch() - have @on_event called with @user for each event; NULL: stop */
HTTPSYS_API void httpsys_request_watch(struct httpsys_request *request,
				       void (*on_event)(void *user, struct httpsys_request *request,
							enum httpsys_event event),
				       void *user);

/* All slices of a request are valid until its response has ended (END, abort). */

/* httpsys_request_id() - unique in the life of the listener */
HTTPSYS_API uint64_t httpsys_request_id(const struct httpsys_request *request);

/* httpsys_request_connection_id() - the same for all requests of one client connection */
HTTPSYS_API uint64_t httpsys_request_connection_id(const struct httpsys_request *request);

/* httpsys_request_context() - the number given with the matched prefix */
HTTPSYS_API uint64_t httpsys_request_context(const struct httpsys_request *request);

/* httpsys_request_method() - "GET" ...; case-sensitive token (RFC 9110 9.1) */
HTTPSYS_API struct httpsys_slice httpsys_request_method(const struct httpsys_request *request);

/* httpsys_request_target() - the request target as received; for records only: decide on the path
 */
HTTPSYS_API struct httpsys_slice httpsys_request_target(const struct httpsys_request *request);

/* httpsys_request_host() - the host name that was used for routing, without port */
HTTPSYS_API struct httpsys_slice httpsys_request_host(const struct httpsys_request *request);

/* httpsys_request_path() - the cooked path: unescaped, UTF-8, dot segments removed, begins with '/'
 */
HTTPSYS_API struct httpsys_slice httpsys_request_path(const struct httpsys_request *request);

/* httpsys_request_query() - what follows '?', raw; data NULL when there is no '?' */
HTTPSYS_API struct httpsys_slice httpsys_request_query(const struct httpsys_request *request);

/* httpsys_request_prefix() - the matched registered prefix */
HTTPSYS_API struct httpsys_slice httpsys_request_prefix(const struct httpsys_request *request);

/* httpsys_request_version() - 10 for HTTP/1.0, 11 for HTTP/1.1 */
HTTPSYS_API unsigned httpsys_request_version(const struct httpsys_request *request);

/* httpsys_request_n_fields() - number of field lines in the head */
HTTPSYS_API size_t httpsys_request_n_fields(const struct httpsys_request *request);

/* httpsys_request_field_at() - field line @i (below n_fields), in the order received */
HTTPSYS_API struct httpsys_field httpsys_request_field_at(const struct httpsys_request *request,
							  size_t i);

/* httpsys_request_field() - the value of the first field line named @name (no case); data NULL when
 * there is none */
HTTPSYS_API struct httpsys_slice httpsys_request_field(const struct httpsys_request *request,
						       const char *name);

/* httpsys_request_remote() / _local() - the addresses of the connection */
HTTPSYS_API void httpsys_request_remote(const struct httpsys_request *request,
					struct sockaddr_storage *ret_address);
HTTPSYS_API void httpsys_request_local(const struct httpsys_request *request,
				       struct sockaddr_storage *ret_address);

/* httpsys_request_content_length() - bytes of the body; -1 when not known before its end */
HTTPSYS_API int64_t httpsys_request_content_length(const struct httpsys_request *request);

/*
 * httpsys_request_is_gone() - has the client gone (as far as the receiver has been told)?
 *
 * Also true when it has only shut its sending side, which can't be told from a client that has
 * closed: an answer is sent all the same.
 */
HTTPSYS_API bool httpsys_request_is_gone(const struct httpsys_request *request);

/*
 * httpsys_request_read() - the next piece of the body (HttpReceiveRequestEntityBody)
 * @timeout_ms: as in httpsys_receive()
 * @ret_data: valid until the next read on this request or its end; de-chunked
 *
 * The first call sends 100 Continue to a client that waits for it.
 *
 * Return: 0 (at least one byte); END; AGAIN, TIMEOUT, GONE, SYSTEM.
 */
HTTPSYS_API int httpsys_request_read(struct httpsys_request *request, int timeout_ms,
				     struct httpsys_slice *ret_data);

/* httpsys_request_trailer() - value of a trailer field, after END was seen; data NULL: none */
HTTPSYS_API struct httpsys_slice httpsys_request_trailer(const struct httpsys_request *request,
							 const char *name);

/* ---- respond ------------------------------------------------------------------------------- */

/*
 * httpsys_respond() - answer with a whole response and end the request
 * @status: 200-999
 * @fields: Content-Type and the like; framing fields (Content-Length, Transfer-Encoding,
 * Connection, Date) are the listener's: INVALID; at most 65535 bytes together
 * @body: copied before the call returns
 *
 * Return: 0 (the request is ended and must not be used any more, also when its client has gone);
 * INVALID (a field that may not be sent; the request is still open), TOO_LARGE (head), GONE
 * (ended), SYSTEM, NO_MEMORY.  Blocks while the lane is full, unless the request is watched: then
 * AGAIN.
 */
HTTPSYS_API int httpsys_respond(struct httpsys_request *request, unsigned status,
				const struct httpsys_field *fields, size_t n_fields,
				const void *body, size_t body_len);

/*
 * httpsys_respond_file() - answer with part of a file and end the request
 * @fd: regular file, readable; stays the caller's, may be closed when the call returns
 * @offset, @len: bytes
 *
 * The listener sends it from the page cache (sendfile); a file on a network file system is read and
 * copied by the library.
 *
 * Return: as httpsys_respond(); INVALID also for a range outside the file.
 */
HTTPSYS_API int httpsys_respond_file(struct httpsys_request *request, unsigned status,
				     const struct httpsys_field *fields, size_t n_fields, int fd,
				     uint64_t offset, uint64_t len);

/*
 * httpsys_response_begin() - send a head; the body follows in pieces
 * @content_length: bytes of the whole body, or -1: not known (chunked, or until close in HTTP/1.0)
 * @status: 100-199 except 101: an interim response; begin is called again for the final one
 *
 * Return: as httpsys_respond(), but the request stays open.
 */
HTTPSYS_API int httpsys_response_begin(struct httpsys_request *request, unsigned status,
				       const struct httpsys_field *fields, size_t n_fields,
				       int64_t content_length);

/*
 * httpsys_response_write() - send a piece of the body
 * @timeout_ms: how long to wait for room; 0: only what fits now
 * @ret_written: bytes taken (copied), 0 to @len
 *
 * Return: 0; AGAIN (nothing fitted, wait for SPACE), TIMEOUT, GONE, MISUSE (no begin), INVALID
 * (more than content_length).
 */
HTTPSYS_API int httpsys_response_write(struct httpsys_request *request, const void *data,
				       size_t len, int timeout_ms, size_t *ret_written);

/* httpsys_response_write_file() - send part of a file as the next piece.  Return: as
 * httpsys_response_write() */
HTTPSYS_API int httpsys_response_write_file(struct httpsys_request *request, int fd,
					    uint64_t offset, uint64_t len, int timeout_ms);

/*
 * httpsys_response_end() - the body is complete; the request is ended
 * @trailers: trailer fields (chunked responses only, dropped otherwise), may be NULL
 *
 * Return: 0; GONE (ended all the same); INVALID (fewer bytes than content_length: the connection is
 * reset, the request is ended); AGAIN only when the request is watched and the lane is full.
 */
HTTPSYS_API int httpsys_response_end(struct httpsys_request *request,
				     const struct httpsys_field *trailers, size_t n_trailers);

/* httpsys_request_abort() - break off: the client sees a reset; the request is ended */
HTTPSYS_API void httpsys_request_abort(struct httpsys_request *request);

#ifdef __cplusplus
}
#endif

#endif
