"""Scenarios: the library, scaling, and an error for everything that cannot be run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scenarios.scenario import LIBRARY, Scenario, ScenarioError, load, names

GOOD = """
name = "small"
summary = "A small drop."

[arrivals]
shape = "constant"
per_s = 10
duration_s = 2

[[products]]
id = "shoe"
name = "Shoe"
price_won = 1000
sizes = [{ size = "270", units = 3 }, { size = "280", units = 2, popularity = 2 }]
"""

SPIKE = """
shape = "spike"
lull_s = 1
lull_per_s = 1
peak_per_s = 10
half_life_s = 1
decay_s = 2
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "scenario.toml"
    path.write_text(text)
    return path


def complaint_about(text: str, folder: Path) -> str:
    path = write(folder, text)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value).replace(str(folder), "")


def test_every_scenario_of_the_library_can_be_loaded_by_its_name() -> None:
    assert {"sneaker_drop", "steady_orders"} <= set(names())
    for name in names():
        assert load(name).name == name


def test_a_scenario_can_be_loaded_from_a_file(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, GOOD))
    assert [sku.sku for sku in scenario.skus] == ["shoe-270", "shoe-280"]
    assert [sku.units for sku in scenario.skus] == [3, 2]
    assert [sku.popularity for sku in scenario.skus] == [1.0, 2.0]
    assert {sku.price_won for sku in scenario.skus} == {1000}
    assert {sku.product for sku in scenario.skus} == {"shoe"}


def test_the_sneaker_drop_is_a_spike_of_about_twenty_thousand_for_three_hundred_pairs() -> None:
    scenario = load("sneaker_drop")
    assert scenario.arrivals.shape == "spike"
    assert scenario.arrivals.expected == pytest.approx(20_000, rel=0.02)
    assert sum(sku.units for sku in scenario.skus) == 300
    assert scenario.duration_s == 16


def test_steady_orders_follows_the_published_profile_with_stock_for_everybody() -> None:
    scenario = load("steady_orders")
    assert scenario.arrivals.shape == "ramp"
    assert [stage.duration_s for stage in scenario.arrivals.stages] == [45, 60, 90, 30]
    assert [stage.to_per_s for stage in scenario.arrivals.stages] == [50, 300, 300, 50]
    assert scenario.arrivals.start_per_s == 50
    assert scenario.journey == ("browse", "order")
    assert all(sku.units > scenario.arrivals.expected for sku in scenario.skus)
    population = scenario.shoppers.population
    assert population
    orders_each = scenario.arrivals.expected / population
    dearest = max(sku.price_won for sku in scenario.skus)
    assert scenario.shoppers.balance_won > 4 * orders_each * dearest


def test_the_limited_drop_is_fifty_thousand_tries_of_ten_thousand_shoppers_for_five_hundred_pairs() -> None:
    scenario = load("limited_drop")
    assert scenario.arrivals.expected == pytest.approx(50_000, rel=0.02)
    assert scenario.shoppers.population == 10_000
    assert sum(sku.units for sku in scenario.skus) == 500
    assert len(scenario.skus) == 5
    assert {sku.limit for sku in scenario.skus} == {1}
    assert scenario.cart.lines == (0, 1)


def test_in_the_last_pairs_some_carts_cannot_be_paid_and_stock_ends_in_remainders() -> None:
    scenario = load("last_pairs")
    assert scenario.cart.quantity == 2
    assert any(sku.units % 2 for sku in scenario.skus)
    of_two, of_three = (2 * lines * scenario.skus[0].price_won for lines in (2, 3))
    assert of_two <= scenario.shoppers.balance_won < of_three


@pytest.mark.parametrize("name", ["sneaker_drop", "steady_orders", "limited_drop", "last_pairs"])
def test_scaling_keeps_the_rates_and_shortens_the_time(name: str) -> None:
    scenario = load(name)
    scaled = scenario.scaled(0.1)
    assert scaled.duration_s == pytest.approx(scenario.duration_s / 10)
    assert scaled.arrivals.expected == pytest.approx(scenario.arrivals.expected / 10)
    assert scaled.shoppers == scenario.shoppers
    assert scaled.products == scenario.products


