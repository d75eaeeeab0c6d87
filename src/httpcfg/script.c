/* SPDX-License-Identifier: MIT */

/*
 * A line is split into words and compared with the forms: words that must be there, and "%" for
 * each argument.  What a form's line says is appended to its list of the document.
 */

#include "httpcfg/script.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/result.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/quote.h"

#define SCRIPT_FORMAT        1
#define SCRIPT_ARGUMENTS_MAX 2

struct script_form {
	const char *words;
	const char *list; /* of the document */
	/* Return: a new element; NULL = out of memory, or (then *ret_text is set) invalid */
	json_t *(*element)(char **arguments, const char **ret_text);
};

/* An object of two members; takes both values over.  Return: NULL = out of memory */
static json_t *script_pair(const char *name, json_t *value, const char *other_name,
			   json_t *other_value)
{
	json_t *object = json_object();
	int r = json_object_set_new(object, name, value);
	r |= json_object_set_new(object, other_name, other_value);
	if (r != 0) {
		json_decref(object);
		return NULL;
	}

	return object;
}

static json_t *script_entry(char **arguments, const char **ret_text)
{
	(void)ret_text;

	return document_string(arguments[0]);
}

static json_t *script_reservation(char **arguments, const char **ret_text)
{
	(void)ret_text;

	return script_pair("prefix", document_string(arguments[0]), "sddl",
			   document_string(arguments[1]));
}

static json_t *script_parameter(char **arguments, const char **ret_text)
{
	uint64_t value;
	if (!slice_parse_u64(slice_from_str(arguments[1]), UINT32_MAX, &value)) {
		*ret_text = "a parameter's value is a number";
		return NULL;
	}

	return script_pair("name", document_string(arguments[0]), "value",
			   json_integer((json_int_t)value));
}

static const struct script_form forms[] = {
	{"httpcfg set iplisten -i %", "listen_list", script_entry},
	{"httpcfg set urlacl -u % -a %", "reservations", script_reservation},
	{"httpcfg parameter % %", "parameters", script_parameter},
};

static bool script_matches(const struct script_form *form, char **words, size_t n_words,
			   char **ret_arguments)
{
	struct slice rest = slice_from_str(form->words);
	size_t n_arguments = 0;

	for (size_t i = 0; i < n_words; i++) {
		struct slice expected = slice_cut(&rest, ' ');
		if (expected.len == 0) {
			return false;
		}
		if (slice_is_equal(expected, SLICE("%"))) {
			ret_arguments[n_arguments++] = words[i];
		} else if (!slice_is_equal(expected, slice_from_str(words[i]))) {
			return false;
		}
	}

	return rest.len == 0;
}

/* Return: 0; SCRIPT_E_INVALID (*ret_text says why); -ENOMEM */
static int script_apply(json_t *document, char **words, size_t n_words, const char **ret_text)
{
	for (size_t i = 0; i < array_len(forms); i++) {
		char *arguments[SCRIPT_ARGUMENTS_MAX];
		if (!script_matches(&forms[i], words, n_words, arguments)) {
			continue;
		}
		const char *text = NULL;
		json_t *element = forms[i].element(arguments, &text);
		if (element == NULL && text != NULL) {
			*ret_text = text;
			return SCRIPT_E_INVALID;
		}
		json_t *list = json_object_get(document, forms[i].list);
		if (json_array_append_new(list, element) != 0) {
			return result_origin(-ENOMEM);
		}
		return 0;
	}
	*ret_text = "this is no line that dump prints "
		    "(set iplisten -i, set urlacl -u -a, parameter NAME VALUE)";

	return SCRIPT_E_INVALID;
}

/* Return: an empty document; NULL = out of memory */
static json_t *script_document(void)
{
	json_t *document = json_object();
	int r = json_object_set_new(document, "format", json_integer(SCRIPT_FORMAT));
	for (size_t i = 0; i < array_len(forms); i++) {
		r |= json_object_set_new(document, forms[i].list, json_array());
	}
	if (r != 0) {
		json_decref(document);
		return NULL;
	}

	return document;
}

static int script_parse_line(json_t *document, char *line, const char **ret_text)
{
	char *words[QUOTE_WORDS_MAX];
	size_t n_words = 0;

	int r = quote_split(line, words, &n_words);
	if (r != 0) {
		*ret_text = quote_verdict_text(r);
		return SCRIPT_E_INVALID;
	}

	return n_words > 0 ? script_apply(document, words, n_words, ret_text) : 0;
}

int script_parse(char *text, json_t **ret_document, struct script_error *ret_error)
{
	assert(text != NULL && ret_document != NULL && ret_error != NULL);

	json_t *document = script_document();
	if (document == NULL) {
		return result_origin(-ENOMEM);
	}

	char *line = text;
	for (size_t n = 1; line != NULL; n++) {
		char *end = strchr(line, '\n');
		if (end != NULL) {
			*end = '\0';
		}
		const char *why = NULL;
		int r = script_parse_line(document, line, &why);
		if (r != 0) {
			json_decref(document);
			if (r == SCRIPT_E_INVALID) {
				*ret_error = (struct script_error){.line = n, .text = why};
			}
			return r;
		}
		line = end != NULL ? end + 1 : NULL;
	}
	*ret_document = document;

	return 0;
}
