/* SPDX-License-Identifier: MIT */

/* Our own verbs: calls, pages for people, JSON, usage errors, and the way back from dump. */

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "httpcfg/command.h"
#include "httpcfg/fake_admin.h"

static int setup(void **state)
{
	(void)state;
	fake_admin_reset();

	return 0;
}

static void check_all(const struct command_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		command_check(&cases[i]);
	}
}

/* Lays out golden documents for a query; NULL: none. */
static void lay_out(enum httpsys_query query, const char *master, const char *engine)
{
	fake_admin.documents[query] = master != NULL ? command_golden(master) : NULL;
	fake_admin.engine_documents[query] = engine != NULL ? command_golden(engine) : NULL;
}

static void clear_away(enum httpsys_query query)
{
	mem_free((char *)(uintptr_t)fake_admin.documents[query]);
	mem_free((char *)(uintptr_t)fake_admin.engine_documents[query]);
	fake_admin.documents[query] = NULL;
	fake_admin.engine_documents[query] = NULL;
}

static void verbs_make_their_calls(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg status", 0, "query status\n", NULL, ""},
		{"httpcfg explain http://a/", 0, "query explain http://a/ GET\n", NULL, ""},
		{"httpcfg explain http://a/ --to ::1 --method PUT", 0,
		 "query explain http://a/ PUT ::1\n", NULL, ""},
		{"httpcfg explain --to=::1 http://a/", 0, "query explain http://a/ GET ::1\n", NULL,
		 ""},
		{"httpcfg whohas 80", 0, "query whohas 80\n", "nobody holds 80\n", ""},
		{"httpcfg whohas 127.0.0.1:80", 0, "query whohas 127.0.0.1 80\n", NULL, ""},
		{"httpcfg whohas '[::1]:80'", 0, "query whohas ::1 80\n", NULL, ""},
		{"httpcfg history", 0, "query history 20\n", NULL, ""},
		{"httpcfg history 3", 0, "query history 3\n", NULL, ""},
		{"httpcfg history -r 7", 0, "query history 7\n", NULL, ""},
		{"httpcfg show revision 7", 0, "query history 7\n", NULL, ""},
		{"httpcfg rollback 7 -m oops", 0, "rollback 7 # oops\n", "done\nrevision 9\n", ""},
		{"httpcfg rollback 7 --dry-run", 0, "rollback 7 dry\n", "", "Dry run: done"},
		{"httpcfg dump", 0, "query dump\n", NULL, ""},
		{"httpcfg parameter", 0, "query parameter\n", NULL, ""},
		{"httpcfg parameter MaxFieldLength", 0, "query parameter MaxFieldLength\n", NULL,
		 ""},
		{"httpcfg parameter MaxFieldLength 8192", 0, "parameter_set MaxFieldLength 8192\n",
		 "done\nrevision 9\n", ""},
		{"httpcfg parameter MaxFieldLength --default", 0,
		 "parameter_delete MaxFieldLength\n", "done\nrevision 9\n", ""},
		{"httpcfg --version", 0, "", "httpcfg 0.0.0-fake\n", ""},
	};

	(void)state;
	fake_admin.text = "done";
	fake_admin.revision = 9;
	check_all(cases, array_len(cases));
}