def test_a_scenario_scaled_by_one_is_itself() -> None:
    assert load("sneaker_drop").scaled(1) == load("sneaker_drop")


def test_a_scaled_constant_rate_lasts_as_long_as_asked(tmp_path: Path) -> None:
    assert load(write(tmp_path, GOOD)).scaled(3).duration_s == 6


@pytest.mark.parametrize("time", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_scale_that_is_not_positive_is_refused(time: float) -> None:
    with pytest.raises(ScenarioError, match=r"time scale .* expected a number above 0"):
        load("sneaker_drop").scaled(time)


def test_a_time_scale_that_asks_for_too_many_shoppers_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"sneaker_drop at time scale 100000: .* at most 20,000,000"):
        load("sneaker_drop").scaled(100_000)


def test_a_scenario_embedded_in_a_run_is_read_back_the_same(tmp_path: Path) -> None:
    (tmp_path / "crowd.csv").write_text("second,count\n0,5\n3,2\n")
    text = GOOD.replace(
        'shape = "constant"\nper_s = 10\nduration_s = 2', 'shape = "replay"\nfile = "crowd.csv"'
    )
    for scenario in (load(write(tmp_path, text)), load("sneaker_drop"), load("steady_orders").scaled(0.3)):
        assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario


def test_an_unknown_name_lists_the_nearest_and_the_available() -> None:
    with pytest.raises(ScenarioError) as caught:
        load("sneaker_dorp")
    assert "no scenario 'sneaker_dorp'; did you mean 'sneaker_drop'?" in str(caught.value)
    assert "steady_orders" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no\.toml: cannot be read \(No such file or directory\)"):
        load(tmp_path / "no.toml")


def test_a_folder_is_not_a_scenario(tmp_path: Path) -> None:
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(ScenarioError, match="Is a directory"):
        load(folder)


def test_an_empty_file_is_refused_with_a_way_to_start(tmp_path: Path) -> None:
    assert "empty; expected a scenario" in complaint_about("", tmp_path)
    assert "empty; expected a scenario" in complaint_about("# nothing yet\n", tmp_path)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "drop.toml"
    file.write_bytes(b"\xef\xbb\xbf" + (LIBRARY / "sneaker_drop.toml").read_bytes())

    assert load(file) == load("sneaker_drop")


