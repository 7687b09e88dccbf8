/* Descriptors to be stuck on. */
#ifndef TRUTH_FILES_H
#define TRUTH_FILES_H

#include <netinet/in.h>

/* The end to read of a pipe that stays empty, the end to write of one that stays full. */
int empty_pipe(void);
int full_pipe(void);
/* A TCP listener on loopback, and where it listens. */
int listener(int backlog, struct sockaddr_in *address);
/* Both ends of a TCP connection to ourselves. */
void connection(int ends[2]);
/* A FIFO in the current directory that nobody opens. */
const char *make_fifo(const char *name);

#endif
