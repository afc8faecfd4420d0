// Puts a plate on a picture with libvips, again and again, and prints the median milliseconds of one time: what a
// developer would write with it. Usage: vips-plate composite|insert PICTURE PLATE OUTPUT X Y TIMES
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vips/vips.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  if (argc != 8 || VIPS_INIT(argv[0]))
    return 2;
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  int composite = !strcmp(argv[1], "composite"), x = atoi(argv[5]), y = atoi(argv[6]), times = atoi(argv[7]);
  double *took = calloc(times, sizeof *took);
  for (int i = 0; i < times; i++) {
    double start = now();
    VipsImage *picture, *plate, *out;
    if (!(picture = vips_image_new_from_file(argv[2], "access", VIPS_ACCESS_SEQUENTIAL, NULL)) ||
        !(plate = vips_image_new_from_file(argv[3], NULL)) ||
        (composite ? vips_composite2(picture, plate, &out, VIPS_BLEND_MODE_OVER, "x", x, "y", y, NULL)
                   : vips_insert(picture, plate, &out, x, y, NULL)) ||
        vips_image_write_to_file(out, argv[4], NULL)) {
      fprintf(stderr, "%s\n", vips_error_buffer());
      return 1;
    }
    g_object_unref(out);
    g_object_unref(plate);
    g_object_unref(picture);
    took[i] = now() - start;
  }
  qsort(took, times, sizeof *took, by_size);
  printf("%.3f %.3f %.3f\n", took[times / 2], took[0], took[times - 1]);
  return 0;
}
