/* Writes a file that looks compiled: the new tables come first and point forward into the old file, which follows whole.
 * The payload of the custom operators says what it is: no Edge TPU runs it. */

static const char PAYLOAD[] = "envdoctor's test stand-in for edgetpu_compiler wrote this; no Edge TPU executes it";

enum { MAX_PATCHES = 65536 };

typedef struct {
  uint8_t *data;
  size_t size, room;
  struct {
    uint32_t at, target;
    int old;
  } patches[MAX_PATCHES];
  int patch_count;
} Out;

static uint32_t put(Out *o, const void *bytes, size_t count) {
  if (o->size + count > o->room) o->data = realloc(o->data, o->room = 2 * (o->size + count) + 4096);
  if (bytes)
    memcpy(o->data + o->size, bytes, count);
  else
    memset(o->data + o->size, 0, count);
  o->size += count;
  return o->size - count;
}

static uint32_t put_number(Out *o, uint32_t value) { return put(o, &value, 4); }
static void align(Out *o, size_t to) { put(o, NULL, (to - o->size % to) % to); }

/* An offset, filled in at the end: `target` is a place in the new part, or in the old file. */
static void refer(Out *o, uint32_t at, uint32_t target, int old) {
  if (!target || o->patch_count == MAX_PATCHES) return;
  o->patches[o->patch_count].at = at;
  o->patches[o->patch_count].target = target;
  o->patches[o->patch_count++].old = old;
}

/* A table whose `count` fields are four bytes each and present where `present` has a bit. */
static uint32_t put_table(Out *o, int count, unsigned present) {
  align(o, 4);
  uint16_t head[16] = {(uint16_t)(4 + 2 * count), 4}, fields[16];
  for (int i = 0; i < count; i++) {
    fields[i] = present >> i & 1 ? head[1] : 0;
    if (fields[i]) head[1] += 4;
  }
  uint32_t vtable = put(o, head, 4);
  put(o, fields, 2 * count);
  align(o, 4);
  uint32_t table = put_number(o, 0);
  uint32_t distance = table - vtable;
  memcpy(o->data + table, &distance, 4);
  put(o, NULL, head[1] - 4);
  return table;
}

/* The place of field `index` in a table made with the same `present`. */
static uint32_t place(uint32_t table, unsigned present, int index) {
  return table + 4 + 4 * __builtin_popcount(present & ((1u << index) - 1));
}

static uint32_t put_ints(Out *o, const int *values, int count) {
  align(o, 4);
  uint32_t at = put_number(o, count);
  put(o, values, 4 * count);
  return at;
}

static uint32_t put_custom_op(Out *o, int code, const int *inputs, int n_in, const int *outputs, int n_out) {
  const unsigned present = 1 | 2 | 4 | 32;
  uint32_t table = put_table(o, 6, present);
  memcpy(o->data + place(table, present, 0), &code, 4);
  refer(o, place(table, present, 1), put_ints(o, inputs, n_in), 0);
  refer(o, place(table, present, 2), put_ints(o, outputs, n_out), 0);
  align(o, 4);
  uint32_t payload = put_number(o, sizeof PAYLOAD - 1);
  put(o, PAYLOAD, sizeof PAYLOAD - 1);
  refer(o, place(table, present, 5), payload, 0);
  return table;
}

static uint32_t put_codes(Out *o, Model *m) {
  align(o, 4);
  uint32_t codes = put_number(o, m->code_count + 1);
  put(o, NULL, 4 * (m->code_count + 1));
  for (int i = 0; i < m->code_count; i++) refer(o, codes + 4 + 4 * i, item(&m->file, m->codes, i), 1);
  const unsigned present = 1 | 2 | 4 | 8;
  uint32_t code = put_table(o, 4, present), custom = 32, version = 1;
  memcpy(o->data + place(code, present, 0), &custom, 1);
  memcpy(o->data + place(code, present, 2), &version, 4);
  memcpy(o->data + place(code, present, 3), &custom, 4);
  align(o, 4);
  uint32_t name = put_number(o, 17);
  put(o, "edgetpu-custom-op", 18);
  refer(o, place(code, present, 1), name, 0);
  refer(o, codes + 4 + 4 * m->code_count, code, 0);
  return codes;
}

typedef struct {
  int inputs[MAX_TENSORS], outputs[MAX_TENSORS], n_in, n_out, members;
} Border;

/* A subgraph with room for `count` operators, between its old inputs and outputs if `border` is NULL; the place of the
 * first operator's offset. */
static uint32_t put_subgraph(Out *o, Model *m, uint32_t at, int count, Border *border) {
  const unsigned present = 1 | 2 | 4 | 8;
  File *f = &m->file;
  uint32_t graph = put_table(o, 4, present);
  refer(o, at, graph, 0);
  refer(o, place(graph, present, 0), follow(f, field(f, m->subgraph, 0)), 1);
  if (border) {
    refer(o, place(graph, present, 1), put_ints(o, border->inputs, border->n_in), 0);
    refer(o, place(graph, present, 2), put_ints(o, border->outputs, border->n_out), 0);
  } else {
    refer(o, place(graph, present, 1), follow(f, field(f, m->subgraph, 1)), 1);
    refer(o, place(graph, present, 2), follow(f, field(f, m->subgraph, 2)), 1);
  }
  uint32_t operators = put_number(o, count);
  refer(o, place(graph, present, 3), operators, 0);
  put(o, NULL, 4 * count);
  return operators + 4;
}

/* Starts a file; returns the place of the subgraph vector's only item. */
static uint32_t start_file(Out *o, Model *m) {
  unsigned present = 1 | 2 | 4;
  File *f = &m->file;
  for (int i = 3; i < 8; i++)
    if (field(f, m->root, i)) present |= 1u << i;
  put_number(o, 0);
  put(o, "TFL3", 4);
  uint32_t model = put_table(o, 8, present), version = 3;
  memcpy(o->data, &model, 4);
  memcpy(o->data + place(model, present, 0), &version, 4);
  for (int i = 3; i < 8; i++)
    if (present >> i & 1) refer(o, place(model, present, i), follow(f, field(f, m->root, i)), 1);
  refer(o, place(model, present, 1), put_codes(o, m), 0);
  align(o, 4);
  uint32_t subgraphs = put_number(o, 1);
  put_number(o, 0);
  refer(o, place(model, present, 2), subgraphs, 0);
  return subgraphs + 4;
}

static long finish_file(Out *o, Model *m, const char *path) {
  align(o, 16);
  uint32_t start = o->size;
  put(o, m->file.data, m->file.size);
  for (int i = 0; i < o->patch_count; i++) {
    uint32_t target = o->patches[i].target + (o->patches[i].old ? start : 0) - o->patches[i].at;
    memcpy(o->data + o->patches[i].at, &target, 4);
  }
  FILE *stream = fopen(path, "wb");
  if (!stream || fwrite(o->data, 1, o->size, stream) != o->size) return -1;
  fclose(stream);
  return o->size;
}
