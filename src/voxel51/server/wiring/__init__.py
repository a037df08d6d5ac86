"""Wiring: build the services of each package from the settings, and collect their routes and clean-up.

`voxel51.server.app` builds them in this order; each module uses those before it.

| module | services |
|---|---|
| `foundation` | database, storage, secret key, signed links |
| `accounts` | users, applications, tokens, sessions, OIDC, quotas |
| `data` | files, resumable uploads, files on other hosts |
| `bundles` | bundles: their reception and builds |
| `jobs` | analytics, jobs, attempts, the dispatcher |
| `features` | renditions, search, share links, events, webhooks, overview |
"""
