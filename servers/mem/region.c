/*
 * region.c: AVL trees of regions. See region.h.
 */
#include "region.h"
#include "layout.h"

struct slab region_slab = SLAB(VA_REGIONS, struct region, (VA_SHARES - VA_REGIONS) / sizeof(struct region));

static uint32_t guarded_low(const struct region *r)
{
	return r->first > r->guard ? r->first - r->guard : 0;
}

static uint32_t guarded_high(const struct region *r)
{
	return region_end(r) + r->guard;
}

static int height(uint32_t id)
{
	return id ? region_at(id)->height : 0;
}

static uint32_t gap_between(uint32_t high, uint32_t low)
{
	return low > high ? low - high : 0;
}

static uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Brings height, extent and gap of a node up to date from its children. */
static void update(struct region *r)
{
	uint32_t low = guarded_low(r), high = guarded_high(r), end = high, gap = 0, deep = 0;

	if (r->left) {
		const struct region *l = region_at(r->left);

		deep = l->height;
		gap = max(l->gap, gap_between(l->high, low));
		low = l->low < low ? l->low : low;
		high = max(l->high, high);
	}
	if (r->right) {
		const struct region *right = region_at(r->right);

		deep = max(deep, right->height);
		gap = max(gap, max(right->gap, gap_between(end, right->low)));
		low = right->low < low ? right->low : low;
		high = max(right->high, high);
	}
	r->height = deep + 1;
	r->low = low;
	r->high = high;
	r->gap = gap;
}

static uint32_t rotate_right(uint32_t id)
{
	struct region *r = region_at(id);
	uint32_t top = r->left;

	r->left = region_at(top)->right;
	region_at(top)->right = id;
	update(r);
	update(region_at(top));
	return top;
}

static uint32_t rotate_left(uint32_t id)
{
	struct region *r = region_at(id);
	uint32_t top = r->right;

	r->right = region_at(top)->left;
	region_at(top)->left = id;
	update(r);
	update(region_at(top));
	return top;
}

/* Restores the balance of a node whose subtrees differ by two at most; the new top. */
static uint32_t balance(uint32_t id)
{
	struct region *r = region_at(id);
	int lean = height(r->left) - height(r->right);

	if (lean > 1) {
		const struct region *l = region_at(r->left);

		if (height(l->left) < height(l->right))
			r->left = rotate_left(r->left);
		return rotate_right(id);
	}
	if (lean < -1) {
		const struct region *right = region_at(r->right);

		if (height(right->right) < height(right->left))
			r->right = rotate_right(r->right);
		return rotate_left(id);
	}
	update(r);
	return id;
}

uint32_t region_find(uint32_t root, uint32_t page)
{
	while (root) {
		const struct region *r = region_at(root);

		if (page < r->first)
			root = r->left;
		else if (page - r->first < r->pages)
			return root;
		else
			root = r->right;
	}
	return 0;
}

uint32_t region_above(uint32_t root, uint32_t page)
{
	uint32_t best = 0;

	while (root) {
		const struct region *r = region_at(root);

		if (region_end(r) > page) {
			best = root;
			root = r->left;
		} else {
			root = r->right;
		}
	}
	return best;
}

uint32_t region_below(uint32_t root, uint32_t page)
{
	uint32_t best = 0;

	while (root) {
		const struct region *r = region_at(root);

		if (r->first < page) {
			best = root;
			root = r->right;
		} else {
			root = r->left;
		}
	}
	return best;
}

static uint32_t insert(uint32_t root, uint32_t id)
{
	struct region *r;

	if (!root)
		return id;
	r = region_at(root);
	if (region_at(id)->first < r->first)
		r->left = insert(r->left, id);
	else
		r->right = insert(r->right, id);
	return balance(root);
}

uint32_t region_insert(uint32_t root, uint32_t id)
{
	struct region *r = region_at(id);

	r->left = r->right = 0;
	update(r);
	return insert(root, id);
}

/* Takes the leftmost node out of the subtree. */
static uint32_t remove_first(uint32_t root, uint32_t *first)
{
	struct region *r = region_at(root);

	if (!r->left) {
		*first = root;
		return r->right;
	}
	r->left = remove_first(r->left, first);
	return balance(root);
}

uint32_t region_remove(uint32_t root, uint32_t id)
{
	struct region *r = region_at(root);

	if (root == id) {
		uint32_t next, right;

		if (!r->right)
			return r->left;
		right = remove_first(r->right, &next);
		region_at(next)->left = r->left;
		region_at(next)->right = right;
		return balance(next);
	}
	if (region_at(id)->first < r->first)
		r->left = region_remove(r->left, id);
	else
		r->right = region_remove(r->right, id);
	return balance(root);
}

struct place {
	uint32_t low, high, pages, guard, align;
};

/* The place at the bottom of the free extent [low, high), 0: it does not fit. */
static uint32_t fit(const struct place *p, uint32_t low, uint32_t high)
{
	uint64_t at;

	if (low < p->low)
		low = p->low;
	if (high > p->high)
		high = p->high;
	at = ((uint64_t)low + p->guard + p->align - 1) / p->align * p->align;
	return at + p->pages + p->guard <= high ? at : 0;
}

/* Searches the gaps inside a subtree, lowest first. */
static uint32_t search(uint32_t root, const struct place *p)
{
	const struct region *r;
	uint32_t at = 0;

	if (!root)
		return 0;
	r = region_at(root);
	if (r->high <= p->low || r->low >= p->high || r->gap < p->pages)
		return 0;
	if (r->left) {
		at = search(r->left, p);
		if (!at)
			at = fit(p, region_at(r->left)->high, guarded_low(r));
	}
	if (!at && r->right) {
		at = fit(p, guarded_high(r), region_at(r->right)->low);
		if (!at)
			at = search(r->right, p);
	}
	return at;
}

uint32_t region_place(uint32_t root, uint32_t low, uint32_t high, uint32_t pages, uint32_t guard,
		      uint32_t align)
{
	struct place p = { low, high, pages, guard, align };
	uint32_t at;

	if (!root)
		return fit(&p, low, high);
	at = fit(&p, low, region_at(root)->low);
	if (!at)
		at = search(root, &p);
	if (!at)
		at = fit(&p, region_at(root)->high, high);
	return at;
}

struct check {
	uint64_t count;
	uint64_t end;                   /* of the region before */
	unsigned wrong;
};

static void check(uint32_t root, struct check *c)
{
	struct region copy;
	const struct region *r;
	int lean;

	if (!root || c->wrong)
		return;
	r = region_at(root);
	check(r->left, c);
	if (r->first < c->end || r->pages == 0)
		c->wrong = 1;
	c->end = region_end(r);
	c->count++;
	copy = *r;
	update(&copy);
	if (copy.height != r->height || copy.low != r->low || copy.high != r->high || copy.gap != r->gap)
		c->wrong = 2;
	lean = height(r->left) - height(r->right);
	if (lean < -1 || lean > 1)
		c->wrong = 3;
	check(r->right, c);
}

unsigned region_check(uint32_t root, uint64_t *count)
{
	struct check c = { 0, 0, 0 };

	check(root, &c);
	*count += c.count;
	return c.wrong;
}