static void wrong_usage_is_87_and_shows_the_usage(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg status x", 87, "", "", "usage: httpcfg status"},
		{"httpcfg explain", 87, "", "", "usage: httpcfg explain URL"},
		{"httpcfg explain http://a/ --to", 87, "", "", "value is missing"},
		{"httpcfg whohas", 87, "", "", "usage: httpcfg whohas"},
		{"httpcfg whohas 0", 87, "", "", "no port"},
		{"httpcfg whohas 65536", 87, "", "", "no port"},
		{"httpcfg whohas 1.2.3:80", 87, "", "", "no port"},
		{"httpcfg history x", 87, "", "", "no number"},
		{"httpcfg history -r 0", 87, "", "", "no revision"},
		{"httpcfg history -r", 87, "", "", "usage:"},
		{"httpcfg rollback", 87, "", "", "usage: httpcfg rollback"},
		{"httpcfg rollback -1", 87, "", "", "usage:"},
		{"httpcfg dump x", 87, "", "", "usage:"},
		{"httpcfg restore", 87, "", "", "usage:"},
		{"httpcfg restore /nonexistent/file", 87, "", "", "No such file"},
		{"httpcfg parameter a b", 87, "", "", "no number"},
		{"httpcfg parameter a 1 2", 87, "", "", "usage:"},
		{"httpcfg parameter --default", 87, "", "", "usage:"},
		{"httpcfg help frob", 87, "", "", "no verb"},
		{"httpcfg stauts now", 87, "", "stauts is an invalid command\n",
		 "did you mean: httpcfg status"},
		{"httpcfg hisotry", 0, "", NULL, "did you mean: httpcfg history"},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void failures_say_what_why_and_what_next(void **state)
{
	(void)state;
	fake_admin.change_code = HTTPSYS_E_NOT_FOUND;
	fake_admin.text = "there is no revision 99";
	fake_admin.repair = "httpcfg history";
	command_check(&(struct command_case){
		"httpcfg rollback 99", 2, "rollback 99\n", "",
		"httpcfg: rollback failed: there is no revision 99 (error 2)\n"
		"  try: httpcfg history\n"});

	fake_admin.connect_error = HTTPSYS_E_NO_DAEMON;
	command_check(&(struct command_case){"httpcfg status", 1062, "", "",
					     "httpcfg: status failed: nobody listens on"});
}

static void an_unreadable_answer_is_an_error(void **state)
{
	(void)state;
	fake_admin.documents[HTTPSYS_QUERY_STATUS] = "{\"version\": ";
	command_check(&(struct command_case){"httpcfg status", 13, NULL, "", "cannot be read"});
}

static void status_is_one_page(void **state)
{
	(void)state;
	lay_out(HTTPSYS_QUERY_STATUS, "status_master.json", "status_engine.json");
	command_check_golden("httpcfg status", "status.txt");
	clear_away(HTTPSYS_QUERY_STATUS);

	fake_admin.documents[HTTPSYS_QUERY_STATUS] =
		"{\"is_running\": false, \"revision\": 3, \"listen_list\": [], \"endpoints\": []}";
	command_check_golden("httpcfg status", "status_offline.txt");
}

static void names_of_programs_cannot_drive_the_terminal(void **state)
{
	(void)state;
	lay_out(HTTPSYS_QUERY_STATUS, "status_master.json", "status_engine.json");
	struct command command = {0};
	command_run("httpcfg status", &command);
	assert_null(strchr(command.out, '\033'));
	assert_null(strstr(command.out, "\xc2\x85"));
	assert_non_null(strstr(command.out, "evil?[2J???name"));
	command_fini(&command);
	clear_away(HTTPSYS_QUERY_STATUS);
}

static void explain_tells_the_whole_way(void **state)
{
	(void)state;
	lay_out(HTTPSYS_QUERY_EXPLAIN, "explain_delivered_master.json",
		"explain_delivered_engine.json");
	command_check_golden("httpcfg explain http://localhost/a/b", "explain_delivered.txt");
	clear_away(HTTPSYS_QUERY_EXPLAIN);

	lay_out(HTTPSYS_QUERY_EXPLAIN, NULL, "explain_refused_engine.json");
	command_check_golden("httpcfg explain http://localhost/x/", "explain_refused.txt");
	clear_away(HTTPSYS_QUERY_EXPLAIN);
}

static void tables_are_aligned(void **state)
{
	static const struct {
		enum httpsys_query query;
		const char *document;
		const char *line;
		const char *golden;
	} cases[] = {
		{HTTPSYS_QUERY_HISTORY, "history.json", "httpcfg history", "history.txt"},
		{HTTPSYS_QUERY_HISTORY, "history.json", "httpcfg history -r 7", "revision.txt"},
		{HTTPSYS_QUERY_WHOHAS, "whohas.json", "httpcfg whohas 80", "whohas.txt"},
		{HTTPSYS_QUERY_PARAMETER, "parameter.json", "httpcfg parameter", "parameter.txt"},
		{HTTPSYS_QUERY_PARAMETER, "parameter.json", "httpcfg parameter MaxFieldLength",
		 "parameter_one.txt"},
		{HTTPSYS_QUERY_DUMP, "dump.json", "httpcfg dump", "dump.txt"},
		{HTTPSYS_QUERY_DUMP, "dump.json", "httpcfg dump --json", "dump_json.txt"},
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		lay_out(cases[i].query, cases[i].document, NULL);
		command_check_golden(cases[i].line, cases[i].golden);
		clear_away(cases[i].query);
	}
}

#define RESTORED                                                                                \
	"restore {\"format\":1,\"listen_list\":[\"127.0.0.1\",\"[::1]:80\"],"                   \
	"\"reservations\":[{\"prefix\":\"http://*:80/o'brien/\",\"sddl\":\"D:(A;;GX;;;WD)\"}]," \
	"\"parameters\":[{\"name\":\"MaxFieldLength\",\"value\":8192}]}\n"

static void what_dump_prints_restore_reads(void **state)
{
	(void)state;
	const struct command_case cases[] = {
		{"httpcfg restore " TEST_GOLDEN_DIR "/dump.txt", 0, RESTORED, NULL, ""},
		{"httpcfg restore " TEST_GOLDEN_DIR "/dump_json.txt", 0, RESTORED, NULL, ""},
		{"httpcfg restore " TEST_GOLDEN_DIR "/dump.json", 0, RESTORED, NULL, ""},
	};
	check_all(cases, array_len(cases));
}

static void restore_says_which_line_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *err;
	} cases[] = {
		{"# comment\n\nhttpcfg frob\n", ":3: this is no line that dump prints"},
		{"httpcfg set iplisten -i ::1 -i ::2\n", ":1: this is no line"},
		{"httpcfg set iplisten -i\n", ":1: this is no line"},
		{"httpcfg set iplisten -i ::1; rm -r x\n", ":1: a special character"},
		{"httpcfg set iplisten -i $(x)\n", ":1: a special character"},
		{"httpcfg set urlacl -u 'x\n", ":1: a quote or an escape"},
		{"httpcfg parameter x y\n", ":1: a parameter's value is a number"},
		{"{\"format\": 1,\n", ":2: "},
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		char path[] = "/tmp/httpcfg-test-XXXXXX";
		int fd = mkstemp(path);
		assert_true(fd >= 0);
		size_t len = strlen(cases[i].text);
		assert_int_equal(write(fd, cases[i].text, len), len);
		assert_int_equal(close(fd), 0);

		char line[64];
		(void)snprintf(line, sizeof(line), "httpcfg restore %s", path);
		command_check(&(struct command_case){line, 87, "", "", cases[i].err});
		assert_int_equal(unlink(path), 0);
	}
}

