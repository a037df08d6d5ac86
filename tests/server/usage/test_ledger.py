"""The usage ledger on SQLite and PostgreSQL: exact sums by month, which outlive data and accounts."""

import csv
import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from voxel51.server.accounts.account_deletion import AccountDeletionService
from voxel51.server.accounts.applications import ApplicationService
from voxel51.server.accounts.audit import COMMAND_LINE
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.jobs.tables import jobs
from voxel51.server.usage.entries import remember_owner
from voxel51.server.usage.months import begin_of, end_of, month_of
from voxel51.server.usage.tables import usage_entries
from voxel51.wire import dates

DAY = 24 * 3600
NOW = month_of(dates.now())


def enter(services, owner, at, change):
    with services.database.write() as connection:
        connection.execute(insert(usage_entries).values(owner_id=owner.id, at=at, bytes_change=change))


def of(report, username):
    return next((owner for owner in report["owners"] if owner["username"] == username), None)


def moment(year, month, day):
    return datetime(year, month, day, tzinfo=UTC)


def test_bytes_count_for_the_time_in_which_they_were_stored(services, ledger, alice):
    enter(services, alice, moment(2024, 1, 22), 100)
    enter(services, alice, moment(2024, 2, 11), -40)
    enter(services, alice, moment(2024, 3, 2), -60)

    months = {month: of(ledger.month(month), "alice") for month in ("2024-01", "2024-02", "2024-03", "2024-04")}
    assert months["2024-01"]["byte_seconds"] == 100 * 10 * DAY
    assert months["2024-02"]["byte_seconds"] == 100 * 10 * DAY + 60 * 19 * DAY
    assert months["2024-03"]["byte_seconds"] == 60 * 1 * DAY
    assert [each and each["stored_bytes"] for each in months.values()] == [100, 60, 0, None]
    assert ledger.month("2023-12")["owners"] == []


def test_an_entry_that_is_committed_late_counts_as_well(services, ledger, alice):
    enter(services, alice, moment(2024, 2, 11), 10)
    ledger.add_up()
    enter(services, alice, moment(2024, 1, 1), 5)

    assert of(ledger.month("2024-01"), "alice")["byte_seconds"] == 5 * 31 * DAY
    assert of(ledger.month("2024-02"), "alice")["byte_seconds"] == 5 * 29 * DAY + 10 * 19 * DAY


def test_the_present_month_counts_until_now(services, ledger, alice):
    now = dates.now()
    enter(services, alice, begin_of(NOW) - timedelta(days=1), 1000)

    elapsed = (now - begin_of(NOW)).total_seconds()
    found = of(ledger.month(NOW), "alice")["byte_seconds"]
    assert 1000 * elapsed - 1 <= found <= 1000 * (elapsed + 300)
    later = month_of(end_of(NOW))
    assert of(ledger.month(later), "alice")["byte_seconds"] == 0


def test_the_ledger_agrees_with_the_stored_files_after_any_sequence(services, ledger, alice, bob):
    chosen, quota = random.Random(20261129), StorageQuota(services.quotas)
    kept = {alice: [], bob: []}
    for _ in range(80):
        user = chosen.choice([alice, bob])
        if kept[user] and chosen.random() < 0.4:
            gone = chosen.sample(kept[user], min(len(kept[user]), chosen.randint(1, 3)))
            services.data.delete(user, gone)
            kept[user] = [each for each in kept[user] if each not in gone]
        else:
            kept[user].append(services.add_data(user, bytes([chosen.randint(0, 4)]) * chosen.randint(1, 3)))

    services.add_data(alice, b"one more")
    report = ledger.month(NOW)
    for user in (alice, bob):
        with services.database.read() as connection:
            assert of(report, user.name)["stored_bytes"] == quota.used_bytes(connection, user.id)
    assert of(report, "alice")["uploaded_bytes"] >= of(report, "alice")["stored_bytes"] > 0


def test_files_that_expire_or_whose_repair_fails_are_counted(services, ledger, alice, monkeypatch):
    services.add_data(alice, b"12345")
    services.data.change_lifetime(
        alice, [services.add_data(alice, b"123")], {"expiration_date": dates.to_text(dates.now())}
    )
    monkeypatch.setattr(services.storage, "restore", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
    services.add_data(alice, b"12345")

    assert of(ledger.month(NOW), "alice")["stored_bytes"] == 10


def end(services, owner, seconds, transition):
    job_id = services.submit(owner)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    with services.database.write() as connection:
        earlier = dates.now() - timedelta(seconds=seconds)
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(start_date=earlier))
    transition(services, owner, job_id, attempt)


