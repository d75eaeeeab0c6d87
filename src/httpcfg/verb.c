/* SPDX-License-Identifier: MIT */

/*
 * One row per verb, in the order of the usage text.  "delete" belongs to two dialects: what follows
 * the store decides.  A command line without a verb, or with one word that is none, gets the usage
 * text and succeeds, as httpcfg.exe does with fewer than two words.
 */

#include "httpcfg/verb.h"

#include <assert.h>

#include "base/buf.h"
#include "httpcfg/context.h"
#include "httpcfg/exe.h"
#include "httpcfg/netsh.h"
#include "httpcfg/own.h"
#include "httpcfg/quote.h"
#include "httpcfg/suggest.h"
#include "httpcfg/words.h"

static int verb_delete(struct context *ctx, int argc, char **argv)
{
	return exe_is_form(argc, argv) ? exe_run(ctx, argc, argv) : netsh_run(ctx, argc, argv);
}

static int verb_usage(struct context *ctx, int argc, char **argv)
{
	(void)argc; /* whatever follows, as the original */
	(void)argv;

	verb_print_usage(ctx->out);

	return 0;
}

static const struct verb verbs[] = {
	{"set", VERB_DIALECT_EXE, exe_run, "iplisten urlacl ssl",
	 "set iplisten -i ADDRESS | urlacl -u PREFIX -a WHO | ssl -i ADDRESS:PORT -h HASH ...",
	 "add an entry to a store"},
	{"query", VERB_DIALECT_EXE, exe_run, "iplisten urlacl ssl",
	 "query iplisten | urlacl [-u PREFIX] | ssl [-i ADDRESS:PORT]", "print a store"},
	{"delete", VERB_DIALECT_EXE, verb_delete, NULL,
	 "delete iplisten -i ADDRESS | urlacl -u PREFIX | ssl -i ADDRESS:PORT",
	 "delete an entry; in netsh's dialect: delete STORE tag=value"},
	{"?", VERB_DIALECT_EXE, verb_usage, "", "?", "print this text"},

	{"add", VERB_DIALECT_NETSH, netsh_run, NULL,
	 "add iplisten [ipaddress=]ADDRESS | urlacl [url=]PREFIX user=NAME|sddl=SDDL",
	 "add an entry to a store"},
	{"show", VERB_DIALECT_NETSH, netsh_run, NULL,
	 "show iplisten | urlacl [[url=]PREFIX] | servicestate [view=session|requestq] "
	 "[verbose=yes|no] | revision N",
	 "print a store, the state of the service, or what a revision changed"},
	{"update", VERB_DIALECT_NETSH, netsh_run, NULL, "update STORE tag=value ...",
	 "change an entry (TLS only: not supported)"},
	{"flush", VERB_DIALECT_NETSH, netsh_run, NULL, "flush logbuffer",
	 "write buffered logs (not supported: logs are not buffered)"},

	{"status", VERB_DIALECT_OWN, status_run, "--json", "status [--json]",
	 "what runs, listens and is served, and what is wrong"},
	{"explain", VERB_DIALECT_OWN, explain_run, "--to --method",
	 "explain URL [--to ADDRESS] [--method METHOD]", "who answers a URL, and why"},
	{"whohas", VERB_DIALECT_OWN, whohas_run, "", "whohas PORT|ADDRESS:PORT",
	 "who holds a port"},
	{"history", VERB_DIALECT_OWN, history_run, "-r", "history [N] | history -r REVISION",
	 "what was changed, when, by whom and why"},
	{"rollback", VERB_DIALECT_OWN, rollback_run, "--dry-run", "rollback REVISION",
	 "make everything as it was after a revision"},
	{"dump", VERB_DIALECT_OWN, dump_run, "--json", "dump [--json]",
	 "print the commands that rebuild the configuration"},
	{"restore", VERB_DIALECT_OWN, restore_run, "--dry-run", "restore FILE|-",
	 "replace the configuration by what dump printed"},
	{"parameter", VERB_DIALECT_OWN, parameter_run, "--default",
	 "parameter [NAME [VALUE | --default]]", "show or set the listener's parameters"},
	{"help", VERB_DIALECT_OWN, help_run, NULL, "help [VERB]", "how a verb is written"},
};

static const char *const dialect_titles[VERB_DIALECT_COUNT_] = {
	[VERB_DIALECT_EXE] = "As httpcfg.exe:",
	[VERB_DIALECT_NETSH] = "As netsh http:",
	[VERB_DIALECT_OWN] = "Beyond both:",
};

const struct verb *verb_find(const char *name)
{
	assert(name != NULL);

	for (size_t i = 0; i < array_len(verbs); i++) {
		if (words_are_equal(name, verbs[i].name)) {
			return &verbs[i];
		}
	}

	return NULL;
}

const char *verb_nearest(const char *name)
{
	assert(name != NULL);

	struct suggestion suggestion = {0};
	for (size_t i = 0; i < array_len(verbs); i++) {
		suggest_consider(&suggestion, name, verbs[i].name);
	}

	return suggestion.word;
}

void verb_print_names(FILE *out)
{
	assert(out != NULL);

	for (size_t i = 0; i < array_len(verbs); i++) {
		fprintf(out, "%s\n", verbs[i].name);
	}
}

