"""Charts and flame graphs are well-formed SVG without external references, and show their data."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson

from tests.load.chart import bars, chart, short_number
from tests.load.figure import Figure
from tests.load.flame import WIDTH, flame_graph
from tests.load.pictures import draw, pictures

SVG = "{http://www.w3.org/2000/svg}"


def test_a_chart_has_a_point_with_its_value_for_each_measurement() -> None:
    drawn = chart("Cost of <growth>", "codes", {"commands/s": [(1e4, 15000), (1e6, 14000)], "reads/s": [(1e4, 6000)]})
    root = root_of(drawn)
    assert len(root.findall(f"{SVG}circle")) == 3
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"15,000", "14,000", "6,000", "10k", "1M", "Cost of <growth>"} <= texts


def test_a_chart_of_one_size_can_be_drawn() -> None:
    assert "10k" in chart("One", "codes", {"a": [(10_000, 1.0)]})


def test_curves_with_one_scale_can_be_compared() -> None:
    curves = {"p99": [(2, 40.0), (500, 80.0)], "p50": [(2, 20.0), (500, 40.0)]}
    heights = [
        [float(circle.get("cy", 0)) for circle in root_of(drawn).findall(f"{SVG}circle")]
        for drawn in (chart("L", "rate", curves, logarithmic=True), chart("L", "rate", curves))
    ]
    # The points with 40 milliseconds: the first of p99 and the last of p50.
    assert heights[0][0] == heights[0][3]
    assert heights[1][0] != heights[1][3]


def test_a_bar_is_as_long_as_its_median_and_has_the_spread() -> None:
    drawn = bars("Rates", "commands/s", {"ours": Figure((100.0, 200.0, 300.0)), "<peer>": Figure((50.0,))})
    root = root_of(drawn)
    ours, peer = (float(bar.get("width", 0)) for bar in root.findall(f"{SVG}rect")[1:])
    assert abs(ours - 4 * peer) < 1
    assert {"200 (100 to 300)", "50", "<peer>"} <= {element.text for element in root.iter(f"{SVG}text")}


def section_of(**figures: float) -> dict[str, Any]:
    return {name: Figure((value,)).as_json() for name, value in figures.items()}


def test_a_run_has_pictures_of_its_sections_from_its_figures(tmp_path: Path) -> None:
    low = {**section_of(p50=11.0, p99=21.0), "broker": "apache", "partitions": 12, "wanted": 2}
    high = {**section_of(p50=12.0, p99=22.0), "broker": "apache", "partitions": 12, "wanted": 5000}
    other = {**section_of(p50=13.0, p99=23.0), "broker": "tansu", "partitions": 12, "wanted": 5000}
    run = {
        "sections": {
            "write": {"title": "W", "ours": section_of(rate=8000.0), "of_floor": section_of(median=1.0)["median"]},
            "latency": {"title": "L", "remarks": [], "a": low, "b": high, "c": other},
            "growth": {"10000": section_of(commands=700.0, reads=70.0)},
            "read": {"title": "R"},
        }
    }
    (tmp_path / "run.json").write_bytes(orjson.dumps(run))
    files = draw(tmp_path / "run.json", tmp_path / "new" / "folder", "run-")
    assert [file.name for file in files] == ["run-write.svg", "run-latency.svg", "run-growth.svg"]
    texts = [[element.text for element in root_of(file.read_text()).iter(f"{SVG}text")] for file in files]
    assert {"ours", "8,000"} <= set(texts[0])
    assert {"2", "5k", "11", "12", "21", "22"} <= set(texts[1])
    assert "13" not in texts[1]
    assert {"10k", "700", "70"} <= set(texts[2])
    assert pictures({}) == {}


def root_of(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)  # noqa: S314 - our own text


def test_numbers_of_an_axis_are_short() -> None:
    assert [short_number(n) for n in (500, 10_000, 100_000, 5_000_000)] == ["500", "10k", "100k", "5M"]


def test_a_frame_is_as_wide_as_its_share_and_is_above_its_caller() -> None:
    drawn = flame_graph({("main", "parse"): 3, ("main", "<save>"): 1}, "A consumer")
    frames = {
        element.findtext(f"{SVG}title", "").rpartition(" ")[0]: element.find(f"{SVG}rect")
        for element in root_of(drawn).iter(f"{SVG}g")
    }
    assert set(frames) == {"all", "main", "parse", "<save>"}
    parse, main = frames["parse"], frames["main"]
    assert parse is not None
    assert main is not None
    assert abs(float(parse.get("width", 0)) - WIDTH * 0.75) < 1
    assert int(main.get("y", 0)) > int(parse.get("y", 0))


def test_an_empty_flame_graph_is_drawn() -> None:
    assert "0 samples" in flame_graph({}, "Nothing")
