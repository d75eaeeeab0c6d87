/* SPDX-License-Identifier: MIT */

/*
 * Imports of any text into a registry: one that is accepted and committed is exported, and that
 * export is a fixed point: imported, it changes nothing, so that it makes no revision.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "registry/dump.h"
#include "registry/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char fuzz_folder[] = "/tmp/fuzz-dump-XXXXXX";
static char fuzz_path[sizeof(fuzz_folder) + sizeof("/registry.db")];
static struct registry *fuzz_registry;

static void fuzz_check(bool is_good)
{
	if (!is_good) {
		abort();
	}
}

static void fuzz_close(void)
{
	fuzz_registry = registry_close(fuzz_registry);
	(void)unlink(fuzz_path);
	(void)rmdir(fuzz_folder);
}

static void fuzz_open(void)
{
	fuzz_check(mkdtemp(fuzz_folder) != NULL);
	(void)snprintf(fuzz_path, sizeof(fuzz_path), "%s/registry.db", fuzz_folder);
	fuzz_check(registry_open(fuzz_path, REGISTRY_OPEN_CREATE, &fuzz_registry, NULL) == 0);
	fuzz_check(atexit(fuzz_close) == 0);
}

/* Import and commit @text: true and the revision; false = it is refused, with a text. */
static bool fuzz_import(struct slice text, uint64_t *ret_revision)
{
	const struct registry_author author = {.user = "fuzz"};
	cleanup_(registry_tx_free_p) struct registry_tx *tx = NULL;

	fuzz_check(registry_begin(fuzz_registry, REGISTRY_REVISION_ANY, &tx) == 0);

	int r = registry_import_json(tx, text);

	if (r != 0) {
		fuzz_check(r == REGISTRY_E_INVALID && registry_error(fuzz_registry)[0] != '\0');

		return false;
	}
	fuzz_check(registry_commit(tx, &author, ret_revision) == 0);

	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = {0};
	struct buf second = {0};
	uint64_t revision;
	uint64_t again;

	if (fuzz_registry == NULL) {
		fuzz_open();
	}
	if (!fuzz_import(slice_from(data, size), &revision)) {
		return 0;
	}

	fuzz_check(registry_export_json(fuzz_registry, &first) == 0);
	fuzz_check(fuzz_import(buf_slice(&first), &again) && again == revision);
	fuzz_check(registry_export_json(fuzz_registry, &second) == 0);
	fuzz_check(slice_is_equal(buf_slice(&first), buf_slice(&second)));
	buf_fini(&first);
	buf_fini(&second);

	return 0;
}
