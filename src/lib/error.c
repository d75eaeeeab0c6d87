/* SPDX-License-Identifier: MIT */

/* The public error numbers; see error.h and wire/error.def (the same numbers). */

#include "lib/error.h"

#include <assert.h>
#include <errno.h>

#include "httpsys.h"
#include "wire/error.h"

#define ERROR_CODE_LEAST (-999) /* below that no table of any version has codes */

int error_from_result(int r)
{
	assert(r < 0);

	if (r == -ENOMEM) {
		return HTTPSYS_E_NO_MEMORY;
	}
	errno = -r;

	return HTTPSYS_E_SYSTEM;
}

int error_from_connect(int r)
{
	assert(r < 0);

	switch (r) {
	case -ENOENT:
	case -ENOTDIR:
	case -ECONNREFUSED:
	case -EAGAIN: /* it does not accept: its queue stayed full */
		return HTTPSYS_E_NO_DAEMON;
	case -EACCES:
	case -EPERM:
		return HTTPSYS_E_DENIED;
	default:
		return error_from_result(r);
	}
}

int error_from_code(long long code)
{
	return code > 0 || code < ERROR_CODE_LEAST ? HTTPSYS_E_PROTOCOL : (int)code;
}

const char *httpsys_strerror(int code)
{
	return wire_error_text(code);
}

int httpsys_win32(int code)
{
	return wire_error_win32(code);
}

const char *httpsys_version(void)
{
	return HTTPSYS_VERSION;
}