static void a_change_of_the_list_says_what_comes_of_it(void **state)
{
	(void)state;
	char *master = command_golden("listen_add_master.json");
	char *engine = command_golden("status_engine.json");
	fake_admin.change_document = master;
	fake_admin.change_engine = engine;

	struct command command = {0};
	command_run("httpcfg set iplisten -i 127.0.0.1", &command);
	char *expected = command_golden("listen_add_stderr.txt");
	assert_string_equal(command.err, expected);
	mem_free(expected);
	command_fini(&command);

	command_check(&(struct command_case){"httpcfg set iplisten -i 127.0.0.1 --dry-run", 0,
					     "listen_add 127.0.0.1 dry\n", "",
					     "no longer on 0.0.0.0:80, [::]:80"});
	command_check(&(struct command_case){"httpcfg add iplisten 127.0.0.1 --dry-run", 0,
					     "listen_add 127.0.0.1 dry\n", "", "Dry run: "});
	mem_free(master);
	mem_free(engine);
}

static void the_last_entry_opens_everything(void **state)
{
	(void)state;
	fake_admin.change_document = "{\"list\": [], \"claims\": []}";
	command_check(&(struct command_case){"httpcfg delete iplisten -i ::", 0, NULL, NULL,
					     "all IPv4 and all IPv6 addresses are open again"});
	command_check(&(struct command_case){"httpcfg delete iplisten ::", 0, NULL, NULL,
					     "httpcfg set iplisten -i none"});
}

