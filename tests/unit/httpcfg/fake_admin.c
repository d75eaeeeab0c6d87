/* SPDX-License-Identifier: MIT */

/* Every function of <httpsys_admin.h>, and the few of <httpsys.h> that httpcfg uses. */

#include "httpcfg/fake_admin.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/mem.h"

struct httpsys_admin {
	int unused;
};

static struct httpsys_admin the_admin;
struct fake_admin fake_admin;

static const struct {
	int number;
	int win32;
	const char *text;
} errors[] = {
#define ERROR(name, number, win32, text) {number, win32, text},
#include "wire/error.def"
#undef ERROR
};

void fake_admin_reset(void)
{
	fake_admin = (struct fake_admin){0};
}

static void printf_(1, 2) fake_note(const char *format, ...)
{
	size_t len = strlen(fake_admin.calls);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(fake_admin.calls + len, sizeof(fake_admin.calls) - len, format, args);
	va_end(args);

	assert(n >= 0 && len + (size_t)n < sizeof(fake_admin.calls));
}

static char *fake_copy(const char *text)
{
	return text != NULL ? mem_dup(text, strlen(text)) : NULL;
}

static int fake_answer(struct httpsys_answer *ret_answer, int code, const char *document,
		       const char *engine_document)
{
	*ret_answer = (struct httpsys_answer){
		.code = code,
		.text = fake_copy(fake_admin.text != NULL ? fake_admin.text : ""),
		.repair = fake_copy(fake_admin.repair != NULL ? fake_admin.repair : ""),
		.document = fake_copy(document),
		.document_len = document != NULL ? strlen(document) : 0,
		.engine_document = fake_copy(engine_document),
		.engine_document_len = engine_document != NULL ? strlen(engine_document) : 0,
	};

	return 0;
}

static int fake_change(const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	bool is_dry_run = change != NULL && change->is_dry_run;
	assert(change == NULL || change->size == sizeof(*change));

	if (is_dry_run) {
		fake_note(" dry");
	}
	if (change != NULL && change->comment != NULL) {
		fake_note(" # %s", change->comment);
	}
	fake_note("\n");
	if (fake_admin.change_result != 0) {
		return fake_admin.change_result;
	}

	int r = fake_answer(ret_answer, fake_admin.change_code, fake_admin.change_document,
			    fake_admin.change_engine);
	ret_answer->revision = is_dry_run ? 0 : fake_admin.revision;

	return r;
}

int httpsys_admin_new(const char *home, struct httpsys_admin **ret_admin)
{
	(void)snprintf(fake_admin.home, sizeof(fake_admin.home), "%s", home != NULL ? home : "");
	if (fake_admin.connect_error != 0) {
		return fake_admin.connect_error;
	}
	fake_admin.n_connected++;
	*ret_admin = &the_admin;

	return 0;
}

struct httpsys_admin *httpsys_admin_free(struct httpsys_admin *admin)
{
	fake_admin.n_connected -= admin != NULL;

	return NULL;
}

bool httpsys_admin_is_offline(const struct httpsys_admin *admin)
{
	(void)admin;

	return fake_admin.is_offline;
}

const char *httpsys_admin_error(void)
{
	return "nobody listens on /run/httpsys/admin.sock";
}

void httpsys_answer_fini(struct httpsys_answer *answer)
{
	mem_free(answer->text);
	mem_free(answer->repair);
	mem_free(answer->document);
	mem_free(answer->engine_document);
	*answer = (struct httpsys_answer){0};
}

int httpsys_admin_listen_add(struct httpsys_admin *admin, const char *entry,
			     const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("listen_add %s", entry);

	return fake_change(change, ret_answer);
}

int httpsys_admin_listen_delete(struct httpsys_admin *admin, const char *entry,
				const struct httpsys_change *change,
				struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("listen_delete %s", entry);

	return fake_change(change, ret_answer);
}

int httpsys_admin_urlacl_add(struct httpsys_admin *admin, const char *prefix, const char *acl,
			     const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("urlacl_add %s %s", prefix, acl);

	return fake_change(change, ret_answer);
}

int httpsys_admin_urlacl_delete(struct httpsys_admin *admin, const char *prefix,
				const struct httpsys_change *change,
				struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("urlacl_delete %s", prefix);

	return fake_change(change, ret_answer);
}

int httpsys_admin_parameter_set(struct httpsys_admin *admin, const char *name, uint64_t value,
				const struct httpsys_change *change,
				struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("parameter_set %s %" PRIu64, name, value);

	return fake_change(change, ret_answer);
}

int httpsys_admin_parameter_delete(struct httpsys_admin *admin, const char *name,
				   const struct httpsys_change *change,
				   struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("parameter_delete %s", name);

	return fake_change(change, ret_answer);
}

int httpsys_admin_rollback(struct httpsys_admin *admin, uint64_t revision,
			   const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("rollback %" PRIu64, revision);

	return fake_change(change, ret_answer);
}

int httpsys_admin_restore(struct httpsys_admin *admin, const char *document, size_t document_len,
			  const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	(void)admin;
	fake_note("restore %.*s", (int)document_len, document);

	return fake_change(change, ret_answer);
}

int httpsys_admin_query(struct httpsys_admin *admin, enum httpsys_query query,
			const struct httpsys_query_arguments *arguments,
			struct httpsys_answer *ret_answer)
{
	static const struct httpsys_query_arguments nothing = {.size = sizeof(nothing)};
	static const char *const names[] = {
		[HTTPSYS_QUERY_STATUS] = "status",   [HTTPSYS_QUERY_LISTEN] = "listen",
		[HTTPSYS_QUERY_URLACL] = "urlacl",   [HTTPSYS_QUERY_PARAMETER] = "parameter",
		[HTTPSYS_QUERY_EXPLAIN] = "explain", [HTTPSYS_QUERY_WHOHAS] = "whohas",
		[HTTPSYS_QUERY_HISTORY] = "history", [HTTPSYS_QUERY_DUMP] = "dump",
	};

	(void)admin;
	const struct httpsys_query_arguments *a = arguments != NULL ? arguments : &nothing;
	assert(a->size == sizeof(*a));
	const char *const texts[] = {a->prefix, a->url, a->method, a->address, a->name};
	const uint64_t numbers[] = {a->port, a->revision, a->maximum};
	fake_note("query %s", names[query]);
	for (size_t i = 0; i < array_len(texts); i++) {
		if (texts[i] != NULL) {
			fake_note(" %s", texts[i]);
		}
	}
	for (size_t i = 0; i < array_len(numbers); i++) {
		if (numbers[i] != 0) {
			fake_note(" %" PRIu64, numbers[i]);
		}
	}
	fake_note("\n");

	return fake_answer(ret_answer, fake_admin.query_code, fake_admin.documents[query],
			   fake_admin.engine_documents[query]);
}

const char *httpsys_strerror(int code)
{
	for (size_t i = 0; i < array_len(errors); i++) {
		if (errors[i].number == code) {
			return errors[i].text;
		}
	}

	return "The operation completed successfully.";
}

int httpsys_win32(int code)
{
	for (size_t i = 0; i < array_len(errors); i++) {
		if (errors[i].number == code) {
			return errors[i].win32;
		}
	}

	return 0;
}

const char *httpsys_version(void)
{
	return "0.0.0-fake";
}
