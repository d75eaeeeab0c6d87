/* SPDX-License-Identifier: MIT */

/* Files below one directory; see files.h. */

#include "examples/file_server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES_INDEX     "index.html"
#define FILES_TEMPORARY ".upload-"

static const struct {
	const char *suffix;
	const char *type;
} files_types[] = {
	{".html", "text/html; charset=utf-8"},
	{".htm", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".txt", "text/plain; charset=utf-8"},
	{".md", "text/markdown; charset=utf-8"},
	{".xml", "application/xml"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".jpeg", "image/jpeg"},
	{".gif", "image/gif"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".pdf", "application/pdf"},
	{".wasm", "application/wasm"},
	{".woff2", "font/woff2"},
	{".mp4", "video/mp4"},
	{".mp3", "audio/mpeg"},
	{".zip", "application/zip"},
	{".gz", "application/gzip"},
};

static const char *files_type(const char *path)
{
	const char *suffix = strrchr(path, '.');

	for (size_t i = 0; suffix != NULL && i < sizeof(files_types) / sizeof(files_types[0]);
	     i++) {
		if (strcasecmp(suffix, files_types[i].suffix) == 0) {
			return files_types[i].type;
		}
	}

	return "application/octet-stream";
}

/* files_prefix_len() - bytes of the path that the prefix "scheme://host:port/path/" takes up */
static size_t files_prefix_len(struct httpsys_slice prefix)
{
	const char *host = memmem(prefix.data, prefix.len, "://", 3);
	if (host == NULL) {
		return 0;
	}
	host += 3;

	size_t len = prefix.len - (size_t)(host - prefix.data);
	const char *path = memchr(host, '/', len);

	return path != NULL ? len - (size_t)(path - host) : 0;
}

bool files_path(const struct httpsys_request *request, char ret_path[FILES_PATH_BYTES])
{
	struct httpsys_slice path = httpsys_request_path(request);
	size_t skip = files_prefix_len(httpsys_request_prefix(request));

	skip = skip < path.len ? skip : path.len;
	path.data += skip;
	path.len -= skip;
	while (path.len > 0 && path.data[0] == '/') {
		path.data++;
		path.len--;
	}
	if (path.len >= FILES_PATH_BYTES || memchr(path.data, '\0', path.len) != NULL ||
	    memmem(path.data, path.len, FILES_TEMPORARY, sizeof(FILES_TEMPORARY) - 1) != NULL) {
		return false;
	}
	memcpy(ret_path, path.data, path.len);
	ret_path[path.len] = '\0';

	return true;
}

static int files_verdict(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return FILES_E_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EXDEV: /* would lead out of the directory */
	case ELOOP:
	case EISDIR:
		return FILES_E_FORBIDDEN;
	default:
		return FILES_E_FAILED;
	}
}

/* files_open_beneath() - open without leaving @root_fd.  Return: a descriptor; -1 and errno */
static int files_open_beneath(int root_fd, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NONBLOCK),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root_fd, path[0] != '\0' ? path : ".", &how, sizeof(how));
}

/* files_open_index() - the index of the directory that @file is; closes it */
static int files_open_index(const char *path, struct files_file *file)
{
	size_t len = strlen(path);
	int dir_fd = file->fd;

	if (len > 0 && path[len - 1] != '/') {
		(void)close(dir_fd);

		return FILES_E_SLASH;
	}
	file->fd = files_open_beneath(dir_fd, FILES_INDEX, O_RDONLY);
	(void)close(dir_fd);
	if (file->fd == -1 || fstat(file->fd, &file->info) == -1) {
		/* No index: what is in it is nobody's business. */
		return FILES_E_FORBIDDEN;
	}
	file->type = files_type(FILES_INDEX);

	return 0;
}

int files_open(int root_fd, const char *path, struct files_file *ret_file)
{
	struct files_file file = {.type = files_type(path)};

	file.fd = files_open_beneath(root_fd, path, O_RDONLY);
	if (file.fd == -1) {
		return files_verdict(errno);
	}
	if (fstat(file.fd, &file.info) == -1) {
		(void)close(file.fd);

		return FILES_E_FAILED;
	}
	if (S_ISDIR(file.info.st_mode)) {
		int r = files_open_index(path, &file);

		if (r != 0) {
			return r;
		}
	}
	if (!S_ISREG(file.info.st_mode)) {
		(void)close(file.fd);

		return FILES_E_FORBIDDEN;
	}
	*ret_file = file;

	return 0;
}

/* files_name() - the last segment of @path */
static const char *files_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

int files_create(int root_fd, const char *path, int *ret_dir_fd, int *ret_fd,
		 char ret_name[FILES_NAME_BYTES])
{
	static _Atomic unsigned n_created;
	const char *name = files_name(path);
	char dir[FILES_PATH_BYTES];
	size_t dir_len = (size_t)(name - path);

	if (name[0] == '\0') {
		return FILES_E_FORBIDDEN;
	}
	memcpy(dir, path, dir_len);
	dir[dir_len] = '\0';
	int dir_fd = files_open_beneath(root_fd, dir, O_RDONLY | O_DIRECTORY);
	if (dir_fd == -1) {
		return files_verdict(errno);
	}

	(void)snprintf(ret_name, FILES_NAME_BYTES, "%s%d-%u", FILES_TEMPORARY, (int)getpid(),
		       atomic_fetch_add(&n_created, 1));
	int fd = openat(dir_fd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd == -1) {
		int r = files_verdict(errno);

		(void)close(dir_fd);

		return r;
	}
	*ret_dir_fd = dir_fd;
	*ret_fd = fd;

	return 0;
}

int files_commit(int dir_fd, const char *temporary_name, const char *path, bool *ret_is_new)
{
	const char *name = files_name(path);
	struct stat info;

	*ret_is_new = fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == -1;
	if (renameat(dir_fd, temporary_name, dir_fd, name) == -1) {
		int r = files_verdict(errno);

		(void)unlinkat(dir_fd, temporary_name, 0);

		return r;
	}

	return 0;
}
