"""Accounts: users and applications, how they authenticate, what they may do, and the audit log."""
