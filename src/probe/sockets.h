/* SPDX-License-Identifier: MIT */
/*
 * The verb SOCKETS: what the kernel says of one socket in the probe's own network namespace, asked as `ss` asks it
 * (NETLINK_SOCK_DIAG, 3.3+). SOCK_DIAG_BY_FAMILY about one socket is all that is ever sent, and it only reads; nobody
 * needs a privilege for it. A kernel that has unix_diag, inet_diag or tcp_diag as modules loads them for it. wire.h has the bytes.
 */
#ifndef PROBE_SOCKETS_H
#define PROBE_SOCKETS_H

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "verbs.h"

#define UNIX_BODY 5
#define INET_BODY 37

struct socket_question {
	struct nlmsghdr head;
	union {
		struct unix_diag_req of_unix;
		struct inet_diag_req_v2 of_inet;
	} about;
};

/* Fills the question from an item's body. False when that is malformed. */
static bool put_question(const uint8_t *body, size_t size, struct socket_question *question)
{
	memset(question, 0, sizeof *question);
	question->head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	question->head.nlmsg_flags = NLM_F_REQUEST;
	if (size == UNIX_BODY && *body == AF_UNIX) {
		struct unix_diag_req *about = &question->about.of_unix;
		about->sdiag_family = AF_UNIX;
		about->udiag_states = ~0u;
		about->udiag_ino = get32(body + 1);
		about->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN;
		about->udiag_cookie[0] = about->udiag_cookie[1] = ~0u;
		question->head.nlmsg_len = NLMSG_LENGTH(sizeof *about);
		return true;
	}
	if (size == INET_BODY && (*body == AF_INET || *body == AF_INET6)) {
		struct inet_diag_req_v2 *about = &question->about.of_inet;
		about->sdiag_family = *body;
		about->sdiag_protocol = IPPROTO_TCP;
		about->idiag_ext = 1 << (INET_DIAG_INFO - 1);
		about->idiag_states = ~0u;
		about->id.idiag_sport = htons(get16(body + 1));
		about->id.idiag_dport = htons(get16(body + 3));
		memcpy(about->id.idiag_src, body + 5, 16);
		memcpy(about->id.idiag_dst, body + 21, 16);
		about->id.idiag_cookie[0] = about->id.idiag_cookie[1] = ~0u;
		question->head.nlmsg_len = NLMSG_LENGTH(sizeof *about);
		return true;
	}
	return false;
}

/* The kernel's answer stands in the socket's queue as soon as the question was sent. */
static int take_answer(int fd, struct answer *answer)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[16384];
	struct sockaddr_nl from;
	socklen_t length = sizeof from;
	ssize_t n = recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &length);
	if (n < 0)
		return errno;
	const struct nlmsghdr *head = (const struct nlmsghdr *)buffer;
	if ((size_t)n < sizeof *head || head->nlmsg_len < sizeof *head || from.nl_pid != 0)
		return EPROTO;
	size_t whole = head->nlmsg_len < (size_t)n ? head->nlmsg_len : (size_t)n;
	size_t there = whole < sizeof buffer ? whole : sizeof buffer;
	if (head->nlmsg_type == NLMSG_ERROR)
		return there < sizeof *head + 4 || !get32(buffer + sizeof *head) ? EPROTO
										 : -(int)get32(buffer + sizeof *head);
	if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return EPROTO;
	uint32_t said = (uint32_t)(there - sizeof *head);
	answer->length = said < answer->limit ? said : answer->limit;
	answer->truncated = answer->length < head->nlmsg_len - sizeof *head;
	memcpy(answer->data, buffer + sizeof *head, answer->length);
	return 0;
}

static int ask_socket(const uint8_t *body, size_t size, struct answer *answer)
{
	struct socket_question question;
	if (!put_question(body, size, &question))
		return EINVAL;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return errno;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent = sendto(fd, &question, question.head.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof kernel);
	int error = sent < 0 ? errno : take_answer(fd, answer);
	close(fd);
	return error;
}

#endif
