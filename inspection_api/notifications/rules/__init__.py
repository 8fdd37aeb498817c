"""Pure rules of the inbox: who is told of which step, and in which words."""
