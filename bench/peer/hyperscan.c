// Scans texts for literal keywords with Hyperscan or Vectorscan. Usage: hyperscan KEYWORDS TEXT...
// Prints the nanoseconds of processor time that the database took to build and its bytes with scratch space; then, for
// each number of a text on standard input, the nanoseconds of one scan and the matches in it.
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static char *load(const char *name, size_t *size) {
  FILE *f = fopen(name, "rb");
  if (!f || fseek(f, 0, SEEK_END))
    exit(2);
  *size = ftell(f);
  rewind(f);
  char *text = malloc(*size + 1);
  if (!text || fread(text, 1, *size, f) != *size)
    exit(2);
  text[*size] = 0;
  fclose(f);
  return text;
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *count) {
  ++*(long long *)count;
  return 0;
}

int main(int argc, char **argv) {
  size_t size, n = 0;
  char *words = load(argv[1], &size);
  for (size_t i = 0; i < size; i++)
    n += words[i] == '\n';
  const char **keyword = malloc(n * sizeof *keyword);
  size_t *length = malloc(n * sizeof *length);
  unsigned *id = malloc(n * sizeof *id), *flags = calloc(n, sizeof *flags);
  char *at = words;
  for (size_t i = 0; i < n; i++) {
    char *end = strchr(at, '\n');
    keyword[i] = at, length[i] = end - at, id[i] = i;
    at = end + 1;
  }
  char **text = malloc(argc * sizeof *text);
  size_t *sizes = malloc(argc * sizeof *sizes);
  for (int i = 2; i < argc; i++)
    text[i - 2] = load(argv[i], &sizes[i - 2]);
  long long start = now();
  hs_database_t *base;
  hs_compile_error_t *wrong;
  hs_scratch_t *scratch = NULL;
  if (hs_compile_lit_multi(keyword, flags, id, length, n, HS_MODE_BLOCK, NULL, &base, &wrong) != HS_SUCCESS) {
    fprintf(stderr, "%s\n", wrong->message);
    return 1;
  }
  if (hs_alloc_scratch(base, &scratch) != HS_SUCCESS)
    return 1;
  size_t bytes, more;
  hs_database_size(base, &bytes);
  hs_scratch_size(scratch, &more);
  printf("%lld %zu\n", now() - start, bytes + more);
  fflush(stdout);
  for (int i; scanf("%d", &i) == 1;) {
    long long count = 0;
    start = now();
    if (hs_scan(base, text[i], sizes[i], 0, scratch, found, &count) != HS_SUCCESS)
      return 1;
    printf("%lld %lld\n", now() - start, count);
    fflush(stdout);
  }
  return 0;
}
