"""Public names and signatures of the original client, as tables. A changed row breaks existing scripts."""

import importlib
import inspect

import pytest

from voxel51.apps.api import ApplicationAPI, ApplicationAPIError
from voxel51.apps.auth import ApplicationToken, ApplicationTokenError, ApplicationTokenLoadError
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token, TokenError, TokenLoadError
from voxel51.users.jobs import JobRequest, RemoteDataPath
from voxel51.users.query import AnalyticsQuery, BaseQuery, DataQuery, JobsQuery

TTL = "days=None, expiration_date=None"

API_METHODS = {
    "close": "",
    "from_json": "token_path, **kwargs",
    "thread_map": "callback, iterable, max_workers=None",
    "list_analytics": "all_versions=False",
    "query_analytics": "analytics_query",
    "get_analytic_id": "name, version=None",
    "get_analytic_details": "analytic_id",
    "get_analytic_doc": "analytic_id",
    "upload_analytic": "doc_json_path, analytic_type=None",
    "upload_analytic_image": "analytic_id, image_tar_path, image_type",
    "delete_analytic": "analytic_id",
    "batch_get_analytic_details": "analytic_ids",
    "list_data": "",
    "query_data": "data_query",
    "upload_data": "path, ttl=None",
    "post_data_as_url": "url, filename, mime_type, size, expiration_date=None, encoding=None, ttl=None",
    "get_data_details": "data_id",
    "download_data": "data_id, output_path=None",
    "get_data_download_url": "data_id",
    "update_data_ttl": f"data_id, {TTL}",
    "delete_data": "data_id",
    "batch_get_data_details": "data_ids",
    "batch_update_data_ttl": f"data_ids, {TTL}",
    "batch_delete_data": "data_ids",
    "list_jobs": "",
    "query_jobs": "jobs_query",
    "upload_job_request": "job_request, job_name, auto_start=False, ttl=None",
    "get_job_details": "job_id",
    "get_job_request": "job_id",
    "start_job": "job_id",
    "archive_job": "job_id",
    "unarchive_job": "job_id",
    "delete_job": "job_id",
    "kill_job": "job_id",
    "update_job_ttl": f"job_id, {TTL}",
    "get_job_state": "job_id=None, job=None",
    "is_job_complete": "job_id=None, job=None",
    "is_job_expired": "job_id=None, job=None",
    "wait_until_job_completes": "job_id, sleep_time=5, max_wait_time=600",
    "get_job_status": "job_id",
    "download_job_output": "job_id, output_path=None",
    "get_job_output_download_url": "job_id",
    "download_job_logfile": "job_id, output_path=None",
    "get_job_logfile_download_url": "job_id",
    "batch_get_job_details": "job_ids",
    "batch_start_jobs": "job_ids",
    "batch_archive_jobs": "job_ids",
    "batch_unarchive_jobs": "job_ids",
    "batch_update_jobs_ttl": f"job_ids, {TTL}",
    "batch_delete_jobs": "job_ids",
    "batch_kill_jobs": "job_ids",
    "get_platform_status": "",
}

