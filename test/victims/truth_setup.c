/* The set-up words of `truth`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

/* Newer than the headers of Debian 12. */
enum {
  SETUP_NO_MMAP = 1 << 14,    /* 6.5 */
  SETUP_NO_SQARRAY = 1 << 16, /* 6.6 */
  SETUP_CQE_MIXED = 1 << 18,  /* 6.18 */
};

static const struct {
  const char *word;
  unsigned flags;
} words[] = {
    {"iopoll", IORING_SETUP_IOPOLL},
    {"sqpoll", IORING_SETUP_SQPOLL},
    {"clamp", IORING_SETUP_CLAMP},
    {"attach_wq", IORING_SETUP_ATTACH_WQ},
    {"r-disabled", IORING_SETUP_R_DISABLED},
    {"submitall", IORING_SETUP_SUBMIT_ALL},
    {"coop", IORING_SETUP_COOP_TASKRUN},
    {"taskrunflag", IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG},
    {"sqe128", IORING_SETUP_SQE128},
    {"cqe32", IORING_SETUP_CQE32},
    {"single", IORING_SETUP_SINGLE_ISSUER},
    {"defer", IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN},
    {"nommap", SETUP_NO_MMAP},
    {"nosqarray", SETUP_NO_SQARRAY},
    {"cqemixed", SETUP_CQE_MIXED},
};

static void usage(void) {
  fprintf(stderr, "set-up words: closedfd, entries N, cqsize N");
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) fprintf(stderr, ", %s", words[i].word);
  fprintf(stderr, "\n");
  exit(2);
}

struct setup parse_setup(char **given) {
  struct setup setup = {.entries = 256, .words = given};
  for (char **word = given; *word; word++) {
    unsigned number = word[1] ? (unsigned)atoi(word[1]) : 0, i = 0;
    if (!strcmp(*word, "closedfd")) setup.closed_fd = 1;
    else if (!strcmp(*word, "entries") && number) setup.entries = number, word++;
    else if (!strcmp(*word, "cqsize") && number) setup.cq_entries = number, word++;
    else {
      while (i < sizeof words / sizeof *words && strcmp(*word, words[i].word)) i++;
      if (i == sizeof words / sizeof *words) usage();
      setup.flags |= words[i].flags;
    }
  }
  setup.nommap = !!(setup.flags & SETUP_NO_MMAP);
  if (setup.cq_entries) setup.flags |= IORING_SETUP_CQSIZE;
  return setup;
}
