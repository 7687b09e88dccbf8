/* SPDX-License-Identifier: MIT */
/* The probe's first frame: who it is, where it runs, and with which rights. */
#ifndef PROBE_HELLO_H
#define PROBE_HELLO_H

#include <linux/capability.h>
#include <sys/utsname.h>

#include "output.h"

#ifndef PROBE_VERSION
#define PROBE_VERSION "development"
#endif

static uint8_t *put_text(uint8_t *p, const char *text)
{
	size_t n = strlen(text);
	memcpy(put16(p, (uint16_t)n), text, n);
	return p + 2 + n;
}

static void say_hello(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {{0}};
	struct timespec boot = {0};
	struct utsname name;
	syscall(SYS_capget, &head, caps);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	uname(&name);
	memcpy(out.tail, "IURP", 4);
	uint8_t *p = put16(put16(out.tail + 4, PROTOCOL), roots.same_pids ? 0 : HELLO_FOREIGN);
	p = put32(p, (uint32_t)roots.self);
	p = put32(p, (uint32_t)geteuid());
	p = put64(p, (uint64_t)caps[1].effective << 32 | caps[0].effective);
	p = put64(p, (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec);
	p = put32(p, (uint32_t)sysconf(_SC_PAGESIZE));
	p = put32(p, (uint32_t)sysconf(_SC_CLK_TCK));
	p = put32(p, (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
	p = put_text(p, PROBE_VERSION);
	p = put_text(p, name.machine);
	p = put_text(p, name.release);
	p = put_text(p, name.nodename);
	send_frame(HELLO, NULL, 0, (size_t)(p - out.tail));
}

#endif
