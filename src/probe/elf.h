/* SPDX-License-Identifier: MIT */
/*
 * The verb ELF: bytes of binaries and of their debug information, for symbols and lines. Only regular files that begin as
 * ELF does are read, and the one in which a process tells the names of the code that it makes while it runs. What is asked for by a path is opened as the user is who called sudo, else as nobody, never as root;
 * what a process has mapped is root's to read as its memory is, and with --no-memory only what everybody may read.
 * wire.h has the bytes.
 */
#ifndef PROBE_ELF_H
#define PROBE_ELF_H

#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "verbs.h"

#define ELF_BODY 17
#define ELF_IDENTITY 32
#define IN_ROOT 0x10u
#define NOBODY 65534u

static unsigned id_from(const char *name)
{
	const char *text = getenv(name);
	char *end;
	if (!text || *text < '0' || *text > '9')
		return NOBODY;
	unsigned long id = strtoul(text, &end, 10);
	return *end || id == 0 || id >= UINT32_MAX ? NOBODY : (unsigned)id;
}

/* Whose reader this is. */
static pid_t probe_pid;

/* Has the reader die with its probe. A change of the user that files are opened as undoes it: it is to be said again. */
static void die_with_probe(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != probe_pid)
		_exit(0);
}

/* Files are from now on opened as somebody without root's rights would; of another user's probe nothing changes. */
static void step_down(void)
{
	if (geteuid() != 0)
		return;
	setfsgid(id_from("SUDO_GID"));
	setfsuid(id_from("SUDO_UID"));
	die_with_probe();
}

static void step_up(void)
{
	if (geteuid() != 0)
		return;
	setfsuid(0);
	setfsgid(getegid());
	die_with_probe();
}

/* Opens what an O_PATH descriptor stands for, and closes that: a device would notice being opened. -1 with errno. */
static int open_regular(const struct reader *reader, int path)
{
	char name[32];
	struct stat st;
	int error = fstat(path, &st) ? errno : S_ISREG(st.st_mode) ? 0 : EPERM, fd = -1;
	if (!error) {
		snprintf(name, sizeof name, "self/fd/%d", path);
		fd = openat(reader->roots->proc, name, OPEN_FILE);
		error = errno;
	}
	close(path);
	errno = error;
	return fd;
}

/* A path in the root of a process, or for 0 in the probe's own; links on the way lead nowhere else, if they are followed. */
static int open_inside(const struct reader *reader, uint32_t pid, const char *path, unsigned resolve)
{
	char name[32];
	snprintf(name, sizeof name, "%u/root", pid);
	int root = pid ? openat(reader->roots->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC)
		       : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	step_down();
	int fd = open_how(root, path, O_PATH | O_CLOEXEC, IN_ROOT | NO_MAGIC | resolve);
	int error = errno;
	close(root);
	errno = error;
	if (fd >= 0)
		fd = open_regular(reader, fd);
	error = errno;
	step_up();
	errno = error;
	return fd;
}

/* What a process has mapped, or runs: through the kernel's own link, which asks no path. */
static int open_mapped(const struct reader *reader, const char *name)
{
	int fd = openat(reader->roots->proc, name, O_PATH | O_CLOEXEC);
	struct stat st;
	if (fd >= 0 && !process_memory && geteuid() == 0 && (fstat(fd, &st) || !(st.st_mode & S_IROTH))) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd < 0 ? -1 : open_regular(reader, fd);
}

/* /tmp is everybody's: what another user has put there says nothing of this process. */
static int open_perf_map(const struct reader *reader, uint32_t pid, uint32_t number)
{
	char name[32], path[48];
	struct stat process, st;
	snprintf(name, sizeof name, "%u", pid);
	snprintf(path, sizeof path, "/tmp/perf-%u.map", number);
	errno = EINVAL;
	if (!pid || fstatat(reader->roots->proc, name, &process, AT_SYMLINK_NOFOLLOW))
		return -1;
	int fd = open_inside(reader, pid, path, NO_SYMLINKS);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != process.st_uid)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

static int open_elf(const struct reader *reader, const uint8_t *body, size_t size)
{
	const uint8_t *rest = body + ELF_BODY;
	uint32_t pid = get32(body + 1);
	char name[96];
	size -= ELF_BODY;
	errno = EINVAL;
	if (pid > INT32_MAX)
		return -1;
	if (body[0] == MAPPED && size == 16) {
		snprintf(name, sizeof name, "%u/map_files/%llx-%llx", pid, (unsigned long long)get64(rest),
			 (unsigned long long)get64(rest + 8));
		return open_mapped(reader, name);
	}
	if (body[0] == EXECUTABLE && size == 0) {
		snprintf(name, sizeof name, "%u/exe", pid);
		return open_mapped(reader, name);
	}
	if (body[0] == INSIDE && size > 0 && size < PATH_LIMIT && !memchr(rest, 0, size)) {
		char path[PATH_LIMIT];
		memcpy(path, rest, size);
		path[size] = 0;
		return open_inside(reader, pid, path, 0);
	}
	if (body[0] == PERF_MAP && size == 4)
		return open_perf_map(reader, pid, get32(rest));
	return -1;
}

/* The file of an item; kept for items about the same one, which differ in offset and length alone. */
static int elf_of(struct reader *reader, const uint8_t *body, size_t size)
{
	const uint8_t *rest = body + ELF_BODY;
	size_t more = size - ELF_BODY;
	if (reader->elf >= 0 && reader->elf_size == size && !memcmp(reader->elf_name, body, 5) &&
	    !memcmp(reader->elf_name + 5, rest, more))
		return reader->elf;
	forget_elf(reader);
	int fd = open_elf(reader, body, size);
	char magic[4];
	if (fd >= 0 && body[0] != PERF_MAP && (pread(fd, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4))) {
		close(fd);
		errno = EPERM;
		fd = -1;
	}
	reader->elf = fd;
	reader->elf_size = size;
	memcpy(reader->elf_name, body, 5);
	memcpy(reader->elf_name + 5, rest, more);
	return fd;
}

static int read_elf(struct reader *reader, const uint8_t *body, size_t size, struct answer *answer)
{
	if (size < ELF_BODY || size - ELF_BODY >= PATH_LIMIT)
		return EINVAL;
	uint64_t offset = get64(body + 5);
	uint32_t want = get32(body + 13);
	int fd = elf_of(reader, body, size);
	if (fd < 0)
		return errno;
	struct stat st;
	if (want == 0) {
		if (answer->limit < ELF_IDENTITY || fstat(fd, &st))
			return EOVERFLOW;
		put64(put64(put64(put64(answer->data, (uint64_t)st.st_size), st.st_ino), st.st_dev),
		      (uint64_t)st.st_mtim.tv_sec);
		answer->length = ELF_IDENTITY;
		return 0;
	}
	if (want > answer->limit) {
		want = answer->limit;
		answer->truncated = true;
	}
	while (answer->length < want) {
		ssize_t n = pread(fd, answer->data + answer->length, want - answer->length,
				  (off_t)(offset + answer->length));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !answer->length)
			return errno;
		if (n <= 0) {
			answer->truncated = true;
			break;
		}
		answer->length += (uint32_t)n;
	}
	return 0;
}

#endif
