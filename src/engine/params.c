/* SPDX-License-Identifier: MIT */

/* Parameters by name: one table from the registry's names to the members; see params.h. */

#include "engine/params.h"

#include <stddef.h>

enum params_kind {
	PARAMS_KIND_U64 = 0,
	PARAMS_KIND_U32,
	PARAMS_KIND_BOOL,
};

struct params_row {
	const char *name;
	size_t offset;
	enum params_kind kind;
};

#define ROW(name, member, kind)                                           \
	{                                                                 \
		name, offsetof(struct params, member), PARAMS_KIND_##kind \
	}

static const struct params_row params_rows[] = {
	ROW("MaxRequestBytes", limits.head_bytes_max, U32),
	ROW("MaxFieldLength", limits.field_bytes_max, U32),
	ROW("MaxFieldCount", limits.n_fields_max, U32),
	ROW("UrlSegmentMaxLength", limits.url_segment_chars_max, U32),
	ROW("UrlSegmentMaxCount", limits.url_segments_max, U32),
	ROW("AllowRestrictedChars", limits.allow_restricted_chars, BOOL),
	ROW("AllowUnEscapedRestrictedChars", limits.allow_unescaped_restricted_chars, BOOL),
	ROW("PercentUAllowed", limits.percent_u_allowed, BOOL),
	ROW("EnableNonUTF8", limits.enable_non_utf8, BOOL),
	ROW("FavorUTF8", limits.favor_utf8, BOOL),
	ROW("AllowWeakHeaderNameSyntax", limits.allow_weak_header_name_syntax, BOOL),
	ROW("AllowWeakHeaderValueSyntax", limits.allow_weak_header_value_syntax, BOOL),
	ROW("AllowCaseInsensitiveVerbs", limits.allow_case_insensitive_verbs, BOOL),
	ROW("AllowHostMismatch", limits.is_host_mismatch_allowed, BOOL),
	ROW("DisableServerHeader", server_policy, U64),
	ROW("IdleConnectionTimeout", idle_timeout_s, U64),
	ROW("HeaderWaitTimeout", header_wait_timeout_s, U64),
	ROW("EntityBodyTimeout", entity_body_timeout_s, U64),
	ROW("DrainEntityBodyTimeout", drain_timeout_s, U64),
	ROW("RequestQueueTimeout", queue_timeout_s, U64),
	ROW("MaxEntityDrainBytes", drain_bytes_max, U64),
	ROW("QueueLength", queue_length, U64),
	ROW("MaxConnections", connections_max, U64),
	ROW("EngineThreads", n_threads, U64),
	ROW("ExchangesPerReceiver", exchanges, U64),
	ROW("MaxSessionsPerUser", quota[QUOTA_RESOURCE_SESSIONS], U64),
	ROW("MaxUrlGroupsPerUser", quota[QUOTA_RESOURCE_URL_GROUPS], U64),
	ROW("MaxPrefixesPerUser", quota[QUOTA_RESOURCE_PREFIXES], U64),
	ROW("MaxQueuesPerUser", quota[QUOTA_RESOURCE_QUEUES], U64),
	ROW("MaxReceiversPerUser", quota[QUOTA_RESOURCE_RECEIVERS], U64),
};

#undef ROW

void params_init(struct params *params)
{
	*params = (struct params){
		.limits = http_limits_default(),
		.idle_timeout_s = 120,
		.header_wait_timeout_s = 120,
		.entity_body_timeout_s = 120,
		.drain_timeout_s = 120,
		.queue_timeout_s = 120,
		.drain_bytes_max = 65536,
		.queue_length = 1000,
		.exchanges = 512,
		.quota = {64, 1024, 200000, 256, 64},
	};
}

void params_set(struct params *params, struct slice name, uint64_t value)
{
	for (size_t i = 0; i < array_len(params_rows); i++) {
		const struct params_row *row = &params_rows[i];
		char *member = (char *)params + row->offset;

		if (!slice_is_equal_nocase(slice_from_str(row->name), name)) {
			continue;
		}

		switch (row->kind) {
		case PARAMS_KIND_U64:
			*(uint64_t *)(void *)member = value;
			break;
		case PARAMS_KIND_U32:
			*(uint32_t *)(void *)member = (uint32_t)value;
			break;
		case PARAMS_KIND_BOOL:
			*(bool *)(void *)member = value != 0;
			break;
		}

		return;
	}
}