def complete(services, owner, job_id, attempt):
    services.put_output(attempt)
    services.reports.report_state(attempt, "COMPLETE", None)


def fail(services, owner, job_id, attempt):
    services.reports.report_state(attempt, "FAILED", "USER")


def kill(services, owner, job_id, attempt):
    services.act("kill", owner, job_id)


def test_jobs_count_with_their_run_time_however_they_end(services, ledger, alice, bob):
    end(services, alice, 60, complete)
    end(services, alice, 30, fail)
    end(services, alice, 10, kill)
    services.act("kill", bob, services.submit(bob))  # never ran

    found = of(ledger.month(NOW), "alice")
    assert (found["completed"], found["failed"]) == (1, 2)
    assert 100 <= found["job_seconds"] < 400
    assert (of(ledger.month(NOW), "bob")["failed"], of(ledger.month(NOW), "bob")["job_seconds"]) == (1, 0)


def test_a_change_that_is_rolled_back_leaves_no_entry(services, ledger, alice):
    data_id = services.add_data(alice, b"12345")
    with pytest.raises(RuntimeError), services.database.write():
        services.data.delete(alice, [data_id])
        raise RuntimeError

    assert of(ledger.month(NOW), "alice")["stored_bytes"] == 5


def test_sums_are_exact_under_concurrency(services, ledger, alice, bob):
    failures = []

    def work(user, number):
        try:
            for index in range(6):
                kept = services.add_data(user, f"{number}-{index}".encode())
                services.data.delete(user, [services.add_data(user, f"gone {number}-{index}".encode())])
                assert kept
                ledger.add_up()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=((alice, bob)[number % 2], number)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    report = ledger.month(NOW)
    for name in ("alice", "bob"):
        assert of(report, name)["stored_bytes"] == 3 * 6 * 3
        assert of(report, name)["uploaded_bytes"] == 3 * 6 * (3 + 8)


def test_usage_outlives_the_data_and_the_account(services, ledger):
    applications = ApplicationService(services.database)
    application = applications.create("portal")
    carol = applications.create_user(application, "carol")
    services.add_data(carol, b"12345")
    deletion = AccountDeletionService(services.database, [services.data.delete_all], remember_owner)

    deletion.remove(COMMAND_LINE, carol, "carol")
    assert deletion.finish() in {0, 1}

    found = of(ledger.month(NOW), "carol")
    assert (found["application"], found["deleted"]) == ("portal", True)
    assert (found["stored_bytes"], found["uploaded_bytes"]) == (0, 5)
    assert of(ledger.month(NOW, application), "carol") == found


def test_an_application_sees_its_own_users_only(services, ledger, alice):
    applications = ApplicationService(services.database)
    portal, other = (applications.create(name) for name in ("portal", "other"))
    for name, application in (("carol", portal), ("dave", other)):
        services.add_data(applications.create_user(application, name), b"12345")
    services.add_data(alice, b"12345")

    assert [owner["username"] for owner in ledger.month(NOW, portal)["owners"]] == ["carol"]
    assert len(ledger.month(NOW)["owners"]) == 3


def test_old_months_expire_and_their_bytes_are_carried_over(services, ledger, alice, bob):
    enter(services, alice, moment(2020, 1, 22), 100)
    enter(services, bob, moment(2020, 1, 22), 7)
    enter(services, bob, moment(2020, 2, 22), -7)
    last_month = month_of(begin_of(NOW) - timedelta(days=1))

    before = ledger.month(last_month)
    ledger.expire()
    ledger.expire()

    assert ledger.month("2020-02")["owners"][0]["uploaded_bytes"] == 0
    assert ledger.month(last_month) == before
    assert [owner["username"] for owner in before["owners"]] == ["alice"]


def test_several_months_are_a_table(services, ledger, alice):
    enter(services, alice, moment(2024, 1, 31), 100)

    rows = list(csv.DictReader(ledger.table("2023-12", "2024-02").splitlines()))
    assert [(row["month"], row["username"], row["byte_seconds"]) for row in rows] == [
        ("2024-01", "alice", str(100 * DAY)), ("2024-02", "alice", str(100 * 29 * DAY)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last"),
    [("2024-13", "2024-13"), ("2024-02", "2024-01"), ("2000-01", "2099-12"), ("2024-01", "x"), ("", "")],
)
def test_a_period_that_is_none_is_refused(ledger, first, last):
    with pytest.raises(ValueError, match=r"is not a month, such as 2026-11|are not 1 to 120 months"):
        ledger.table(first, last)
