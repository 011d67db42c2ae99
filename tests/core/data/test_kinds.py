"""What columns are taken for, what is guessed as the target, and what a person is told."""

import pytest

from core.data.schema import Finding, TableProfile

from .conftest import Inspect


def column(values: list[object], name: str = "v") -> str:
    """A table with that column between two harmless ones."""
    rows = "".join(f"{i * 0.37 % 7:.2f},{value},{'ab'[i % 2]}\n" for i, value in enumerate(values))
    return f"size,{name},kind\n{rows}"


MANY = 60


@pytest.mark.parametrize(
    ("values", "name", "kind"),
    [
        ([i * 1.7 for i in range(MANY)], "v", "number"),
        ([i % 7 for i in range(MANY)], "v", "number"),  # whole numbers stay numbers
        ([i % 2 for i in range(MANY)], "v", "number"),
        (["red", "green", "blue"] * 20, "v", "category"),
        (["yes", "no"] * 30, "v", "boolean"),
        (["TRUE", "FALSE"] * 30, "v", "boolean"),
        (["yes", "true"] * 30, "v", "category"),
        ([f"2020-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(MANY)], "v", "date"),
        ([f"{i % 28 + 1}.{i % 12 + 1}.2020 7:05" for i in range(MANY)], "visit_id", "date"),
        ([f"{i % 12 + 1}/{i % 28 + 1}/2020" for i in range(MANY)], "v", "date"),
        ([*(f"{i % 28 + 1} May 2020" for i in range(57)), "later", "?", "x"], "v", "date"),
        ([*(f"{i % 28 + 1} May 2020" for i in range(40)), *("later" for _ in range(20))], "v", "category"),
        ([f"{1990 + i % 20}-{i % 12 + 1:02}" for i in range(MANY)], "v", "date"),
        ([f"{1990 + i % 20}" for i in range(MANY)], "v", "number"),
        ([f"10:{i % 60:02}" for i in range(MANY)], "v", "identifier"),
        ([f"person {i}" for i in range(MANY)], "v", "identifier"),
        ([f"A{i:05}" for i in range(MANY)], "v", "identifier"),
        (list(range(1000, 1000 + MANY)), "customer_id", "identifier"),
        (list(range(1000, 1000 + MANY)), "PassengerId", "identifier"),
        (list(range(1000, 1000 + MANY)), "weight", "number"),
        (list(range(MANY)), "humid", "number"),  # ends in "id" and is no identifier
        ([f"It was a dark and stormy night as number {i} of many." for i in range(MANY)], "v", "text"),
        (["same"] * MANY, "v", "constant"),
        ([3.5] * MANY, "v", "constant"),
        (["only", ""] * 30, "v", "constant"),
        (["", "NA", "?"] * 20, "v", "empty"),
        (["nan", "NaN"] * 30, "v", "empty"),
        (["inf", "-inf", "1e999"] * 20, "v", "empty"),
        ([f"{i % 20:05}" for i in range(MANY)], "zip", "category"),  # leading zeros
        (["1", "2", "3", "4", "5+"] * 12, "v", "category"),
        ([*map(str, range(57)), "about 5", "n.a.", "many"], "v", "number"),
        (["12_1", "12_2"] * 30, "v", "category"),
    ],
)
def test_kinds(inspect: Inspect, values: list[object], name: str, kind: str) -> None:
    found = inspect(column(values, name), target="kind").column(name)
    assert found.kind == kind, found.reason
    assert found.usable is (kind in ("number", "category", "boolean", "date"))
    assert found.reason


def test_the_first_column_that_counts_the_rows_is_an_identifier(inspect: Inspect) -> None:
    rows = "".join(f"{i},{i * 0.7 % 5:.1f},{i * 1.3 % 4:.1f},{'ab'[i % 2]}\n" for i in range(30))
    assert inspect("n,a,b,kind\n" + rows).column("n").kind == "identifier"
    # With one other column it is what a learner wrote as x.
    assert inspect("x,y\n" + "".join(f"{i},{2 * i + 1}\n" for i in range(30))).column("x").kind == "number"


def test_a_late_word_in_a_column_of_numbers(inspect: Inspect) -> None:
    rows = "".join(f"{i}.5,{'ab'[i % 2]}\n" for i in range(3000)) + "unknown,a\n"
    found = inspect("v,kind\n" + rows).column("v")
    assert (found.kind, found.invalid, found.maximum) == ("number", 1, 2999.5)


def test_figures(inspect: Inspect) -> None:
    found = inspect(column([1, 2, 2, 3, "", "x", *[2] * 14], "v"), kinds={"v": "number"}).column("v")
    assert (found.missing, found.invalid, found.distinct) == (1, 1, 4)
    assert (found.minimum, found.maximum) == (1.0, 3.0)
    assert found.mean == pytest.approx(2.0)
    assert found.standard_deviation == pytest.approx((2 / 18) ** 0.5)
    assert found.histogram == (1, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 1)


def test_figures_of_huge_numbers(inspect: Inspect) -> None:
    found = inspect(column(["1e308", "-1e308", "1e200", 0] * 5)).column("v")
    assert (found.minimum, found.maximum, sum(found.histogram)) == (-1e308, 1e308, 20)
    assert found.standard_deviation == pytest.approx(7.07e307, rel=0.01)


def test_many_labels_are_listed_by_frequency(inspect: Inspect) -> None:
    values = [f"city {i % 1500}" if i % 2 else f"city {i % 3}" for i in range(4000)]
    profile = inspect(column(values), target="kind")
    found = profile.column("v")
    assert found.kind == "category"
    assert len(found.categories) == 64
    assert [label for label, _ in found.categories[:3]] == ["city 1", "city 0", "city 2"]
    assert list(found.categories) == sorted(found.categories, key=lambda item: (-item[1], item[0]))
    assert any("64 most frequent" in finding.text and finding.column == "v" for finding in profile.findings)


# --- the target


@pytest.mark.parametrize(
    ("header", "row", "target", "task"),
    [
        ("a,b,species", "{n},{n},{c}", "species", "classification"),
        ("species,island,a", "{c},{c},{n}", "species", "classification"),
        ("diagnosis,a,b", "{c},{n},{n}", "diagnosis", "classification"),
        ("x,y,arm", "{n},{n},{c}", "arm", "classification"),
        ("x,y", "{n},{n}", "y", "regression"),
        ("a,b,price", "{n},{n},{n}", "price", "regression"),
        ("a,b,z", "{n},{n},{n}", "z", "regression"),
        ("grade,a,b", "{c},{n},{n}", "grade", "classification"),
        ("a,b,digit", "{n},{n},{i}", "digit", "classification"),
        ("a,b,code", "{n},{n},{i}", "code", "classification"),
        ("a,b,year", "{n},{n},{big}", "year", "regression"),
    ],
)
def test_target_and_task_are_guessed(inspect: Inspect, header: str, row: str, target: str, task: str) -> None:
    lines = [row.format(n=f"{i * 0.37 % 11:.2f}", c="abc"[i % 3], i=i % 10, big=1950 + i % 70) for i in range(MANY)]
    profile = inspect(header + "\n" + "\n".join(lines) + "\n")
    assert (profile.target, profile.task) == (target, task)
    assert profile.target_reason


def test_truth_tables_are_classification(inspect: Inspect) -> None:
    profile = inspect("x1,x2,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n")
    assert (profile.target, profile.task) == ("y", "classification")
    assert profile.column("y").categories == (("0", 2), ("1", 2))


def test_wishes_win(inspect: Inspect) -> None:
    content = column([i % 5 for i in range(MANY)])
    assert inspect(content, target="size").task == "regression"
    assert inspect(content, target="v", task="regression").task == "regression"
    assert inspect(content, target="v", task="classification").column("v").kind == "category"
    assert inspect(content, kinds={"v": "category"}).column("v").categories == tuple((str(i), 12) for i in range(5))
    assert inspect(content, excluded=("kind",)).target == "v"
    names = column([f"person {i}" for i in range(MANY)])
    assert inspect(names, kinds={"v": "category"}, target="kind").column("v").usable


# --- findings


def told(profile: TableProfile, name: str) -> Finding:
    found = [finding for finding in profile.findings if finding.column == name]
    assert len(found) == 1, profile.findings
    return found[0]


def test_findings(inspect: Inspect) -> None:
    gaps = ["" if i % 9 == 0 else i * 1.5 for i in range(MANY)]
    finding = told(inspect(column(gaps)), "v")
    assert "misses 7 cells" in finding.text
    finding = told(inspect(column([f"person {i}" for i in range(MANY)])), "v")
    assert (finding.severity, finding.action) == ("info", "category")
    assert "left out" in told(inspect(column(["x"] * MANY)), "v").text
    assert "left out" in told(inspect(column([""] * MANY)), "v").text


def test_few_rows_are_warned_of(inspect: Inspect) -> None:
    few, enough = inspect(column(list(range(20)))), inspect(column([i % 3 for i in range(60)]))
    assert any("20 rows" in finding.text for finding in few.findings if finding.severity == "warning")
    assert not any("rows" in finding.text for finding in enough.findings)


def test_a_column_that_is_the_answer_is_warned_of(inspect: Inspect) -> None:
    codes = column([{"a": 1, "b": 2}["ab"[i % 2]] for i in range(MANY)])
    assert "determines" in told(inspect(codes, target="kind"), "v").text
    twice = "x,celsius,target\n" + "".join(f"{i % 5},{i * 1.5},{i * 1.5:.2f}\n" for i in range(MANY))
    profile = inspect(twice)
    assert profile.target == "target"
    assert "determines" in told(profile, "celsius").text


def test_uneven_classes_and_missing_targets_are_told(inspect: Inspect) -> None:
    rows = "".join(f"{i * 0.3:.1f},{'' if i < 4 else 'rare' if i % 15 == 0 else 'usual'}\n" for i in range(90))
    texts = [finding.text for finding in inspect("v,kind\n" + rows).findings if finding.column == "kind"]
    assert any("missing in 4 rows" in text for text in texts)
    assert any("uneven" in text for text in texts)


def test_errors_come_first(inspect: Inspect) -> None:
    severities = [finding.severity for finding in inspect("a,kind\n1.5,x\n,x\n3.5,x\n", target="kind").findings]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    assert severities[0] == "error"


def test_what_is_said_of_many_columns_is_said_once(inspect: Inspect) -> None:
    names = [f"c{i}" for i in range(20)]
    rows = "".join(
        ",".join([*("7" if j < 10 else "" if i % 9 == j % 9 else f"{i * j}.5" for j in range(20)), "ab"[i % 2]]) + "\n"
        for i in range(60)
    )
    texts = [finding.text for finding in inspect(",".join([*names, "kind"]) + "\n" + rows).findings]
    assert len(texts) == 2
    assert texts[0].startswith("10 columns are left out as constant: “c0”, “c1”,")
    assert texts[1].startswith("10 columns miss cells")


def test_an_identifier_of_numbers_can_be_used_as_a_number(inspect: Inspect) -> None:
    finding = told(inspect(column(list(range(1000, 1000 + MANY)), "customer_id")), "customer_id")
    assert (finding.action, finding.action_label) == ("number", "Use as number")
    assert (
        inspect(column(list(range(1000, 1060)), "customer_id"), kinds={"customer_id": "number"})
        .column("customer_id")
        .usable
    )
