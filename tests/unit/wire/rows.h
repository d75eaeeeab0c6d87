#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Both tables once more, compiled by the test itself: which messages there are and what they carry.
 */

#include <stdint.h>

#include "wire/message.h"

enum row_type {
	ROW_TYPE_NONE = 0,
	ROW_TYPE_U64,
	ROW_TYPE_I64,
	ROW_TYPE_TEXT,
	ROW_TYPE_BLOB,
};

struct row {
	enum message_type type;
	unsigned senders;
	int fds_min;
	int fds_max;
	uint64_t required;
	uint64_t optional;
};

static const enum row_type row_types[FIELD_COUNT_] = {
#define FIELD(name_, number_, type_) [number_] = ROW_TYPE_##type_,
#include "wire/field.def"
#undef FIELD
};

enum {
	APP = MESSAGE_SENDER_APP,
	ENGINE_APP = MESSAGE_SENDER_ENGINE_APP,
	ADMIN = MESSAGE_SENDER_ADMIN,
	MASTER_ADMIN = MESSAGE_SENDER_MASTER_ADMIN,
	MASTER = MESSAGE_SENDER_MASTER,
	ENGINE = MESSAGE_SENDER_ENGINE,
	ROW_ALL_SENDERS = 63,
};

static const struct row rows[] = {
#define F(name) | UINT64_C(1) << FIELD_##name
#define MESSAGE(name_, number_, senders_, fds_min_, fds_max_, required_, optional_) \
	{MESSAGE_##name_, senders_, fds_min_, fds_max_, 0 required_, 0 optional_},
#include "wire/messages.def"
#undef MESSAGE
#undef F
};
