// SPDX-License-Identifier: Apache-2.0
// The splits of `file.source`: each file is one, under the path it was found by. Followed files are
// one split together, under the path or pattern: which of them are there, and in which order they
// are read, is known only while they are read.
#include "file_source.h"

static mr_status put(mr_splits *splits, const char *id, uint64_t size, const io_position *place) {
  mr_split split = {.id = {id, size}, .position = {(const char *)place->bytes, place->size}};
  return splits->put(splits, &split, 1);
}

mr_status file_source_discover(void *op, mr_splits *found) {
  file_source *source = op;
  io_reading *reading = &source->reading;
  const io_position start = {0};
  if (reading->follows)
    return put(found, reading->path, strlen(reading->path), &start);
  io_listing listing;
  io_trouble trouble = {0};
  mr_status status = io_list(reading->path, &listing, &trouble);
  if (status == MR_OK && listing.count == 0)
    status = io_note(&trouble, MR_E_CONFIG, "no file is called %s, %llu folders or others are",
                     reading->path, (unsigned long long)listing.others);
  if (status != MR_OK)
    status = io_tell(&trouble, reading->host, reading->ctx);
  else if (listing.others > 0)
    io_say(reading->host, reading->ctx, MR_WARN,
           "%llu of the names that match %s are no regular files and are left out",
           (unsigned long long)listing.others, reading->path);
  for (uint64_t i = 0; i < listing.count && status == MR_OK; i++)
    status = put(found, listing.paths[i], strlen(listing.paths[i]), &start);
  io_listing_free(&listing);
  return status;
}

/* Make the files of a split as they were when its position was saved. */
static mr_status restore(io_reading *reading, const mr_split *split, uint32_t number) {
  uint64_t at = 0;
  io_place place;
  int more;
  while ((more = io_position_next(split->position.data, split->position.size, &at, &place)) > 0) {
    io_file *file = io_reading_add(reading, place.path, place.path_size);
    if (file == NULL)
      return io_note(&reading->trouble, MR_E_NOMEM, "out of memory");
    file->split = number;
    file->identity = place.identity;
    file->offset = place.offset;
    file->known = place.progress != IO_NOT_BEGUN;
    if (place.progress == IO_AT_END && !reading->follows)
      file->state = IO_FINISHED;
    mr_status status = place.progress == IO_BEGUN ? io_file_open(reading, file) : MR_OK;
    if (status < 0)
      return status;
  }
  if (more == 0)
    return MR_OK;
  return io_note(&reading->trouble, MR_E_STATE,
                 "MR5306 the saved position of %.*s cannot be read by this version (%llu bytes)",
                 (int)split->id.size, split->id.data, (unsigned long long)split->position.size);
}

static int is_of(const io_file *file, const mr_split *split) {
  return strlen(file->id) == split->id.size &&
         memcmp(file->id, split->id.data, split->id.size) == 0;
}

/* Files of splits that are not ours any more are closed. */
static void drop_others(io_reading *reading, const mr_split *splits, uint64_t n) {
  for (uint64_t at = reading->count; at > 0; at--) {
    int is_ours = 0;
    for (uint64_t i = 0; i < n && !is_ours; i++)
      is_ours = is_of(reading->files[at - 1], &splits[i]);
    if (!is_ours)
      io_reading_remove(reading, at - 1);
  }
}

static mr_status assign_files(io_reading *reading, const mr_split *splits, uint64_t n) {
  uint64_t before = reading->count;
  for (uint64_t i = 0; i < n; i++) {
    io_file *known = NULL;
    for (uint64_t at = 0; at < before && known == NULL; at++)
      if (is_of(reading->files[at], &splits[i]))
        known = reading->files[at];
    if (known != NULL) {
      known->split = (uint32_t)i; /* it keeps its place */
      continue;
    }
    mr_status status = restore(reading, &splits[i], (uint32_t)i);
    if (status != MR_OK)
      return status;
    if (splits[i].position.size > 0)
      continue;
    io_file *fresh = io_reading_add(reading, splits[i].id.data, splits[i].id.size);
    if (fresh == NULL)
      return io_note(&reading->trouble, MR_E_NOMEM, "out of memory");
    fresh->split = (uint32_t)i;
  }
  return MR_OK;
}

mr_status file_source_assign(void *op, const mr_split *splits, uint64_t n) {
  file_source *source = op;
  io_reading *reading = &source->reading;
  int was_reading = source->assigned && !source->idle;
  source->assigned = 1;
  source->idle = n == 0;
  mr_status status = MR_OK;
  if (!reading->follows) {
    drop_others(reading, splits, n);
    status = assign_files(reading, splits, n);
  } else if (n > 0 && !was_reading) {
    status = restore(reading, &splits[0], 0);
  }
  return status == MR_OK ? MR_OK : io_tell(&reading->trouble, reading->host, reading->ctx);
}

mr_status file_source_positions(void *op, uint64_t epoch, mr_splits *into) {
  file_source *source = op;
  io_reading *reading = &source->reading;
  io_position position = {0};
  mr_status status = MR_OK;
  (void)epoch;
  if (source->idle)
    return MR_OK;
  for (uint64_t i = 0; i < reading->count && status == MR_OK; i++) {
    io_place place = io_file_place(reading, reading->files[i]);
    if (!io_position_add(&position, &place)) {
      status = mr_fail(reading->host, reading->ctx, MR_E_NOMEM, "out of memory");
    } else if (!reading->follows) {
      status = put(into, reading->files[i]->id, strlen(reading->files[i]->id), &position);
      position.size = 0;
    }
  }
  if (reading->follows && status == MR_OK)
    status = put(into, reading->path, strlen(reading->path), &position);
  free(position.bytes);
  return status;
}
