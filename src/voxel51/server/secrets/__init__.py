"""Secrets of users and applications, and the analytics that may use them."""
