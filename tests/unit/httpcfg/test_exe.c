/* SPDX-License-Identifier: MIT */

/* The dialect of httpcfg.exe: switch rules, messages and exit codes, from command line to call. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "httpcfg/command.h"
#include "httpcfg/fake_admin.h"

#define SET(n)    "HttpSetServiceConfiguration completed with " #n "\n"
#define QUERY(n)  "HttpQueryServiceConfiguration completed with " #n "\n"
#define DELETE(n) "HttpDeleteServiceConfiguration completed with " #n "\n"
#define RULE      "------------------------------------------------------------------------------\n"
#define HASH      "0123456789abcdef0123456789ABCDEF01234567"

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

static void switches_follow_the_rules(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg set iplisten -i 127.0.0.1", 0,
		 "listen_add 127.0.0.1 dry\nlisten_add 127.0.0.1\n", SET(0), NULL},
		{"httpcfg SET IPListen /I 127.0.0.1:80", 0,
		 "listen_add 127.0.0.1:80 dry\nlisten_add 127.0.0.1:80\n", SET(0), NULL},
		{"httpcfg set iplisten -ip ::1", 0, "listen_add ::1 dry\nlisten_add ::1\n", SET(0),
		 NULL},
		{"httpcfg set iplisten -i 10.0.0.1 -i 10.0.0.2", 0,
		 "listen_add 10.0.0.2 dry\nlisten_add 10.0.0.2\n", SET(0), NULL},
		{"httpcfg set iplisten -i 10.0.0.1 word -i 10.0.0.2", 0,
		 "listen_add 10.0.0.1 dry\nlisten_add 10.0.0.1\n", SET(0), NULL},
		{"httpcfg set iplisten -i 10.0.0.1 -i", 0,
		 "listen_add 10.0.0.1 dry\nlisten_add 10.0.0.1\n", SET(0), NULL},
		{"httpcfg delete iplisten /i 10.0.0.1", 0,
		 "listen_delete 10.0.0.1 dry\nlisten_delete 10.0.0.1\n", DELETE(0), NULL},
		{"httpcfg set urlacl /u http://localhost:80/ /a 'D:(A;;GX;;;WD)'", 0,
		 "urlacl_add http://localhost:80/ D:(A;;GX;;;WD)\n", SET(0), ""},
		{"httpcfg set urlacl -a user:www -url http://+:80/x/", 0,
		 "urlacl_add http://+:80/x/ user:www\n", SET(0), ""},
		{"httpcfg delete urlacl -u http://localhost:80/", 0,
		 "urlacl_delete http://localhost:80/\n", DELETE(0), ""},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void wrong_command_lines_get_87(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg frob iplisten", 87, "", "frob is an invalid command\n", NULL},
		{"httpcfg set frob -i 1.2.3.4", 87, "", "frob is an invalid command\n", NULL},
		{"httpcfg set iplisten -q 1.2.3.4", 87, "", "-q is not a valid command.\n", NULL},
		{"httpcfg set urlacl /i x", 87, "", "/i is not a valid command.\n", NULL},
		{"httpcfg set ssl -q x", 87, "", "-q is an invalid command\n", NULL},
		{"httpcfg set iplisten", 87, "", "(null) is not a valid IP address.\n", "-i"},
		{"httpcfg set iplisten -i", 87, "", "(null) is not a valid IP address.\n", "-i"},
		{"httpcfg delete iplisten", 87, "", "(null) is not a valid IP address.\n", "-i"},
		{"httpcfg set urlacl", 87, "", SET(87), "-u"},
		{"httpcfg set urlacl -u http://+:80/", 87, "", SET(87), "-a"},
		{"httpcfg delete urlacl", 87, "", DELETE(87), "-u"},
		{"httpcfg set ssl", 87, "", "(null) is not a valid IP address.\n", NULL},
		{"httpcfg delete ssl", 87, "", "(null) is not a valid IP address.\n", NULL},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void few_words_get_the_usage_and_exit_0(void **state)
{
	static const char *const lines[] = {
		"httpcfg",     "httpcfg set",     "httpcfg query",      "httpcfg delete",
		"httpcfg '?'", "httpcfg '?' ssl", "httpcfg --help",     "httpcfg '/?'",
		"httpcfg -h",  "httpcfg '-?'",    "httpcfg unheard-of",
	};

	(void)state;
	for (size_t i = 0; i < array_len(lines); i++) {
		struct command command = {0};
		command_run(lines[i], &command);
		assert_int_equal(command.code, 0);
		assert_ptr_equal(strstr(command.out, "usage: httpcfg "), command.out);
		assert_string_equal(fake_admin.calls, "");
		command_fini(&command);
	}
}

static void codes_of_the_listener_are_exit_codes(void **state)
{
	static const struct {
		int code;
		struct command_case test;
	} cases[] = {
		{HTTPSYS_E_EXISTS,
		 {"httpcfg set iplisten -i ::", 183, NULL, SET(183), "(error 183)"}},
		{HTTPSYS_E_EXISTS, {"httpcfg set urlacl -u u -a a", 183, NULL, SET(183), NULL}},
		{HTTPSYS_E_NOT_FOUND, {"httpcfg delete iplisten -i ::", 2, NULL, DELETE(2), NULL}},
		{HTTPSYS_E_NOT_FOUND, {"httpcfg delete urlacl -u u", 2, NULL, DELETE(2), NULL}},
		{HTTPSYS_E_DENIED, {"httpcfg set iplisten -i ::", 5, NULL, SET(5), NULL}},
		{HTTPSYS_E_INVALID, {"httpcfg set urlacl -u u -a a", 87, NULL, SET(87), NULL}},
		{HTTPSYS_E_ADDRESS,
		 {"httpcfg set iplisten -i 1.2.3", 10022, NULL,
		  "1.2.3 is not a valid IP address.\n", "why not"}},
		{HTTPSYS_E_ADDRESS,
		 {"httpcfg delete iplisten -i ''", 10022, NULL, " is not a valid IP address.\n",
		  NULL}},
		{HTTPSYS_E_CHANGED,
		 {"httpcfg set urlacl -u u -a a", 0, NULL, SET(0), "warning: why not"}},
	};

	(void)state;
	fake_admin.text = "why not";
	fake_admin.repair = "something else";
	for (size_t i = 0; i < array_len(cases); i++) {
		fake_admin.change_code = cases[i].code;
		command_check(&cases[i].test);
	}
}

static void a_failed_change_is_not_tried_in_earnest(void **state)
{
	(void)state;
	fake_admin.change_code = HTTPSYS_E_EXISTS;
	command_check(&(struct command_case){"httpcfg set iplisten -i ::", 183,
					     "listen_add :: dry\n", SET(183), NULL});
}

static void queries_print_records(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg query iplisten", 0, "query listen\n",
		 "IP         :127.0.0.1.\n" RULE "IP         :::.\n" RULE, ""},
		{"httpcfg query iplisten -i 1.2.3.4", 0, "query listen\n",
		 "IP         :127.0.0.1.\n" RULE "IP         :::.\n" RULE, ""},
		{"httpcfg query urlacl", 0, "query urlacl\n",
		 "URL : http://+:80/x/\nACL : D:(A;;GX;;;WD)\n" RULE, ""},
		{"httpcfg query urlacl /u http://+:80/x/", 0, "query urlacl http://+:80/x/\n",
		 "URL : http://+:80/x/\nACL : D:(A;;GX;;;WD)\n" RULE, ""},
	};

	(void)state;
	fake_admin.documents[HTTPSYS_QUERY_LISTEN] =
		"{\"entries\": [{\"entry\": \"127.0.0.1\"}, {\"entry\": \"::\"}]}";
	fake_admin.documents[HTTPSYS_QUERY_URLACL] =
		"{\"reservations\": [{\"prefix\": \"http://+:80/x/\", "
		"\"sddl\": \"D:(A;;GX;;;WD)\"}]}";
	check_all(cases, array_len(cases));
}

static void an_empty_list_prints_no_record(void **state)
{
	(void)state;
	fake_admin.documents[HTTPSYS_QUERY_LISTEN] = "{\"entries\": []}";
	command_check(&(struct command_case){"httpcfg query iplisten", 0, NULL, "", "is empty"});
}

static void a_failed_query_says_so(void **state)
{
	(void)state;
	fake_admin.query_code = HTTPSYS_E_NOT_FOUND;
	command_check(&(struct command_case){"httpcfg query urlacl -u http://+:80/x/", 2, NULL,
					     QUERY(2), "(error 2)"});
}

static void ssl_checks_switches_and_is_not_supported(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg set ssl /i 10.0.0.1:80 /h " HASH " /g '{2bb50d9c}'", 50, "", SET(50),
		 "no TLS"},
		{"httpcfg set ssl -i '[::1]:443' -h " HASH " -c MY -m 1 -r 0 -x 5 -t a -n b -f 2",
		 50, "", SET(50), "no TLS"},
		{"httpcfg query ssl", 50, "", QUERY(50), "no TLS"},
		{"httpcfg query ssl -i 0.0.0.0:443", 50, "", QUERY(50), "no TLS"},
		{"httpcfg delete ssl -i 0.0.0.0:443", 50, "", DELETE(50), "no TLS"},
		{"httpcfg set ssl -i 10.0.0.1 -h " HASH, 10022, "",
		 "10.0.0.1 is not a valid IP address.\n", NULL},
		{"httpcfg set ssl -i 10.0.0.1:443 -h 12", 87, "", "12 is not a valid hash.\n",
		 "40 hexadecimal"},
		{"httpcfg set ssl -i 10.0.0.1:443 -h " HASH "0", 87, "",
		 HASH "0 is not a valid hash.\n", NULL},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void no_connection_is_a_failed_initialization(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg set iplisten -i ::1", 1062, "", "HttpInitialize failed with 1062\n",
		 "admin.sock"},
		{"httpcfg set frob", 1062, "", "HttpInitialize failed with 1062\n", NULL},
	};

	(void)state;
	fake_admin.connect_error = HTTPSYS_E_NO_DAEMON;
	check_all(cases, array_len(cases));
}

static void a_lost_connection_is_explained(void **state)
{
	(void)state;
	fake_admin.change_result = HTTPSYS_E_NO_DAEMON;
	command_check(&(struct command_case){"httpcfg set urlacl -u u -a a", 1062, NULL, SET(1062),
					     "The listener is not running"});
}

static void options_stand_anywhere(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg -m why set urlacl -u u -a a", 0, "urlacl_add u a # why\n", SET(0), ""},
		{"httpcfg set urlacl -u u -a a -m why", 0, "urlacl_add u a # why\n", SET(0), ""},
		{"httpcfg set urlacl --comment=why -u u -a a", 0, "urlacl_add u a # why\n", SET(0),
		 ""},
		{"httpcfg set urlacl -u u -a a --dry-run", 0, "urlacl_add u a dry\n", "",
		 "nothing was changed"},
		{"httpcfg --home /x set urlacl -u u -a a", 0, "urlacl_add u a\n", SET(0), ""},
		{"httpcfg -m why set ssl -i 1.2.3.4:5 -m 1", 50, "", SET(50), NULL},
		{"httpcfg set urlacl -u u -a a --home", 87, "", "", "--home needs a value"},
		{"httpcfg --frob", 87, "", "", "no verb"},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void home_is_handed_on(void **state)
{
	(void)state;
	command_check(
		&(struct command_case){"httpcfg --home /a/b query iplisten", 0, NULL, NULL, NULL});
	assert_string_equal(fake_admin.home, "/a/b");
	command_check(&(struct command_case){"httpcfg query iplisten", 0, NULL, NULL, NULL});
	assert_string_equal(fake_admin.home, "");
}

static void json_carries_code_and_document(void **state)
{
	(void)state;
	fake_admin.documents[HTTPSYS_QUERY_LISTEN] = "{\"entries\": [], \"text\": \"all\"}";
	command_check(&(struct command_case){"httpcfg query iplisten --json", 0, NULL,
					     "{\n  \"code\": 0,\n  \"entries\": [],\n  \"text\": "
					     "\"all\",\n  \"repair\": \"\"\n}\n",
					     ""});
	fake_admin.change_code = HTTPSYS_E_ADDRESS;
	fake_admin.text = "why";
	command_check(&(struct command_case){
		"httpcfg set iplisten -i x --json", 10022, NULL,
		"{\n  \"code\": 10022,\n  \"text\": \"why\",\n  \"repair\": \"\"\n}\n", ""});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(switches_follow_the_rules, setup),
		cmocka_unit_test_setup(wrong_command_lines_get_87, setup),
		cmocka_unit_test_setup(few_words_get_the_usage_and_exit_0, setup),
		cmocka_unit_test_setup(codes_of_the_listener_are_exit_codes, setup),
		cmocka_unit_test_setup(a_failed_change_is_not_tried_in_earnest, setup),
		cmocka_unit_test_setup(queries_print_records, setup),
		cmocka_unit_test_setup(an_empty_list_prints_no_record, setup),
		cmocka_unit_test_setup(a_failed_query_says_so, setup),
		cmocka_unit_test_setup(ssl_checks_switches_and_is_not_supported, setup),
		cmocka_unit_test_setup(no_connection_is_a_failed_initialization, setup),
		cmocka_unit_test_setup(a_lost_connection_is_explained, setup),
		cmocka_unit_test_setup(options_stand_anywhere, setup),
		cmocka_unit_test_setup(home_is_handed_on, setup),
		cmocka_unit_test_setup(json_carries_code_and_document, setup),
	};

	return cmocka_run_group_tests_name("httpcfg/exe", tests, NULL, NULL);
}