NEW_METHODS = {
    "get_job_activity": "job_id",
    "iter_analytics": "analytics_query=None",
    "iter_data": "data_query=None",
    "iter_jobs": "jobs_query=None",
    "wait": "job_ids, timeout=None",
    "run": "analytic, inputs, parameters=None, **options",
    "download_data_rendition": "data_id, rendition, output_path=None, **arguments",
    "download_job_rendition": "job_id, rendition, output_path=None, **arguments",
    "get_frame_times": "data_id",
    "evaluate_job": "job_id, truth=None, overlap=0.5, *, truth_review=None",
    "compare_jobs": "job_id, other_job_id=None, overlap=0.5, *, review=None, with_review=None",
    "search_labels": "labels=(), *, text=None, longer_than=None, confidence=None, together=False, analytic=None, "
    "data_id=None, job_id=None, limit=None, offset=None",
    "list_labels": "",
    "get_partial_labels": "job_id, after=None",
    "iter_partial_labels": "job_id",
    "download_partial_labels": "job_id, output_path=None",
    "set_secret": "name, value=None, analytics=None",
    "list_secrets": "",
    "list_workers": "",
    "tag_data": "data_ids, tags",
    "untag_data": "data_ids, tags",
    "set_data_metadata": "data_ids, metadata",
    "update_data": "data_ids, add_tags=(), remove_tags=(), metadata=None",
    "update_matching_data": "search, add_tags=(), remove_tags=(), metadata=None",
    "list_data_tags": "",
    "list_collections": "",
    "collection": "name",
    "create_collection": "name, description=''",
    "get_collection": "collection_id",
    "update_collection": "collection_id, name=None, description=None",
    "delete_collection": "collection_id",
    "add_to_collection": "collection_id, data_ids=None, search=None",
    "remove_from_collection": "collection_id, data_ids=None, search=None",
    "query_collection_data": "collection_id, data_query",
    "iter_collection_data": "collection_id, data_query=None",
    "download_collection_data": "collection_id, data_id, output_path",
    "list_reviewable_jobs": "collection_id, data_id",
    "list_collection_shares": "collection_id",
    "share_collection": "collection_id, username, role='viewer'",
    "unshare_collection": "collection_id, username",
    "list_searches": "",
    "save_search": "name, search, sort=None",
    "delete_search": "name",
    "delete_secret": "name",
    "deploy_analytic": "path, progress=None",
    "get_analytic_build": "analytic_id",
    "get_analytic_build_log": "analytic_id, offset=0",
    "make_analytic_latest": "analytic_id",
    "estimate_batch": "analytic, videos, parameters=None, **options",
    "run_batch": "analytic, videos, parameters=None, *, wait=False, timeout=None, progress=None, **options",
    "wait_for_batch": "batch_id, timeout=None, progress=None",
    "get_batch": "batch_id",
    "get_batch_results": "batch_id, output_dir=None",
    "get_result": "job_id, output_path=None, *, output_dir=None",
    "iter_batches": "archived=False",
    "iter_batch_items": "batch_id, state=None, labels=False",
    "pause_batch": "batch_id",
    "resume_batch": "batch_id",
    "cancel_batch": "batch_id",
    "retry_batch": "batch_id",
    "retry_job_parts": "job_id",
    "archive_batch": "batch_id",
    "unarchive_batch": "batch_id",
    "view": "record",
    "create_rule": "runs, *, collection_id=None, source_id=None, name=None",
    "list_rules": "",
    "get_rule": "rule_id",
    "iter_rule_items": "rule_id, state=None",
    "pause_rule": "rule_id",
    "resume_rule": "rule_id",
    "retry_rule": "rule_id",
    "delete_rule": "rule_id",
    "list_data_sources": "",
    "list_source_locations": "",
    "add_data_source": "location, *, collection_id=None",
    "delete_data_source": "source_id",
    "create_schedule": "cron, run, *, time_zone='UTC', missed_runs='run_once', name=None",
    "list_schedules": "",
    "get_schedule": "schedule_id",
    "list_schedule_runs": "schedule_id",
    "update_schedule": "schedule_id, **changes",
    "pause_schedule": "schedule_id",
    "resume_schedule": "schedule_id",
    "delete_schedule": "schedule_id",
    "pipeline": "steps, inputs, parameters=None, *, name=None, **options",
    "save_pipeline": "document",
    "list_pipelines": "",
    "get_pipeline": "pipeline_id, version=None",
    "list_pipeline_versions": "pipeline_id",
    "find_pipeline": "name",
    "list_pipeline_shares": "pipeline_id",
    "share_pipeline": "pipeline_id, username",
    "unshare_pipeline": "pipeline_id, username",
    "delete_pipeline": "pipeline_id",
    "run_pipeline": "pipeline, inputs, parameters=None, **options",
    "iter_pipeline_runs": "pipeline=None",
    "get_pipeline_run": "run_id",
    "wait_for_pipeline_run": "run_id, timeout=None, progress=None",
    "download_pipeline_outputs": "run_id, output_dir=None, all_steps=False",
    "cancel_pipeline_run": "run_id",
    "retry_pipeline_run": "run_id",
    "delete_pipeline_run": "run_id",
    "create_dataset": "name, options, *, jobs=None, analytic=None, data=None, collection_id=None, batch_id=None, "
    "parameter_set=None, search=None",
    "list_datasets": "",
    "get_dataset": "dataset_id",
    "estimate_dataset": "dataset_id",
    "download_dataset": "dataset_id, output_path=None, progress=None",
    "delete_dataset": "dataset_id",
    "list_reviews": "job_id=None",
    "get_review": "job_id, version",
    "save_review": "job_id, edits, *, base, latest=None, note=''",
    "download_review": "job_id, version, output_path=None",
    "delete_review": "job_id, version",
    "review_scores": "analytic, overlap=0.5",
    "chart_labels": "chart, *, collection=None, batch=None, parameter_set=None, search=None, analytic=None, label=None",
    "find_moments": "labels, *, together=False, each=None, confidence=None, larger_than=None, smaller_than=None, "
    "longer_than=None, shorter_than=None, zone=None, collection=None, batch=None, search=None, analytic=None, "
    "sort=None, limit=None",
    "download_chart": "chart, output_path, format='csv', *, collection=None, batch=None, parameter_set=None, "
    "search=None, analytic=None, label=None, theme=None",
    "draw_chart": "chart, *, collection=None, batch=None, parameter_set=None, search=None, analytic=None, label=None, "
    "theme=None",
    "query_labels": "sql",
    "download_query": "sql, output_path, format='csv'",
}
"""Calls that the original did not have."""

