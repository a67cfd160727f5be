/*
 * A bounded reader of flatbuffers: tables, vectors and strings. Offsets point forwards only, so
 * nothing can contain itself. Knows no schema.
 */
#ifndef UNECHO_MODEL_FLATBUFFER_H
#define UNECHO_MODEL_FLATBUFFER_H

#include "model/graph/source.h"

#include <stddef.h>
#include <stdint.h>

/* A table whose inline bytes and list of fields are within the file. */
typedef struct fb_table {
    const source *file; /* NULL: no such table */
    size_t at, size;
    size_t fields_at, fields;
} fb_table;

/* The elements of a vector or string, in place. */
typedef struct fb_vector {
    const unsigned char *at; /* NULL: no such vector */
    size_t count;
} fb_vector;

/* The root table of a file with that identifier (four characters). */
int fb_open(const source *file, const char *identifier, fb_table *root);

/* An unsigned little-endian field of 1, 2, 4 or 8 bytes; `otherwise` if it is left out. */
int fb_number(const fb_table *table, unsigned field, size_t bytes, uint64_t otherwise,
              uint64_t *value);
/* The same, signed, of one or four bytes. */
int fb_int(const fb_table *table, unsigned field, size_t bytes, int32_t otherwise, int32_t *value);

int fb_table_of(const fb_table *table, unsigned field, fb_table *found);
int fb_vector_of(const fb_table *table, unsigned field, size_t element_bytes, fb_vector *found);

/* Element i of a vector of tables, i < count. */
int fb_element(const source *file, const fb_vector *vector, size_t i, fb_table *found);

/* Element i of a vector of int32, i < count. */
int32_t fb_int_at(const fb_vector *vector, size_t i);

#endif
