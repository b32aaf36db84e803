from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import registry
from harness.checkers.latency import Latency
from harness.errors import HarnessError, InvalidInput, Unsupported
from harness.faults.network import LinkFault
from harness.faults.process import Kill, Pause
from harness.plan import plan
from harness.protocols import Gate, Strategy
from harness.scenario import Arrivals, Change, Direct, Ending, Load, Replay, Scenario, Slo
from harness.scenario_check import check_direct
from harness.scenario_file import Overrides, read_scenario
from harness.strategies.canary import Canary, CanaryStep
from harness.windows import Choose, Condition, ScheduledFault, Selection, Window
from tests.unit.toy import DRIVERS, rewrite, write_project


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "DRIVERS", DRIVERS)
    return write_project(tmp_path)


def test_a_scenario_is_read_into_values(scenario: Path) -> None:
    read = read_scenario(scenario)
    assert (read.name, read.summary, read.driver, read.seed) == ("canary", "A healthy canary.", "local", 1)
    assert (read.ending, read.settle_s, read.abort) == (Ending.COMPLETE, 3.0, "")
    assert read.environment.name == "shop"
    assert read.environment.folder == scenario.parent.parent / "environments" / "shop"
    assert read.change == Change("1.0", "2.0")
    assert read.strategy == Canary((CanaryStep(10, 1.0), CanaryStep(100, 2.0)), Gate(error_rate_max=0.02))
    assert read.load == Load(scenario.parent / "locustfile.py", "Shopper", 100.0, Arrivals.POISSON)
    assert read.faults == (ScheduledFault("kill api", Kill("api"), Window(2.0, None, "canary 10 %", 0.5)),)
    assert read.slo == Slo(p99_ms_max=500.0)
    assert read.source == scenario


def test_link_faults_are_told_by_their_kind(scenario: Path) -> None:
    text = '[[fault]]\nkind = "latency"\nservice = "api"\nstore = "postgres"\nat_s = 4\nfor_s = 1\n'
    rewrite(scenario, "[slo]", text + "attributes = { latency = 200 }\n\n[slo]")
    fault = read_scenario(scenario).faults[1]
    assert fault == ScheduledFault(
        "latency api -> postgres", LinkFault("api", "postgres", "latency", {"latency": 200}), Window(1.0, at_s=4.0)
    )


FAULT = "[[fault]]\nat_s = 4\nfor_s = 1\n"
LINK = FAULT + 'service = "api"\nstore = "postgres"\n'


@pytest.mark.parametrize(
    ("fault", "line", "message"),
    [
        (
            LINK + 'kind = "latency"\nattributes = { latancy = 3 }',
            6,
            "latency do not include 'latancy'; did you mean 'lat",
        ),
        (LINK + 'kind = "latency"\nattributes = { latency = "x" }', 6, "latency must be a whole number, not a text"),
        (LINK + 'kind = "timeout"\ntoxicity = 2.0', 6, "toxicity must be above 0 and at most 1"),
        (LINK + 'kind = "timeout"\nstream = "upstraem"', 6, "did you mean 'upstream'?"),
        (LINK + 'kind = "timeuot"', 5, "no fault 'timeuot'; did you mean 'timeout'?"),
        (
            FAULT + 'kind = "partition-one"\nstore = "postgers"',
            4,
            "there is no store that links lead to called 'postgers'",
        ),
        (FAULT + 'kind = "partition-minority"\nservice = "mailer"', 4, "partition-minority parts nobody of"),
        (FAULT + 'kind = "partition-one"\nmanner = "block"', 4, "manner must be one of refuse, drop"),
        (FAULT + 'kind = "http-abort"\nversion = "9.0"', 4, "environment 'shop' has no version '9.0'"),
        (FAULT + 'kind = "http-delay"\nstatus = 500', 4, "unknown key 'status'"),
    ],
)
def test_a_fault_that_could_not_work_is_refused_where_it_stands(
    scenario: Path, fault: str, line: int, message: str
) -> None:
    first = rewrite(scenario, "[slo]", f"{fault}\n\n[slo]")
    with pytest.raises(InvalidInput) as caught:
        read_scenario(scenario)
    assert message in str(caught.value)
    assert caught.value.line == first + line


