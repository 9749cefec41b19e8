/* Reads the parts of a .tflite file that the stand-in judges. Every read is checked against the file's size. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOAT32 = 0, INT32 = 2, UINT8 = 3, INT64 = 4, BOOL = 6, INT16 = 7, INT8 = 9 };
enum { MAX_OPS = 4096, MAX_TENSORS = 16384 };

typedef struct {
  uint8_t *data;
  size_t size;
  int broken;
} File;

typedef struct {
  int code, version, index; /* index: into the operator codes */
  char custom[64];
  uint32_t table; /* where its table starts in the file */
  uint32_t inputs, outputs; /* where its vectors start, 0 if absent */
} Op;

typedef struct {
  int type, constant, quantized, producer;
  char name[512];
} Tensor;

typedef struct {
  File file;
  uint32_t root, subgraph, codes;
  int op_count, tensor_count, code_count;
  Op ops[MAX_OPS];
  Tensor tensors[MAX_TENSORS];
  char *name;
} Model;

static uint32_t number(File *f, uint64_t at, int bytes) {
  uint32_t value = 0;
  if (at + bytes > f->size) {
    f->broken = 1;
    return 0;
  }
  memcpy(&value, f->data + at, bytes);
  return value;
}

/* The place of a table's field, 0 if it is absent. */
static uint32_t field(File *f, uint32_t table, int index) {
  uint32_t vtable = table - number(f, table, 4);
  uint32_t at = 4 + 2 * (uint32_t)index;
  if (at + 2 > number(f, vtable, 2)) return 0;
  uint32_t offset = number(f, (uint64_t)vtable + at, 2);
  return offset ? table + offset : 0;
}

/* Where a field's vector, table or string starts, 0 if it is absent. */
static uint32_t follow(File *f, uint32_t at) {
  uint64_t target = at ? (uint64_t)at + number(f, at, 4) : 0;
  if (target + 4 > f->size) f->broken = 1;
  return f->broken ? 0 : (uint32_t)target;
}

static uint32_t scalar(File *f, uint32_t table, int index, int bytes, uint32_t missing) {
  uint32_t at = field(f, table, index);
  return at ? number(f, at, bytes) : missing;
}

static uint32_t length(File *f, uint32_t vector) {
  uint32_t count = vector ? number(f, vector, 4) : 0;
  if (count > f->size) f->broken = 1;
  return f->broken ? 0 : count;
}

static uint32_t item(File *f, uint32_t vector, uint32_t index) { return follow(f, vector + 4 + 4 * index); }

static void text(File *f, uint32_t at, char *out, size_t room) {
  uint32_t count = length(f, at);
  if (count >= room) count = room - 1;
  if (at && (uint64_t)at + 4 + count <= f->size) memcpy(out, f->data + at + 4, count);
  out[f->broken ? 0 : count] = 0;
}

static int has_content(File *f, uint32_t buffers, uint32_t index) {
  if (!index || index >= length(f, buffers)) return 0;
  uint32_t buffer = item(f, buffers, index);
  return length(f, follow(f, field(f, buffer, 0))) > 0 || scalar(f, buffer, 1, 4, 0) > 1;
}

static void read_tensors(Model *m) {
  File *f = &m->file;
  uint32_t tensors = follow(f, field(f, m->subgraph, 0)), buffers = follow(f, field(f, m->root, 4));
  m->tensor_count = length(f, tensors);
  if (m->tensor_count > MAX_TENSORS) f->broken = 1;
  for (int i = 0; i < m->tensor_count && !f->broken; i++) {
    uint32_t table = item(f, tensors, i), quantization = follow(f, field(f, table, 4));
    Tensor *t = &m->tensors[i];
    t->type = scalar(f, table, 1, 1, 0);
    t->constant = has_content(f, buffers, scalar(f, table, 2, 4, 0));
    t->quantized = quantization && length(f, follow(f, field(f, quantization, 2))) > 0;
    t->producer = -1;
    text(f, follow(f, field(f, table, 3)), t->name, sizeof t->name);
  }
}

static void read_ops(Model *m) {
  File *f = &m->file;
  uint32_t operators = follow(f, field(f, m->subgraph, 3));
  m->op_count = length(f, operators);
  if (m->op_count > MAX_OPS) f->broken = 1;
  for (int i = 0; i < m->op_count && !f->broken; i++) {
    Op *op = &m->ops[i];
    op->table = item(f, operators, i);
    op->index = scalar(f, op->table, 0, 4, 0);
    op->inputs = follow(f, field(f, op->table, 1));
    op->outputs = follow(f, field(f, op->table, 2));
    uint32_t code = op->index < m->code_count ? item(f, m->codes, op->index) : 0;
    if (!code) {
      f->broken = 1;
      return;
    }
    int old = scalar(f, code, 0, 1, 0), new = scalar(f, code, 3, 4, 0);
    op->code = old > new ? old : new;
    op->version = scalar(f, code, 2, 4, 1);
    text(f, follow(f, field(f, code, 1)), op->custom, sizeof op->custom);
  }
}

static int tensor_at(Model *m, uint32_t vector, uint32_t i) {
  int index = (int)number(&m->file, vector + 4 + 4 * i, 4);
  return index < 0 || index >= m->tensor_count ? -1 : index;
}

static void find_producers(Model *m) {
  for (int i = 0; i < m->op_count; i++)
    for (uint32_t k = 0; k < length(&m->file, m->ops[i].outputs); k++) {
      int tensor = tensor_at(m, m->ops[i].outputs, k);
      if (tensor >= 0) m->tensors[tensor].producer = i;
    }
}

/* 0: fine; 1: can't be opened; 2: no .tflite file; 3: no operators in subgraph 0. */
static int read_model(Model *m, char *path) {
  FILE *stream = fopen(path, "rb");
  m->name = path;
  if (!stream) return 1;
  fseek(stream, 0, SEEK_END);
  m->file.size = ftell(stream);
  rewind(stream);
  m->file.data = malloc(m->file.size + 1);
  m->file.size = fread(m->file.data, 1, m->file.size, stream);
  fclose(stream);
  File *f = &m->file;
  if (f->size < 8 || memcmp(f->data + 4, "TFL3", 4)) return 2;
  m->root = number(f, 0, 4);
  m->codes = follow(f, field(f, m->root, 1));
  m->code_count = length(f, m->codes);
  uint32_t subgraphs = follow(f, field(f, m->root, 2));
  if (f->broken || !length(f, subgraphs)) return 2;
  m->subgraph = item(f, subgraphs, 0);
  read_tensors(m);
  read_ops(m);
  if (f->broken) return 2;
  find_producers(m);
  return m->op_count ? 0 : 3;
}
