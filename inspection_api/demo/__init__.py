"""`make demo`: a day in the field, lived through over HTTP against a seeded bank of real size."""
