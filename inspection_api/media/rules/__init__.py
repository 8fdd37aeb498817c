"""The pure rules of media: which kinds there are, and how an upload may go."""
