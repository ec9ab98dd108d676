"""The pages: one file that opens offline, readable in light and dark, and says what the summary says."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from reports import console, report
from reports.canvas import ROLES, TIMES, colours, custom_property
from reports.experiment import measured_folder
from reports.headline import headline
from reports.ranking import contests, in_order
from reports.summary import Summary
from scenarios.record import Record
from tests.unit.run_folders import CONTROL, SAFE, experiment, save_run, strategy
from tests.unit.shop_runs import Request, play, queued, rush, with_row

pytestmark = pytest.mark.xdist_group("page")

VOID = {"meta", "br"}
STYLE = Path(report.__file__).parent / "templates" / "style.css"


class Page(HTMLParser):
    """What a browser would find: tags that are left open, ids, everything that would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: Counter[str] = Counter()
        self.text = ""
        self.tables_outside: list[str] = []
        self._wide: list[bool] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "data", "action"):
                self.references.append(value or "")
        if tag == "table" and not any(self._wide):
            self.tables_outside.append(str(attrs))
        if tag not in VOID:
            self.open.append(tag)
            self._wide.append(("class", "wide") in attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._wide.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def written(folder: Path, *, repeats: int = 2, replications: int = 3, safe: Record | None = None) -> Summary:
    plan = experiment(repeats=repeats, replications=replications)
    records = {SAFE: safe} if safe else {}
    return report.write(save_run(folder, plan, records), bounds=None)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    written(folder)
    return (folder / "index.html").read_text()


def test_the_page_is_one_file_that_fetches_nothing(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    assert all(reference.startswith("#") for reference in parsed.references)
    assert re.findall(r"url\((?!#)|@import|<script", page) == []


def test_every_id_is_there_once_and_every_reference_finds_its_id(page: str) -> None:
    parsed = Page(page)
    assert [name for name, count in Counter(parsed.ids).items() if count > 1] == []
    referred = {reference[1:] for reference in parsed.references} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(parsed.ids)


def test_the_page_shows_the_verdict_first_and_every_strategy(page: str) -> None:
    text = Page(page).text
    assert text.index("pass") < text.index("conditional_update oversold nothing.") < text.index("Strategies")
    assert "no_lock, the control that must oversell, sold 9 units beyond the 5 in stock" in text
    assert "dropday loadtest --scenario two_sizes --seed 7" in text


def test_the_page_has_six_pictures_side_by_side_and_three_of_each_strategy(page: str) -> None:
    parsed = Page(page)
    assert parsed.tags["svg"] == parsed.tags["figure"] == 6 + 3 * 2
    assert page.count('role="img" aria-label="') == 6 + 3 * 2


def test_every_picture_names_the_unit_of_its_axes(page: str) -> None:
    units = ("units", "seconds", "ms", "of the time", "cores", "attempts", "orders/s")
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    of_one_strategy = {"seconds since the run began", "of the attempts took no longer"}
    for picture in pictures:
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture)
        labels = [text for text in texts if text.startswith(units)]
        assert labels, texts
        if of_one_strategy & set(texts):
            assert len(labels) + texts.count("of the attempts took no longer") >= 2, texts


def test_no_table_and_no_picture_is_wider_than_the_page(page: str) -> None:
    assert Page(page).tables_outside == []
    assert ".wide { overflow-x: auto" in STYLE.read_text()
    assert not re.search(r'<svg[^>]* width="', page)


def test_every_colour_of_the_page_is_defined_for_light_and_for_dark(page: str) -> None:
    light, dark = themes()
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", page))
    assert used <= set(light)
    assert set(light) == set(dark)
    assert not re.search(r"(fill|stroke): #", page)


def themes() -> tuple[dict[str, str], dict[str, str]]:
    light, dark = STYLE.read_text().split("@media screen and (prefers-color-scheme: dark)")
    found = [dict(re.findall(r"(--[a-z0-9-]+): (#[0-9a-f]{6})", part)) for part in (light, dark)]
    return found[0], found[1]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_the_paper(theme: int) -> None:
    palette = themes()[theme]
    quiet = {"--paper", "--raised", "--grid", "--rule"}
    quiet |= {custom_property(fill)[4:-1] for fill in (ROLES | TIMES).values()}  # beside a legend, as areas
    contrasts = {name: contrast(colour, palette["--paper"]) for name, colour in palette.items()}
    assert {name for name, ratio in contrasts.items() if ratio < 4.5} <= quiet


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_a_strategy_has_one_colour_and_controls_are_not_mistaken_for_safe_ones(tmp_path: Path) -> None:
    chosen = colours(written(tmp_path).strategies)
    assert len(set(chosen.values())) == 2


def test_the_witnesses_of_a_broken_invariant_are_on_the_page(tmp_path: Path) -> None:
    written(tmp_path, safe=with_row(play(rush()), "stock", 0, initial=2))
    text = Page((tmp_path / "index.html").read_text()).text
    assert "order order-2 of shopper 2 made it 3 of shoe-270 sold, of 2 there were" in text
    assert "Under way for it then, by what they were told:" in text
    rows = [row for row in re.findall(r"<tr.*?</tr>", page_of(tmp_path)) if "0.0140" in row]
    assert any('class="it"' in row and "7-2-0" in row for row in rows)


def page_of(folder: Path) -> str:
    return (folder / "index.html").read_text()


MANY = [
    *(strategy(name) for name in ("a_slow_one", "a_fast_one", "one_that_fails", "a_middling_one")),
    strategy(CONTROL, safe=False),
    *(strategy(name, ack="queued") for name in ("a_slow_queue", "a_fast_queue")),
]


def slower(by_s: float) -> Record:
    """The rush, its answers further apart and later by as much."""
    return play([replace(request, done_s=request.done_s * (1 + 100 * by_s) + by_s) for request in rush()])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """A run of seven strategies, two of which queue their orders."""
    records = {
        "a_slow_one": slower(0.03),
        "a_fast_one": slower(0.0),
        "a_middling_one": slower(0.01),
        "one_that_fails": with_row(play(rush()), "stock", 0, initial=2),
        "a_slow_queue": queued(slower(0.02)),
        "a_fast_queue": queued(slower(0.005)),
    }
    plan = experiment(
        strategies=MANY, axes={"pool_size": 5, "buckets": 4}, unpredicted=["a_slow_queue"], repeats=2
    )
    folder = save_run(tmp_path_factory.mktemp("many"), plan, records)
    return folder, report.write(folder, bounds=None)


def test_strategies_are_ranked_by_the_waits_of_all_who_asked_and_those_that_queue_apart(
    many: tuple[Path, Summary],
) -> None:
    _, summary = many
    found = {
        contest.ack: [(place.rank, place.strategy.name) for place in contest.places]
        for contest in contests(summary.strategies, summary.scenario)
    }
    assert found == {
        "committed": [
            (1, "a_fast_one"),
            (2, "a_middling_one"),
            (3, "a_slow_one"),
            (None, "one_that_fails"),
            (None, CONTROL),
        ],
        "queued": [(1, "a_fast_queue"), (2, "a_slow_queue")],
    }


def test_where_stock_lasts_the_rank_is_by_how_long_buyers_wait(many: tuple[Path, Summary]) -> None:
    _, summary = many
    lasting = summary.scenario.model_copy(update={"sells_out": False})
    quickest = contests(summary.strategies, lasting)[0].places[0].strategy
    waits = [one.figures.latency_ms["bought"].p99 for one in summary.strategies if one.ack == "committed"]
    assert quickest.figures.latency_ms["bought"].p99 == min(waits)


def test_a_strategy_of_each_contest_is_recommended_only_where_the_run_passed(
    many: tuple[Path, Summary],
) -> None:
    _, summary = many
    told = " ".join(headline("pass", summary.strategies, summary.scenario))
    assert (
        "Recommended: a_fast_one: 99 of 100 attempts to order took at most 30 ms; a_middling_one, the next, "
        "100 ms; told apart by 2 repeats." in told
    )
    assert "Of those that queue orders and commit later: Recommended: a_fast_queue" in told
    for verdict in ("fail", "unknown", "invalid"):
        assert "Recommended" not in " ".join(headline(verdict, summary.strategies, summary.scenario))
    assert "Nothing is recommended after a run that failed." in summary.headline  # one broke an invariant


def test_queued_orders_have_a_table_of_their_own_with_both_times(many: tuple[Path, Summary]) -> None:
    folder, _ = many
    text = Page(page_of(folder)).text
    committed, _, after = text.partition("Queued first, committed later")
    assert "until queued, p50 ms" not in committed
    assert "until queued, p50 ms" in after
    markdown = (folder / "summary.md").read_text()
    assert markdown.index("a_slow_one") < markdown.index("**Queued first") < markdown.index("a_fast_queue")


def test_the_axes_that_were_set_and_what_was_not_predicted_are_on_the_page(
    many: tuple[Path, Summary],
) -> None:
    folder, _ = many
    text = Page(page_of(folder)).text
    assert "buckets=4" in text
    assert "it does not know a_slow_queue" in text


def test_a_strategy_has_the_same_colour_in_the_table_and_in_the_pictures(many: tuple[Path, Summary]) -> None:
    folder, summary = many
    page = page_of(folder)
    shade = colours(in_order(summary.strategies, summary.scenario))
    for name, colour in shade.items():
        where = page.index(f"{name}</summary>")
        assert custom_property(colour) in page[where - 200 : where]
        assert custom_property(colour) in page[where : page.index("</details>", where)]


def test_the_screen_has_the_queued_apart_and_the_controls_marked(many: tuple[Path, Summary]) -> None:
    folder, summary = many
    screen = io.StringIO()
    console.show(summary, folder, Console(width=80, file=screen))
    lines = screen.getvalue().splitlines()
    starts = [re.sub(r"^ [\d-] ", "", line).split()[0] for line in lines if line.strip()]
    assert starts.index(f"{CONTROL}*") < starts.index("Queued") < starts.index("a_fast_queue")
    assert starts[starts.index("a_fast_queue") + 1] == "until"


@pytest.mark.parametrize(("repeats", "replications"), [(1, 0), (0, 1), (0, 5), (3, 1)])
def test_there_is_a_page_for_a_load_test_and_for_a_simulation(
    tmp_path: Path, repeats: int, replications: int
) -> None:
    written(tmp_path, repeats=repeats, replications=replications)
    parsed = Page((tmp_path / "index.html").read_text())
    assert parsed.open == []
    assert ("Measured" in parsed.text) == (repeats > 0)
    assert ("The model" in parsed.text) == (replications > 0)


def test_there_is_a_page_for_a_run_in_which_nobody_bought(tmp_path: Path) -> None:
    written(tmp_path, safe=play([Request(1, {"shoe-270": 9}, 0.0, 0.1, 0.2)]))
    assert Page((tmp_path / "index.html").read_text()).open == []


def test_a_threshold_that_does_not_apply_is_folded_away_with_its_reason(tmp_path: Path) -> None:
    bounds = tmp_path / "bounds.toml"
    bounds.write_text(
        '[[threshold]]\nmetric = "measured.orders_per_s"\nstrategies = ["safe"]\nmin = 1\nreason = "So."\n'
    )
    report.write(save_run(tmp_path, experiment()), bounds=bounds)
    _, _, after = page_of(tmp_path).partition('id="thresholds"')
    shown, _, folded = after.partition("<details>")
    assert "measured.orders_per_s min 1" not in shown
    assert "1 threshold, each for a reason" in folded
    assert "rests on" in folded


def test_a_figure_that_only_some_runs_have_says_so_beside_it(tmp_path: Path) -> None:
    plan = experiment(repeats=2, replications=0)
    folder = save_run(tmp_path, plan)
    with_row(play(rush()), "stock", 0, initial=9).save(measured_folder(folder, SAFE, 1))
    report.write(folder, bounds=None)
    assert "in 1 of 2 runs" in page_of(folder)


def test_names_from_outside_cannot_break_the_page(tmp_path: Path) -> None:
    plan = experiment(command="<script>alert(1)</script>")
    report.write(save_run(tmp_path, plan), bounds=None)
    assert "<script" not in (tmp_path / "index.html").read_text()


def test_the_summary_for_a_pull_request_is_a_table_with_the_verdict_above(tmp_path: Path) -> None:
    written(tmp_path)
    lines = (tmp_path / "summary.md").read_text().splitlines()
    assert lines[0] == "### Dropday: two_sizes: pass"
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + 2
    assert len({row.count("|") for row in rows}) == 1
    assert rows[2].startswith(f"| 1 | {SAFE} | 5 of 5 | 0 (model 0 %) |")
    assert rows[3].startswith("|  | no_lock (control) | 14 of 5 | 9 (model 0 %) |")


def test_the_screen_ends_with_the_table_the_verdict_and_the_path_in_80_columns(tmp_path: Path) -> None:
    summary = written(tmp_path, safe=with_row(play(rush()), "stock", 0, initial=2))
    screen = io.StringIO()
    console.show(summary, Path("runs/latest"), Console(width=80, file=screen))
    lines = screen.getvalue().splitlines()
    table = "\n".join(lines)
    assert all(len(line) <= 80 for line in lines)
    assert "…" not in table
    assert CONTROL in table
    assert f" {SAFE} " in table
    assert "verdict: fail" in lines
    assert lines[-1] == "report: runs/latest/index.html"
    assert lines.index("verdict: fail") < next(n for n, line in enumerate(lines) if line.startswith("- "))
