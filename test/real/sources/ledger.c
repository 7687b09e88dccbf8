/* Static functions that are inlined into each other, a switch, a cold path, a callback; its other half is entries.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "entries.h"

static inline long interest(long amount, int years)
{
    for (int i = 0; i < years; i++)
        amount += amount * 3 / 100;
    return amount;
}

static inline __attribute__((always_inline)) long fee(long amount)
{
    return interest(amount, 2) > 1000 ? 25 : 5;
}

__attribute__((noinline)) static long settle(struct entry *entry, long (*rule)(long))
{
    switch (entry->kind) {
    case DEPOSIT:
        return entry->amount + rule(entry->amount);
    case WITHDRAWAL:
        return -entry->amount - fee(entry->amount);
    case TRANSFER:
        return fee(entry->amount) - interest(entry->amount, 5);
    }
    fprintf(stderr, "no such kind: %d\n", entry->kind);
    abort();
}

static long half(long amount)
{
    return amount / 2;
}

static int by_amount(const void *one, const void *other)
{
    const struct entry *a = one, *b = other;
    return (a->amount > b->amount) - (a->amount < b->amount);
}

int main(int argc, char **argv)
{
    struct entry entries[64];
    int count = argc > 1 ? atoi(argv[1]) : 10;
    if (count > 64)
        count = 64;
    fill(entries, count);
    qsort(entries, count, sizeof entries[0], by_amount);
    long total = 0;
    for (int i = 0; i < count; i++)
        total += settle(&entries[i], i % 2 ? half : rounded);
    printf("%ld %zu\n", total, strlen(describe(&entries[0])));
    return 0;
}
