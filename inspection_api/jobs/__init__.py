"""Jobs: what takes longer than a request, in small steps, with progress and a file to fetch at the end."""
