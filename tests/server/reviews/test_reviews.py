"""Reviews: versions of labels are saved, refused when outdated, counted, listed, deleted and expired."""

import gc
import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from support.job_services import JobServices
from support.review_services import LABELS, ReviewServices
from voxel51.labels.review import apply_edits
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.quotas import Quotas
from voxel51.server.collections.members import MemberService
from voxel51.server.collections.reviewing import ReviewableJobs, may_review
from voxel51.server.collections.service import CollectionService
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.errors import BadRequest, Conflict, Forbidden, Lost, NotFound, OverQuota
from voxel51.server.events.tables import events
from voxel51.server.jobs.tables import jobs
from voxel51.server.reviews import label_files
from voxel51.server.reviews.label_files import LabelFiles
from voxel51.server.reviews.service import ReviewService, stored_review_bytes
from voxel51.server.reviews.stored_files import file_references, recorded_files
from voxel51.wire import dates
from voxel51.wire.reviews import Edit

ACCEPT: Edit = {"edit": "accept", "tracks": [1]}
REJECT: Edit = {"edit": "reject", "tracks": [2]}


def stored_bytes(services: JobServices, user: User) -> int:
    with services.database.read() as connection:
        return stored_review_bytes(connection, user.id)


def test_a_version_has_its_labels_and_provenance_and_the_output_stays(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)

    first = site.save(alice, job_id, 0, ACCEPT, REJECT, note=" checked ")
    second = site.save(alice, job_id, 1, {"edit": "rename", "tracks": [3], "label": "truck"})

    assert site.labels(alice, job_id, 1) == {1: [("car", 1, True)], 2: [("car", 1, True), ("car", 3, False)]}
    assert site.labels(alice, job_id, 2) == {1: [("car", 1, True)], 2: [("car", 1, True), ("truck", 3, False)]}
    assert (first["version"], first["base"], first["reviewer"], first["note"]) == (1, 0, "alice", "checked")
    assert (second["base"], second["changes"], second["accepted"], second["undecided"]) == (1, {"rename": 1}, 1, 1)
    assert (first["analytic"], first["analytic_version"], first["job_name"]) == ("voxel51/count", "1.0", "a job")
    assert site.reviews.details(alice, job_id, 1) == {"review": first, "edits": [ACCEPT, REJECT]}
    assert site.reviews.all(alice, job_id) == site.reviews.all(alice) == [second, first]
    output = site.reviews.labels(alice, job_id, 0)
    assert b"".join(site.jobs.storage.read(output.key)) == json.dumps(LABELS).encode()
    stored = site.reviews.labels(alice, job_id, 2)
    provenance = json.loads(b"".join(site.jobs.storage.read(stored.key)))["provenance"]
    assert (provenance["analytic"], provenance["review"]["base"]) == ("count", 1)
    numbered = json.loads(site.reviews.original(alice, job_id))
    assert [each["index"] for each in numbered["frames"]["2"]["objects"]["objects"]] == [1, 3]


def test_a_save_on_an_old_version_is_refused_with_what_has_changed(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)
    site.save(alice, job_id, 0, ACCEPT)

    with pytest.raises(Conflict, match=r"newer versions than 0.* version 1 by 'alice' .*1 accept.*Nothing was saved"):
        site.save(alice, job_id, 0, REJECT)

    assert [each["version"] for each in site.reviews.all(alice, job_id)] == [1]
    assert len(site.jobs.keys("reviews/")) == 1
    # Who knows the newest version may go back to an earlier one.
    assert site.save(alice, job_id, 0, REJECT, latest=1)["base"] == 0


def test_each_save_is_an_event_of_the_job(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)
    site.save(alice, job_id, 0, ACCEPT)

    with site.jobs.database.read() as connection:
        saved = connection.execute(select(events).where(events.c.name == "job_reviewed")).all()

    assert [(each.job_id, each.owner_id, each.document) for each in saved] == [(job_id, alice.id, {"version": 1})]


def test_others_see_no_reviews(site: ReviewServices, alice: User, bob: User) -> None:
    job_id = site.finished_job(alice)
    review_id = site.save(alice, job_id, 0, ACCEPT)["id"]

    assert site.reviews.all(bob) == []
    assert site.reviews.export(bob) == []
    for call in (
        lambda: site.reviews.all(bob, job_id),
        lambda: site.save(bob, job_id, 0, ACCEPT),
        lambda: site.reviews.details(bob, job_id, 1),
        lambda: site.reviews.labels(bob, job_id, 0),
        lambda: site.reviews.labels(bob, job_id, 1),
        lambda: site.reviews.original(bob, job_id),
        lambda: site.reviews.delete(bob, job_id, 1),
        lambda: site.files.labels_of(bob.id, review_id),
    ):
        with pytest.raises(NotFound):
            call()
    assert site.files.labels_of(alice.id, review_id).key == site.reviews.labels(alice, job_id, 1).key
    with pytest.raises(NotFound, match="of job 'other'"):
        site.files.labels_of(alice.id, review_id, "other")


