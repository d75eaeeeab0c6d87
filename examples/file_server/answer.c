/* SPDX-License-Identifier: MIT */

/* Answers of the file server; see answer.h. */

#include "examples/file_server/answer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ANSWER_TAG_BYTES   64
#define ANSWER_DATE_BYTES  64
#define ANSWER_FIELDS_MAX  8
#define ANSWER_RANGE_BYTES 96
#define ANSWER_N_DIGITS    18

static const struct {
	unsigned status;
	const char *text;
} answer_texts[] = {
	{201, "Created."},
	{301, "It is a directory."},
	{400, "The path cannot be one."},
	{403, "This may not be read."},
	{404, "There is no such file."},
	{405, "Only GET and HEAD are understood here."},
	{409, "The directory does not exist."},
	{416, "The file has no such range."},
	{500, "Something went wrong."},
};

/* The fields of an answer, and the memory that some of them need. */
struct answer {
	struct httpsys_field fields[ANSWER_FIELDS_MAX];
	size_t n_fields;
	char tag[ANSWER_TAG_BYTES];
	char date[ANSWER_DATE_BYTES];
	char range[ANSWER_RANGE_BYTES];
};

struct answer_range {
	uint64_t offset;
	uint64_t len;
};

enum answer_verdict {
	ANSWER_E_NO_RANGE = 1, /* send all */
	ANSWER_E_OUTSIDE,      /* 416 */
};

struct httpsys_slice answer_slice(const char *s)
{
	return (struct httpsys_slice){.data = s, .len = strlen(s)};
}

static void answer_add(struct answer *answer, const char *name, const char *value)
{
	answer->fields[answer->n_fields++] =
		(struct httpsys_field){.name = answer_slice(name), .value = answer_slice(value)};
}

