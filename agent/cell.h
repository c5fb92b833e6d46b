/* SPDX-License-Identifier: Apache-2.0 */
/* One cell of the table for people. `usual`: the columns were chosen by us, not by name. */
#pragma once

#include <sockfeed/record.h>

/* The field's name, without its group in usual columns. Static memory. */
const char *sf_cell_heading(bool usual, unsigned field);
/* Adds the value; "-" where it is absent. */
void sf_cell_write(bool usual, unsigned field, const struct sf_view *view, struct sf_buf *text);
/* What someone in an incident looks for first. */
bool sf_cell_trouble(unsigned field, const struct sf_view *view);
