/* Decides, roughly as the real compiler does, which operators go into the custom operator and with which status. */

static const char *MAPPED = "Mapped to Edge TPU";
static const char *BAD_TYPE = "Operation is working on an unsupported data type";
static const char *LIMITED = "Operation is otherwise supported, but not mapped due to some unspecified limitation";
static const char *LATER = "More than one subgraph is not supported";
static const char *UNKNOWN_OP = "Operation not supported";

static const char *SUPPORTED[] = {
    "ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "EXPAND_DIMS",
    "FULLY_CONNECTED", "L2_NORMALIZATION", "LOGISTIC", "MAX_POOL_2D", "MAXIMUM", "MEAN", "MINIMUM", "MUL", "PACK", "PAD",
    "PRELU", "QUANTIZE", "REDUCE_MAX", "RELU", "RELU6", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RSQRT",
    "SLICE", "SOFTMAX", "SPACE_TO_DEPTH", "SPLIT", "SQUARED_DIFFERENCE", "SQUEEZE", "STRIDED_SLICE", "SUB", "SUM", "TANH", "TILE", "TRANSPOSE",
    "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM", NULL};

/* Op versions at which a compiler stops reading: {compiler's major version, operator, first version refused}. */
static const struct {
  int compiler;
  const char *op;
  int version;
} REFUSED[] = {{16, "CONV_2D", 6},     {16, "EXP", 2},     {16, "TRANSPOSE_CONV", 4}, {16, "QUANTIZE", 3},
               {15, "REVERSE_V2", 3},  {15, "CONV_2D", 5}, {2, "RELU", 2},            {2, "RESIZE_BILINEAR", 3},
               {1, "RELU", 2},         {1, "CONV_2D", 4},  {0, NULL, 0}};

/* `from` and `to`: the operators that this segment has. */
typedef struct {
  const char *status[MAX_OPS];
  int mapped[MAX_OPS], level[MAX_OPS], levels, from, to;
} Plan;

static const char *op_name(const Op *op) { return op->code < BUILTIN_COUNT ? BUILTIN[op->code] : "UNKNOWN"; }
static int is_supported(const char *name) {
  for (int i = 0; SUPPORTED[i]; i++)
    if (!strcmp(SUPPORTED[i], name)) return 1;
  return 0;
}

static int uses_only_integers(Model *m, uint32_t vector) {
  for (uint32_t k = 0; k < length(&m->file, vector); k++) {
    int t = tensor_at(m, vector, k);
    int type = t < 0 ? INT8 : m->tensors[t].type;
    if (type != INT8 && type != UINT8 && !(type == INT32 && m->tensors[t].constant)) return 0;
  }
  return 1;
}

static const char *judge(Model *m, const Op *op) {
  const char *name = op_name(op);
  int integers = uses_only_integers(m, op->inputs) && uses_only_integers(m, op->outputs);
  if (!strcmp(name, "QUANTIZE") && !integers) return LIMITED;
  if (!integers) return BAD_TYPE;
  return is_supported(name) ? MAPPED : UNKNOWN_OP;
}

/* Level of an operator: how many times the path to it left the Edge TPU. */
static void find_levels(Model *m, Plan *p) {
  p->levels = 0;
  for (int i = p->from; i < p->to; i++) {
    p->level[i] = 0;
    for (uint32_t k = 0; k < length(&m->file, m->ops[i].inputs); k++) {
      int t = tensor_at(m, m->ops[i].inputs, k), from = t < 0 ? -1 : m->tensors[t].producer;
      if (from < p->from) continue;
      int level = p->level[from] + (p->mapped[from] && !p->mapped[i]);
      if (level > p->level[i]) p->level[i] = level;
    }
    if (p->level[i] + 1 > p->levels) p->levels = p->level[i] + 1;
  }
}

