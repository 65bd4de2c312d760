/*
 * node.c: see node.h. All names of all directories stand in one search tree, ordered by the directory's inode
 * and then
 * by name: finding, the next name and an empty directory are all one descent. It is a treap: balanced by random
 * priorities, which clients cannot guess.
 */
#include <stdlib.h>
#include <string.h>
#include <tessera/abi.h>
#include <tessera/cpio.h>
#include "node.h"

#define NODE_COST       (sizeof(struct node) + NODE_NAME)  /* what a name in RAM counts against the limit */
#define MODE_FILE       (CPIO_REGULAR | 0644)
#define MODE_DIRECTORY  (CPIO_DIRECTORY | 0755)

static struct node *names;             /* the search tree; the root directory is not in it */
static struct node *root;
static uint64_t last_inode, state, count;

/* What the tree is ordered by. */
struct key {
	uint64_t directory;
	const char *name;
	size_t size;
};

static struct key key_of(const struct node *n)
{
	return (struct key){ n->parent->inode, n->name, n->name_size };
}

static int compare_names(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int by_bytes = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return by_bytes ? by_bytes : (a_size > b_size) - (a_size < b_size);
}

static int compare(struct key a, struct key b)
{
	if (a.directory != b.directory)
		return a.directory < b.directory ? -1 : 1;
	return compare_names(a.name, a.size, b.name, b.size);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t random_next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Parts a tree into what is below the key and the rest. */
static void split(struct node *t, struct key key, struct node **below, struct node **rest)
{
	while (t) {
		if (compare(key_of(t), key) < 0) {
			*below = t;
			below = &t->right;
			t = t->right;
		} else {
			*rest = t;
			rest = &t->left;
			t = t->left;
		}
	}
	*below = *rest = NULL;
}

/* Two trees, all of a below all of b, in *to. */
static void join(struct node *a, struct node *b, struct node **to)
{
	while (a && b) {
		if (a->priority > b->priority) {
			*to = a;
			to = &a->right;
			a = a->right;
		} else {
			*to = b;
			to = &b->left;
			b = b->left;
		}
	}
	*to = a ? a : b;
}

static void insert(struct node *n)
{
	struct node **at = &names;

	while (*at && (*at)->priority > n->priority)
		at = compare(key_of(*at), key_of(n)) < 0 ? &(*at)->right : &(*at)->left;
	split(*at, key_of(n), &n->left, &n->right);
	*at = n;
	n->named = true;
	count++;
}

static void take_out(struct node *n)
{
	struct node **at = &names;

	while (*at != n)
		at = compare(key_of(*at), key_of(n)) < 0 ? &(*at)->right : &(*at)->left;
	join(n->left, n->right, at);
	n->named = false;
	count--;
}

/* The first that is not below the key. */
static struct node *lower(struct key key)
{
	struct node *best = NULL;

	for (struct node *t = names; t; ) {
		if (compare(key_of(t), key) < 0) {
			t = t->right;
		} else {
			best = t;
			t = t->left;
		}
	}
	return best;
}

static struct node *child(const struct node *directory, const char *name, size_t size)
{
	struct key key = { directory->inode, name, size };
	struct node *n = lower(key);

	return n && !compare(key_of(n), key) ? n : NULL;
}

struct node *node_after(const struct node *directory, const char *name)
{
	/* A NUL behind it makes the least name that is greater. */
	struct node *n = lower((struct key){ directory->inode, name, strlen(name) + 1 });

	return n && n->parent == directory ? n : NULL;
}

static bool is_empty(const struct node *directory)
{
	struct node *n = lower((struct key){ directory->inode, "", 0 });

	return !n || n->parent != directory;
}

static char *copy_name(const char *name, size_t size)
{
	char *copy = malloc(size + 1);

	if (copy) {
		memcpy(copy, name, size);
		copy[size] = 0;
	}
	return copy;
}

static struct node *new_node(const char *name, size_t size, uint32_t kind, uint64_t now)
{
	struct node *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->name = copy_name(name, size);
	if (!n->name) {
		free(n);
		return NULL;
	}
	n->name_size = (uint8_t)size;
	n->kind = kind;
	n->mode = kind == FILE_DIRECTORY ? MODE_DIRECTORY : MODE_FILE;
	n->inode = ++last_inode;
	n->priority = random_next();
	n->mtime = now;
	return n;
}

static void free_node(struct node *n)
{
	store_end(&n->store);
	free(n->name);
	free(n);
}

bool node_start(uint64_t seed, uint64_t limit)
{
	for (struct node *n = names; n; n = names) {
		join(n->left, n->right, &names);
		free_node(n);
	}
	if (root)
		free_node(root);
	store_start(limit);
	state = seed;
	last_inode = 0;
	count = 1;
	root = new_node("", 0, FILE_DIRECTORY, 0);
	if (!root)
		return false;
	root->parent = root;
	root->fixed = root->named = true;
	return true;
}

/* One part of the path: from `at`, which is a directory. */
static struct node *step(struct node *at, const char *part, size_t size)
{
	if (size == 1 && part[0] == '.')
		return at;
	if (size == 2 && part[0] == '.' && part[1] == '.')
		return at->parent;
	return child(at, part, size);
}

/* Follows the parts of the path before `end`. */
static int walk(const char *path, const char *end, struct node **found)
{
	struct node *at = root;

	for (;;) {
		size_t size;

		if (at->absent)
			return E_AGAIN;
		path += strspn(path, "/");
		if (path >= end)
			break;
		size = strcspn(path, "/");
		if (at->kind != FILE_DIRECTORY)
			return E_NOT_DIRECTORY;
		at = step(at, path, size);
		if (!at)
			return E_NOT_FOUND;
		path += size;
	}
	*found = at;
	return 0;
}

int node_find(const char *path, struct node **found)
{
	size_t size = strlen(path);
	int error = walk(path, path + size, found);

	if (!error && size && path[size - 1] == '/' && (*found)->kind != FILE_DIRECTORY)
		return E_NOT_DIRECTORY;
	return error;
}

int node_place(const char *path, struct place *place)
{
	const char *end = path + strlen(path), *start;
	int error;

	*place = (struct place){ .slash = end > path && end[-1] == '/' };
	while (end > path && end[-1] == '/')
		end--;
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	place->name = start;
	place->size = (size_t)(end - start);
	error = walk(path, start, &place->directory);
	if (error)
		return error;
	if (place->directory->kind != FILE_DIRECTORY)
		return E_NOT_DIRECTORY;
	if (!place->size || step(place->directory, start, place->size) == place->directory ||
	    (place->size == 2 && start[0] == '.' && start[1] == '.'))
		return E_BAD_ARG;
	if (place->size > NODE_NAME)
		return E_TOO_BIG;
	place->there = child(place->directory, start, place->size);
	return place->there && place->slash && place->there->kind != FILE_DIRECTORY ? E_NOT_DIRECTORY : 0;
}

int node_make(const struct place *place, uint32_t kind, bool fixed, uint64_t now, struct node **made)
{
	struct node *n;

	if (!fixed && !store_take(NODE_COST))
		return E_NO_SPACE;
	n = new_node(place->name, place->size, kind, now);
	if (!n) {
		if (!fixed)
			store_give(NODE_COST);
		return E_NO_SPACE;
	}
	n->fixed = fixed;
	n->parent = place->directory;
	insert(n);
	*made = n;
	return 0;
}

/* A node without a name ends when nobody has it open. */
static void end_if_unused(struct node *n)
{
	if (n->named || n->opens)
		return;
	free_node(n);
	store_give(NODE_COST);
}

int node_remove(struct node *n, uint32_t want)
{
	if (n->kind != want)
		return want == FILE_DIRECTORY ? E_NOT_DIRECTORY : E_IS_DIRECTORY;
	if (n->fixed)
		return E_READ_ONLY;
	if (n->kind == FILE_DIRECTORY && !is_empty(n))
		return E_DIRECTORY_NOT_EMPTY;
	take_out(n);
	end_if_unused(n);
	return 0;
}

static bool is_inside(const struct node *directory, const struct node *n)
{
	for (; directory != root; directory = directory->parent)
		if (directory == n)
			return true;
	return false;
}

/* What has the new name now makes way: 0, or why it may not. */
static int replace(struct node *n, const struct place *to)
{
	if (!to->there)
		return to->slash && n->kind != FILE_DIRECTORY ? E_NOT_DIRECTORY : 0;
	return node_remove(to->there, n->kind);
}

int node_rename(struct node *n, const struct place *to)
{
	char *name;
	int error;

	if (n == to->there)
		return 0;
	if (n->fixed)
		return E_READ_ONLY;
	if (is_inside(to->directory, n))
		return E_BAD_ARG;
	name = copy_name(to->name, to->size);
	if (!name)
		return E_NO_SPACE;
	error = replace(n, to);
	if (error) {
		free(name);
		return error;
	}
	take_out(n);
	free(n->name);
	n->name = name;
	n->name_size = (uint8_t)to->size;
	n->parent = to->directory;
	insert(n);
	return 0;
}

void node_open(struct node *n)
{
	n->opens++;
}

void node_close(struct node *n)
{
	n->opens--;
	end_if_unused(n);
}

uint64_t node_count(void)
{
	return count;
}

uint64_t node_size(const struct node *n)
{
	return n->fixed ? n->size : n->store.size;
}
