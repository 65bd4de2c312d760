/*
 * account_test: servers/mem/account.c: charges are whole or nothing, their sum is kept, and the bound
 * asked for before an edit is never less than what the edit costs.
 */
// SOURCES: tests/host/mem_host.c servers/mem/account.c servers/mem/slab.c
#include "account.h"
#include "mem_host.h"

static void limits(void)
{
	struct account a = { .limit = 100 }, b = { .limit = 0 };

	account_start(1000);
	CHECK(account_all.limit == 1000 - 20 - 32);
	CHECK(account_charge(&a, 100) && !account_charge(&a, 1));
	CHECK(account_charge(&a, 0) && a.committed == 100);
	CHECK(!account_charge(&b, ~0ull) && b.committed == 0);
	CHECK(account_charge(&b, account_all.limit - 100) && !account_charge(&b, 1));
	account_force(&b, 2);
	CHECK(!account_charge(&b, 0) && account_all.committed == account_all.limit + 2);
	account_release(&b, 2);
	account_release(&a, 50);
	CHECK(account_charge(&b, 50) && !account_charge(&a, 1));
	account_release(&b, b.committed);
	account_release(&a, a.committed);
	CHECK(account_all.committed == 0);
}

/* What one keeps nobody else gets, and it can commit that always. */
static void keeps(void)
{
	struct account a = { 0 }, b = { 0 }, child = { .parent = &a };
	uint64_t all = account_all.limit;

	CHECK(!account_limits(&a, 0, all + 1) && account_limits(&a, 0, all / 2) && account_kept == all / 2);
	CHECK(!account_charge(&b, all - all / 2 + 1) && account_charge(&b, all - all / 2));
	CHECK(!account_charge(&b, 1) && account_level(&b) == 64);
	CHECK(account_charge(&a, all / 4) && account_kept == all / 2 - all / 4);
	CHECK(account_charge(&child, all / 2 - all / 4) && a.committed == all / 2 && account_kept == 0);
	CHECK(!account_charge(&a, 1) && !account_charge(&child, 1));
	CHECK(!account_limits(&a, 1, 0) && !account_limits(&a, all, all + 1));
	account_release(&child, child.committed);
	CHECK(account_kept == all / 2 - all / 4 && !account_charge(&b, 1));
	CHECK(account_limits(&a, all, 0) && account_kept == 0 && account_charge(&b, 1));
	account_release(&a, a.committed);
	account_release(&b, b.committed);
	CHECK(account_all.committed == 0 && account_level(&b) == 0);
	CHECK(account_limits(&b, 64, 0) && account_charge(&b, 56) && account_level(&b) == 56 && account_level(&a) < 56);
	account_release(&b, 56);
}

static void at_random(void)
{
	struct account a[8] = { { 0 } };

	for (unsigned i = 0; i < 8; i++)
		a[i].limit = i * 40;
	for (unsigned i = 0; i < 100000; i++) {
		struct account *x = &a[host_random() % 8];
		uint64_t n = host_random() % 200, sum = 0, before = x->committed;

		if (host_random() % 2)
			CHECK(account_charge(x, n) ? x->committed == before + n : x->committed == before);
		else
			account_release(x, n <= before ? n : before);
		CHECK(!x->limit || x->committed <= x->limit);
		for (unsigned k = 0; k < 8; k++)
			sum += a[k].committed;
		CHECK(sum == account_all.committed && sum <= account_all.limit);
	}
}

static void bounds(void)
{
	static const uint32_t sizes[] = { 1, 2, 126, 127, 128, 511, 512, 513, 1024, 5000, 262143,
					  262144, 262145, 2000000 };

	for (unsigned kind = REGION_ANON; kind <= REGION_RESERVED; kind++)
		for (unsigned n = 0; n < sizeof sizes / sizeof *sizes; n++)
			for (uint32_t first = 0; first < 1025; first++)
				for (unsigned noreserve = 0; noreserve < 2; noreserve++) {
					uint32_t start = first < 513 ? first : 262144 - 513 + (first - 512);
					struct region r = { .kind = kind, .pages = sizes[n], .noreserve = noreserve,
							    .first = start };

					CHECK(account_region(&r) <= account_bound(sizes[n], kind, noreserve));
					CHECK(account_region(&r) > 0);
				}
}

int main(void)
{
	limits();
	keeps();
	at_random();
	bounds();
	puts("accounts: ok");
	return 0;
}
