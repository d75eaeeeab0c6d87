#pragma once
/* SPDX-License-Identifier: MIT */

/* How the library's inner results become the numbers of <httpsys.h>. */

#include "base/compiler.h"

/*
 * error_from_result() - a fatal result (-errno) as the public number
 *
 * Sets errno for HTTPSYS_E_SYSTEM.
 *
 * Return: HTTPSYS_E_NO_MEMORY for -ENOMEM, otherwise HTTPSYS_E_SYSTEM.
 */
int error_from_result(int r) must_check_;

/* error_from_connect() - what connecting to a control socket failed with (-errno), as a number.
 * Return: HTTPSYS_E_NO_DAEMON, HTTPSYS_E_DENIED, or as error_from_result() */
int error_from_connect(int r) must_check_;

/*
 * error_from_code() - a FIELD_CODE of the other side as a public number
 *
 * Return: 0; a negative HTTPSYS_E_ number, HTTPSYS_E_PROTOCOL when it is none.
 */
int error_from_code(long long code) must_check_;