def test_a_fault_says_when_and_whom(scenario: Path) -> None:
    text = """[[fault]]
kind = "pause"
target = { service = "api", version = "2.0", choose = "majority" }
when = { p99_ms_above = 500, over_s = 2 }
after_s = 1
until_when = { error_rate_below = 0.01, version = "1.0" }
times = 3
pause_s = 4

[[fault]]
kind = "pause"
target = "api"
at = "canary 10 %"
until = "canary 100 %"

[slo]"""
    rewrite(scenario, "[slo]", text)
    chosen, stepped = read_scenario(scenario).faults[1:]
    selection = Selection("api", version="2.0", choose=Choose.MAJORITY)
    when, until_when = Condition(p99_ms_above=500, over_s=2.0), Condition(error_rate_below=0.01, version="1.0")
    window = Window(after_s=1.0, when=when, until_when=until_when, times=3, pause_s=4.0)
    assert chosen == ScheduledFault(f"pause {selection}", Pause(str(selection)), window, selection)
    assert stepped.window == Window(at_step="canary 10 %", until_step="canary 100 %")


PAUSE = '[[fault]]\nkind = "pause"\n'
NOW = 'target = "api"\nat_s = 1\n'


@pytest.mark.parametrize(
    ("fault", "line", "message"),
    [
        (PAUSE + NOW, 0, "a fault ends either after a time (for_s), at a step (until) or when a condition holds"),
        (PAUSE + NOW + 'for_s = 1\nuntil = "contract"', 5, "give exactly one of them"),
        (PAUSE + NOW + "when = { p99_ms_above = 1 }\nfor_s = 1", 4, "a fault starts either"),
        (PAUSE + NOW + 'until = "canary 99 %"', 4, "the deployment has no step 'canary 99 %'; did you mean 'canary"),
        (
            PAUSE + 'target = "api"\nat = "canary 100 %"\nuntil = "canary 10 %"',
            4,
            "'canary 10 %' cannot end what begins with 'canary 100 %'",
        ),
        (PAUSE + NOW + "until_when = { p99_above = 3 }", 4, "unknown key 'p99_above' in [fault.1.until_when]; did"),
        (PAUSE + NOW + "until_when = { over_s = 3 }", 4, "a condition is exactly one of p99_ms_above, p99_ms_below"),
        (PAUSE + NOW + "until_when = { error_rate_above = 5 }", 4, "error_rate_above must be from 0 to 1"),
        (
            PAUSE + NOW + 'until_when = { p99_ms_above = 5, version = "9" }',
            4,
            "environment 'shop' has no version '9'",
        ),
        (PAUSE + NOW + "for_s = 1\ntimes = 0", 5, "times must be more than 0"),
        (PAUSE + NOW + 'until = "contract"\ntimes = 2', 5, "times must be 1 where a step ends the window"),
        (PAUSE + 'at_s = 1\nfor_s = 1\ntarget = { service = "apo" }', 4, "no service 'apo'; did you mean 'api'?"),
        (PAUSE + 'at_s = 1\nfor_s = 1\ntarget = { choose = "some" }', 4, "choose must be one of one, minority,"),
        (PAUSE + "at_s = 1\nfor_s = 1\ntarget = { share = 0 }", 4, "share must be above 0 and at most 1"),
        (PAUSE + 'at_s = 1\nfor_s = 1\ntarget = { share = 1, choose = "one" }', 4, "share says how many already"),
        (PAUSE + 'at_s = 1\nfor_s = 1\ntarget = { version = "9" }', 4, "environment 'shop' has no version '9'"),
        (LINK + 'kind = "timeout"\ntarget = { share = 1 }', 6, "unknown key 'target'"),
    ],
)
def test_a_window_or_a_choice_that_could_not_work_is_refused_where_it_stands(
    scenario: Path, fault: str, line: int, message: str
) -> None:
    first = rewrite(scenario, "[slo]", f"{fault}\n\n[slo]")
    with pytest.raises(InvalidInput) as caught:
        read_scenario(scenario)
    assert message in str(caught.value)
    assert caught.value.line == first + line


