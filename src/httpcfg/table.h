#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A table for people: cells are collected row by row and printed with aligned columns.  A note is a
 * line of its own below the row it follows.  The first error sticks; a caller fills the whole table
 * and looks once, at table_print().  Every cell is made safe for a terminal: control characters
 * become '?', because names of foreign programs stand in them.
 */

#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/compiler.h"

#define TABLE_COLUMNS_MAX 8

struct table {
	struct buf cells; /* each: its kind ('c' cell, 'n' note), its text, a NUL */
	size_t n_columns;
	int error; /* 0, or the negative errno that table_print() will return */
};

/*
 * table_init() - begin with the column heads
 * @heads: words separated by '|'; at most TABLE_COLUMNS_MAX
 */
void table_init(struct table *table, const char *heads);

/* table_fini() - free the cells; accepts a zeroed table */
void table_fini(struct table *table);

/* table_cell() - the next cell of the row, from left to right; a row has a cell for each column */
void table_cell(struct table *table, const char *format, ...) printf_(2, 3);

/* table_note() - a line below the last row, indented; nothing when the text is empty */
void table_note(struct table *table, const char *format, ...) printf_(2, 3);

/* table_print() - print all, each line indented by two blanks.  Return: 0; -ENOMEM (a part) */
int table_print(const struct table *table, FILE *out) must_check_;
