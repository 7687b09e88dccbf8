/* What every victim does: tell that its state is reached, stay, and end when its starter goes. */
#ifndef VICTIM_H
#define VICTIM_H

/* Ends the process with a message naming the errno; exit code 1. */
_Noreturn void die(const char *what);
/* Tells the starter why this state cannot be had here and ends; the test is skipped by that reason. Exit code 77. */
_Noreturn void unsupported(const char *why);

/*
 * Arranges the end: when stdin closes (SIGIO), when the starter dies, on SIGTERM, and after five minutes at
 * the latest. With KEEP in the environment only the last two hold. None of it needs a thread, so the process shows only what the scenario makes.
 */
void bounded_life(void);

/* Prints {"ready":true,"pid":…,"truth":{…}}; `truth` is the inside of the object, printf style. */
void ready(const char *truth, ...) __attribute__((format(printf, 1, 2)));
void ready_as(int pid, const char *truth, ...) __attribute__((format(printf, 2, 3)));
/* Sleeps for ever. */
_Noreturn void park(void);

/* Waits until `count` io-wq workers of this process sleep in state S or D (at most 5 s). */
void await_workers(int count);

/* Descriptor 0 = the end to read, 1 = the end to write; no ownership to pass on. */
void make_pipe(int ends[2]);
/* Writes until the descriptor would block. */
void fill(int fd);

#endif
