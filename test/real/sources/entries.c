#include <stdio.h>
#include "entries.h"

static inline unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 16;
}

void fill(struct entry *entries, int count)
{
    unsigned seed = 42;
    for (int i = 0; i < count; i++) {
        entries[i].kind = next(&seed) % 3;
        entries[i].amount = clamp((long)next(&seed) - 100, 5000);
    }
}

long rounded(long amount)
{
    return clamp(amount + 50, 9000) / 100 * 100;
}

const char *describe(struct entry *entry)
{
    snprintf(entry->text, sizeof entry->text, "%d of %ld", entry->kind, entry->amount);
    return entry->text;
}
