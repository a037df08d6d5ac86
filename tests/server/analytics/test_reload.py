"""Reload of packages: reports, failures, and requests that arrive meanwhile."""

import threading

import pytest

from support.waiting import wait_until
from voxel51.server.analytics.installed import Installation, InstalledAnalytic
from voxel51.server.analytics.reload import PackageReload, ReloadSteps


def offer(name, version="1.0.0"):
    return InstalledAnalytic(name, {"info": {"name": name, "version": version}}, preload_safe=name != "a/threads")


class Packages:
    """Installed packages, and a record of the steps of a reload."""

    def __init__(self, *offers, errors=()):
        self.now = Installation(offers, dict(errors))
        self.steps = []
        self.reports = []

    def reload(self, *before):
        steps = ReloadSteps(
            lambda: self.now,
            lambda found: self.steps.append(("load", found.preloaded(["*"]))),
            lambda found: self.steps.append(("register", len(found.analytics))),
        )
        return PackageReload(Installation(before, {}), steps, self.reports.append)


def test_report_names_what_has_changed():
    packages = Packages(offer("a/kept"), offer("a/new"), offer("a/raised", "1.1.0"), errors={"a/broken": "no module"})
    reload = packages.reload(offer("a/kept"), offer("a/raised"), offer("a/gone"))

    report = reload.run()

    assert (report["added"], report["changed"], report["removed"]) == (
        ["a/new 1.0.0"],
        ["a/raised 1.1.0"],
        ["a/gone 1.0.0"],
    )
    assert (report["errors"], report["failure"]) == ({"a/broken": "no module"}, None)
    assert reload.installed is packages.now


def test_new_process_is_ready_before_the_catalogue_has_its_analytics():
    packages = Packages(offer("a/new"), offer("a/threads"))

    packages.reload().run()

    assert packages.steps == [("load", ["a/new"]), ("register", 2)]


@pytest.mark.parametrize("error", [OSError("not ready in time"), RuntimeError("finding failed")])
def test_failure_leaves_everything_as_it_was(error, caplog):
    def fail(_found):
        raise error

    packages = Packages(offer("a/new"))
    before = Installation([offer("a/kept")], {})
    steps = ReloadSteps(lambda: packages.now, fail, lambda _found: packages.steps.append("register"))
    reload = PackageReload(before, steps, packages.reports.append)

    report = reload.run()

    assert (report["failure"], report["added"], packages.steps) == (str(error), [], [])
    assert reload.installed is before
    assert f"the installed packages could not be reloaded: {error}" in caplog.text


def test_requests_during_a_reload_are_served_by_one_more():
    packages = Packages(offer("a/new"))
    may_go_on, found = threading.Event(), []

    def find():
        found.append(packages.now)
        may_go_on.wait()
        return packages.now

    steps = ReloadSteps(find, lambda _found: None, lambda _found: None)
    reload = PackageReload(Installation([], {}), steps, packages.reports.append)
    reload.request()
    wait_until(lambda: found)
    for _ in range(3):
        reload.request()

    may_go_on.set()

    wait_until(lambda: len(packages.reports) == 2)
    wait_until(lambda: not any(thread.name == "reload" for thread in threading.enumerate()))
    assert len(packages.reports) == 2


def test_closed_reload_changes_nothing():
    packages = Packages(offer("a/new"))
    reload = packages.reload()
    reload.close()

    assert reload.run()["failure"] == "the platform is stopping"
    assert packages.steps == []


def test_analytics_that_fit_a_pattern_are_preloaded():
    installed = Installation([offer("a/new"), offer("a/threads"), offer("b/new"), offer("b/other")], {})

    assert installed.preloaded(["a/*", "b/other"]) == ["a/new", "b/other"]
    assert installed.preloaded([]) == []
