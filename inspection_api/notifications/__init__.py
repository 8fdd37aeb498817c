"""The inbox: every step that waits for a person, or concerns him, is one item of his, once (domain.md §2.2, §5.7)."""
