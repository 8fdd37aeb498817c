"""The pages that people open in a browser: plain ES modules, no build step, nothing from another host."""
