// SPDX-License-Identifier: Apache-2.0
// An expression, made from its text and given back. What it says is read in read.c.
#include "read.h"
#include <stdlib.h>

static int read_all(mrx_reader *r, uint32_t flags) {
  if (!mrx_next(r))
    return 0;
  if (r->token.kind == MRX_T_END)
    return mrx_set_fault(r->fault, 0, 0, "", "expected %s, found nothing",
                         flags & MR_EXPRESSION_PATH ? "a path" : "an expression");
  uint32_t root = mrx_read_expression(r);
  if (root == 0)
    return 0;
  if (r->token.kind != MRX_T_END)
    return (int)mrx_expected(r, "an operator or the end");
  const mrx_node *n = &r->e->nodes[root];
  if ((flags & MR_EXPRESSION_PATH) && (n->op < MRX_PATH || n->op > MRX_TIME))
    return mrx_set_fault(r->fault, n->from, n->to, "name a field, such as customer.id",
                         "expected a path");
  if ((flags & MR_EXPRESSION_CONDITION) && !mrx_must_be(r, root, MRX_IS_BOOL, "a condition"))
    return 0;
  r->e->root = root;
  r->e->flags = flags;
  return 1;
}

/* Every array is as large as the text could need, so nothing grows while it is read. */
static int set_up(mrx_reader *r, const char *text, uint64_t size) {
  mr_expression *e = r->e;
  uint64_t most = size + 2 < MRX_NODES ? size + 2 : MRX_NODES;
  e->source = malloc(size + 1);
  e->pool = malloc(size + 1);
  e->nodes = calloc(most, sizeof *e->nodes);
  e->cells = calloc(2 * most, sizeof *e->cells);
  e->steps = calloc(size + 1, sizeof *e->steps);
  e->regexes = calloc(size / 8 + 1, sizeof(mrx_regex *));
  if (e->source == NULL || e->pool == NULL || e->nodes == NULL || e->cells == NULL ||
      e->steps == NULL || e->regexes == NULL || !mrx_numbers_ready())
    return mrx_set_fault(r->fault, 0, 0, "", "out of memory");
  memcpy(e->source, text, size);
  e->source[size] = 0;
  e->source_size = size;
  e->node_count = 1;
  r->lexer = (mrx_lexer){e->source, (uint32_t)size, 0, e->pool, 0, r->fault};
  return 1;
}

mr_expression *mrx_compile(const char *text, uint64_t size, uint32_t flags, mrx_fault *fault) {
  mrx_reader r = {0};
  memset(fault, 0, sizeof *fault);
  if (size > MRX_TEXT_BYTES) {
    mrx_set_fault(fault, 0, 0, "", "an expression has at most %u bytes", MRX_TEXT_BYTES);
    return NULL;
  }
  r.fault = fault;
  r.e = calloc(1, sizeof *r.e);
  if (r.e == NULL) {
    mrx_set_fault(fault, 0, 0, "", "out of memory");
    return NULL;
  }
  if (set_up(&r, text, size) && read_all(&r, flags))
    return r.e;
  mrx_release(r.e);
  return NULL;
}

int mrx_keep_text(mr_expression *e) {
  if (e->kept == NULL)
    e->kept = malloc(MRX_KEPT);
  return e->kept != NULL;
}

void mrx_release(mr_expression *e) {
  if (e == NULL)
    return;
  for (uint32_t i = 0; i < e->regex_count; i++)
    mrx_regex_free(e->regexes[i]);
  free(e->source);
  free(e->pool);
  free(e->nodes);
  free(e->cells);
  free(e->steps);
  free(e->regexes);
  free(e->kept);
  free(e);
}
