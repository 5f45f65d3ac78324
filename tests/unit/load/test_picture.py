"""Charts and flame graphs are well-formed SVG without external references, and show their data."""

from xml.etree import ElementTree

from tests.load.chart import chart, short_number
from tests.load.flame import WIDTH, flame_graph

SVG = "{http://www.w3.org/2000/svg}"


def test_a_chart_has_a_point_with_its_value_for_each_measurement() -> None:
    drawn = chart("Cost of <growth>", "codes", {"commands/s": [(1e4, 15000), (1e6, 14000)], "reads/s": [(1e4, 6000)]})
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own text
    assert len(root.findall(f"{SVG}circle")) == 3
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert {"15,000", "14,000", "6,000", "10k", "1M", "Cost of <growth>"} <= texts


def test_a_chart_of_one_size_can_be_drawn() -> None:
    assert "10k" in chart("One", "codes", {"a": [(10_000, 1.0)]})


def test_numbers_of_an_axis_are_short() -> None:
    assert [short_number(n) for n in (500, 10_000, 100_000, 5_000_000)] == ["500", "10k", "100k", "5M"]


def test_a_frame_is_as_wide_as_its_share_and_is_above_its_caller() -> None:
    drawn = flame_graph({("main", "parse"): 3, ("main", "<save>"): 1}, "A consumer")
    frames = {
        element.findtext(f"{SVG}title", "").rpartition(" ")[0]: element.find(f"{SVG}rect")
        for element in ElementTree.fromstring(drawn).iter(f"{SVG}g")  # noqa: S314 - our own text
    }
    assert set(frames) == {"all", "main", "parse", "<save>"}
    parse, main = frames["parse"], frames["main"]
    assert parse is not None
    assert main is not None
    assert abs(float(parse.get("width", 0)) - WIDTH * 0.75) < 1
    assert int(main.get("y", 0)) > int(parse.get("y", 0))


def test_an_empty_flame_graph_is_drawn() -> None:
    assert "0 samples" in flame_graph({}, "Nothing")