/* Operators after `limit` and behind the tensors named in `stops` stay on the CPU. */
static void plan_model(Model *m, Plan *p, int limit, const char *stops, int several, int runtime) {
  int stopped[MAX_OPS] = {0}, first = -1;
  for (int i = p->from; i < p->to; i++) {
    for (uint32_t k = 0; k < length(&m->file, m->ops[i].inputs); k++) {
      int t = tensor_at(m, m->ops[i].inputs, k);
      if (t < 0) continue;
      if (m->tensors[t].producer >= 0 && stopped[m->tensors[t].producer]) stopped[i] = 1;
      char *at = stops && m->tensors[t].name[0] ? strstr(stops, m->tensors[t].name) : NULL;
      size_t size = strlen(m->tensors[t].name);
      if (at && (at == stops || at[-1] == ',') && (at[size] == 0 || at[size] == ',')) stopped[i] = 1;
    }
    p->status[i] = i >= limit || stopped[i] || runtime < 12 ? LIMITED : judge(m, &m->ops[i]);
    p->mapped[i] = p->status[i] == MAPPED;
  }
  find_levels(m, p);
  for (int i = p->from; i < p->to; i++)
    if (p->mapped[i] && (first < 0 || p->level[i] < first)) first = p->level[i];
  for (int i = p->from; i < p->to && !several; i++)
    if (p->mapped[i] && p->level[i] != first) {
      p->mapped[i] = 0;
      p->status[i] = LATER;
    }
  find_levels(m, p);
}

static int in_segment(Plan *p, int op) { return op >= p->from && op < p->to; }

/* Level -1 stands for everything in the segment. */
static int in_group(Plan *p, int op, int level) {
  return in_segment(p, op) && (level < 0 || (p->mapped[op] && p->level[op] == level));
}

static int consumed_outside(Model *m, Plan *p, int tensor, int level) {
  uint32_t outputs = follow(&m->file, field(&m->file, m->subgraph, 2));
  for (uint32_t k = 0; k < length(&m->file, outputs); k++)
    if (tensor_at(m, outputs, k) == tensor) return 1;
  for (int i = 0; i < m->op_count; i++)
    for (uint32_t k = 0; k < length(&m->file, m->ops[i].inputs); k++)
      if (tensor_at(m, m->ops[i].inputs, k) == tensor && !in_group(p, i, level)) return 1;
  return 0;
}

static int add_once(int *list, int count, int value) {
  for (int i = 0; i < count; i++)
    if (list[i] == value) return count;
  list[count] = value;
  return count + 1;
}

/* The tensors that go into and come out of a group. */
static void find_border(Model *m, Plan *p, int level, Border *b) {
  b->n_in = b->n_out = b->members = 0;
  for (int i = p->from; i < p->to; i++) {
    if (!in_group(p, i, level)) continue;
    b->members++;
    for (uint32_t k = 0; k < length(&m->file, m->ops[i].inputs); k++) {
      int t = tensor_at(m, m->ops[i].inputs, k), producer = t < 0 ? -1 : m->tensors[t].producer;
      if (t < 0 || m->tensors[t].constant || (producer >= 0 && in_group(p, producer, level))) continue;
      b->n_in = add_once(b->inputs, b->n_in, t);
    }
    for (uint32_t k = 0; k < length(&m->file, m->ops[i].outputs); k++) {
      int t = tensor_at(m, m->ops[i].outputs, k);
      if (t >= 0 && consumed_outside(m, p, t, level)) b->n_out = add_once(b->outputs, b->n_out, t);
    }
  }
}

/* Writes the compiled file; returns its size, or -1. `groups` gets the number of custom operators. */
static long write_compiled(Model *m, Plan *p, const char *path, int *groups) {
  static Out out;
  static Border border;
  memset(&out, 0, sizeof out);
  int count = 0;
  *groups = 0;
  for (int i = p->from; i < p->to; i++) count += !p->mapped[i];
  for (int level = 0; level < p->levels; level++) {
    find_border(m, p, level, &border);
    *groups += border.members > 0;
  }
  int whole = p->from == 0 && p->to == m->op_count;
  uint32_t subgraph = start_file(&out, m);
  find_border(m, p, -1, &border);
  uint32_t slot = put_subgraph(&out, m, subgraph, count + *groups, whole ? NULL : &border);
  for (int level = 0; level < p->levels; level++) {
    for (int i = p->from; i < p->to; i++)
      if (!p->mapped[i] && p->level[i] == level) refer(&out, slot, m->ops[i].table, 1), slot += 4;
    find_border(m, p, level, &border);
    if (!border.members) continue;
    uint32_t op = put_custom_op(&out, m->code_count, border.inputs, border.n_in, border.outputs, border.n_out);
    refer(&out, slot, op, 0);
    slot += 4;
  }
  return finish_file(&out, m, path);
}
