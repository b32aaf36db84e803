from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from harness.environment import Image, Reader, Service, Store, StoreKind, Variant, Version
from harness.environment_file import COLUMNS, find_environment, read_environment
from harness.errors import InvalidInput
from harness.streams.sources.postgresql import Columns
from tests.unit.toy import rewrite, write_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path).parent.parent / "environments" / "shop"


def test_an_environment_is_read_into_values(folder: Path) -> None:
    shop = read_environment(folder)
    assert (shop.name, shop.folder, shop.smoke_paths) == ("shop", folder, ("/items",))
    assert shop.stores == (Store("postgres", StoreKind.POSTGRES), Store("nats", StoreKind.NATS))
    assert shop.workers == (Service("mailer", ("{python}", "-m", "mailer"), 1, False, links=("nats",)),)
    assert shop.routed.links == ("postgres",)
    assert shop.versions[1] == Version("2.0", {"SCHEMA": "2"}, expand=("{python}", "migrate.py", "{postgres.url}"))
    assert shop.variants == (Variant("slow", "answers late", {"DELAY_MS": "300"}, ("2.0",)),)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("replicas = 3", "replicas = 0", "replicas must be more than 0, not 0"),
        ("replicas = 3", "replica = 3", "unknown key 'replica' in [services.0]; did you mean 'replicas'?"),
        ('kind = "nats"', 'kind = "kafka"', "kind must be one of postgres, nats, not 'kafka'"),
        ('links = ["nats"]', 'links = ["natz"]', "no store 'natz'; did you mean 'nats'?"),
        ('name = "mailer"', 'name = "api"', "'api' is there twice in services"),
        ('name = "2.0"', 'name = "2.0+x"', "'2.0+x' cannot be a name"),
        (
            '[[variants]]\nname = "slow"',
            '[[operations]]\nname = ""\nwrites = true\n\n[[variants]]\nname = "slow"',
            "'' cannot be a name",
        ),
        ("routed = false", "routed = true", "exactly one service must be routed = true, not api, mailer"),
        ('versions = ["2.0"]', 'versions = ["2.1"]', "no version '2.1'; did you mean '2.0'?"),
        ('["/items"]', '["items"]', "smoke_paths: a path begins with '/', not 'items'"),
        ('"{port}"', '"{prot}"', "unknown placeholder {prot} in '{prot}'; did you mean {port}?"),
        ('"{python}", "-m", "mailer"', '"{postgres.url}"', "unknown placeholder {postgres.url}"),
        ('variables = { SCHEMA = "2" }', "variables = { SCHEMA = 2 }", "SCHEMA must be a text, not a whole number"),
        (
            '[[variants]]\nname = "slow"',
            '[events]\nstore = "nats"\nquery = "q"\nhead = "h"\n\n[[variants]]\nname = "slow"',
            "events are read from a store of kind postgres, not 'nats'",
        ),
    ],
)
def test_what_could_not_work_is_refused_with_its_line(folder: Path, old: str, new: str, message: str) -> None:
    file = folder / "environment.toml"
    rewrite(file, old, new)
    with pytest.raises(InvalidInput) as caught:
        read_environment(folder)
    assert caught.value.file == file
    assert caught.value.line is not None
    assert message in str(caught.value)


def test_an_operation_may_be_called_like_the_path_of_a_request(folder: Path) -> None:
    rewrite(
        folder / "environment.toml", "[[variants]]", '[[operations]]\nname = "/orders"\nwrites = true\n\n[[variants]]'
    )
    assert [operation.name for operation in read_environment(folder).operations] == ["/orders"]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ('name = "shop:{version}"\nbuild = "images"', "there is no Dockerfile in"),
        ('name = "shop"\nbuild = "."', "name must hold {version}: an image is built for each"),
        ('name = "shop:{versoin}"', "unknown placeholder {versoin}"),
        ('name = "Shop:{version}"', "'Shop:1.0' cannot be the name of an image"),
        ('name = "shop:{version}"\ntag = "1"', "unknown key 'tag' in [image]"),
    ],
)
def test_an_image_that_could_not_be_made_is_refused_with_its_line(folder: Path, image: str, message: str) -> None:
    (folder / "Dockerfile").write_text("FROM scratch")
    file = folder / "environment.toml"
    file.write_text(f"{file.read_text()}\n[image]\n{image}\n")
    with pytest.raises(InvalidInput) as caught:
        read_environment(folder)
    assert caught.value.line is not None
    assert message in str(caught.value)


def test_images_may_come_from_a_registry(folder: Path) -> None:
    image = "registry.example:5000/team/shop-api:v{version}"
    file = folder / "environment.toml"
    file.write_text(f'{file.read_text()}\n[image]\nname = "{image}"\nfolder = "/srv"\n')
    assert read_environment(folder).image == Image(image, folder="/srv")


READER = """
[[readers]]
service = "api"
store = "postgres"
table = "events"
command = ["{python}", "{helper}", "shop.replay:fold"]
variables = { RELEASE = "{version}" }
columns = { data = "body" }
ignored = ["/currency"]
"""


def test_readers_are_read_into_values(folder: Path) -> None:
    file = folder / "environment.toml"
    file.write_text(file.read_text() + READER)
    assert read_environment(folder).readers == (
        Reader(
            "api",
            "postgres",
            ("{python}", "{helper}", "shop.replay:fold"),
            {"RELEASE": "{version}"},
            "events",
            {"data": "body"},
            ignored=("/currency",),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('service = "api"\nstore', 'service = "apo"\nstore', "no service 'apo'; did you mean 'api'?"),
        ('store = "postgres"\ntable', 'store = "mysql"\ntable', "no store 'mysql'"),
        ('store = "postgres"\ntable', 'store = "nats"\ntable', "a table is in a store of kind postgres, not 'nats'"),
        ('table = "events"', 'table = "events"\nstream = "E"', "table or stream is needed, and not both"),
        ('data = "body"', 'dta = "body"', "no column 'dta'; did you mean 'data'?"),
        ('"/currency"', '"currency"', "'currency' is no JSON Pointer: it would begin with /"),
        ('RELEASE = "{version}"', 'PORT = "{port}"', "unknown placeholder {port}"),
        ("{helper}", "{helpr}", "unknown placeholder {helpr} in '{helpr}'; did you mean {helper}?"),
        (READER, READER + READER, "api reads postgres twice"),
    ],
)
def test_a_reader_that_could_not_work_is_refused_with_its_line(folder: Path, old: str, new: str, message: str) -> None:
    file = folder / "environment.toml"
    before = file.read_text()
    assert old in READER
    file.write_text(before + READER.replace(old, new))
    with pytest.raises(InvalidInput) as caught:
        read_environment(folder)
    assert caught.value.line is not None
    assert caught.value.line > len(before.splitlines())
    assert message in str(caught.value)


def test_the_columns_of_a_reader_are_those_that_the_source_has() -> None:
    assert set(COLUMNS) == {column.name for column in fields(Columns)}


def test_an_environment_is_found_from_below_its_project(folder: Path) -> None:
    deep = folder.parent.parent / "scenarios" / "nightly" / "slow"
    deep.mkdir(parents=True)
    assert find_environment("shop", deep).folder == folder
    assert find_environment("../environments/shop", folder.parent.parent / "scenarios").folder == folder
    with pytest.raises(InvalidInput, match=r"no environment 'shpo' in environments/ above .*; did you mean 'shop'\?"):
        find_environment("shpo", deep)
