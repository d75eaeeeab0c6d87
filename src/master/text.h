#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Sentences for people in fixed arrays: what happened and what to type next are
 * kept inside the object that they are about, so that reporting a failure never
 * needs memory.  What does not fit is cut and ends in "...".
 */

#include <stddef.h>

#include "base/compiler.h"

#define TEXT_BYTES   512 /* what happened and why */
#define REPAIR_BYTES 256 /* the command to type */

/* text_setf() - replace @text by a formatted sentence; @size counts the NUL */
void text_setf(char *text, size_t size, const char *format, ...) printf_(3, 4);

/* text_appendf() - append to @text; an already cut one stays as it is */
void text_appendf(char *text, size_t size, const char *format, ...) printf_(3, 4);