void verb_print_usage(FILE *out)
{
	assert(out != NULL);

	fputs("usage: httpcfg [--home DIR] [--json] [--dry-run] [-m COMMENT] VERB ...\n", out);
	for (size_t i = 0; i < array_len(verbs); i++) {
		if (i == 0 || verbs[i].dialect != verbs[i - 1].dialect) {
			fprintf(out, "\n%s\n", dialect_titles[verbs[i].dialect]);
		}
		fprintf(out, "  %s\n        %s\n", verbs[i].synopsis, verbs[i].summary);
	}
	fputs("\nOptions, before the verb or behind it:\n"
	      "  --home DIR    the listener's directory, instead of $HTTPSYS_HOME\n"
	      "  --json        print JSON\n"
	      "  --dry-run     say what a change would do, change nothing\n"
	      "  -m COMMENT    why, for the history (also --comment; not with ssl behind the "
	      "verb)\n"
	      "  --help        print this text, or how the verb is written\n"
	      "  --version     print the version\n",
	      out);
}

/* The ways in which other programs are asked for help. */
static bool verb_is_question(const char *word)
{
	return words_are_equal(word, "-?") || words_are_equal(word, "/?") ||
	       words_are_equal(word, "-h");
}

static int verb_unknown(const struct context *ctx, const struct words *words)
{
	const char *name = words->at[0];
	const char *nearest = verb_nearest(name);

	fprintf(ctx->err, "httpcfg: there is no verb \"%s\"\n", name);
	if (nearest != NULL) {
		fprintf(ctx->err, "  did you mean: httpcfg %s\n", nearest);
	} else {
		fputs("  try: httpcfg help\n", ctx->err);
	}
	if (name[0] == '-') {
		return WIN32_INVALID_PARAMETER;
	}
	if (words->n < 2) {
		verb_print_usage(ctx->out);
		return 0;
	}
	fprintf(ctx->out, "%s is an invalid command\n", name);

	return WIN32_INVALID_PARAMETER;
}

/* Is "-m" the certificate check mode here?  Only behind set, query and delete ssl. */
static bool verb_owns_m(const struct words *words)
{
	const struct verb *verb = words->n > 1 ? verb_find(words->at[0]) : NULL;

	return verb != NULL && verb->dialect == VERB_DIALECT_EXE &&
	       words_are_equal(words->at[1], "ssl");
}

/* Return: 0, or the option whose value is missing as *@ret_option and WORDS_E_NO_VALUE */
static int verb_take_options(struct context *ctx, struct words *words, const char **ret_option)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{"--comment", &ctx->comment},
		{"-m", &ctx->comment},
		{"--home", &ctx->home},
	};

	for (size_t i = 0; i < array_len(options); i++) {
		bool is_leading = words->n > 0 && words->at[0][0] == '-';
		if (options[i].name[1] == 'm' && !is_leading && verb_owns_m(words)) {
			continue;
		}
		if (words_take_value(words, options[i].name, options[i].value) ==
		    WORDS_E_NO_VALUE) {
			*ret_option = options[i].name;
			return WORDS_E_NO_VALUE;
		}
	}

	ctx->is_json = words_take_flag(words, "--json");
	ctx->is_dry_run = words_take_flag(words, "--dry-run");

	return 0;
}

static int verb_dispatch(struct context *ctx, struct words *words)
{
	const char *option = NULL;
	ctx->synopsis = "[--home DIR] [--json] [--dry-run] [-m COMMENT] VERB ...";
	if (verb_take_options(ctx, words, &option) != 0) {
		return context_misuse(ctx, "%s needs a value", option);
	}
	if (words_take_flag(words, "--version")) {
		fprintf(ctx->out, "httpcfg %s\n", httpsys_version());
		return 0;
	}

	if (words_take_flag(words, "--help") || words->n == 0) {
		return help_run(ctx, words->n + 1, words->at - 1);
	}
	if (verb_is_question(words->at[0])) {
		return verb_usage(ctx, words->n, words->at);
	}

	const struct verb *verb = verb_find(words->at[0]);
	if (verb == NULL) {
		return verb_unknown(ctx, words);
	}
	ctx->synopsis = verb->synopsis;

	return verb->run(ctx, words->n, words->at);
}

/* Writes the command as it was typed.  Return: 0; -ENOMEM */
static int verb_append_command(struct buf *buf, int argc, char *const *argv)
{
	int r = buf_append_str(buf, "httpcfg");
	for (int i = 1; r == 0 && i < argc; i++) {
		r = buf_append_str(buf, " ");
		if (r == 0) {
			r = quote_append(buf, argv[i]);
		}
	}
	if (r == 0) {
		r = buf_append(buf, slice_from("", 1));
	}

	return r;
}

int verb_run(int argc, char **argv, FILE *out, FILE *err)
{
	assert(argc > 0 && argv != NULL && out != NULL && err != NULL);

	cleanup_(buf_fini) struct buf command = {0};
	if (verb_append_command(&command, argc, argv) != 0) {
		return WIN32_NO_MEMORY;
	}

	cleanup_(context_fini) struct context ctx = {
		.out = out,
		.err = err,
		.command = command.data,
	};
	struct words words = {.at = argv + 1, .n = argc - 1};

	return verb_dispatch(&ctx, &words);
}