def test_a_command_line_overrides(scenario: Path) -> None:
    read = read_scenario(scenario, Overrides(seed=7, new="2.0+slow"))
    assert (read.seed, read.change.new) == (7, "2.0+slow")
    with pytest.raises(InvalidInput, match=r"^environment 'shop' has no version '2.1'"):
        read_scenario(scenario, Overrides(new="2.1"))
    with pytest.raises(InvalidInput, match=r"^no driver 'lokal'; did you mean 'local'\?$"):
        read_scenario(scenario, Overrides(driver="lokal"))
    with pytest.raises(Unsupported, match=r":23: the driver 'bare' cannot break api: it does not offer Killable$"):
        read_scenario(scenario, Overrides(driver="bare"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "canary"', 'nmae = "canary"', "unknown key 'nmae'; did you mean 'name'?"),
        ('name = "canary"', "name = 5", "name must be a text, not a whole number"),
        ('environment = "shop"', 'environment = "shoop"', "no environment 'shoop' in environments/ above"),
        ('environment = "shop"', 'seed = -1\nenvironment = "shop"', "seed must be 0 or more, not -1"),
        (
            'environment = "shop"',
            'driver = "kindd"\nenvironment = "shop"',
            "no driver 'kindd'; known: bare, containers, kubernetes, local",
        ),
        (
            'environment = "shop"',
            'ending = "complet"\nenvironment = "shop"',
            "ending must be one of complete, rollback",
        ),
        ('environment = "shop"', 'abort = "canary"\nenvironment = "shop"', "the deployment has no step 'canary'"),
        ('environment = "shop"', 'settle_s = -1\nenvironment = "shop"', "settle_s must be 0 or more, not -1"),
        ('environment = "shop"', 'settle_s = nan\nenvironment = "shop"', "settle_s must be 0 or more, not nan"),
        ('old = "1.0"', 'old = "1.1"', "environment 'shop' has no version '1.1'; did you mean '1.0'?"),
        ('new = "2.0"', 'new = "2.0+slwo"', "environment 'shop' has no variant 'slwo'; did you mean 'slow'?"),
        ('new = "2.0"', 'new = "1.0"', "nothing would change: old and new are both '1.0'"),
        ('new = "2.0"', 'nwe = "2.0"', "unknown key 'nwe' in [change]; did you mean 'new'?"),
        ('kind = "canary"', 'kind = "canray"', "no strategy 'canray'; did you mean 'canary'?"),
        ("rate_per_s = 100", "rate_per_s = 0", "rate_per_s must be more than 0, not 0"),
        ("rate_per_s = 100", "rate_per_s = inf", "rate_per_s must be more than 0, not inf"),
        ("rate_per_s = 100", "rate = 100", "unknown key 'rate' in [load]; did you mean 'rate_per_s'?"),
        ("rate_per_s = 100", 'rate_per_s = "100"', "rate_per_s must be a number, not a text"),
        ('locustfile = "locustfile.py"', 'locustfile = "absent.py"', "no file "),
        ('user = "Shopper"', 'user = "Shoper"', "locustfile.py has no user 'Shoper'; did you mean 'Shopper'?"),
        ('kind = "kill"', 'kind = "kil"', "no fault 'kil'; did you mean 'kill'?"),
        ('target = "api"', 'target = "apo"', "no instance or service 'apo'; did you mean 'api'?"),
        ('target = "api"', 'target = "apo-2"', "no instance or service 'apo-2'"),
        ('at = "canary 10 %"', 'at = "canary 25 %"', "the deployment has no step 'canary 25 %'; did you mean 'canary"),
        ('at = "canary 10 %"', "at_s = -1", "at_s must be 0 or more, not -1"),
        (
            "after_s = 0.5",
            "at_s = 3\nafter_s = 0.5",
            "a fault starts either at a step (at), at a second (at_s) or when",
        ),
        ("for_s = 2", "for_s = 0", "for_s must be more than 0, not 0"),
        ("p99_ms_max = 500", "p99_max = 500", "unknown key 'p99_max' in [slo]; did you mean 'p99_ms_max'?"),
        ("p99_ms_max = 500", "error_rate_max = 5", "error_rate_max must be from 0 to 1 (0.05 is 5 %), not 5"),
    ],
)
def test_what_could_not_work_is_refused_with_its_line(scenario: Path, old: str, new: str, message: str) -> None:
    line = rewrite(scenario, old, new)
    with pytest.raises(InvalidInput) as caught:
        read_scenario(scenario)
    assert caught.value.file == scenario
    assert message in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ('name = "canary"\n', ": 'name' is missing"),
        ('environment = "shop"\n', ": 'environment' is missing"),
        ('old = "1.0"\n', ":5: 'old' is missing in [change]"),
        ('kind = "canary"\n', ":9: 'kind' is missing in [strategy]"),
        ('user = "Shopper"\n', ":17: 'user' is missing in [load]"),
        ('target = "api"\n', ":22: 'target' is missing in [fault.0]"),
        ("for_s = 2\n", ":22: a fault ends either after a time (for_s), at a step (until) or when"),
        ('at = "canary 10 %"\n', ":22: a fault starts either at a step (at), at a second (at_s) or when"),
    ],
)
def test_what_is_missing_is_named_with_the_line_of_its_table(scenario: Path, old: str, message: str) -> None:
    rewrite(scenario, old, "")
    with pytest.raises(InvalidInput) as caught:
        read_scenario(scenario)
    assert str(caught.value).startswith(f"{scenario}{message}")


