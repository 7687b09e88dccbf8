/* The states a ring can be stuck in. A scene prepares its state, says `ready`, and never returns. */
#ifndef SCENES_H
#define SCENES_H

#include "ring.h"

struct scene {
  const char *name;
  void (*run)(struct ring *ring, char **arguments);
};

/* Each ends with a row without a name. */
extern const struct scene file_scenes[];
extern const struct scene peer_scenes[];
extern const struct scene order_scenes[];
extern const struct scene queue_scenes[];
extern const struct scene incident_scenes[];

#endif
