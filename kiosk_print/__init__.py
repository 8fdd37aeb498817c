"""明白纸 and what else leaves on paper: the print window, its lock, the sheet, its verification, the labels."""
