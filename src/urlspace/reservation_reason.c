/* SPDX-License-Identifier: MIT */

/* Answers about reservations in words: what, why, and what to type next; see reservation.h. */

#include "urlspace/reservation.h"

#include <assert.h>
#include <errno.h>

#include "base/result.h"
#include "urlspace/grants.h"

/* What the sentences are made of; the strings are valid during one call. */
struct reservation_words {
	const struct reservation_reason *reason;
	const struct prefix *prefix; /* what was asked about */
	const char *reserved;        /* the deciding reservation's prefix, or "" */
	const char *grants;          /* whom it is for, or "" */
};

static int reservation_say_allowed(const struct reservation_words *words, struct buf *buf)
{
	switch (words->reason->basis) {
	case RESERVATION_BASIS_ROOT:
		return buf_append_str(buf, "allowed: root may use the whole URL space");
	case RESERVATION_BASIS_FREE_LOOPBACK:
		return buf_appendf(buf, "allowed: loopback hosts are free on ports from %d on",
				   RESERVATION_FREE_PORT_MIN);
	default:
		return buf_appendf(buf, "allowed: %s is reserved for %s", words->reserved,
				   words->grants);
	}
}

static int reservation_say_exists(const struct reservation_words *words, struct buf *buf)
{
	return buf_appendf(buf, "%s is reserved already, for %s; to change that, delete it first",
			   words->reserved, words->grants);
}

static int reservation_say_denied(const struct reservation_words *words, struct buf *buf)
{
	bool is_listen = words->reason->right == ACL_RIGHT_LISTEN;

	if (words->reason->basis == RESERVATION_BASIS_ACL && is_listen) {
		return buf_appendf(buf, "%s is reserved for %s", words->reserved, words->grants);
	}
	if (words->reason->basis == RESERVATION_BASIS_ACL) {
		return buf_appendf(buf,
				   "%s is reserved for %s, and changes below it need the right to "
				   "delegate",
				   words->reserved, words->grants);
	}
	if (is_listen) {
		return buf_appendf(buf, "no reservation covers %s, so only root may register it",
				   words->prefix->text);
	}

	return buf_appendf(buf, "no reservation is above %s, so only root may reserve it",
			   words->prefix->text);
}

static int reservation_say_scheme(const struct reservation_words *words, struct buf *buf)
{
	bool is_https = words->prefix->scheme == PREFIX_SCHEME_HTTPS;

	return buf_appendf(buf, "port %u carries %s already; a port has one scheme",
			   (unsigned)words->prefix->port,
			   prefix_scheme_name(is_https ? PREFIX_SCHEME_HTTP : PREFIX_SCHEME_HTTPS));
}

static int reservation_say_not_found(const struct reservation_words *words, struct buf *buf)
{
	return buf_appendf(buf, "%s is not reserved", words->prefix->text);
}

/* By verdict; 0 is "allowed". */
static int (*const reservation_sentences[])(const struct reservation_words *words,
					    struct buf *buf) = {
	reservation_say_allowed,
	[RESERVATION_E_EXISTS] = reservation_say_exists,
	[RESERVATION_E_DENIED] = reservation_say_denied,
	[RESERVATION_E_SCHEME_CONFLICT] = reservation_say_scheme,
	[RESERVATION_E_NOT_FOUND] = reservation_say_not_found,
};

int reservation_reason_format(const struct reservation_reason *reason, int verdict,
			      const struct prefix *prefix, const struct acl_names *names,
			      struct buf *buf)
{
	assert(reason != NULL && prefix != NULL && buf != NULL);
	assert(verdict >= 0 && (size_t)verdict < array_len(reservation_sentences));

	const struct reservation *reservation = reason->reservation;
	cleanup_(buf_fini) struct buf grants = {0};
	int r = 0;

	if (reservation != NULL) {
		r = grants_format(&reservation->acl, names, &grants);
	}
	if (r == 0) {
		r = result_fold(buf_append(&grants, slice_from("", 1)));
	}
	if (r < 0) {
		return result_trace(r);
	}

	struct reservation_words words = {
		.reason = reason,
		.prefix = prefix,
		.reserved = reservation != NULL ? reservation->prefix.text : "",
		.grants = grants.data,
	};
	r = reservation_sentences[verdict](&words, buf);

	return r == BUF_E_FULL ? result_origin(-ENOMEM) : result_trace(r);
}
