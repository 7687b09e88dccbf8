/* ring_victim SCENE [ARGUMENT…]: one process, one ring, one way to be stuck. Files are made in the current directory. */
#include <stdio.h>
#include <string.h>

#include "scenes.h"
#include "victim.h"

static const struct scene *const themes[] = {file_scenes, peer_scenes, order_scenes, queue_scenes,
                                              incident_scenes};

int main(int argc, char **argv) {
  struct ring ring = {.fd = -1};
  bounded_life();
  for (unsigned theme = 0; argc > 1 && theme < sizeof themes / sizeof *themes; theme++)
    for (const struct scene *scene = themes[theme]; scene->name; scene++)
      if (!strcmp(scene->name, argv[1])) scene->run(&ring, argv + 2);
  fprintf(stderr, "usage: ring_victim SCENE, where SCENE is one of:\n");
  for (unsigned theme = 0; theme < sizeof themes / sizeof *themes; theme++)
    for (const struct scene *scene = themes[theme]; scene->name; scene++) fprintf(stderr, "  %s\n", scene->name);
  return 2;
}
