/* SPDX-License-Identifier: MIT */
/* The verbs: each takes one item and fills one answer. They run in the reader process, which may hang. */
#ifndef PROBE_VERBS_H
#define PROBE_VERBS_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "allow.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* struct open_how and its flags (5.6), spelt out for older headers. */
struct how {
	uint64_t flags, mode, resolve;
};
#define NO_CROSSING 0x01u
#define NO_MAGIC 0x02u
#define NO_SYMLINKS 0x04u
#define BENEATH 0x08u

#define OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

struct roots {
	int proc, sys;
	/* False where the kernel has no openat2, or a seccomp filter hides it. */
	bool openat2;
	/* How /proc calls the probe; 0 where it is another PID namespace's, in which the probe has no number. */
	pid_t self;
	/* A pid means the same to /proc and to the system calls of the probe. */
	bool same_pids;
};

static struct roots roots;

/* What one batch keeps open; a process that ends meanwhile cannot be mistaken for a later one. */
struct reader {
	const struct roots *roots;
	int dir;
	char dir_name[PATH_LIMIT];
	int mem;
	uint32_t mem_pid;
	/* The file of the last ELF item, and what of the item says which (elf.h). */
	int elf;
	size_t elf_size;
	uint8_t elf_name[5 + PATH_LIMIT];
};

struct answer {
	uint8_t *data;
	uint32_t limit;
	uint32_t length;
	bool truncated;
};