static void offline_changes_say_when_they_take_effect(void **state)
{
	(void)state;
	fake_admin.is_offline = true;
	command_check(&(struct command_case){"httpcfg set iplisten -i ::1", 0, NULL, NULL,
					     "takes effect when it starts"});
}

static void *allocate(size_t size)
{
	return mem_new(size);
}

static void release(void *memory)
{
	mem_free(memory);
}

/* With every allocation failing in turn a command neither crashes nor keeps anything. */
static void no_memory_is_survived(void **state)
{
	static const char *const lines[] = {
		"httpcfg status",
		"httpcfg status --json",
		"httpcfg show servicestate",
		"httpcfg set iplisten -i 127.0.0.1",
		"httpcfg add urlacl url=u user=a",
		"httpcfg restore " TEST_GOLDEN_DIR "/dump.txt",
		"httpcfg restore " TEST_GOLDEN_DIR "/dump_json.txt",
	};

	(void)state;
	lay_out(HTTPSYS_QUERY_STATUS, "status_master.json", "status_engine.json");
	fake_admin.change_document = command_golden("listen_add_master.json");
	fake_admin.change_engine = command_golden("status_engine.json");
	json_set_alloc_funcs(allocate, release);
	for (size_t i = 0; i < array_len(lines); i++) {
		struct command command = {0};
		(void)mem_fail_at(UINT64_MAX);
		command_run(lines[i], &command);
		command_fini(&command);
		uint64_t n = mem_fail_at(0);
		assert_true(n > 0);
		for (uint64_t j = 2; j <= n; j++) { /* the first is command_run()'s */
			fake_admin.calls[0] = '\0';
			(void)mem_fail_at(j);
			command_run(lines[i], &command);
			command_fini(&command);
		}
		(void)mem_fail_at(0);
	}
	json_set_alloc_funcs(malloc, free);
	mem_free((char *)(uintptr_t)fake_admin.change_document);
	mem_free((char *)(uintptr_t)fake_admin.change_engine);
	clear_away(HTTPSYS_QUERY_STATUS);
}

static void help_comes_from_the_table(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg help whohas", 0, "",
		 "usage: httpcfg whohas PORT|ADDRESS:PORT\n\nwho holds a port; httpcfg(8) says "
		 "more.\n",
		 ""},
		{"httpcfg whohas --help", 0, "",
		 "usage: httpcfg whohas PORT|ADDRESS:PORT\n\nwho holds a port; httpcfg(8) says "
		 "more.\n",
		 ""},
		{"httpcfg help --words set", 0, "", "iplisten\nurlacl\nssl\n", ""},
		{"httpcfg help --words add", 0, "",
		 "iplisten\nurlacl\nsslcert\ntimeout\ncacheparam\nsetting\n", ""},
		{"httpcfg help --words add urlacl", 0, "",
		 "url=\nuser=\nlisten=\ndelegate=\nsddl=\n", ""},
		{"httpcfg help --words frob", 0, "", "", ""},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(verbs_make_their_calls, setup),
		cmocka_unit_test_setup(wrong_usage_is_87_and_shows_the_usage, setup),
		cmocka_unit_test_setup(failures_say_what_why_and_what_next, setup),
		cmocka_unit_test_setup(an_unreadable_answer_is_an_error, setup),
		cmocka_unit_test_setup(status_is_one_page, setup),
		cmocka_unit_test_setup(names_of_programs_cannot_drive_the_terminal, setup),
		cmocka_unit_test_setup(explain_tells_the_whole_way, setup),
		cmocka_unit_test_setup(tables_are_aligned, setup),
		cmocka_unit_test_setup(what_dump_prints_restore_reads, setup),
		cmocka_unit_test_setup(restore_says_which_line_is_wrong, setup),
		cmocka_unit_test_setup(a_change_of_the_list_says_what_comes_of_it, setup),
		cmocka_unit_test_setup(the_last_entry_opens_everything, setup),
		cmocka_unit_test_setup(offline_changes_say_when_they_take_effect, setup),
		cmocka_unit_test_setup(no_memory_is_survived, setup),
		cmocka_unit_test_setup(help_comes_from_the_table, setup),
	};

	return cmocka_run_group_tests_name("httpcfg/own", tests, NULL, NULL);
}
