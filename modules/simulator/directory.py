"""Tenants with their users, and app registrations: what Entra knows before anybody signs in."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TypedDict, Unpack

import attrs

from modules.simulator.chance import Chance, fixed_guid
from modules.simulator.clock import Clock
from modules.simulator.people import User, name_of
from modules.simulator.redirects import Platform, RedirectUri
from modules.simulator.registration import Application, Audience, ClientCertificate, Secret

CONSUMERS_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_SECRET_LIFETIME = timedelta(days=180)
_MAIL_DIFFERS = 1  # the user whose address is not the UPN


@attrs.define(kw_only=True, eq=False)
class Tenant:
    """A tenant. `administrator` is not one of `users`; nobody else consents for everybody."""

    tenant_id: str
    domain: str
    display_name: str
    administrator: User
    users: list[User] = attrs.field(factory=list)

    @property
    def everybody(self) -> list[User]:
        return [*self.users, self.administrator]


class Properties(TypedDict, total=False):
    """What an application may be registered with; see `Application`."""

    client_id: str
    tenant_id: str
    audience: Audience
    public_client: bool
    id_tokens: bool
    delegated: list[str]
    application_permissions: list[str]
    assigned_only: bool


class Directory:
    """All tenants and applications. The first tenant is everybody's default."""

    def __init__(self, *, seed: int, clock: Clock, chance: Chance) -> None:
        self._seed, self._clock, self._chance = seed, clock, chance
        self.tenants: list[Tenant] = []
        self.applications: list[Application] = []
        self._users: dict[str, User] = {}
        self._consents: dict[tuple[str, str], set[str]] = {}

    @property
    def tenant(self) -> Tenant:
        return self.tenants[0]

    @property
    def users(self) -> list[User]:
        """The people of the first tenant, without its administrator."""
        return self.tenant.users

    @property
    def everybody(self) -> Iterator[User]:
        return (user for tenant in self.tenants for user in tenant.everybody)

    def user(self, who: str | int) -> User:
        """By UPN, address or object id in any tenant, or by number in the first. Raises: KeyError."""
        found = self.users[who] if isinstance(who, int) else self.find_user(who)
        if found is None:
            raise KeyError(who)
        return found

    def find_user(self, who: str) -> User | None:
        return self._users.get(who.casefold())

    def application(self, name: str) -> Application:
        """By name or client id. Raises: KeyError."""
        found = next((each for each in self.applications if each.name == name), None) or self.find_application(name)
        if found is None:
            raise KeyError(name)
        return found

    def find_application(self, client_id: str) -> Application | None:
        return next((each for each in self.applications if each.client_id == client_id.lower()), None)

    def find_tenant(self, name: str) -> Tenant | None:
        """By id or domain."""
        return next((each for each in self.tenants if name.lower() in {each.tenant_id, each.domain}), None)

    def add_tenant(self, domain: str, display_name: str = "", *, tenant_id: str | None = None) -> Tenant:
        tenant_id = tenant_id or fixed_guid(self._seed, "tenant", domain)
        administrator = self._user(tenant_id, f"admin@{domain}", "Administrator", is_admin=True)
        tenant = Tenant(
            tenant_id=tenant_id, domain=domain, display_name=display_name or domain, administrator=administrator
        )
        self.tenants.append(tenant)
        return tenant

    def add_user(self, upn: str, name: str = "", *, tenant: Tenant | None = None, mail: str | None = None) -> User:
        """Raises: ValueError if somebody answers to the UPN."""
        if self.find_user(upn):
            raise ValueError(f"there is somebody of this name: {upn}")
        home = tenant or self.tenant
        user = self._user(home.tenant_id, upn, name or upn, mail=mail)
        home.users.append(user)
        return user

    def _user(self, tenant_id: str, upn: str, name: str, *, mail: str | None = None, is_admin: bool = False) -> User:
        user = User(
            upn=upn,
            mail=mail or upn,
            name=name,
            password=f"Sim-{fixed_guid(self._seed, 'password', upn)[:13]}",
            object_id=fixed_guid(self._seed, "user", upn),
            tenant_id=tenant_id,
            is_admin=is_admin,
        )
        for known in (user.upn, user.mail, user.object_id):
            self._users.setdefault(known.casefold(), user)
        return user

    def add_people(self, tenant: Tenant, number: int) -> None:
        """Add users with made-up names; the second one's address differs from the UPN."""
        for index in range(number):
            local, display = name_of(index)
            mail = f"{local.replace('.', '_')}@mail.{tenant.domain}" if index == _MAIL_DIFFERS else None
            tenant.users.append(self._user(tenant.tenant_id, f"{local}@{tenant.domain}", display, mail=mail))

    def add_application(self, name: str, display_name: str = "", **properties: Unpack[Properties]) -> Application:
        """Register an application of the first tenant, unless the properties name another.

        Raises: ValueError if there is one of that name; TypeError if there is no such property.
        """
        if any(each.name == name for each in self.applications):
            raise ValueError(f"there is an application of this name: {name}")
        client_id = fixed_guid(self._seed, "application", name)
        every: Properties = {"client_id": client_id, "tenant_id": self.tenant.tenant_id, **properties}
        application = Application(name=name, display_name=display_name or name, **every)
        self.applications.append(application)
        return application

    def add_secret(self, application: Application, *, lifetime: timedelta = _SECRET_LIFETIME) -> Secret:
        """Make a new secret; a negative lifetime makes an expired one."""
        secret = Secret(
            secret_id=self._chance.guid("secret id"),
            value=self._chance.text("secret", 40),
            expires_at=self._clock.now() + lifetime,
        )
        application.secrets.append(secret)
        return secret

    def add_certificate(self, application: Application, pem: bytes) -> ClientCertificate:
        """Raises: as `ClientCertificate.read`."""
        certificate = ClientCertificate.read(pem)
        application.certificates.append(certificate)
        return certificate

    def add_redirect_uri(self, application: Application, uri: str, platform: Platform = "web") -> None:
        """Raises: ValueError if Entra would not register it."""
        application.redirect_uris.append(RedirectUri(uri=uri, platform=platform))

    def consent(self, application: Application, who: str, scopes: set[str]) -> None:
        """Note consent of a user (object id) or a whole tenant (its id), to scopes by their full names."""
        self._consents.setdefault((application.client_id, who), set()).update(scopes)

    def consented(self, application: Application, user: User) -> set[str]:
        """The full names of what the user, or the tenant for everybody, agreed to."""
        key = application.client_id
        own, all_ = self._consents.get((key, user.object_id), set()), self.consented_by_tenant(key, user.tenant_id)
        return own | all_

    def consented_by_tenant(self, client_id: str, tenant_id: str) -> set[str]:
        return self._consents.get((client_id, tenant_id), set())

    def withdraw_consent(self, application: Application, who: str) -> None:
        """Forget the consent of a user or a tenant."""
        self._consents.pop((application.client_id, who), None)
