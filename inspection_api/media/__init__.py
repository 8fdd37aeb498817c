"""Media: photos, sound and video of a visit, declared in an operation and uploaded by tus (sync.md §7)."""
