"""A tiny environment for the driver's tests, on real servers; its service needs nothing but Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.environment import Environment, Image, Router, Service, Store, StoreKind, Variant, Version

FOLDER = Path(__file__).parent
POSTGRES = Store("postgres", StoreKind.POSTGRES)
NATS = Store("nats", StoreKind.NATS)
WEB = Service(
    "web",
    command=("{python}", "-I", "-S", "{folder}/service.py", "{host}", "{port}"),
    replicas=2,
    routed=True,
    variables={"VERSION": "{version}", "INSTANCE": "{instance}", "POSTGRES_URL": "{postgres.url}"},
    links=("postgres",),
    stop_grace_s=3.0,
)
WORKER = Service("worker", command=("{python}", "-I", "-S", "{folder}/worker.py"), replicas=1, routed=False)
ECHO = Environment(
    name="echo",
    folder=FOLDER,
    stores=(POSTGRES, NATS),
    services=(WEB, WORKER),
    versions=(
        Version("1.0"),
        Version("2.0", expand=("{python}", "{folder}/migrate.py", "expand", "{version}")),
    ),
    variants=(
        Variant("broken", "does not start", {"MODE": "broken"}),
        Variant("stubborn", "ignores SIGTERM", {"MODE": "stubborn"}),
    ),
    router=Router(request_timeout_s=2.0),
    image=Image("rollproof-echo:{version}", build="."),
    setup=("{python}", "{folder}/migrate.py", "setup", "{postgres.url}"),
)
STORELESS = replace(
    ECHO,
    stores=(),
    setup=(),
    services=(replace(WEB, links=(), variables={"VERSION": "{version}", "INSTANCE": "{instance}"}), WORKER),
)
"""For what stores have no part in: it is up sooner."""