def test_an_option_of_another_strategy_is_refused(scenario: Path) -> None:
    line = rewrite(scenario, 'kind = "canary"', 'kind = "rolling"')
    with pytest.raises(InvalidInput, match=r"unknown key 'weights' in \[strategy\]; ") as caught:
        read_scenario(scenario)
    assert caught.value.line == line + 1


def test_a_weight_over_100_is_refused_with_its_line(scenario: Path) -> None:
    line = rewrite(scenario, "{ weight = 100, hold_s = 2 }", "{ weight = 101, hold_s = 2 }")
    with pytest.raises(InvalidInput, match="weight must be from") as caught:
        read_scenario(scenario)
    assert caught.value.line == line - 2  # where the statement begins


def test_two_faults_of_one_name(scenario: Path) -> None:
    second = '[[fault]]\nkind = "kill"\ntarget = "api"\nat_s = 1\nfor_s = 1\n'
    rewrite(scenario, "[slo]", second + "[slo]")
    with pytest.raises(InvalidInput, match=r":29: two faults are called 'kill api'; give this one a name"):
        read_scenario(scenario)


def test_a_link_that_does_not_exist(scenario: Path) -> None:
    fault = '[[fault]]\nkind = "down"\nservice = "api"\nstore = "nats"\nat_s = 1\nfor_s = 1\n'
    rewrite(scenario, "[slo]", fault + "[slo]")
    with pytest.raises(InvalidInput, match=r":32: service 'api' has no link to a store 'nats'; known: postgres"):
        read_scenario(scenario)


def test_an_environment_by_path(scenario: Path) -> None:
    rewrite(scenario, 'environment = "shop"', 'environment = "../environments/shop"')
    assert read_scenario(scenario).environment.name == "shop"


def test_a_locustfile_with_a_syntax_error(scenario: Path) -> None:
    (scenario.parent / "locustfile.py").write_text("class Shopper:\n")
    with pytest.raises(InvalidInput, match=r"canary.toml:18: .*locustfile.py:1: expected an indented block"):
        read_scenario(scenario)


def test_a_strategy_of_someone_else_is_read_as_strictly(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group: registry.Group[Strategy] = registry.Group(
        "strategy", "harness.strategies", {"shuffle": "tests.unit.shuffle:Shuffle"}
    )
    monkeypatch.setattr(registry, "STRATEGIES", group)
    text = scenario.read_text()
    start, end = text.index("[strategy]"), text.index("[load]")
    shuffled = text[:start] + '[strategy]\nkind = "shuffle"\npace = "slow"\n\n' + text[end:]
    scenario.write_text(shuffled.replace('"canary 10 %"', '"shuffle"'))
    assert repr(read_scenario(scenario).strategy) == "Shuffle(pace='slow')"
    rewrite(scenario, "pace", "pase")
    with pytest.raises(InvalidInput, match=r":11: unknown key 'pase' in \[strategy\]; did you mean 'pace'\?"):
        read_scenario(scenario)


def test_what_is_found_must_be_loadable(monkeypatch: pytest.MonkeyPatch) -> None:
    group: registry.Group[object] = registry.Group("fault", "harness.faults", {"melt": "no_such_module:Melt"})
    with pytest.raises(HarnessError, match="the fault 'melt' cannot be loaded from no_such_module:Melt"):
        group.find("melt")


def complaint(scenario: Path, text: str) -> str:
    """About the scenario with these lines at its end."""
    scenario.write_text(scenario.read_text() + text)
    with pytest.raises(InvalidInput) as caught:
        read_scenario(scenario)
    return str(caught.value)


def test_checkers_follow_the_service_levels_and_what_the_file_says(scenario: Path) -> None:
    def latency_of(read: Scenario) -> Latency:
        return next(checker for checker in read.checkers if isinstance(checker, Latency))

    assert latency_of(read_scenario(scenario)) == Latency(500.0)
    text = scenario.read_text()
    scenario.write_text(text + '\n[checkers]\nexclude = ["rollback"]\n[checkers.latency]\nratio_max = 3\n')
    read = read_scenario(scenario)
    assert latency_of(read) == Latency(500.0, ratio_max=3.0)
    assert "rollback" not in [checker.name for checker in read.checkers]
    assert "availability" in [checker.name for checker in read.checkers]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[checkers]\nexclude = ["rolback"]\n', "32: no checker 'rolback' would judge this; did you mean 'rollback'?"),
        ("[checkers.latncy]\n", "31: no checker 'latncy'; did you mean 'latency'?"),
        ("[checkers.latency]\nratio = 3\n", "32: unknown key 'ratio' in [checkers.latency]; did you mean 'ratio_max'?"),
    ],
)
def test_checkers_that_do_not_exist_are_refused(scenario: Path, text: str, message: str) -> None:
    assert complaint(scenario, text) == f"{scenario}:{message}"


