"""Names of analytics on the command line: ``[OWNER/]NAME[@VERSION]``."""

from voxel51.cli.suggestions import did_you_mean
from voxel51.users.api import API
from voxel51.wire.analytics import AnalyticRecord


def find_analytic(api: API, text: str) -> AnalyticRecord:
    """Return the analytic that ``text`` names, in its latest version if it names none.

    The owner may be left out where only one owner has an analytic with this name.

    Raises:
        ValueError: no analytic, or several, have the name.
    """
    name, _, version = text.partition("@")
    try:
        return api.get_analytic_details(api.get_analytic_id(name, version or None))
    except ValueError as error:
        known = {each["name"] for each in api.list_analytics()}
        same = sorted(each for each in known if "/" not in name and each.rpartition("/")[2] == name)
        if len(same) > 1:
            raise ValueError(f"several analytics are called '{name}': {', '.join(same)}. Name the owner too.") from None
        if not same:
            hint = did_you_mean(name, known) or " `voxel51 analytics list` lists the analytics."
            raise ValueError(f"{error}.{hint}") from None
    return api.get_analytic_details(api.get_analytic_id(same[0], version or None))
