/* SPDX-License-Identifier: MIT */

/*
 * Runs a fuzzer's function once over every file of the folders named as arguments, so that inputs
 * that once mattered are tested in each build, with any compiler, without libFuzzer.  Fails when a
 * folder cannot be read or when there is no file at all; a folder that does not exist is empty.
 */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fuzzers that have something to set up once define it. */
__attribute__((__weak__)) int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The input stands in memory of exactly its size, so that a sanitizer sees a read behind it. */
static int replay_file(const char *path)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	size_t size;

	if (file == NULL || fstat(fileno(file), &st) == -1) {
		perror(path);
		return -1;
	}

	size = (size_t)st.st_size;
	data = malloc(size > 0 ? size : 1);
	if (data == NULL || fread(data, 1, size, file) != size) {
		perror(path);
		return -1;
	}

	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);

	return 0;
}

/* Return: how many files were replayed; -1 = an error, already told */
static int replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[4096];
	int n = 0;

	if (dir == NULL) {
		if (errno == ENOENT) {
			return 0;
		}
		perror(folder);
		return -1;
	}

	for (entry = readdir(dir); entry != NULL && n >= 0; entry = readdir(dir)) {
		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		n = replay_file(path) == 0 ? n + 1 : -1;
	}
	(void)closedir(dir);

	return n;
}

int main(int argc, char **argv)
{
	int n_files = 0;
	int n;
	int i;

	if (LLVMFuzzerInitialize != NULL && LLVMFuzzerInitialize(&argc, &argv) != 0) {
		return 1;
	}

	for (i = 1; i < argc; i++) {
		n = replay_folder(argv[i]);
		if (n < 0) {
			return 1;
		}
		n_files += n;
	}
	printf("%d inputs\n", n_files);

	return n_files > 0 ? 0 : 1;
}
