"""Access to pipelines: owners may do all with theirs; users with whom one is shared may read it and run it.

They run it on their own data and with their own rights: each step is checked for the user who runs it.
"""

from sqlalchemy import Connection, Select, and_, select, union_all

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.shares import ShareTable
from voxel51.server.accounts.tables import users
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import Forbidden, NotFound
from voxel51.server.jobs.pipeline_tables import pipeline_runs
from voxel51.server.pipelines.tables import pipeline_shares, pipeline_versions, pipelines
from voxel51.wire.pipelines import KEPT_VERSIONS, PipelineDocument, PipelineStep

SHARES = ShareTable(pipeline_shares, "pipeline_id", "pipeline")

version_columns = pipeline_versions.c
SUMMARY = (
    version_columns.version,
    version_columns.description,
    version_columns.step_count,
    version_columns.created_at.label("version_at"),
)
"""Columns of a version for lists."""


def accessible(user: User) -> Select[*tuple[object, ...]]:
    """Select the pipelines that ``user`` may read and run, each with the name of its ``owner``."""
    own = select(pipelines.c.id).where(pipelines.c.owner_id == user.id)
    shared = select(pipeline_shares.c.pipeline_id).where(pipeline_shares.c.user_id == user.id)
    with_owner = select(pipelines, users.c.name.label("owner")).join(users, users.c.id == pipelines.c.owner_id)
    return with_owner.where(pipelines.c.id.in_(union_all(own, shared)), users.c.deleted_at.is_(None))


def find_version(connection: Connection, user: User, pipeline_id: str, version: int | None) -> DatabaseRow:
    """Return a pipeline that ``user`` may read and the document of a version, the latest if ``version`` is None.

    Raises:
        NotFound: the user may read no such pipeline, or it has no such version.
    """
    wanted = pipelines.c.latest_version if version is None else version
    is_wanted = and_(version_columns.pipeline_id == pipelines.c.id, version_columns.version == wanted)
    chosen = accessible(user).add_columns(*SUMMARY, version_columns.document).outerjoin(pipeline_versions, is_wanted)
    row = connection.execute(chosen.where(pipelines.c.id == pipeline_id)).first()
    if row is None:
        raise _not_found(connection, user, pipeline_id)
    if row.version is None:
        raise NotFound(
            f"Pipeline '{pipeline_id}' has no version {version}; the latest is {row.latest_version}, and the newest "
            f"{KEPT_VERSIONS} are kept"
        )
    return row


def find_own(connection: Connection, user: User, pipeline_id: str) -> None:
    """Check that ``user`` owns a pipeline.

    Raises:
        NotFound: the user may read no such pipeline.
        Forbidden: it is shared with the user.
    """
    row = connection.execute(accessible(user).where(pipelines.c.id == pipeline_id)).first()
    if row is None:
        raise _not_found(connection, user, pipeline_id)
    if row.owner_id != user.id:
        raise Forbidden(
            f"Pipeline '{row.name}' belongs to user '{row.owner}', who alone can change, share and delete it. Save its "
            "document as a pipeline of your own"
        )


def lock_pipeline(connection: Connection, user: User, pipeline_id: str) -> None:
    """Keep a pipeline from being deleted, and its share with ``user`` from being ended, before the transaction ends.

    Raises:
        NotFound: it was deleted, or is not shared with the user any more.
    """
    own = select(pipelines.c.id).where(pipelines.c.id == pipeline_id, pipelines.c.owner_id == user.id)
    is_shared = and_(pipeline_shares.c.pipeline_id == pipelines.c.id, pipeline_shares.c.user_id == user.id)
    shared = select(pipelines.c.id).join(pipeline_shares, is_shared).where(pipelines.c.id == pipeline_id)
    for chosen in (own, shared):
        if connection.execute(chosen.with_for_update(read=True)).first() is not None:
            return
    raise _not_found(connection, user, pipeline_id)


def document_for_run(pipeline: DatabaseRow) -> PipelineDocument:
    """Return the document of a row of `find_version` in which each analytic is named with its owner.

    A name without an owner stands for an analytic of the pipeline's owner.
    """
    document: PipelineDocument = pipeline.document
    return {**document, "steps": [_with_owner(step, pipeline.owner) for step in document["steps"]]}


def _with_owner(step: PipelineStep, owner: str) -> PipelineStep:
    return step if "/" in step["analytic"] else {**step, "analytic": f"{owner}/{step['analytic']}"}


def _not_found(connection: Connection, user: User, pipeline_id: str) -> NotFound:
    """Return the error about a pipeline that ``user`` may not read.

    Runs lose the id of a pipeline that is deleted, so an id in one of the user's runs is that of a share that ended.
    """
    run = pipeline_runs.c
    of_user = select(run.pipeline_name).where(run.pipeline_id == pipeline_id, run.owner_id == user.id)
    name = connection.execute(of_user.order_by(run.created_at.desc(), run.id.desc()).limit(1)).scalar()
    if name is not None:
        return NotFound(
            f"Pipeline '{name}' ({pipeline_id}) is no longer shared with you. Ask its owner to share it again"
        )
    return NotFound(
        f"Pipeline '{pipeline_id}' not found; it was deleted, or is not shared with you. List your pipelines"
    )
