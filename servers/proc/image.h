/* image.h: building a process up to a stopped thread. The loader's. */
#ifndef PROC_IMAGE_H
#define PROC_IMAGE_H

#include "job.h"

/* Does the job's SPAWN: fills in its results. On an error nothing is left of the process. */
void image_spawn(struct job *j);

#endif
