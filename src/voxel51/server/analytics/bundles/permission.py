"""Permission to deploy bundles, which run code of their authors on the machines of the platform."""

from dataclasses import dataclass

from sqlalchemy import select

from voxel51.runners.sandbox.policy import SandboxKind
from voxel51.server.accounts.callers import Caller, User
from voxel51.server.accounts.tables import users
from voxel51.server.database.database import Database
from voxel51.server.errors import Forbidden
from voxel51.wire.accounts import Role
from voxel51.wire.bundles import BundleDeployers

_SETTING = "the setting 'bundle_deployers'"


@dataclass(frozen=True, slots=True)
class DeployPermission:
    """Decides who may deploy.

    Attributes:
        deployers: as the setting says; never AUTO.
    """

    database: Database
    deployers: BundleDeployers

    def check(self, caller: Caller) -> None:
        """Raise `Forbidden` unless the caller may deploy bundles."""
        if self.deployers is BundleDeployers.NONE:
            raise Forbidden(f"Bundles cannot be deployed on this platform ({_SETTING} is '{self.deployers}')")
        if self.deployers is BundleDeployers.OPERATORS and not self._is_operator(caller):
            raise Forbidden(
                f"Only operators may deploy bundles on this platform ({_SETTING} is '{self.deployers}', or no sandbox "
                "confines jobs). Ask an operator to deploy yours"
            )

    def _is_operator(self, caller: Caller) -> bool:
        if not isinstance(caller, User):
            return False
        with self.database.read() as connection:
            role = connection.execute(select(users.c.role).where(users.c.id == caller.id)).scalar()
        return bool(role == Role.OPERATOR.value)


def resolved_deployers(setting: BundleDeployers, sandbox: SandboxKind) -> BundleDeployers:
    """Return who may deploy where jobs are confined by ``sandbox``."""
    if setting is not BundleDeployers.AUTO:
        return setting
    return BundleDeployers.OPERATORS if sandbox is SandboxKind.NONE else BundleDeployers.MEMBERS