def test_a_toml_error_has_its_line(tmp_path: Path) -> None:
    assert "not valid TOML" in complaint_about('name = "x"\nsummary = \n', tmp_path)
    assert "line 2" in complaint_about('name = "x"\nsummary = \n', tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load(path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("units = 3", "units = 0", "products[0].sizes[0].units = 0: expected greater than or equal to 1"),
        ("units = 3", "units = -5", "products[0].sizes[0].units = -5: expected"),
        ("units = 3", "units = 1.5", "products[0].sizes[0].units = 1.5: expected a valid integer"),
        ("units = 3", "unist = 3", "products[0].sizes[0].unist: unknown key; did you mean 'units'?"),
        (", units = 3", "", "products[0].sizes[0].units: missing"),
        ("duration_s = 2", "duration_s = -2", "arrivals.duration_s = -2: expected greater than 0"),
        ("duration_s = 2", "duration_s = inf", "arrivals.duration_s = inf: expected a finite number"),
        ("per_s = 10", "per_s = nan", "arrivals.per_s = nan: expected a finite number"),
        ("per_s = 10", "per_s = 'many'", "arrivals.per_s = 'many': expected a valid number"),
        ("per_s = 10", "per_s = 1e9", "arrivals: 2,000,000,000 shoppers; expected at most 20,000,000"),
        ("per_s = 10", "par_s = 10", "arrivals.par_s: unknown key; did you mean 'per_s'?"),
        ('"constant"', '"spkie"', "arrivals.shape = 'spkie'; did you mean 'spike'?"),
        ('shape = "constant"', "", "arrivals.shape: missing"),
        ('id = "shoe"', 'id = "Shoe!"', "products[0].id = 'Shoe!': expected text to match pattern"),
        ('size = "280"', 'size = "270"', "products: shoe-270 is there twice"),
        ('name = "small"', 'nmae = "small"', "nmae: unknown key; did you mean 'name'?"),
        ("price_won = 1000", "price_won = 1000\nlimit = 0", "products[0].limit = 0: expected greater than"),
        ("price_won = 1000", "price_won = 0", "products[0].price_won = 0: expected greater than 0"),
    ],
)
def test_a_wrong_value_is_named_with_its_path_and_what_was_expected(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    assert old in GOOD
    assert expected in complaint_about(GOOD.replace(old, new, 1), tmp_path)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("[cart]\nlines = [0.5, 0.4]", "lines = [0.5, 0.4] adds up to 0.9; expected chances"),
        ("[cart]\nlines = [1.5, -0.5]", "expected chances, none negative"),
        ("[cart]\nlines = []", "cart.lines = []: expected a list to have at least 1 item"),
        ("[cart]\nlines = [0.2, 0.3, 0.5]", "carts of 3 different SKUs, but products has only 2"),
        ("[cart]\nquantity = 0", "cart.quantity = 0: expected greater than or equal to 1"),
        ("[shoppers]\npatience_s = 0", "shoppers.patience_s = 0: expected greater than 0"),
        ("[shoppers]\npopulation = 0", "shoppers.population = 0: expected"),
        ("[shoppers.retry]\nattempts = 0", "shoppers.retry.attempts = 0: expected"),
        ("[shoppers.bots]\nshare = 1.5", "shoppers.bots.share = 1.5: expected less than or equal to 1"),
        ("[shoppers.bots]\nshaer = 1", "shoppers.bots.shaer: unknown key; did you mean 'share'?"),
        ("[extra]\nx = 1", "extra: unknown key; expected one of name, summary, arrivals, products"),
    ],
)
def test_a_wrong_table_is_named(extra: str, expected: str, tmp_path: Path) -> None:
    assert expected in complaint_about(f"{GOOD}\n{extra}", tmp_path)


def test_a_limit_below_the_quantity_of_every_cart_is_refused(tmp_path: Path) -> None:
    text = GOOD.replace("price_won = 1000", "price_won = 1000\nlimit = 1") + "[cart]\nquantity = 2"
    told = complaint_about(text, tmp_path)
    assert "cart.quantity = 2, but shoe has limit = 1, so nobody could ever buy it" in told


def test_bots_need_an_order_in_the_journey(tmp_path: Path) -> None:
    text = 'journey = ["browse"]\n' + GOOD + "[shoppers.bots]\nshare = 0.5"
    assert "shoppers.bots.share = 0.5, but bots only order" in complaint_about(text, tmp_path)


def test_an_operation_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    assert "journey[0] = 'steal': expected 'browse' or 'order'" in complaint_about(
        'journey = ["steal"]\n' + GOOD, tmp_path
    )


def test_a_crowd_that_never_comes_is_refused(tmp_path: Path) -> None:
    ramp = 'shape = "ramp"\nstart_per_s = 0\nstages = [{ duration_s = 5, to_per_s = 0 }]'
    text = GOOD.replace('shape = "constant"\nper_s = 10\nduration_s = 2', ramp)
    assert "nobody would ever arrive" in complaint_about(text, tmp_path)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = complaint_about(
        GOOD.replace("units = 3", "units = 0").replace("per_s = 10", "per_s = 0"), tmp_path
    )
    assert len(told.splitlines()) == 2


def replay(tmp_path: Path, csv: str | None) -> Any:
    if csv is not None:
        (tmp_path / "crowd.csv").write_text(csv)
    constant = 'shape = "constant"\nper_s = 10\nduration_s = 2'
    return GOOD.replace(constant, 'shape = "replay"\nfile = "crowd.csv"')


