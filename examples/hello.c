/* SPDX-License-Identifier: MIT */
/* The smallest application: answers every request below the prefixes given as arguments. */
#include <httpsys.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void hello_on_signal(int number)
{
	_exit(number == SIGTERM || number == SIGINT ? 0 : 1);
}

int main(int argc, char **argv)
{
	static const char *const done[] = {"registered", "refused"};
	static const char *const states[] = {"served", "partly served", "unreachable"};
	struct httpsys_session *session = NULL;
	struct httpsys_group *group;
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;
	struct httpsys_registration now = {HTTPSYS_STATE_UNREACHABLE, "", ""};
	struct httpsys_request *request;
	char body[32];
	size_t len = (size_t)snprintf(body, sizeof(body), "hello from %d\n", (int)getpid());
	int r = httpsys_session_new(NULL, &session) || httpsys_group_new(session, &group) ||
		httpsys_queue_new(session, NULL, NULL, &queue) ||
		httpsys_group_bind(group, queue) || httpsys_receiver_new(queue, NULL, &receiver);
	(void)signal(SIGTERM, hello_on_signal);
	(void)signal(SIGINT, hello_on_signal);
	for (int i = 1; r == 0 && i < argc; i++) {
		r = httpsys_group_add(group, argv[i], 0, &now);
		printf("%s %s: %s %s\n", done[r != 0], argv[i], states[now.state], now.text);
		(void)fflush(stdout);
	}
	while (r == 0 && httpsys_receive(receiver, -1, &request) == 0) {
		(void)httpsys_respond(request, 200, NULL, 0, body, len);
	}
	return fprintf(stderr, "hello: %s\n", httpsys_session_error(session)) < 0 ? 2 : 1;
}
