/* SPDX-License-Identifier: MIT
 *
 * Any file, taken as the file of keys.  The first octet tells what the others are: 0 the whole
 * file; 1 changes to a good file; else changes to the items of a good one, whose checksum fits them.
 * A change: two octets where, one how many, and these octets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/store/keys_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (INT64_C(30) * 86400 * NS_PER_S)
#define BOOT "0f7d1f6e-53a5-4dd5-9a53-6cf2a62e5b4d"

enum { ITEMS = 3, WHOLE = 0, FILE_CHANGED = 1 };

static struct nts_stored items[NTS_STORED_MAX];
static char path[] = "/dev/shm/reqtime-fuzz.XXXXXX";
static int dir_fd = -1, home_fd = -1;

/* Not assert(): must hold in every build. */
static void must(bool holds)
{
	if (!holds) {
		abort();
	}
}

static void leave_folder(void)
{
	(void)unlinkat(dir_fd, KEYS_FILE, 0);
	(void)rmdir(path);
}

/* In memory: it is written ten thousand times a second. */
static void make_folder(void)
{
	home_fd = open(".", O_RDONLY | O_DIRECTORY);
	must(mkdtemp(path) && atexit(leave_folder) == 0);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY);
	must(home_fd >= 0 && dir_fd >= 0);
}

/* The working directory is libFuzzer's at all other times. */
static void put(const struct nts_store *store)
{
	must(fchdir(dir_fd) == 0);
	must(keys_file_put(BOOT, store) == 0);
	must(fchdir(home_fd) == 0);
}

static void change(uint8_t *octets, size_t len, const uint8_t *data, size_t size)
{
	while (size >= 3) {
		const size_t at = (size_t)data[0] << 8 | data[1];
		size_t count = data[2];

		data += 3;
		size -= 3;
		count = count < size ? count : size;
		for (size_t i = 0; i < count; i++) {
			octets[(at + i) % len] = data[i];
		}
		data += count;
		size -= count;
	}
}

static void make_items(void)
{
	memset(items, 0, sizeof(items));
	for (size_t i = 0; i < ITEMS; i++) {
		struct nts_stored *stored = &items[i];
		const struct nts_cookie cookie = { .len = 100 };

		memcpy(stored->host, "time.example", 13);
		must(address_parse(i == 1 ? "2001:db8::1" : "192.0.2.1",
		                   &stored->key_address));
		stored->key_address.port = (uint16_t)(4460 + i);
		stored->address = stored->key_address;
		stored->obtained_ns = NOW;
		stored->keys.aead = NTS_AEAD_SIV_CMAC_256;
		stored->window = (struct nts_window){ 1700000000, 1800000000 };
		for (size_t k = 0; k < 1 + 3 * i; k++) {
			nts_cookies_add(&stored->cookies, &cookie);
		}
	}
}

static void write_file(const uint8_t *octets, size_t len)
{
	int fd = openat(dir_fd, KEYS_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, octets, len) == (ssize_t)len && close(fd) == 0);
}

static void change_file(const uint8_t *data, size_t size)
{
	static uint8_t octets[sizeof(items)];
	int fd = openat(dir_fd, KEYS_FILE, O_RDWR);
	ssize_t len = read(fd, octets, sizeof(octets));

	must(len > 0);
	change(octets, (size_t)len, data, size);
	must(pwrite(fd, octets, (size_t)len, 0) == len && close(fd) == 0);
}

static void make_file(const uint8_t *data, size_t size)
{
	const struct nts_store store = { .items = items, .count = ITEMS };

	if (size == 0 || data[0] == WHOLE) {
		write_file(size > 0 ? data + 1 : data, size > 0 ? size - 1 : 0);
		return;
	}
	make_items();
	if (data[0] != FILE_CHANGED) {
		change((uint8_t *)items, ITEMS * sizeof(*items), data + 1, size - 1);
	}
	put(&store);
	if (data[0] == FILE_CHANGED) {
		change_file(data + 1, size - 1);
	}
}

static void check_address(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	must(address->port != 0);
	must(address_format(address, text) < sizeof(text));
}

static void check_item(const struct nts_stored *stored)
{
	struct nts_cookies cookies = stored->cookies;
	struct nts_cookie cookie;

	must(memchr(stored->host, '\0', sizeof(stored->host)) && stored->host[0] != '\0');
	must(stored->obtained_ns >= 0 && stored->obtained_ns <= NOW);
	must(stored->next_attempt_ns <= NOW + NTS_BACKOFF_MAX_NS);
	check_address(&stored->key_address);
	if (cookies.count == 0) {
		return;
	}
	check_address(&stored->address);
	must(stored->window.from_s <= stored->window.until_s);
	must(stored->keys.aead == NTS_AEAD_SIV_CMAC_256);
	must(NOW - stored->obtained_ns <= NTS_STORED_AGE_NS);
	for (const char *c = stored->subject; *c; c++) {
		must(c < stored->subject + sizeof(stored->subject) && *c >= ' ' &&
		     *c <= '~');
	}
	while (nts_cookies_spend(&cookies, &cookie)) {
		must(nts_cookie_len_is_valid(cookie.len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nts_store taken = { .items = items };
	int r;

	if (dir_fd < 0) {
		make_folder();
	}
	make_file(data, size);
	memset(items, 0xa5, sizeof(items));
	r = keys_file_take(dir_fd, BOOT, NOW, &taken);
	must((r == 0 || r == -EUCLEAN) && taken.count <= NTS_STORED_MAX);
	must(r == 0 || taken.count == 0);
	for (size_t i = 0; i < taken.count; i++) {
		check_item(&taken.items[i]);
		taken.trust = taken.items[i].trust;
		must(nts_store_find(&taken, taken.items[i].host,
		                    &taken.items[i].key_address));
	}
	must(faccessat(dir_fd, KEYS_FILE, F_OK, 0) < 0);
	must(keys_file_take(dir_fd, BOOT, NOW, &taken) == 0 && taken.count == 0);
	return 0;
}
