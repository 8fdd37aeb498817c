"""What the tables of an import hold, and what is to be done about each row."""
