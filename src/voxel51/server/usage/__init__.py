"""The usage ledger: stored bytes over time and job seconds of each owner by month, also of deleted accounts.

| module | content |
|---|---|
| `entries` | records changes, in the transactions that make them |
| `months` | adds entries to the sums of their months |
| `ledger` | reports of months, retention |
| `routes` | reports as JSON and CSV |
"""
