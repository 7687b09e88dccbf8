/*
 * folds: what the probe does with pages of events at a high rate, without a kernel that writes them. In: u32 bytes of a fold
 * specification, the specification (wire.h); then batches: u64 before which everything has come, u32 pages, of each u32 length, bytes. Out, of
 * each batch: u32 1, u32 bytes, records that go on, u32 bytes, rows; or u32 0 where the pages go on as they are.
 */
#include <stdio.h>

#include "../../../src/probe/fold.h"

static bool take(void *to, size_t size) { return fread(to, 1, size, stdin) == size; }

static void tell(const uint8_t *from, uint32_t size) {
  fwrite(&size, 4, 1, stdout);
  fwrite(from, 1, size, stdout);
}

int main(void) {
  static uint8_t body[4096], pages[4 << 20];
  static struct fold_spec spec;
  uint32_t size, count, used;
  uint64_t safe;
  if (!take(&size, 4) || size > sizeof body || !take(body, size) || !read_fold_spec(body, size, &spec)) return 2;
  while (take(&safe, 8) && take(&count, 4)) {
    if (!make_batch(sizeof pages)) return 2;
    for (used = 0; count--; used += size) {
      if (!take(&size, 4) || size > sizeof pages - used || !take(pages + used, size)) return 2;
      read_records(pages + used, size, spec.data);
    }
    uint32_t folded = follow_batch(&spec, safe);
    fwrite(&folded, 4, 1, stdout);
    if (folded) {
      uint8_t *told = malloc(FOLD_TOLD + most_told());
      if (!told) return 2;
      uint8_t *from = put_records(told), *end = put_rows(from, used);
      tell(told, (uint32_t)(from - told));
      tell(from, (uint32_t)(end - from));
      free(told);
    }
    free_batch();
  }
  return 0;
}