def with_reader(scenario: Path) -> None:
    environment = scenario.parent.parent / "environments" / "shop" / "environment.toml"
    reader = '\n[[readers]]\nservice = "api"\nstore = "postgres"\ntable = "events"\ncommand = ["read"]\n'
    environment.write_text(environment.read_text() + reader)


def test_a_replay_is_asked_for_by_its_table_and_then_judged(scenario: Path) -> None:
    with_reader(scenario)
    assert read_scenario(scenario).replay is None
    assert "replay" not in [checker.name for checker in read_scenario(scenario).checkers]
    (scenario.parent / "old.jsonl").touch()
    scenario.write_text(scenario.read_text() + '\n[replay]\nevery_s = 2\nrecordings = ["old.jsonl"]\n')
    read = read_scenario(scenario)
    assert read.replay == Replay(2.0, (scenario.parent / "old.jsonl",))
    assert "replay" in [checker.name for checker in read.checkers]
    assert "replay of all events every 2 s, and of old.jsonl once, by both versions; a rollback does" in plan(read)


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (True, "[replay]\nevery = 2\n", "32: unknown key 'every' in [replay]; did you mean 'every_s'?"),
        (True, "[replay]\nevery_s = 0\n", "32: every_s must be more than 0, not 0"),
        (True, '[replay]\nrecordings = ["a.jsonl"]\n', "32: there is no recording "),
        (False, "[replay]\n", "31: environment 'shop' has no [[readers]] to replay anything through"),
    ],
)
def test_a_replay_that_could_not_work_is_refused(scenario: Path, reader: bool, text: str, message: str) -> None:
    if reader:
        with_reader(scenario)
    assert complaint(scenario, text).startswith(f"{scenario}:{message}")


def test_instances_are_asked_past_the_router_if_a_table_asks_for_it(scenario: Path) -> None:
    assert read_scenario(scenario).direct is None
    scenario.write_text(scenario.read_text() + '[direct]\npath = "/balance"\nrate_per_s = 150\n')
    read = read_scenario(scenario)
    assert read.direct == Direct(150.0, "/balance")
    assert "past the router, to each instance: GET /balance, each 150/s on new and on kept connections" in plan(read)


def test_instances_are_written_to_past_the_router_if_a_table_asks_for_it(scenario: Path) -> None:
    text = """
[direct]
path = "/balance"

[direct.write]
path = "/transfers"
headers = { "idempotency-key" = "{key}" }
body = '{"from": 1, "key": {key}}'
"""
    scenario.write_text(scenario.read_text() + text)
    read = read_scenario(scenario)
    assert read.direct is not None
    assert read.direct.write is not None
    assert read.direct.write.method == "POST"
    assert read.direct.write.keyed(5) == ("/transfers", {"idempotency-key": "5"}, '{"from": 1, "key": 5}')
    assert "GET /balance and POST /transfers, each 110/s on new and on kept connections" in plan(read)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[direct]\nrate = 2\n", "32: unknown key 'rate' in [direct]; did you mean 'rate_per_s'?"),
        ("[direct]\nrate_per_s = 0\n", "32: rate_per_s must be more than 0, not 0"),
        ('[direct]\npath = "ready"\n', "32: 'ready' is no path: it begins with a slash"),
        ('[direct.write]\nmethod = "PUT"\n', "31: 'path' is missing in [direct.write]"),
        ('[direct.write]\npath = "notes"\n', "32: path begins with a slash, not as 'notes'"),
        (
            '[direct.write]\npath = "/notes"\nmethod = "GET"\n',
            "33: method must be one of POST, PUT, PATCH, DELETE, not 'GET'",
        ),
        (
            '[direct.write]\npath = "/notes/{kee}"\n',
            "31: unknown placeholder {kee} in '/notes/{kee}'; did you mean {key}?",
        ),
    ],
)
def test_what_could_not_be_asked_past_the_router_is_refused(scenario: Path, text: str, message: str) -> None:
    assert complaint(scenario, text) == f"{scenario}:{message}"