static bool answer_is_equal(struct httpsys_slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

void answer_status(struct httpsys_request *request, unsigned status,
		   const struct httpsys_field *field)
{
	struct httpsys_field fields[2] = {{.name = answer_slice("Content-Type"),
					   .value = answer_slice("text/plain; charset=utf-8")}};
	char body[128] = "";

	for (size_t i = 0; i < sizeof(answer_texts) / sizeof(answer_texts[0]); i++) {
		if (answer_texts[i].status == status) {
			(void)snprintf(body, sizeof(body), "%u %s\n", status, answer_texts[i].text);
		}
	}
	if (field != NULL) {
		fields[1] = *field;
	}

	/* The client may have gone: there is nobody left to be told. */
	(void)httpsys_respond(request, status, fields, field != NULL ? 2 : 1, body, strlen(body));
}

/* answer_validators() - ETag and Last-Modified of a file */
static void answer_validators(struct answer *answer, const struct files_file *file)
{
	const struct stat *info = &file->info;
	struct tm utc;

	(void)snprintf(answer->tag, sizeof(answer->tag), "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"",
		       (uint64_t)info->st_ino, (uint64_t)info->st_size,
		       (uint64_t)info->st_mtim.tv_sec * 1000000000u +
			       (uint64_t)info->st_mtim.tv_nsec);
	(void)gmtime_r(&info->st_mtim.tv_sec, &utc);
	(void)strftime(answer->date, sizeof(answer->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
	answer_add(answer, "ETag", answer->tag);
	answer_add(answer, "Last-Modified", answer->date);
}

/* answer_has_tag() - is @tag, or "*", one of the tags of an If-None-Match? */
static bool answer_has_tag(struct httpsys_slice tags, const char *tag)
{
	return answer_is_equal(tags, "*") || memmem(tags.data, tags.len, tag, strlen(tag)) != NULL;
}

/* answer_is_older() - was the file last changed at or before the date that the client names? */
static bool answer_is_older(struct httpsys_slice date, const struct stat *info)
{
	char text[ANSWER_DATE_BYTES];
	struct tm utc = {0};

	if (date.len >= sizeof(text)) {
		return false;
	}
	memcpy(text, date.data, date.len);
	text[date.len] = '\0';
	if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &utc) == NULL) {
		return false;
	}

	return info->st_mtim.tv_sec <= timegm(&utc);
}

/* answer_is_current() - does the client have this very file (RFC 9110 13.2.2)? */
static bool answer_is_current(const struct httpsys_request *request, const struct answer *answer,
			      const struct files_file *file)
{
	struct httpsys_slice tags = httpsys_request_field(request, "If-None-Match");
	struct httpsys_slice since = httpsys_request_field(request, "If-Modified-Since");

	if (tags.data != NULL) {
		return answer_has_tag(tags, answer->tag);
	}

	return since.data != NULL && answer_is_older(since, &file->info);
}

/* answer_number() - digits off the front of @s.  Return: false: there are none, or too many */
static bool answer_number(struct httpsys_slice *s, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t n = 0;

	while (n < s->len && s->data[n] >= '0' && s->data[n] <= '9') {
		number = number * 10 + (uint64_t)(s->data[n] - '0');
		n++;
		if (n > ANSWER_N_DIGITS) {
			return false;
		}
	}
	s->data += n;
	s->len -= n;
	*ret_number = number;

	return n > 0;
}

/* A byte range as written: "first-last", "first-", "-last" (the last so many). */
struct answer_wish {
	uint64_t first;
	uint64_t last;
	bool has_first;
	bool has_last;
};

/* answer_parse_wish() - read one range.  Return: false: it is none, or there are several */
static bool answer_parse_wish(struct httpsys_slice text, struct answer_wish *ret_wish)
{
	static const char unit[] = "bytes=";
	size_t unit_len = sizeof(unit) - 1;
	struct answer_wish wish = {.first = 0};

	if (text.len <= unit_len || memcmp(text.data, unit, unit_len) != 0) {
		return false;
	}
	text.data += unit_len;
	text.len -= unit_len;

	wish.has_first = answer_number(&text, &wish.first);
	if (text.len == 0 || text.data[0] != '-') {
		return false;
	}
	text.data++;
	text.len--;
	wish.has_last = answer_number(&text, &wish.last);
	*ret_wish = wish;

	return text.len == 0 && (wish.has_first || wish.has_last) &&
	       !(wish.has_first && wish.has_last && wish.last < wish.first);
}

/* answer_parse_range() - one range of bytes; several, or none, mean the whole file */
static int answer_parse_range(struct httpsys_slice text, uint64_t size,
			      struct answer_range *ret_range)
{
	struct answer_wish wish;
	uint64_t end = size;

	if (!answer_parse_wish(text, &wish)) {
		return ANSWER_E_NO_RANGE;
	}
	if (!wish.has_first) {
		wish.first = wish.last < size ? size - wish.last : 0;
	} else if (wish.has_last && wish.last < size) {
		end = wish.last + 1;
	}
	if (wish.first >= end) {
		return ANSWER_E_OUTSIDE;
	}
	*ret_range = (struct answer_range){.offset = wish.first, .len = end - wish.first};

	return 0;
}

/* answer_range() - which part is wanted */
static int answer_range(const struct httpsys_request *request, const struct answer *answer,
			const struct files_file *file, struct answer_range *ret_range)
{
	struct httpsys_slice range = httpsys_request_field(request, "Range");
	struct httpsys_slice condition = httpsys_request_field(request, "If-Range");

	*ret_range = (struct answer_range){.len = (uint64_t)file->info.st_size};
	if (range.data == NULL || !answer_is_equal(httpsys_request_method(request), "GET")) {
		return ANSWER_E_NO_RANGE;
	}
	if (condition.data != NULL && !answer_is_equal(condition, answer->tag) &&
	    !answer_is_equal(condition, answer->date)) {
		return ANSWER_E_NO_RANGE;
	}

	return answer_parse_range(range, (uint64_t)file->info.st_size, ret_range);
}

void answer_file(struct httpsys_request *request, const struct files_file *file)
{
	struct answer answer = {.n_fields = 0};
	struct answer_range range;
	uint64_t size = (uint64_t)file->info.st_size;
	unsigned status = 200;

	answer_validators(&answer, file);
	if (answer_is_current(request, &answer, file)) {
		(void)httpsys_respond(request, 304, answer.fields, answer.n_fields, NULL, 0);

		return;
	}

	int r = answer_range(request, &answer, file, &range);
	if (r == ANSWER_E_OUTSIDE) {
		(void)snprintf(answer.range, sizeof(answer.range), "bytes */%" PRIu64, size);
		struct httpsys_field field = {.name = answer_slice("Content-Range"),
					      .value = answer_slice(answer.range)};
		answer_status(request, 416, &field);

		return;
	}
	if (r == 0) {
		status = 206;
		(void)snprintf(answer.range, sizeof(answer.range),
			       "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.offset,
			       range.offset + range.len - 1, size);
		answer_add(&answer, "Content-Range", answer.range);
	}
	answer_add(&answer, "Content-Type", file->type);
	answer_add(&answer, "Accept-Ranges", "bytes");

	r = httpsys_respond_file(request, status, answer.fields, answer.n_fields, file->fd,
				 range.offset, range.len);
	if (r == HTTPSYS_E_INVALID) {
		/* It has become shorter since. */
		answer_status(request, 500, NULL);
	}
}

void answer_redirect(struct httpsys_request *request)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~/!$&'()*+,;=:@";
	struct httpsys_slice path = httpsys_request_path(request);
	char location[3 * FILES_PATH_BYTES + 2];
	size_t len = 0;

	for (size_t i = 0; i < path.len && i < FILES_PATH_BYTES; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c != '\0' && strchr(plain, c) != NULL) {
			location[len++] = (char)c;
		} else {
			location[len++] = '%';
			location[len++] = hex[c >> 4];
			location[len++] = hex[c & 15];
		}
	}
	location[len++] = '/';

	struct httpsys_field field = {.name = answer_slice("Location"),
				      .value = {.data = location, .len = len}};
	answer_status(request, 301, &field);
}
