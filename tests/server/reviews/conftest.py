"""Fixtures: the services of reviews and jobs, and two users, on SQLite and PostgreSQL."""

from copy import deepcopy
from typing import Any

import pytest

from support.job_fixtures import alice, bob, services  # noqa: F401  (pytest finds them here)
from support.job_services import DOCUMENT, JobServices
from support.review_services import ReviewServices
from voxel51.server.analytics.installed import InstalledAnalytic
from voxel51.server.collections.reviewing import may_review
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.reviews.label_files import LabelFiles
from voxel51.server.reviews.service import ReviewFiles, ReviewService, stored_review_bytes


@pytest.fixture
def site(services: JobServices) -> ReviewServices:  # noqa: F811  (the fixture)
    document: dict[str, Any] = deepcopy(DOCUMENT)
    document["outputs"][0]["type"] = "types.VideoLabels"
    services.analytics.install([InstalledAnalytic("voxel51/count", document, preload_safe=True)])
    quota = StorageQuota(services.quotas, stored_review_bytes)
    reviews = ReviewService(services.database, services.storage, LabelFiles(services.storage), quota, may_review)
    return ReviewServices(services, reviews, ReviewFiles(services.database))