def test_editors_of_a_collection_review_jobs_on_its_videos(
    site: ReviewServices, alice: User, bob: User, services: JobServices
) -> None:
    job_id, other_job = site.finished_job(alice), site.finished_job(alice)
    collections, reviewable = CollectionService(services.database), ReviewableJobs(services.database)
    shared = collections.create(alice, {"name": "Junction"})["id"]
    [video] = [each["data-id"] for each in services.jobs.request(alice, job_id)["inputs"].values()]
    MemberService(services.database, services.data).add(alice, shared, [video], ())

    collections.share(alice, shared, "bob", "viewer")
    with pytest.raises(Forbidden, match="requires the role editor"):
        reviewable.on(bob, shared, video)
    with pytest.raises(NotFound):
        site.save(bob, job_id, 0, ACCEPT)

    collections.share(alice, shared, "bob", "editor")
    assert [each["id"] for each in reviewable.on(bob, shared, video)] == [job_id]
    saved = site.save(bob, job_id, 0, ACCEPT)
    assert (saved["reviewer"], site.reviews.all(alice)) == ("bob", [saved])
    assert site.reviews.all(bob, job_id) == [saved]
    assert site.reviews.all(bob) == []
    assert site.labels(bob, job_id, 1) == site.labels(alice, job_id, 1)
    assert stored_bytes(services, bob) == 0
    for refused in (lambda: site.reviews.delete(bob, job_id, 1), lambda: site.save(bob, other_job, 0, ACCEPT)):
        with pytest.raises(NotFound):
            refused()

    collections.unshare(bob, shared, "bob")
    with pytest.raises(NotFound):
        site.reviews.labels(bob, job_id, 1)


def test_owners_who_left_a_collection_are_not_reviewed(
    site: ReviewServices, alice: User, bob: User, services: JobServices
) -> None:
    job_id = site.finished_job(alice)
    collections, reviewable = CollectionService(services.database), ReviewableJobs(services.database)
    of_bob = collections.create(bob, {"name": "Team"})["id"]
    collections.share(bob, of_bob, "alice", "editor")
    [video] = [each["data-id"] for each in services.jobs.request(alice, job_id)["inputs"].values()]
    MemberService(services.database, services.data).add(alice, of_bob, [video], ())
    assert [each["id"] for each in reviewable.on(bob, of_bob, video)] == [job_id]
    assert site.save(bob, job_id, 0, ACCEPT)["version"] == 1

    collections.unshare(alice, of_bob, "alice")

    assert reviewable.on(bob, of_bob, video) == []
    with pytest.raises(NotFound):
        site.save(bob, job_id, 1, REJECT)


def test_versions_that_do_not_exist_are_not_found(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)

    for version in (-1, 2, 10**30):
        with pytest.raises(NotFound, match=f"Version {version} "):
            site.save(alice, job_id, version, ACCEPT)


def test_invalid_edits_save_nothing(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)

    for edits, reason in (
        ([{"edit": "accept", "tracks": [7]}], "edit 1 \\(accept\\): track 7 does not exist"),
        ([ACCEPT, {"edit": "rename", "tracks": [1], "label": "\n"}], "edit 2: 'label'"),
        ([], "at least one edit"),
    ):
        with pytest.raises(BadRequest, match=reason):
            site.save(alice, job_id, 0, *edits)
    with pytest.raises(BadRequest, match="'note' has 1001 characters"):
        site.save(alice, job_id, 0, ACCEPT, note="x" * 1001)

    assert site.reviews.all(alice, job_id) == []
    assert site.jobs.keys("reviews/") == set()


def test_outputs_that_are_not_labels_are_refused(site: ReviewServices, alice: User) -> None:
    not_a_number = b'{"frames": {"1": {"tags": [NaN]}}}'
    for content in (b"no JSON", b"[1]", b"\xff\xfe", b"[" * 100_000, not_a_number, b'{"frames": {"a": {}}}'):
        job_id = site.finished_job(alice, content)

        with pytest.raises(BadRequest):
            site.reviews.original(alice, job_id)


