"""What every part may use: errors, atomic files, cells of a table, hashing, prefetching, memory."""