APPLICATION_METHODS = {
    "with_user": "username",
    "exit_user": "",
    "query_application_data": "data_query",
    "query_application_jobs": "jobs_query",
    "create_user": "username",
    "list_users": "",
    "shares_results": "",
    "share_results": "enabled=True",
}

OTHERS = {
    "voxel51.users.auth": {
        "activate_token": "path",
        "deactivate_token": "",
        "get_active_token_path": "",
        "load_token": "token_path=None",
        "Token": "token_dict",
        "Token.get_header": "self",
        "Token.from_json": "path",
        "Token.from_dict": "token_dict",
        "Token.from_str": "token_str",
        "Token.from_private_key": "private_key, base_api_url=None",
        "TokenError": "message",
        "TokenLoadError": "message",
    },
    "voxel51.apps.auth": {
        "activate_application_token": "path",
        "deactivate_application_token": "",
        "get_active_application_token_path": "",
        "load_application_token": "token_path=None",
        "ApplicationToken": "token_dict",
        "ApplicationToken.get_header": "self, username=None",
        "ApplicationToken.from_json": "path",
        "ApplicationToken.from_private_key": "private_key, base_api_url=None",
        "ApplicationTokenError": "message",
        "ApplicationTokenLoadError": "message",
    },
    "voxel51.apps.api": {
        "ApplicationAPIError": "message, code",
        "ApplicationAPIError.from_response": "res",
    },
    "voxel51.users.jobs": {
        "JobRequest": "analytic, version=None, compute_mode=None",
        "JobRequest.set_input": "self, name, path=None, **kwargs",
        "JobRequest.set_data_parameter": "self, name, path=None, **kwargs",
        "JobRequest.set_parameter": "self, name, val",
        "JobRequest.from_dict": "d",
        "RemoteDataPath": "data_id=None",
        "RemoteDataPath.from_data_id": "data_id",
        "RemoteDataPath.is_remote_path_dict": "val",
        "RemoteDataPath.from_dict": "d",
    },
    "voxel51.users.query": {
        "BaseQuery.add_field": "self, field",
        "BaseQuery.add_fields": "self, fields",
        "BaseQuery.add_all_fields": "self",
        "BaseQuery.add_search": "self, field, search_str",
        "BaseQuery.add_search_or": "self, field, search_strs",
        "BaseQuery.add_search_over_all_fields": "self, search_str",
        "BaseQuery.add_search_direct": "self, search_str",
        "BaseQuery.sort_by": "self, field, descending=True",
        "BaseQuery.set_offset": "self, offset",
        "BaseQuery.set_limit": "self, limit",
        "BaseQuery.to_dict": "self",
        "BaseQuery.to_str": "self",
        "AnalyticsQuery": "",
        "AnalyticsQuery.set_all_versions": "self, all_versions",
        "DataQuery": "",
        "JobsQuery": "",
    },
    "voxel51.users.utils": {
        "read_json": "path",
        "load_json": "str_or_bytes",
        "json_to_str": "obj",
        "write_json": "obj, path",
        "copy_file": "inpath, outpath",
        "ensure_basedir": "path",
        "upload_files": "requests, url, files, headers, **kwargs",
        "urljoin": "*args",
        "query_yes_no": "question, default=None",
        "to_human_time_str": "num_seconds, decimals=1, max_unit=None",
        "to_human_decimal_str": "num, decimals=1, max_unit=None",
        "to_human_bytes_str": "num_bytes, decimals=1, max_unit=None",
        "to_human_bits_str": "num_bits, decimals=1, max_unit=None",
        "Serializable.to_dict": "self",
        "Serializable.to_str": "self",
        "Serializable.to_json": "self, path",
        "Serializable.from_dict": "d",
        "Serializable.from_str": "s",
        "Serializable.from_json": "path",
    },
    "voxel51.users.logging": {"setup_logging": "level=20, format='%(message)s'"},
    "voxel51.users.api": {"APIError": "message, code", "APIError.from_response": "res"},
}