def test_labels_of_unexpected_types_are_reviewed(site: ReviewServices, alice: User) -> None:
    odd = {"label": {"a": [1]}, "index": "3", "tags": "accepted", "confidence": "high"}
    document = {"frames": {"0": {"objects": {"objects": [odd, {**odd, "index": True}, {"index": -5}, {"index": 1}]}}}}
    job_id = site.finished_job(alice, json.dumps(document).encode())

    site.save(alice, job_id, 0, ACCEPT)

    [objects] = json.loads(b"".join(site.jobs.storage.read(site.reviews.labels(alice, job_id, 1).key)))[
        "frames"
    ].values()
    assert len({each["index"] for each in objects["objects"]["objects"]}) == 4


def test_large_labels_are_refused(site: ReviewServices, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = site.finished_job(alice)
    monkeypatch.setattr(label_files, "MAX_REVIEW_BYTES", 100)

    with pytest.raises(BadRequest, match="at most 100 bytes can be reviewed"):
        site.save(alice, job_id, 0, ACCEPT)


def test_reviews_count_for_the_storage_quota(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)
    size_bytes = site.save(alice, job_id, 0, ACCEPT)["size_bytes"]
    database, storage = site.jobs.database, site.jobs.storage
    quota = StorageQuota(Quotas(database, {"bytes": size_bytes + 50, "running_jobs": 0}), stored_review_bytes)
    limited = ReviewService(database, storage, LabelFiles(storage), quota, may_review)
    new = {"base": 1, "edits": [REJECT]}

    with pytest.raises(OverQuota):
        limited.save(alice, job_id, new, limited.apply(alice, job_id, new))  # type: ignore[arg-type]

    assert len(site.jobs.keys("reviews/")) == 1


def test_a_deleted_version_is_gone_and_its_number_is_not_used_again(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)
    deleted = site.save(alice, job_id, 0, ACCEPT)

    site.reviews.delete(alice, job_id, 1)

    assert site.reviews.all(alice, job_id) == []
    assert site.jobs.keys("reviews/") == set()
    with site.jobs.database.read() as connection:
        assert stored_review_bytes(connection, alice.id) == 0
    for call in (
        lambda: site.reviews.delete(alice, job_id, 1),
        lambda: site.reviews.labels(alice, job_id, 1),
        lambda: site.files.labels_of(alice.id, deleted["id"]),
    ):
        with pytest.raises(NotFound):
            call()
    assert site.save(alice, job_id, 0, REJECT)["version"] == 2


def test_reviews_are_deleted_with_their_job_and_when_it_expires(site: ReviewServices, alice: User) -> None:
    job_id, kept = site.finished_job(alice), site.finished_job(alice)
    for each in (job_id, kept):
        site.save(alice, each, 0, ACCEPT)
    with site.jobs.database.write() as connection:
        past = dates.now() - timedelta(days=1)
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(expiration_date=past))
    site.jobs.jobs.expire()

    assert site.reviews.delete_unneeded() == 1
    assert [each["job_id"] for each in site.reviews.all(alice)] == [kept]
    [key] = site.jobs.keys("reviews/")

    site.jobs.jobs.delete_all(alice)
    assert site.reviews.all(alice) == []
    assert not site.reviews.references(key)  # so the sweeper deletes the file


def test_files_of_reviews_are_verified(site: ReviewServices, alice: User) -> None:
    job_id = site.finished_job(alice)
    site.save(alice, job_id, 0, ACCEPT)
    label_file = site.reviews.labels(alice, job_id, 1)

    [recorded] = recorded_files(site.jobs.database)

    assert (recorded.key, recorded.sha256, recorded.size_bytes) == (
        label_file.key, label_file.sha256, label_file.size_bytes
    )  # fmt: skip
    assert recorded.subject == f"review 1 of job {job_id} of user 'alice'"
    assert site.reviews.references(recorded.key)
    with site.jobs.database.read() as connection:
        assert [connection.execute(query).first() is not None for query in file_references(recorded.key)] == [True]
    site.jobs.storage.delete(label_file.key)
    with pytest.raises(Lost):
        site.save(alice, job_id, 1, REJECT)


def test_the_collector_rests_while_labels_are_read_and_runs_afterwards(
    site: ReviewServices, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(label_files, "apply_edits", lambda *given: seen.append(gc.isenabled()) or apply_edits(*given))
    job_id = site.finished_job(alice)

    site.save(alice, job_id, 0, ACCEPT)
    assert gc.isenabled()
    with pytest.raises(BadRequest, match="cannot be applied"):
        site.save(alice, job_id, 1, {"edit": "accept", "tracks": [12345]})

    assert seen == [False, False]
    assert gc.isenabled()
