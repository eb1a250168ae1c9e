"""The tenants, people and applications that every simulator starts with."""

from modules.simulator.directory import Directory
from modules.simulator.scopes import GRAPH

_MAIL = [f"{GRAPH}/User.Read", f"{GRAPH}/Mail.Read"]


def populate(directory: Directory, users: int) -> None:
    """Two tenants; `users` people in the first and one in the second; applications web, public, daemon and spa."""
    directory.add_people(directory.add_tenant("contoso-class.example", "Contoso Class"), users)
    other = directory.add_tenant("fabrikam-class.example", "Fabrikam Class")
    directory.add_user(f"emma.fischer@{other.domain}", "Emma Fischer", tenant=other)
    web = directory.add_application("web", "Mail Register", delegated=list(_MAIL))
    web.with_redirects("web", ("http://localhost/auth/callback", "http://127.0.0.1/auth/callback"))
    directory.add_secret(web)
    public = directory.add_application("public", "Mail Register for Devices", public_client=True, delegated=list(_MAIL))
    public.with_redirects("public", ("http://localhost", "http://localhost/auth/callback"))
    daemon = directory.add_application(
        "daemon", "Mail Register Service", audience="single", application_permissions=["Mail.Read", "User.Read.All"]
    )
    directory.add_secret(daemon)
    directory.consent(
        daemon, directory.tenant.tenant_id, {f"{GRAPH}/{each}" for each in daemon.application_permissions}
    )
    spa = directory.add_application("spa", "Mail Register in the Browser", delegated=list(_MAIL))
    spa.with_redirects("spa", ("http://localhost/spa",))
