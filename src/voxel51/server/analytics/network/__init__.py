"""Network access of analytics: the hosts that versions ask for, and those that operators grant to an analytic.

- `tables`: both, as rows
- `hosts`: what a version asks for, and what is granted of it
- `service`: grant and revoke, and the permission of a job
- `routes`: the same for operators
"""
