/* SPDX-License-Identifier: MIT */

/* The default limits: those of the reference where it has one. */

#include "http/limits.h"

struct http_limits http_limits_default(void)
{
	return (struct http_limits){
		.head_bytes_max = 16384,
		.field_bytes_max = 16384,
		.n_fields_max = 200,
		.url_segment_chars_max = 260,
		.url_segments_max = 255,
		.chunk_ext_bytes_max = 256,
		.trailer_bytes_max = 16384,
		.body_bytes_max = 0,
		.percent_u_allowed = true,
		.enable_non_utf8 = true,
		.favor_utf8 = true,
	};
}
