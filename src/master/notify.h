#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Word to the service manager, as sd_notify(3) describes it: one datagram to the
 * socket named by NOTIFY_SOCKET.  Without that variable nothing is sent.
 */

/* notify_send() - send for example "READY=1"; what cannot be delivered is not worth more */
void notify_send(const char *state);
