/* SPDX-License-Identifier: MIT */

/*
 * Verbs help and ?: the usage text, or one verb's part of it.  "help --words [VERB [WORD]]" prints
 * what can come next on a command line, one a line, for the shell's completion.
 */

#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "httpcfg/context.h"
#include "httpcfg/netsh.h"
#include "httpcfg/own.h"
#include "httpcfg/verb.h"
#include "httpcfg/words.h"

static int help_print_words(struct context *ctx, int argc, char **argv)
{
	const struct verb *verb = argc > 0 ? verb_find(argv[0]) : NULL;
	if (argc == 0 || (verb != NULL && verb->run == help_run)) {
		verb_print_names(ctx->out);
		return 0;
	}
	if (verb == NULL) {
		return 0;
	}
	if (verb->next == NULL) {
		netsh_print_words(ctx->out, verb->name, argc > 1 ? argv[1] : NULL);
		return 0;
	}

	struct slice rest = slice_from_str(verb->next);
	while (rest.len > 0) {
		struct slice word = slice_cut(&rest, ' ');
		fprintf(ctx->out, "%.*s\n", SLICE_ARG(word));
	}

	return 0;
}

int help_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	struct words words = {.at = argv + 1, .n = argc - 1};
	if (words_take_flag(&words, "--words")) {
		return help_print_words(ctx, words.n, words.at);
	}
	if (words.n == 0) {
		verb_print_usage(ctx->out);
		return 0;
	}

	const struct verb *verb = verb_find(words.at[0]);
	if (verb == NULL) {
		const char *nearest = verb_nearest(words.at[0]);
		return context_misuse(ctx, "there is no verb \"%s\"%s%s", words.at[0],
				      nearest != NULL ? "; did you mean " : "",
				      nearest != NULL ? nearest : "");
	}
	fprintf(ctx->out, "usage: httpcfg %s\n\n%s; httpcfg(8) says more.\n", verb->synopsis,
		verb->summary);

	return 0;
}
