"""Customers (客户): the borrower enterprises, each with its 统一社会信用代码."""
