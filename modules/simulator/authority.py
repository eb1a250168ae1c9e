"""The tenant in a URL: a tenant's own id or domain, or common, organizations, consumers."""

from typing import Literal

import attrs

from modules.simulator.directory import CONSUMERS_TENANT, Directory, Tenant
from modules.simulator.people import User
from modules.simulator.refusal import refused
from modules.simulator.registration import Application

Kind = Literal["tenant", "common", "organizations", "consumers"]
_TEMPLATE = "{tenantid}"


@attrs.frozen(kw_only=True)
class Authority:
    """`path`: as written in the URL. `tenant`: None unless the URL names one that exists."""

    path: str
    kind: Kind
    tenant: Tenant | None = None

    @property
    def issuer_tenant(self) -> str:
        """What stands in `issuer`: an id, or the template for any."""
        if self.kind == "consumers":
            return CONSUMERS_TENANT
        return self.tenant.tenant_id if self.tenant else _TEMPLATE

    @property
    def link_tenant(self) -> str:
        """What stands in the links of the metadata: a domain is resolved."""
        return self.tenant.tenant_id if self.tenant else self.kind

    def admits(self, user: User) -> bool:
        if self.tenant or self.kind == "consumers":
            return user.tenant_id == self.issuer_tenant
        return self.kind == "common" or user.tenant_id != CONSUMERS_TENANT

    def check_application(self, application: Application) -> None:
        """Whether it may be used here.

        Raises: RefusedError 50194, 700016 or 9002332 if it is not for this tenant, 7000112 if it is disabled.
        """
        if application.audience == "single" and not self.tenant:
            raise refused(50194, f"Application: {application.client_id}")
        if application.audience == "single" and self.issuer_tenant != application.tenant_id:
            raise refused(700016, f"Application: {application.client_id}")
        if self.issuer_tenant == CONSUMERS_TENANT and application.audience != "all":
            raise refused(9002332, f"Application: {application.client_id}")
        if not application.enabled:
            raise refused(7000112, f"Application: {application.client_id}")


def find_authority(directory: Directory, path: str) -> Authority:
    """Raises: RefusedError 90002 if there is no such tenant."""
    match path.lower():
        case "common" | "organizations" as kind:
            return Authority(path=path, kind=kind)
        case "consumers" | "9188040d-6c67-4c5b-b112-36a304b66dad":
            return Authority(path=path, kind="consumers", tenant=directory.find_tenant(CONSUMERS_TENANT))
        case name:
            tenant = directory.find_tenant(name)
            if tenant is None:
                raise refused(90002, f"Tenant: {path}")
            return Authority(path=path, kind="tenant", tenant=tenant)
