/*
 * truth SCENE [PATH] [SET-UP WORD…]: requests in every state there is, on a ring of any set-up, and a line of JSON for
 * each: what was asked for and where it stands. The last line is {"ready":true,…}, or {"unsupported":"why"} where a
 * state cannot be had here.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "truth.h"
#include "victim.h"

static const struct truth_scene *const themes[] = {poll_truths,    worker_truths, order_truths,  wait_truths,
                                                   operand_truths, sharing_truths, queue_truths};
enum { THEMES = sizeof themes / sizeof *themes };

static const struct truth_scene *find(const char *name) {
  for (unsigned theme = 0; theme < THEMES; theme++)
    for (const struct truth_scene *scene = themes[theme]; scene->name; scene++)
      if (!strcmp(scene->name, name)) return scene;
  return NULL;
}

/* Whatever an ordinary user can have, on one ring; what waits for all before it comes last. */
static void mix(struct truth_ring *ring, const char *path) {
  int workers = 0;
  for (unsigned theme = 0; theme < THEMES; theme++)
    for (const struct truth_scene *scene = themes[theme]; scene->name; scene++) {
      if (!(scene->kind & IN_MIX) || !truth_knows(ring, scene->opcode)) continue;
      scene->run(ring, NULL);
      truth_settle(ring, workers += scene->workers);
    }
  find("drain")->run(ring, NULL);
  truth_settle(ring, workers);
  find("prepared")->run(ring, NULL);
}

static const struct truth_scene mixed = {.name = "mix", .run = mix, .workers = 4};

static int usage(void) {
  fprintf(stderr, "usage: truth SCENE [PATH] [SET-UP WORD…], where SCENE is one of:\n  mix\n");
  for (unsigned theme = 0; theme < THEMES; theme++)
    for (const struct truth_scene *scene = themes[theme]; scene->name; scene++)
      fprintf(stderr, "  %s%s\n", scene->name, scene->kind & TAKES_PATH ? " PATH" : "");
  return 2;
}

int main(int argc, char **argv) {
  static struct truth_ring ring;
  const struct truth_scene *scene = argc < 2 ? NULL : strcmp(argv[1], "mix") ? find(argv[1]) : &mixed;
  bounded_life();
  if (!scene) return usage();
  const char *path = NULL;
  char **words = argv + 2;
  if (scene->kind & TAKES_PATH && !(path = *words++)) return usage();
  struct setup setup = parse_setup(words);
  if (scene->entries) setup.entries = scene->entries;
  if (scene->cq_entries) {
    setup.cq_entries = scene->cq_entries;
    setup.flags |= IORING_SETUP_CQSIZE;
  }
  truth_open(&ring, &setup);
  if (!truth_knows(&ring, scene->opcode)) {
    static char why[64];
    snprintf(why, sizeof why, "its operation needs kernel %s", scene->since);
    truth_unsupported(why);
  }
  scene->run(&ring, path);
  truth_settle(&ring, scene->workers);
  print_truth(getpid(), truth_child);
  park();
}
