/* SPDX-License-Identifier: MIT */

/* The dialect of netsh http: tags, positional values, messages, layouts and exit codes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "httpcfg/command.h"
#include "httpcfg/fake_admin.h"

#define ADDED_ADDRESS   "\nIP address successfully added\n\n"
#define DELETED_ADDRESS "\nIP address successfully deleted\n\n"
#define ADDED_URL       "\nURL reservation successfully added\n\n"
#define DELETED_URL     "\nURL reservation successfully deleted\n\n"
#define BAD_SYNTAX                                            \
	"The syntax supplied for this command is not valid. " \
	"Check help for the correct syntax.\n"
#define MISSING "One or more essential parameters were not entered.\n"

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

static void values_come_by_tag_or_position(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg add iplisten ipaddress=127.0.0.1", 0,
		 "listen_add 127.0.0.1 dry\nlisten_add 127.0.0.1\n", ADDED_ADDRESS, NULL},
		{"httpcfg ADD IPLISTEN IPADDRESS=::1", 0, "listen_add ::1 dry\nlisten_add ::1\n",
		 ADDED_ADDRESS, NULL},
		{"httpcfg add iplisten 127.0.0.1:80", 0,
		 "listen_add 127.0.0.1:80 dry\nlisten_add 127.0.0.1:80\n", ADDED_ADDRESS, NULL},
		{"httpcfg delete iplisten ipaddress=::", 0,
		 "listen_delete :: dry\nlisten_delete ::\n", DELETED_ADDRESS, NULL},
		{"httpcfg delete iplisten address=::", 0,
		 "listen_delete :: dry\nlisten_delete ::\n", DELETED_ADDRESS, NULL},
		{"httpcfg delete iplisten ::", 0, "listen_delete :: dry\nlisten_delete ::\n",
		 DELETED_ADDRESS, NULL},
		{"httpcfg add urlacl url=http://+:80/x/ user=www", 0,
		 "urlacl_add http://+:80/x/ user:www=listen\n", ADDED_URL, ""},
		{"httpcfg add urlacl http://+:80/x/ www", 0,
		 "urlacl_add http://+:80/x/ user:www=listen\n", ADDED_URL, ""},
		{"httpcfg add urlacl http://+:80/x/ www no yes", 0,
		 "urlacl_add http://+:80/x/ user:www=delegate\n", ADDED_URL, ""},
		{"httpcfg add urlacl user=www delegate=YES http://+:80/x/", 0,
		 "urlacl_add http://+:80/x/ user:www=listen,delegate\n", ADDED_URL, ""},
		{"httpcfg add urlacl url=http://+:80/x/ 'user=\\Everyone'", 0,
		 "urlacl_add http://+:80/x/ everyone=listen\n", ADDED_URL, ""},
		{"httpcfg add urlacl url=http://+:80/x/ user=group:web", 0,
		 "urlacl_add http://+:80/x/ group:web=listen\n", ADDED_URL, ""},
		{"httpcfg add urlacl url=http://+:80/x/ 'sddl=D:(A;;GX;;;WD)'", 0,
		 "urlacl_add http://+:80/x/ D:(A;;GX;;;WD)\n", ADDED_URL, ""},
		{"httpcfg add urlacl http://+:80/a=b/ user=www", 0,
		 "urlacl_add http://+:80/a=b/ user:www=listen\n", ADDED_URL, ""},
		{"httpcfg delete urlacl url=http://+:80/x/", 0, "urlacl_delete http://+:80/x/\n",
		 DELETED_URL, ""},
		{"httpcfg delete urlacl http://+:80/x/ -m gone", 0,
		 "urlacl_delete http://+:80/x/ # gone\n", DELETED_URL, ""},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void wrong_syntax_exits_1(void **state)
{
	static const struct command_case cases[] = {
		{"httpcfg add iplisten", 1, "", MISSING, "usage: httpcfg add iplisten"},
		{"httpcfg add iplisten frob=1", 1, "", BAD_SYNTAX, "usage:"},
		{"httpcfg add iplisten ::1 ::2", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg add iplisten ipaddress=::1 ipaddress=::2", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg delete iplisten address=::1 ipaddress=::2", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg add urlacl", 1, "", MISSING, NULL},
		{"httpcfg add urlacl url=u", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg add urlacl url=u user=a sddl=b", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg add urlacl url=u sddl=b listen=yes", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg add urlacl url=u user=a listen=maybe", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg show servicestate view=frob", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg show servicestate verbose=frob", 1, "", BAD_SYNTAX, NULL},
		{"httpcfg add frob", 1, "", "The following command was not found: add frob.\n",
		 "usage:"},
		{"httpcfg show urlac", 1, "", "The following command was not found: show urlac.\n",
		 "did you mean: httpcfg show urlacl"},
		{"httpcfg show", 1, "", "The following command was not found: show.\n", NULL},
	};

	(void)state;
	check_all(cases, array_len(cases));
}

static void failures_have_code_and_system_text(void **state)
{
	static const struct {
		int code;
		struct command_case test;
	} cases[] = {
		{HTTPSYS_E_EXISTS,
		 {"httpcfg add urlacl url=u user=a", 1, NULL,
		  "\nUrl reservation add failed, Error: 183\n"
		  "Cannot create a file when that file already exists.\n\n",
		  "why"}},
		{HTTPSYS_E_INVALID,
		 {"httpcfg add urlacl url=u user=a", 1, NULL,
		  "\nUrl reservation add failed, Error: 87\nThe parameter is incorrect.\n\n",
		  "try: so"}},
		{HTTPSYS_E_DENIED,
		 {"httpcfg add urlacl url=u user=a", 1, NULL,
		  "\nUrl reservation add failed, Error: 5\nAccess is denied.\n\n", NULL}},
		{HTTPSYS_E_NOT_FOUND,
		 {"httpcfg delete urlacl url=u", 1, NULL,
		  "\nUrl reservation delete failed, Error: 2\n"
		  "The system cannot find the file specified.\n\n",
		  NULL}},
		{HTTPSYS_E_NOT_FOUND,
		 {"httpcfg delete iplisten ::", 1, NULL,
		  "\nIP address delete failed, Error: 2\n"
		  "The system cannot find the file specified.\n\n",
		  NULL}},
	};

	(void)state;
	fake_admin.text = "why";
	fake_admin.repair = "so";
	for (size_t i = 0; i < array_len(cases); i++) {
		fake_admin.change_code = cases[i].code;
		command_check(&cases[i].test);
	}
}

static void nothing_granted_is_refused(void **state)
{
	(void)state;
	command_check(&(struct command_case){
		"httpcfg add urlacl url=u user=a listen=no", 1, "",
		"\nUrl reservation add failed, Error: 87\nThe parameter is incorrect.\n\n",
		"grants nothing"});
}

static void what_is_not_there_says_so(void **state)
{
	static const char *const lines[] = {
		"httpcfg add sslcert ipport=0.0.0.0:443 certhash=00",
		"httpcfg update sslcert ipport=0.0.0.0:443",
		"httpcfg delete sslcert ipport=0.0.0.0:443",
		"httpcfg show sslcert",
		"httpcfg update sslpropertyex",
		"httpcfg add timeout idleconnectiontimeout 5",
		"httpcfg delete timeout idleconnectiontimeout",
		"httpcfg show timeout",
		"httpcfg add cacheparam maxcacheresponsesize 5",
		"httpcfg show cacheparam",
		"httpcfg add setting sslthrottle 5",
		"httpcfg delete setting sslthrottle",
		"httpcfg show setting",
		"httpcfg delete cache",
		"httpcfg show cachestate",
		"httpcfg flush logbuffer",
	};

	(void)state;
	for (size_t i = 0; i < array_len(lines); i++) {
		struct command command = {0};
		command_run(lines[i], &command);
		assert_int_equal(command.code, 1);
		assert_non_null(strstr(command.out, " failed, Error: 50\n"));
		assert_non_null(strstr(command.out, "The request is not supported."));
		assert_non_null(strstr(command.err, "(error 50)"));
		command_fini(&command);
	}
}

static void lists_have_the_layout_of_the_original(void **state)
{
	(void)state;
	fake_admin.documents[HTTPSYS_QUERY_LISTEN] =
		"{\"entries\": [{\"entry\": \"192.168.33.1\"}, {\"entry\": \"::\"}]}";
	command_check_golden("httpcfg show iplisten", "netsh_iplisten.txt");

	char *document = command_golden("urlacl.json");
	fake_admin.documents[HTTPSYS_QUERY_URLACL] = document;
	command_check_golden("httpcfg show urlacl", "netsh_urlacl.txt");
	mem_free(document);
}

static void service_state_has_the_layout_of_the_original(void **state)
{
	(void)state;
	char *master = command_golden("status_master.json");
	char *engine = command_golden("status_engine.json");
	char *parameters = command_golden("parameter.json");
	fake_admin.documents[HTTPSYS_QUERY_STATUS] = master;
	fake_admin.engine_documents[HTTPSYS_QUERY_STATUS] = engine;
	fake_admin.documents[HTTPSYS_QUERY_PARAMETER] = parameters;

	command_check_golden("httpcfg show servicestate", "netsh_servicestate_session.txt");
	command_check_golden("httpcfg show servicestate verbose=no view=session",
			     "netsh_servicestate_brief.txt");
	command_check_golden("httpcfg show servicestate requestq",
			     "netsh_servicestate_requestq.txt");
	mem_free(master);
	mem_free(engine);
	mem_free(parameters);
}

static void no_connection_fails_the_command(void **state)
{
	(void)state;
	fake_admin.connect_error = HTTPSYS_E_NO_DAEMON;
	command_check(&(struct command_case){"httpcfg show urlacl", 1, "",
					     "Url reservation show failed, Error: 1062\n",
					     "admin.sock"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(values_come_by_tag_or_position, setup),
		cmocka_unit_test_setup(wrong_syntax_exits_1, setup),
		cmocka_unit_test_setup(failures_have_code_and_system_text, setup),
		cmocka_unit_test_setup(nothing_granted_is_refused, setup),
		cmocka_unit_test_setup(what_is_not_there_says_so, setup),
		cmocka_unit_test_setup(lists_have_the_layout_of_the_original, setup),
		cmocka_unit_test_setup(service_state_has_the_layout_of_the_original, setup),
		cmocka_unit_test_setup(no_connection_fails_the_command, setup),
	};

	return cmocka_run_group_tests_name("httpcfg/netsh", tests, NULL, NULL);
}
