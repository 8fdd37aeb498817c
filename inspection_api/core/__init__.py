"""The foundation: knows no slice and no Flask."""
