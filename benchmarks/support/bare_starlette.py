"""Bare Starlette: answers one path with one JSON document, on uvicorn with uvloop and httptools, as the platform does.

``python -m benchmarks.support.bare_starlette ANSWER_FILE`` prints its port and serves until it is stopped. It does
nothing for a call but routing and JSON: the limit of any platform that is built on these libraries.
"""

import json
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def application(answer: object) -> Starlette:
    async def details(_request: Request) -> JSONResponse:
        return JSONResponse(answer)

    return Starlette(routes=[Route("/v1/jobs/{job_id}", details)])


def main(answer_file: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = application(json.loads(answer_file.read_text()))
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
