"""``voxel51 server start``: run a platform in the foreground."""

import argparse

from voxel51.cli.server.shared import add_folder, guarded, settings


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    start = verbs.add_parser("start", help="run the platform in the foreground")
    add_folder(start)
    start.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    start.add_argument("--port", help="port to listen on, 0 for any free one (default: 5151)")
    role_help = "what to run: all, api (requests) or dispatcher (jobs); needs PostgreSQL"
    start.add_argument("--role", dest="process_role", help=role_help)
    start.add_argument("--workers", metavar="N", help="processes that serve requests; more than 1 need PostgreSQL")
    start.add_argument("--public-url", metavar="URL", help="public address (default: the listening address)")
    start.add_argument("--job-url", metavar="URL", help="address for jobs (default: a loopback address)")
    start.add_argument(
        "--engine", choices=("local", "ray", "slurm"), help="what runs jobs (default: local, this machine)"
    )
    start.add_argument("--ray-address", metavar="HOST:PORT", help="head of the Ray cluster, for --engine ray")
    start.add_argument("--slurm-partition", metavar="NAME", help="partition for --engine slurm (default: Slurm's)")
    start.add_argument("--slurm-account", metavar="NAME", help="account that Slurm charges (default: the user's)")
    start.add_argument("--tls-certificate", metavar="PATH", help="PEM file with the certificate; enables HTTPS")
    start.add_argument("--tls-key", metavar="PATH", help="PEM file with the certificate's private key")
    start.set_defaults(run=guarded(_start))


def _start(options: argparse.Namespace) -> int:
    from voxel51.server import logs
    from voxel51.server.serve import serve

    loaded = settings(options)
    logs.configure(loaded.log_format)
    serve(loaded, lambda url: print(f"The platform is ready at {url}", flush=True))
    return 0