static int open_how(int at, const char *path, int flags, unsigned resolve)
{
	struct how how = {.flags = (unsigned)flags, .resolve = resolve};
	int fd;
	/* EAGAIN: a rename or mount somewhere raced with the walk. */
	for (int i = 0; i < 16; i++) {
		fd = (int)syscall(SYS_openat2, at, path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

/* Opens a directory below /proc, refusing every symbolic link on the way. */
static int walk(int root, const char *path)
{
	const int flags = O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC;
	char name[256];
	int at = root;
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n >= sizeof name) {
			errno = ENAMETOOLONG;
			n = 0;
		}
		memcpy(name, path, n);
		name[n] = 0;
		int next = n ? openat(at, name, flags) : -1;
		int error = errno;
		if (at != root)
			close(at);
		errno = error;
		if (next < 0)
			return -1;
		at = next;
		path += n + (path[n] == '/');
	}
	return at;
}

static void forget_dir(struct reader *reader)
{
	if (reader->dir >= 0)
		close(reader->dir);
	reader->dir = -1;
}

static void forget_elf(struct reader *reader)
{
	if (reader->elf >= 0)
		close(reader->elf);
	reader->elf = -1;
}

static void forget_all(struct reader *reader)
{
	forget_dir(reader);
	forget_elf(reader);
	if (reader->mem >= 0)
		close(reader->mem);
	reader->mem = -1;
}

/* The directory that holds the place's last name; kept for the items that follow. -1 with errno. */
static int dir_of(struct reader *reader, const struct place *place)
{
	size_t n = place->leaf == place->relative ? 0 : (size_t)(place->leaf - place->relative) - 1;
	if (n == 0)
		return reader->roots->proc;
	if (reader->dir >= 0 && !strncmp(reader->dir_name, place->relative, n) && !reader->dir_name[n])
		return reader->dir;
	forget_dir(reader);
	memcpy(reader->dir_name, place->relative, n);
	reader->dir_name[n] = 0;
	if (reader->roots->openat2)
		reader->dir = open_how(reader->roots->proc, reader->dir_name, O_PATH | O_DIRECTORY | O_CLOEXEC,
				       NO_CROSSING | NO_MAGIC | NO_SYMLINKS);
	else
		reader->dir = walk(reader->roots->proc, reader->dir_name);
	return reader->dir;
}

static bool is_kernel_fs(int fd)
{
	struct statfs fs;
	if (fstatfs(fd, &fs))
		return false;
	switch ((uint32_t)fs.f_type) {
	case 0x62656572: /* sysfs */
	case 0x74726163: /* tracefs */
	case 0x64626720: /* debugfs */
	case 0x27e0eb: /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x65735543: /* fusectl */
		return true;
	default:
		return false;
	}
}

/* /sys follows its own links (/sys/block/sda), but only to places that the kernel serves. */
static int open_sys(struct reader *reader, const char *relative, int flags)
{
	const char *path = *relative ? relative : ".";
	int fd = reader->roots->openat2
		? open_how(reader->roots->sys, path, flags, BENEATH | NO_MAGIC)
		: openat(reader->roots->sys, path, flags);
	if (fd >= 0 && !is_kernel_fs(fd)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

static int open_place(struct reader *reader, const struct place *place, int flags)
{
	if (place->sys)
		return open_sys(reader, place->relative, flags);
	if (!*place->relative)
		return openat(reader->roots->proc, ".", flags);
	int dir = dir_of(reader, place);
	return dir < 0 ? -1 : openat(dir, place->leaf, flags | O_NOFOLLOW);
}

static int read_file(struct reader *reader, const struct place *place, struct answer *answer)
{
	int fd = open_place(reader, place, OPEN_FILE);
	if (fd < 0)
		return errno == ELOOP ? EPERM : errno;
	struct stat st;
	memset(&st, 0, sizeof st);
	if (place->sys && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return S_ISDIR(st.st_mode) ? EISDIR : EPERM;
	}
	int error = 0;
	/* One byte more than the limit tells whether the content goes on; the arena has room for it. */
	uint32_t want = answer->limit + 1;
	uint32_t got = 0;
	while (got < want) {
		ssize_t n = read(fd, answer->data + got, want - got);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			error = got ? 0 : errno;
			answer->truncated = got > 0;
			break;
		}
		if (n == 0)
			break;
		got += (uint32_t)n;
		if (place->single)
			break;
	}
	close(fd);
	if (got > answer->limit) {
		got = answer->limit;
		answer->truncated = true;
	}
	answer->length = got;
	return error;
}

/* Opens the directory a link lives in; *mine says whether the caller must close it. */
static int link_dir(struct reader *reader, struct place *place, bool *mine)
{
	*mine = place->sys;
	if (!place->sys)
		return dir_of(reader, place);
	if (place->leaf == place->relative)
		return open_sys(reader, "", O_PATH | O_DIRECTORY | O_CLOEXEC);
	place->leaf[-1] = 0;
	return open_sys(reader, place->relative, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int read_link(struct reader *reader, struct place *place, struct answer *answer)
{
	bool mine;
	int dir = link_dir(reader, place, &mine);
	if (dir < 0)
		return errno;
	uint32_t room = answer->limit < PATH_LIMIT ? answer->limit : PATH_LIMIT;
	ssize_t n = readlinkat(dir, place->leaf, (char *)answer->data, room);
	int error = n < 0 ? errno : 0;
	if (mine)
		close(dir);
	if (n > 0)
		answer->length = (uint32_t)n;
	answer->truncated = n >= 0 && (uint32_t)n == room;
	return error;
}

/*
 * The inode number of what a descriptor stands for, from the kernel's memory: only of anonymous inodes, which belong to no
 * file system that could be asked or hang.
 */
static int read_inode(struct reader *reader, struct place *place, struct answer *answer)
{
	bool mine;
	int dir = link_dir(reader, place, &mine);
	if (dir < 0)
		return errno;
	char link[11];
	ssize_t n = readlinkat(dir, place->leaf, link, sizeof link);
	struct stat found;
	int error = 0;
	if (n < 0 || answer->limit < 8)
		error = n < 0 ? errno : EOVERFLOW;
	else if (n < 11 || memcmp(link, "anon_inode:", 11))
		error = EPERM;
	else if (fstatat(dir, place->leaf, &found, AT_NO_AUTOMOUNT))
		error = errno;
	if (mine)
		close(dir);
	if (!error) {
		put64(answer->data, found.st_ino);
		answer->length = 8;
	}
	return error;
}

struct entry {
	uint64_t ino, next;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* How a directory is listed. */
struct listing {
	bool links;
	/* Texts, each ended by a NUL; entries with another link or none are left out. NULL = every entry. */
	const char *wanted, *wanted_end;
};

/* Parts the path from the wanted texts behind it; the length of the path. */
static size_t split_wanted(const char *body, size_t length, struct listing *listing)
{
	size_t path = strlen(body);
	listing->links = true;
	listing->wanted = body + path + (path < length);
	listing->wanted_end = body + length;
	return path;
}

static bool is_wanted(const struct listing *listing, const char *link, size_t length)
{
	for (const char *text = listing->wanted; text < listing->wanted_end; text += strlen(text) + 1)
		if (strlen(text) == length && !memcmp(text, link, length))
			return true;
	return false;
}

/* Adds u16 name length, u16 link length, name, link text. False when it does not fit. */
static bool add_entry(int fd, const struct entry *entry, const struct listing *listing, struct answer *answer)
{
	char link[PATH_LIMIT];
	size_t name = strlen(entry->name);
	ssize_t text = -1;
	if (listing->links && (entry->type == DT_LNK || entry->type == DT_UNKNOWN))
		text = readlinkat(fd, entry->name, link, sizeof link);
	if (listing->wanted && (text < 0 || !is_wanted(listing, link, (size_t)text)))
		return true;
	size_t all = 4 + name + (text > 0 ? (size_t)text : 0);
	if (answer->length + all > answer->limit)
		return false;
	uint8_t *p = put16(answer->data + answer->length, (uint16_t)name);
	p = put16(p, text < 0 ? NO_LINK : (uint16_t)text);
	memcpy(p, entry->name, name);
	if (text > 0)
		memcpy(p + name, link, (size_t)text);
	answer->length += (uint32_t)all;
	return true;
}

static int list_dir(struct reader *reader, const struct place *place, const struct listing *listing,
		    struct answer *answer)
{
	int fd = open_place(reader, place, OPEN_FILE | O_DIRECTORY);
	if (fd < 0)
		return errno == ELOOP ? EPERM : errno;
	_Alignas(8) char buffer[32768];
	int error = 0;
	while (!answer->truncated) {
		long n = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
		if (n < 0)
			error = errno;
		if (n <= 0)
			break;
		for (long at = 0; at < n && !answer->truncated;) {
			const struct entry *entry = (const struct entry *)(buffer + at);
			at += entry->length;
			if (!strcmp(entry->name, ".") || !strcmp(entry->name, ".."))
				continue;
			answer->truncated = !add_entry(fd, entry, listing, answer);
		}
	}
	close(fd);
	if (error && answer->length) {
		/* What was listed stands; a process may end meanwhile. */
		answer->truncated = true;
		return 0;
	}
	return error;
}

static bool is_ring(const struct reader *reader, int fd)
{
	char path[32], link[64];
	snprintf(path, sizeof path, "self/fd/%d", fd);
	ssize_t n = readlinkat(reader->roots->proc, path, link, sizeof link);
	return n == 21 && !memcmp(link, "anon_inode:[io_uring]", 21);
}

static sigjmp_buf mapping_ends;

static void on_mapping_end(int signal)
{
	(void)signal;
	siglongjmp(mapping_ends, 1);
}

/* Bytes copied: a mapping may be longer than what stands behind it. */
static size_t copy_mapping(uint8_t *to, const uint8_t *from, size_t length)
{
	struct sigaction action = {.sa_handler = on_mapping_end}, before;
	volatile size_t done = 0;
	sigaction(SIGBUS, &action, &before);
	if (!sigsetjmp(mapping_ends, 1))
		for (; done < length; done += length - done < 4096 ? length - done : 4096)
			memcpy(to + done, from + done, length - done < 4096 ? length - done : 4096);
	sigaction(SIGBUS, &before, NULL);
	return done;
}

/*
 * Ring memory where /proc/PID/mem refuses it (before 6.10): maps the ring itself (pidfd_getfd, 5.6).
 * The duplicate is closed at once, the mapping after the copy: both delay the ring's end.
 */
static int copy_ring(const struct reader *reader, uint32_t pid, int ring, uint64_t offset, uint32_t want,
		     struct answer *answer)
{
	/* The pidfd would be of another process. */
	if (!reader->roots->same_pids)
		return EXDEV;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return errno;
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, ring, 0);
	int error = errno;
	close(pidfd);
	if (fd < 0)
		return error;
	if (!is_ring(reader, fd)) {
		close(fd);
		return EPERM;
	}
	void *map = mmap(NULL, want, PROT_READ, MAP_SHARED, fd, (off_t)offset);
	error = errno;
	close(fd);
	if (map == MAP_FAILED)
		return error;
	answer->length = (uint32_t)copy_mapping(answer->data, map, want);
	munmap(map, want);
	answer->truncated = answer->truncated || answer->length < want;
	return answer->length ? 0 : EFAULT;
}

static int open_mem(struct reader *reader, uint32_t pid)
{
	char path[32];
	if (reader->mem >= 0 && reader->mem_pid == pid)
		return reader->mem;
	if (reader->mem >= 0)
		close(reader->mem);
	snprintf(path, sizeof path, "%u/mem", pid);
	reader->mem = openat(reader->roots->proc, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	reader->mem_pid = pid;
	return reader->mem;
}

/* False after --no-memory: of a process's memory, its rings alone are read then, through their descriptors. */
static bool process_memory = true;

/* Body: u32 pid, u64 address, u32 length, and for a mapping of a ring i32 descriptor, u64 offset. */
static int read_memory(struct reader *reader, const uint8_t *body, size_t size, struct answer *answer)
{
	if (size != 16 && size != 28)
		return EINVAL;
	uint32_t pid = get32(body), want = get32(body + 12);
	uint64_t address = get64(body + 4);
	if (pid == 0 || pid > INT32_MAX)
		return ESRCH;
	if (want > answer->limit) {
		want = answer->limit;
		answer->truncated = true;
	}
	if (!process_memory)
		return size == 28 ? copy_ring(reader, pid, (int)get32(body + 16), get64(body + 20), want, answer)
				  : EOPNOTSUPP;
	int mem = open_mem(reader, pid);
	int error = mem < 0 ? errno : 0;
	while (!error && answer->length < want) {
		ssize_t n = pread(mem, answer->data + answer->length, want - answer->length,
				  (off_t)(address + answer->length));
		if (n > 0)
			answer->length += (uint32_t)n;
		else if (n == 0)
			error = ESRCH; /* The process has given up its memory. */
		else if (errno != EINTR)
			error = errno;
	}
	if (error && answer->length) {
		answer->truncated = true;
		return 0;
	}
	if (error == EIO && size == 28)
		return copy_ring(reader, pid, (int)get32(body + 16), get64(body + 20), want, answer);
	return error;
}

#endif
