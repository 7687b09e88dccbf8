enum kind { DEPOSIT, WITHDRAWAL, TRANSFER };

struct entry {
    enum kind kind;
    long amount;
    char text[32];
};

void fill(struct entry *entries, int count);
long rounded(long amount);
const char *describe(struct entry *entry);

static inline long clamp(long amount, long most)
{
    if (amount < 0)
        return 0;
    return amount > most ? most : amount;
}