def test_where_nothing_can_be_asked_past_the_router_it_is_refused(scenario: Path) -> None:
    read = read_scenario(scenario)
    with pytest.raises(Unsupported, match="does not say before a pod goes that it will"):
        check_direct(Direct(path="/ready"), read.environment, registry.DRIVERS.find("kubernetes"))
    with pytest.raises(InvalidInput, match="environment 'shop' has no smoke_paths; say which path is asked for"):
        check_direct(Direct(), replace(read.environment, smoke_paths=()), registry.DRIVERS.find("local"))


READ_MODEL = """
[events]
store = "postgres"
query = "SELECT 1"
head = "SELECT 1"

[projection]
store = "postgres"
query = "SELECT 1"
head = "SELECT 1"
rebuilt_query = "SELECT 1"
rebuilt_head = "SELECT 1"
"""


def with_rebuild(scenario: Path) -> Path:
    """Its environment."""
    text = scenario.read_text()
    start, end = text.index("[strategy]"), text.index("[load]")
    strategy = '[strategy]\nkind = "blue-green"\nrebuild = true\n\n'
    scenario.write_text(text[:start] + strategy + text[end:].split("[[fault]]")[0])
    return scenario.parent.parent / "environments" / "shop" / "environment.toml"


def test_a_read_model_that_nobody_could_look_at_is_not_rebuilt(scenario: Path) -> None:
    with_rebuild(scenario)
    with pytest.raises(
        InvalidInput, match=r":11: environment 'shop' does not say how a read model that is built aside"
    ):
        read_scenario(scenario)


def test_a_read_model_that_nobody_could_switch_is_not_rebuilt(scenario: Path) -> None:
    environment = with_rebuild(scenario)
    environment.write_text(environment.read_text() + READ_MODEL)
    with pytest.raises(InvalidInput, match=r":11: version .2\.0. has no command .switch. for its read model"):
        read_scenario(scenario)
    text = environment.read_text()
    commands = 'variables = { SCHEMA = "2" }\nswitch = ["a"]\nswitch_back = ["b"]\n'
    environment.write_text(text.replace('variables = { SCHEMA = "2" }\n', commands))
    assert "verify read model" in plan(read_scenario(scenario))


def test_a_strategy_that_the_driver_cannot_carry_out_is_refused(scenario: Path) -> None:
    text = scenario.read_text()
    start, end = text.index("[strategy]"), text.index("[load]")
    scenario.write_text(text[:start] + '[strategy]\nkind = "deployment"\n\n' + text[end:].split("[[fault]]")[0])
    message = r":10: the driver 'local' cannot carry out NativeDeployment: it does not offer Platform"
    with pytest.raises(Unsupported, match=message):
        read_scenario(scenario)
    assert read_scenario(scenario, Overrides(driver="kubernetes")).driver == "kubernetes"


def test_a_baseline_is_refused_where_it_could_not_be_told_from_the_others(scenario: Path) -> None:
    rewrite(scenario, 'kind = "canary"', 'kind = "canary"\nanalysis = {}\nbaseline = true')
    scenario.write_text(scenario.read_text().split("[[fault]]")[0])
    assert read_scenario(scenario).strategy.baseline  # type: ignore[attr-defined]
    with pytest.raises(Unsupported, match="the driver 'kubernetes' cannot give a canary a baseline"):
        read_scenario(scenario, Overrides(driver="kubernetes"))


def test_a_baseline_without_an_analysis_is_refused(scenario: Path) -> None:
    line = rewrite(scenario, 'kind = "canary"', 'kind = "canary"\nbaseline = true') + 1
    with pytest.raises(InvalidInput, match=rf":{line}: baseline needs an analysis"):
        read_scenario(scenario)
