/* SPDX-License-Identifier: MIT
 *
 * Widths and lines of a text table.
 */
#include "core/report/cells.h"

#include "core/base/style.h"

void cells_widen(struct cells *cells, const char *const *line)
{
	for (size_t i = 0; i < cells->count; i++) {
		const size_t width = style_columns(line[i]);

		if (width > cells->columns[i].width) {
			cells->columns[i].width = width;
		}
	}
}

size_t cells_width(const struct cells *cells)
{
	size_t total = 0;

	for (size_t i = 0; i < cells->count; i++) {
		if (!cells->columns[i].is_hidden) {
			total += cells->columns[i].width + (total > 0 ? cells->gap : 0);
		}
	}
	return total;
}

void cells_put(struct text *out, const struct cells *cells, const char *const *line)
{
	size_t blanks = 0;

	for (size_t i = 0; i < cells->count; i++) {
		const struct cells_column *column = &cells->columns[i];
		const size_t len = style_columns(line[i]);
		const size_t pad = len < column->width ? column->width - len : 0;

		if (column->is_hidden) {
			continue;
		}
		text_blanks(out, blanks + (column->is_left ? 0 : pad));
		text_put(out, line[i]);
		blanks = cells->gap + (column->is_left ? pad : 0);
	}
	text_put(out, "\n");
}
