"""Verification of stored files: damage is reported, and repaired from intact copies."""

import os

import pytest
from sqlalchemy import insert, select

from support.data_services import open_data_services
from support.databases import migrated_sqlite
from support.job_services import open_job_services
from voxel51.server.analytics.tables import analytics, images
from voxel51.server.wiring.verification import build_verifier
from voxel51.wire import dates


@pytest.fixture
def services(tmp_path):
    services = open_data_services(tmp_path, migrated_sqlite(tmp_path / "platform.sqlite"))
    yield services
    services.database.close()


@pytest.fixture
def verifier(services):
    return build_verifier(services.database, services.storage)


@pytest.fixture
def alice(services):
    return services.accounts.create_user("alice")


@pytest.fixture
def bob(services):
    return services.accounts.create_user("bob")


def path_of(services, tmp_path, user, data_id):
    folder, _, name = services.data.find(user.id, data_id).storage_key.partition("/")
    return tmp_path / "storage" / folder / name[:1] / name


def test_intact_files_are_only_counted(services, verifier, alice):
    for content in (b"one", b"two", b"two"):
        services.add(alice, content)

    found = verifier.verify()

    assert (found.checked, found.damaged) == (3, [])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (os.unlink, "is missing"),
        (lambda path: os.truncate(path, 3), "has 3 instead of 5 bytes"),
        (lambda path: path.write_bytes(b"other"), "has other bytes than recorded"),
    ],
)
def test_damaged_file_is_repaired_from_copy_of_another_user(services, verifier, alice, bob, tmp_path, damage, problem):
    damaged, copy = services.add(alice, b"bytes", "gate.mp4"), services.add(bob, b"bytes")
    damage(path_of(services, tmp_path, alice, damaged))

    reported = verifier.verify(repair=False)
    found = verifier.verify()

    assert [each.problem for each in reported.lost] == [problem]
    assert [each.problem for each in found.damaged] == [problem]
    assert found.damaged[0].file.subject == f"data {damaged} ('gate.mp4') of user 'alice'"
    assert found.lost == []
    assert services.content(alice, damaged) == services.content(bob, copy) == b"bytes"
    assert verifier.verify().damaged == []


def test_file_without_intact_copy_stays_damaged(services, verifier, alice, bob, tmp_path):
    lost = [(user, services.add(user, b"bytes")) for user in (alice, bob)]
    for user, data_id in lost:
        path_of(services, tmp_path, user, data_id).write_bytes(b"other")

    found = verifier.verify()

    assert len(found.lost) == len(found.damaged) == 2


def test_quick_verification_does_not_read_files(services, verifier, alice, tmp_path):
    path_of(services, tmp_path, alice, services.add(alice, b"bytes")).write_bytes(b"other")

    assert verifier.verify(hashes=False).damaged == []


def test_all_records_of_a_shared_file_are_reported(services, verifier, alice, tmp_path):
    first, second = services.add(alice, b"bytes"), services.add(alice, b"bytes")
    path_of(services, tmp_path, alice, first).unlink()

    subjects = {each.file.subject.split()[1] for each in verifier.verify().lost}

    assert subjects == {first, second}


@pytest.fixture
def job_services(tmp_path):
    with open_job_services(tmp_path, migrated_sqlite(tmp_path / "jobs.sqlite")) as job_services:
        yield job_services


def test_outputs_logs_and_images_are_verified(job_services):
    job_id = job_services.submit(job_services.accounts.create_user("alice"))
    _, attempt = job_services.claim()
    output = job_services.put_output(attempt, b"labels")
    log, image = (job_services.storage.writer(key) for key in ("logs/1b2c3d4e", "images/1b2c3d4e"))
    for writer in (log, image):
        writer.write(b"text")
    job_services.reports.put_log(attempt.id, log)
    image.commit()
    with job_services.database.write() as connection:
        analytic_id = connection.execute(select(analytics.c.id)).scalar()
        of_image = {"storage_key": image.key, "size_bytes": 4, "sha256": image.sha256, "format": "docker"}
        row = {"analytic_id": analytic_id, "type": "CPU", "upload_date": dates.now(), **of_image}
        connection.execute(insert(images).values(row))
    verifier = build_verifier(job_services.database, job_services.storage)
    assert verifier.verify().damaged == []

    for key in (output, log.key):
        job_services.storage.delete(key)
    found = verifier.verify()

    assert [(each.file.subject, each.problem, each.repaired_from) for each in found.damaged] == [
        (f"output of job {job_id} of user 'alice'", "is missing", None),
        (f"log of job {job_id} of user 'alice'", "is missing", image.key),
    ]


def test_many_records_are_read_in_pages(services, verifier, alice, monkeypatch):
    monkeypatch.setattr("voxel51.server.database.pages._PAGE_SIZE", 2)
    for number in range(5):
        services.add(alice, b"%d" % (number % 2))

    assert verifier.verify().checked == 5
