/* SPDX-License-Identifier: MIT
 *
 * The effective settings as a JSON object.
 */
#include "cmd/verbs/config_json_private.h"

#include <jansson.h>
#include <string.h>

#include "cmd/cli/command_options.h"
#include "cmd/verbs/config_default_private.h"
#include "core/base/span.h"
#include "core/report/threshold.h"

/* Any octets: text that is not UTF-8 is escaped, as everywhere. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	char quoted[COMMAND_QUOTE_SIZE];

	return json ? json : json_string(command_quote(text, quoted));
}

static json_t *texts_json(const char *const *texts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		if (json_array_append_new(array, text_json(texts[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

/* null where only words describe the default: see add_in_force(). */
static json_t *default_json(const char *name)
{
	char buf[HISTORY_DIR_SIZE];
	bool is_value;
	const char *words = config_default(name, &is_value, buf);

	return is_value ? text_json(words) : json_null();
}

static json_t *value_json(const struct parse *parse, size_t i)
{
	const struct option_row *row = option_at(parse->command, i);
	const void *field = option_field(parse, i);
	const struct option_texts *texts = field;
	char span[SPAN_TEXT_SIZE];
	const char *word;
	size_t len;

	if (row->kind == OPT_TEXTS) {
		return parse_is_operand(parse, i)
		               ? texts_json(parse->operands, parse->operand_count)
		               : texts_json(texts->items, texts->count);
	}
	if (!option_is_set(row, field)) {
		return default_json(row->name);
	}
	switch (row->kind) {
	case OPT_FLAG:
		return json_boolean(*(const bool *)field);
	case OPT_LEVEL:
	case OPT_COUNT:
		return json_integer(*(const unsigned *)field);
	case OPT_SPAN_NS:
		span_write(*(const int64_t *)field, span);
		return json_string(span);
	case OPT_RANGE:
		return text_json(((const struct threshold *)field)->given);
	case OPT_TEXT:
		return text_json(*(const char *const *)field);
	case OPT_WORD:
		word = option_word(row, field, &len);
		return json_stringn(word, len);
	case OPT_CHOICE:
	case OPT_TEXTS:
		break;
	}
	return json_boolean(*(const int *)field == (int)row->max);
}

/* Adds the default in words for an option without a value.  0, or below 0. */
static int add_in_force(json_t *json, const struct parse *parse, size_t i)
{
	const struct option_row *row = option_at(parse->command, i);
	char buf[HISTORY_DIR_SIZE];
	bool is_value;

	if (row->kind == OPT_TEXTS || option_is_set(row, option_field(parse, i))) {
		return 0;
	}
	return json_object_set_new(json, "in_force",
	                           text_json(config_default(row->name, &is_value, buf)));
}

static json_t *path_json(const struct config_item *item)
{
	return item ? text_json(item->path) : json_null();
}

static json_t *line_json(const struct config_item *item)
{
	return item ? json_integer(item->line) : json_null();
}

/* Adds where each value of a list comes from, if from files.  0, or below 0. */
static int add_places(json_t *json, const struct parse *parse, size_t i)
{
	const struct option_texts *texts = option_field(parse, i);
	const struct config_item *item;
	json_t *places;

	if (option_at(parse->command, i)->kind != OPT_TEXTS ||
	    parse->origins[i] != ORIGIN_FILE) {
		return 0;
	}
	places = json_array();
	for (size_t k = 0; places && k < texts->count; k++) {
		item = config_item_of(&parse->files, texts->items[k]);
		if (json_array_append_new(places,
		                          json_pack("{so so}", "file", path_json(item),
		                                    "line", line_json(item))) < 0) {
			json_decref(places);
			places = NULL;
		}
	}
	return json_object_set_new(json, "places", places);
}

/* All files that were read, in that order. */
static json_t *files_json(const struct config_files *files)
{
	const struct config_folder *const folders[] = { &files->folder, &files->dhcp };
	json_t *array = json_array();
	int r = 0;

	if (array && files->path) {
		r = json_array_append_new(array, text_json(files->path));
	}
	for (size_t k = 0; k < COUNT_OF(folders); k++) {
		for (size_t i = 0; array && i < folders[k]->count && r == 0; i++) {
			r = json_array_append_new(array, text_json(folders[k]->paths[i]));
		}
	}
	if (r < 0) {
		json_decref(array);
		return NULL;
	}
	return array;
}

static json_t *setting_json(const struct parse *parse, size_t i)
{
	static const char *const origins[] = { [ORIGIN_DEFAULT] = "default",
		                               [ORIGIN_FILE] = "file",
		                               [ORIGIN_COMMAND_LINE] = "command-line" };
	const struct option_row *row = option_at(parse->command, i);
	const enum option_origin origin = parse->origins[i];
	const struct config_item *item = origin == ORIGIN_FILE ? parse->items[i] : NULL;
	const void *field = option_field(parse, i);
	json_t *json;

	json = json_pack("{so ss so}", "value", value_json(parse, i), "origin",
	                 origins[origin], "line", line_json(item));
	if (json && add_in_force(json, parse, i) < 0) {
		json_decref(json);
		json = NULL;
	}
	if (json && row->kind == OPT_SPAN_NS &&
	    json_object_set_new(json, "value_ns",
	                        option_is_set(row, field)
	                                ? json_integer(*(const int64_t *)field)
	                                : json_null()) < 0) {
		json_decref(json);
		json = NULL;
	}
	if (json && (json_object_set_new(json, "file", path_json(item)) < 0 ||
	             add_places(json, parse, i) < 0)) {
		json_decref(json);
		json = NULL;
	}
	return json;
}

static json_t *command_json(const struct parse *parse)
{
	json_t *object = json_object();
	const struct option_row *row;

	for (size_t i = 0; object && i < option_count(parse->command); i++) {
		row = option_at(parse->command, i);
		if (option_is_configurable(parse->command, row) &&
		    option_canonical(parse->command, i) == i &&
		    json_object_set_new(object, row->name, setting_json(parse, i)) < 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

char *config_json_render(const struct parse *parses, size_t count)
{
	json_t *settings = json_object();
	const char *path = parses[0].files.path;
	json_t *root;
	char *text;

	for (size_t i = 0; settings && i < count; i++) {
		if (json_object_set_new(settings, parses[i].command->name,
		                        command_json(&parses[i])) < 0) {
			json_decref(settings);
			settings = NULL;
		}
	}
	root = json_pack("{ss ss ss so so so}", "program", parses[0].program->name,
	                 "version", REQTIME_VERSION, "verb", "config", "file",
	                 path ? text_json(path) : json_null(), "files",
	                 files_json(&parses[0].files), "settings", settings);
	text = root ? json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(root);
	return text;
}