VALUES = {
    "voxel51.users.auth": {
        "TOKEN_ENV_VAR": "VOXEL51_API_TOKEN",
        "TOKEN_ENVIRON_VAR": "VOXEL51_API_TOKEN",
        "PRIVATE_KEY_ENV_VAR": "VOXEL51_API_PRIVATE_KEY",
        "BASE_API_URL_ENV_VAR": "VOXEL51_API_BASE_URL",
        "ACCESS_TOKEN_FIELD": "access_token",
        "PRIVATE_KEY_FIELD": "private_key",
        "DEFAULT_BASE_API_URL": "http://127.0.0.1:5151",
        "HELP_URL": "https://voxel51.com/docs/api/?python#authentication",
    },
    "voxel51.apps.auth": {
        "TOKEN_ENV_VAR": "VOXEL51_APP_TOKEN",
        "TOKEN_ENVIRON_VAR": "VOXEL51_APP_TOKEN",
        "PRIVATE_KEY_ENV_VAR": "VOXEL51_APP_PRIVATE_KEY",
        "BASE_API_URL_ENV_VAR": "VOXEL51_APP_BASE_URL",
        "ACCESS_TOKEN_FIELD": "access_token",
        "PRIVATE_KEY_FIELD": "private_key",
        "HELP_URL": "https://voxel51.com/docs/api/?python#authentication",
        "KEY_HEADER": "x-voxel51-application",
        "USER_HEADER": "x-voxel51-application-user",
    },
    "voxel51.users.jobs": {"DATA_ID_FIELD": "data-id"},
    "voxel51.constants": {"NAME": "voxel51-platform"},
}

ENUMS = {
    "voxel51.users.api.AnalyticType": ["PLATFORM", "IMAGE_TO_VIDEO"],
    "voxel51.users.api.AnalyticImageType": ["CPU", "GPU"],
    "voxel51.users.jobs.JobComputeMode": ["CPU", "GPU", "BEST"],
    "voxel51.users.jobs.JobState": ["READY", "QUEUED", "SCHEDULED", "RUNNING", "COMPLETE", "FAILED"],
    "voxel51.users.jobs.JobFailureType": ["USER", "ANALYTIC", "PLATFORM", "NONE"],
}


def resolve(module: str, name: str) -> object:
    value: object = importlib.import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    return value


