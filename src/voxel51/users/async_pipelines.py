# Generated from src/voxel51/users/pipelines.py by .ci/generate_async.py: do not edit.
# Change the source, then run: make generate
"""Calls of the async client for pipelines: save, share and run pipelines, and follow and change their runs."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any, Unpack  # Any: values of records

from voxel51.users.async_compound import AsyncCompoundCalls
from voxel51.users.calls import pipelines
from voxel51.users.downloading import FilePath
from voxel51.users.pipeline_documents import Step, pipeline_document
from voxel51.users.pipeline_flows import (
    PipelineInputs,
    PipelineProgress,
    PipelineRunOptions,
    all_runs,
    download_outputs,
    find_pipeline,
    read_document,
    run_pipeline,
    save_and_run,
    wait_for_run,
)
from voxel51.wire.pipelines import (
    Pipeline,
    PipelineDocument,
    PipelineRun,
    PipelineShare,
    PipelineVersion,
    PipelineWithDocument,
)


class AsyncPipelineCalls(AsyncCompoundCalls):
    """Mix-in with the calls for pipelines."""

    async def pipeline(
        self,
        steps: Iterable[Step],
        inputs: PipelineInputs,
        parameters: Mapping[str, object] | None = None,
        *,
        name: str | None = None,
        **options: Unpack[PipelineRunOptions],
    ) -> PipelineRun:
        """Save steps as a pipeline, run it, and return the run.

        Args:
            steps: the steps, each an analytic and where its inputs come from.
            inputs: input name -> file, or one file for a pipeline with one input. A file is a path to upload, or an id
                or record of data.
            parameters: values of the pipeline's parameters.
            name: name of the pipeline; default: the names of the steps. Other steps under the same name are a new
                version.
            options: see `PipelineRunOptions`.

        Raises:
            TimeoutError: the run did not end in time; it goes on.
        """
        document = pipeline_document(steps, name=name)
        return await self._run(save_and_run(document, inputs, parameters, options))

    async def save_pipeline(
        self, document: PipelineDocument | Mapping[str, Any] | str | os.PathLike[str]
    ) -> PipelineWithDocument:
        """Store the document of a pipeline, or the one in a JSON file, and return the pipeline.

        If you have a pipeline of the same name, a changed document is a new version of it.
        """
        return await self._send(pipelines.save(read_document(document)))

    async def list_pipelines(self) -> list[Pipeline]:
        """List your pipelines, and those shared with you, by name, each with its latest version."""
        return await self._send(pipelines.list_all())

    async def get_pipeline(self, pipeline_id: str, version: int | None = None) -> PipelineWithDocument:
        """Return a pipeline with the document of a version; default: the latest."""
        return await self._send(pipelines.details(pipeline_id, version))

    async def list_pipeline_versions(self, pipeline_id: str) -> list[PipelineVersion]:
        """List the versions of a pipeline, the newest first."""
        return await self._send(pipelines.versions(pipeline_id))

    async def find_pipeline(self, name: str) -> str:
        """Return the id of your pipeline with a name, or of one that is shared with you: ``name`` or ``owner/name``.

        Raises:
            ValueError: you have no such pipeline, or several users share one of the name with you.
        """
        return await self._run(find_pipeline(name))

    async def list_pipeline_shares(self, pipeline_id: str) -> list[PipelineShare]:
        """List the users with whom a pipeline is shared."""
        return await self._send(pipelines.shares(pipeline_id))

    async def share_pipeline(self, pipeline_id: str, username: str) -> None:
        """Let another user read a pipeline that you own, and run it on their videos with their rights."""
        await self._send(pipelines.share(pipeline_id, username))

    async def unshare_pipeline(self, pipeline_id: str, username: str) -> None:
        """End the share of a pipeline with a user, or leave it yourself. Runs go on."""
        await self._send(pipelines.unshare(pipeline_id, username))

    async def delete_pipeline(self, pipeline_id: str) -> None:
        """Delete a pipeline with all its versions. Its runs stay."""
        await self._send(pipelines.delete(pipeline_id))

    async def run_pipeline(
        self,
        pipeline: str | Mapping[str, Any],
        inputs: PipelineInputs,
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[PipelineRunOptions],
    ) -> PipelineRun:
        """Run a pipeline, which is given by its record, id, name, or ``owner/name``, and return the run.

        The other arguments are those of `pipeline`.

        Raises:
            ValueError: you have no pipeline of the name, or several users share one with you.
            TimeoutError: the run did not end in time; it goes on.
        """
        return await self._run(run_pipeline(pipeline, inputs, parameters, options))

    def iter_pipeline_runs(self, pipeline: str | Mapping[str, Any] | None = None) -> AsyncIterator[PipelineRun]:
        """Iterate over your runs of pipelines, or over those of one pipeline, the newest first."""
        return self._iterate(all_runs(pipeline))

    async def get_pipeline_run(self, run_id: str) -> PipelineRun:
        """Return a run with the state and progress of each step."""
        return await self._send(pipelines.run_details(run_id))

    async def wait_for_pipeline_run(
        self, run_id: str, timeout: float | None = None, progress: PipelineProgress | None = None
    ) -> PipelineRun:
        """Return the record of a run once all its jobs have ended; some may have failed.

        Raises:
            TimeoutError: it did not end within ``timeout`` seconds.
        """
        return await self._run(wait_for_run(run_id, timeout, progress))

    async def download_pipeline_outputs(
        self, run_id: str, output_dir: FilePath | None = None, all_steps: bool = False
    ) -> dict[str, Path]:
        """Download the outputs of a run into a folder, and return the path of each that is complete, by its name.

        With ``all_steps``, download the output of each step instead. An existing file is replaced.
        """
        return await self._run(download_outputs(run_id, output_dir, all_steps))

    async def cancel_pipeline_run(self, run_id: str) -> PipelineRun:
        """Cancel the jobs of a run that have not ended. Results that are complete stay."""
        return await self._send(pipelines.change_run(run_id, "cancel"))

    async def retry_pipeline_run(self, run_id: str) -> PipelineRun:
        """Run the failed and cancelled steps of a run again. Results that are complete are kept."""
        return await self._send(pipelines.change_run(run_id, "retry"))

    async def delete_pipeline_run(self, run_id: str) -> None:
        """Delete a run that has ended. Its jobs stay as they are."""
        await self._send(pipelines.delete_run(run_id))