def test_a_replay_reads_its_counts_from_beside_the_scenario(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, replay(tmp_path, "second,count\n0,5\n\n3, 2\n")))
    assert scenario.arrivals.shape == "replay"
    assert scenario.arrivals.counts == (5, 0, 0, 2)
    assert scenario.arrivals.expected == 7
    assert scenario.duration_s == 4


def test_a_scaled_replay_keeps_its_rates_and_loses_nobody_to_rounding(tmp_path: Path) -> None:
    rows = "\n".join(f"{second},1" for second in range(100))
    scaled = load(write(tmp_path, replay(tmp_path, f"second,count\n{rows}\n"))).scaled(0.25)
    assert scaled.arrivals.shape == "replay"
    assert scaled.duration_s == 25
    assert sum(scaled.arrivals.counts) == 25


def test_a_replay_without_its_file_is_refused(tmp_path: Path) -> None:
    told = complaint_about(replay(tmp_path, None), tmp_path)
    assert "arrivals.file: /crowd.csv: cannot be read (No such file or directory)" in told


def test_a_replay_must_name_its_file(tmp_path: Path) -> None:
    text = replay(tmp_path, None).replace('file = "crowd.csv"', "")
    assert "arrivals.file: missing" in complaint_about(text, tmp_path)


@pytest.mark.parametrize(
    ("csv", "expected"),
    [
        ("", "line 1 is ''; expected the header 'second,count'"),
        ("time,n\n0,1\n", "line 1 is 'time,n'; expected the header"),
        ("second,count\n0,many\n", "line 2 is '0,many'; expected two whole numbers"),
        ("second,count\n0,1,2\n", "line 2 is '0,1,2'; expected two whole numbers"),
        ("second,count\n0,-1\n", "line 2: count is -1; expected from 0"),
        ("second,count\n1,1\n1,1\n", "line 3: second is 1; expected more than 1"),
        ("second,count\n1700000000,1\n", "line 2: second is 1700000000; expected more than -1"),
        ("second,count\n", "nothing below the header"),
        ("second,count\n5,0\n", "nobody would ever arrive"),
    ],
)
def test_a_replay_with_a_malformed_file_is_refused(csv: str, expected: str, tmp_path: Path) -> None:
    assert expected in complaint_about(replay(tmp_path, csv), tmp_path)


def test_the_spike_has_all_its_lengths_scaled(tmp_path: Path) -> None:
    text = GOOD.replace('shape = "constant"\nper_s = 10\nduration_s = 2', SPIKE)
    arrivals = load(write(tmp_path, text)).scaled(2).arrivals
    assert arrivals.shape == "spike"
    assert (arrivals.lull_s, arrivals.half_life_s, arrivals.decay_s) == (2, 2, 4)
    assert (arrivals.lull_per_s, arrivals.peak_per_s) == (1, 10)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("duration_s = 1e308", "arrivals: they last 1e+308 s; expected from 1e-06 to 604,800 (a week)"),
        ("duration_s = 1e-300", "arrivals: they last 1e-300 s; expected from 1e-06 to 604,800 (a week)"),
        ("shoppers.patience_s = 1e12", "shoppers.patience_s = 1000000000000.0: expected less than or equal"),
    ],
)
def test_a_scenario_that_no_run_would_end_is_refused(line: str, told: str, tmp_path: Path) -> None:
    arrivals = f'arrivals = {{ shape = "constant", per_s = 1e-300, {line} }}'
    if line.startswith("shoppers"):
        arrivals = f'{line}\narrivals = {{ shape = "constant", per_s = 10, duration_s = 1 }}'
    else:
        arrivals = arrivals.replace("1e-300,", f"{1 / float(line.split()[-1])!r},")
    products = '[[products]]\nid = "a"\nname = "A"\nprice_won = 1\nsizes = [{ size = "1", units = 1 }]\n'

    assert told in complaint_about(f'name = "x"\nsummary = "y"\n{arrivals}\n{products}', tmp_path)