def without_type(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(annotation=inspect.Parameter.empty)


def signature_of(function: object, length: int | None = None) -> str:
    """Return the parameters without their types; only the first ``length`` of them."""
    parameters = [without_type(parameter) for parameter in inspect.signature(function).parameters.values()]
    return ", ".join(str(parameter) for parameter in parameters[:length])


def length_of(signature: str) -> int:
    return len(signature.split(", ")) if signature else 0


@pytest.mark.parametrize(
    ("client", "name", "signature"),
    [
        *[(API, name, signature) for name, signature in API_METHODS.items()],
        *[(ApplicationAPI, name, signature) for name, signature in (API_METHODS | APPLICATION_METHODS).items()],
    ],
)
def test_every_call_of_the_original_keeps_its_signature(client: type[API], name: str, signature: str) -> None:
    api = object.__new__(client)
    method = getattr(api, name)
    parameters = list(inspect.signature(method).parameters.values())
    ours = parameters[length_of(signature) :]

    assert signature_of(method, length_of(signature)) == signature
    assert all(parameter.default is not inspect.Parameter.empty for parameter in ours)


def test_the_tables_list_every_call() -> None:
    assert public_methods(API) == {*API_METHODS, *NEW_METHODS}
    assert public_methods(ApplicationAPI) == {*API_METHODS, *NEW_METHODS, *APPLICATION_METHODS}


def public_methods(client: type[API]) -> set[str]:
    return {name for name, _ in inspect.getmembers(client, callable) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("module", "name", "signature"),
    [(module, name, signature) for module, rows in OTHERS.items() for name, signature in rows.items()],
)
def test_all_other_names_keep_their_signatures(module: str, name: str, signature: str) -> None:
    assert signature_of(resolve(module, name), length_of(signature)) == signature


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [(module, name, value) for module, rows in VALUES.items() for name, value in rows.items()],
)
def test_constants_keep_their_values(module: str, name: str, value: object) -> None:
    assert resolve(module, name) == value


@pytest.mark.parametrize(("name", "members"), ENUMS.items(), ids=ENUMS)
def test_enums_are_text_and_keep_their_members(name: str, members: list[str]) -> None:
    module, _, enum = name.rpartition(".")

    assert {member: str(getattr(resolve(module, enum), member)) for member in members} == {m: m for m in members}


def test_clients_are_constructed_with_token_and_keep_alive() -> None:
    assert list(inspect.signature(API).parameters) == ["token", "keep_alive"]
    api = API(Token.from_private_key("key", "http://host/"), keep_alive=False)
    assert (api.base_url, api.token.private_key, api.keep_alive) == ("http://host/v1", "key", False)


def test_aliases_of_older_names_are_the_same_objects() -> None:
    assert TokenLoadError is TokenError
    assert ApplicationTokenLoadError is ApplicationTokenError


def test_application_classes_are_subclasses_of_user_classes() -> None:
    assert issubclass(ApplicationAPI, API)
    assert issubclass(ApplicationAPIError, APIError)
    assert issubclass(ApplicationToken, Token)
    assert issubclass(ApplicationTokenError, TokenError)
    assert list(inspect.signature(ApplicationAPI).parameters) == ["token", "keep_alive"]
    assert ApplicationAPI(ApplicationToken.from_private_key("key")).active_user is None


def test_queries_list_their_supported_fields() -> None:
    assert BaseQuery.SUPPORTED_FIELDS is None
    assert "pending" in AnalyticsQuery.SUPPORTED_FIELDS
    assert "size" in DataQuery.SUPPORTED_FIELDS
    assert "expired" in JobsQuery.SUPPORTED_FIELDS


def test_a_reference_keeps_its_properties() -> None:
    path = RemoteDataPath("d1")
    assert (path.has_data_id, path.is_valid) == (True, True)
    request = JobRequest("a/b")
    assert (request.analytic, request.version, request.compute_mode) == ("a/b", None, None)
    assert (request.inputs, request.parameters) == ({}, {})


def test_constants_describe_the_installed_distribution() -> None:
    constants = importlib.import_module("voxel51.constants")

    names = ["NAME", "VERSION", "DESCRIPTION", "AUTHOR", "CONTACT", "URL", "LICENSE", "VERSION_LONG"]
    assert all(isinstance(getattr(constants, name), str) for name in names)
    assert f"voxel51-platform v{constants.VERSION}" == constants.VERSION_LONG
