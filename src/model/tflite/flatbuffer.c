/*
 * Every offset is checked before it is followed; errors are reported with their offset in the file.
 */
#include "flatbuffer.h"

#include "model/graph/bytes.h"
#include "unecho.h"

#include <stdbool.h>
#include <string.h>

int32_t fb_int_at(const fb_vector *vector, size_t i)
{
    return (int32_t)(uint32_t)little_endian(vector->at + 4 * i, 4);
}

static bool has(const source *file, size_t at, size_t bytes)
{
    return at <= file->size && bytes <= file->size - at;
}

/* Follow the offset at `from`, within the file, to at least four aligned bytes. */
static int follow(const source *file, size_t from, size_t *to)
{
    const size_t offset = (size_t)little_endian(file->bytes + from, 4);
    if (offset == 0 || offset > file->size - from || !has(file, from + offset, 4))
        return source_fail(file, file->bytes + from, "an offset of %zu leads out of the file",
                           offset);
    if ((from + offset) % 4 != 0)
        return source_fail(file, file->bytes + from,
                           "an offset leads to byte %zu, expected a multiple of 4", from + offset);
    *to = from + offset;
    return UNECHO_OK;
}

/* A table begins with the distance back to its list of fields. */
static int read_table(const source *file, size_t at, fb_table *table)
{
    const int64_t back = (int32_t)(uint32_t)little_endian(file->bytes + at, 4);
    const int64_t list = (int64_t)at - back;
    if (list < 0 || list % 2 != 0 || !has(file, (size_t)list, 4))
        return source_fail(file, file->bytes + at,
                           "a table's list of fields is at %lld, out of place", (long long)list);
    const unsigned char *const fields = file->bytes + list;
    const size_t list_size = (size_t)little_endian(fields, 2);
    const size_t size = (size_t)little_endian(fields + 2, 2);
    if (list_size < 4 || list_size % 2 != 0 || !has(file, (size_t)list, list_size))
        return source_fail(file, fields, "a list of fields of %zu bytes", list_size);
    if (size < 4 || !has(file, at, size))
        return source_fail(file, fields + 2, "a table of %zu bytes at %zu", size, at);
    *table = (fb_table){file, at, size, (size_t)list + 4, list_size / 2 - 2};
    return UNECHO_OK;
}

int fb_open(const source *file, const char *identifier, fb_table *root)
{
    size_t at = 0;
    if (!has(file, 0, 8))
        return source_fail(file, file->bytes, "truncated: no room for an identifier");
    if (memcmp(file->bytes + 4, identifier, 4) != 0)
        return source_fail(file, file->bytes + 4, "its identifier is not '%s'", identifier);
    const int status = follow(file, 0, &at);
    return status == UNECHO_OK ? read_table(file, at, root) : status;
}

/* The offset of a field in the file; 0: left out. */
static int find(const fb_table *table, unsigned field, size_t bytes, size_t *at)
{
    *at = 0;
    if (field >= table->fields)
        return UNECHO_OK;
    const unsigned char *const entry = table->file->bytes + table->fields_at + 2 * (size_t)field;
    const size_t offset = (size_t)little_endian(entry, 2);
    if (offset == 0)
        return UNECHO_OK;
    if (offset < 4 || offset > table->size || bytes > table->size - offset)
        return source_fail(table->file, entry, "field %u is outside its table of %zu bytes", field,
                           table->size);
    if ((table->at + offset) % bytes != 0)
        return source_fail(table->file, entry, "field %u is at %zu, expected a multiple of %zu",
                           field, table->at + offset, bytes);
    *at = table->at + offset;
    return UNECHO_OK;
}

int fb_number(const fb_table *table, unsigned field, size_t bytes, uint64_t otherwise,
              uint64_t *value)
{
    size_t at = 0;
    const int status = find(table, field, bytes, &at);
    if (status == UNECHO_OK)
        *value = at > 0 ? little_endian(table->file->bytes + at, bytes) : otherwise;
    return status;
}

int fb_int(const fb_table *table, unsigned field, size_t bytes, int32_t otherwise, int32_t *value)
{
    uint64_t bits = 0;
    const int status = fb_number(table, field, bytes, (uint32_t)otherwise, &bits);
    if (status == UNECHO_OK)
        *value =
            bytes == 1 && bits < 256 && bits >= 128 ? (int32_t)bits - 256 : (int32_t)(uint32_t)bits;
    return status;
}

int fb_table_of(const fb_table *table, unsigned field, fb_table *found)
{
    size_t at = 0;
    *found = (fb_table){0};
    int status = find(table, field, 4, &at);
    if (status != UNECHO_OK || at == 0)
        return status;
    status = follow(table->file, at, &at);
    return status == UNECHO_OK ? read_table(table->file, at, found) : status;
}

int fb_vector_of(const fb_table *table, unsigned field, size_t element_bytes, fb_vector *found)
{
    const source *const file = table->file;
    size_t at = 0;
    *found = (fb_vector){NULL, 0};
    int status = find(table, field, 4, &at);
    if (status != UNECHO_OK || at == 0)
        return status;
    status = follow(file, at, &at);
    if (status != UNECHO_OK)
        return status;
    const size_t count = (size_t)little_endian(file->bytes + at, 4);
    if (count > (file->size - at - 4) / element_bytes)
        return source_fail(file, file->bytes + at,
                           "%zu elements of %zu bytes, only %zu bytes are left", count,
                           element_bytes, file->size - at - 4);
    *found = (fb_vector){file->bytes + at + 4, count};
    return UNECHO_OK;
}

int fb_element(const source *file, const fb_vector *vector, size_t i, fb_table *found)
{
    size_t at = 0;
    const int status = follow(file, (size_t)(vector->at - file->bytes) + 4 * i, &at);
    return status == UNECHO_OK ? read_table(file, at, found) : status;
}
