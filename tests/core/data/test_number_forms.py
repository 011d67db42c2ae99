"""Numbers as people write them, and texts that only look like them."""

import csv
import io

import duckdb
import numpy as np
import pytest

from core.data import load
from core.data.number_forms import form_of
from core.data.schema import TableProfile
from core.spec import DataSource, DataSpec

from .conftest import Inspect, Make

NUMBERS = [
    (("1,234.5", "2,500", "12", "1,000,000"), (1234.5, 2500, 12, 1e6)),
    (("1,200", "2,350", "9,999", "1,450"), (1200, 2350, 9999, 1450)),
    (("1.234,5", "2.500", "12", "0,25"), (1234.5, 2500, 12, 0.25)),
    (("1 234,5", "2 500", "12", "0,25"), (1234.5, 2500, 12, 0.25)),
    (("1\u00a0234,5", "12\u00a0500", "12", "-3"), (1234.5, 12500, 12, -3)),
    (("1\u202f234", "12\u202f500", "12", "-3"), (1234, 12500, 12, -3)),
    (("1 234.5", "2 500", "12", "7.25"), (1234.5, 2500, 12, 7.25)),
    (("1'234.5", "2'500", "12", "7.25"), (1234.5, 2500, 12, 7.25)),
    (("1’234", "12’500", "12", "7"), (1234, 12500, 12, 7)),
    (("$1,200", "$950", "-$3.50", "$ 12"), (1200, 950, -3.5, 12)),
    (("US$1,200", "US$950", "US$2", "US$3"), (1200, 950, 2, 3)),
    (("1.200 €", "950 €", "12.500 €", "3 €"), (1200, 950, 12500, 3)),
    (("1.200,50 €", "950,00 €", "-12 €", "0 €"), (1200.5, 950, -12, 0)),
    (("$1.459", "$1.5", "$2.125", "$3"), (1.459, 1.5, 2.125, 3)),
    (("EUR 1,200.50", "EUR 12", "EUR 7", "EUR 0.5"), (1200.5, 12, 7, 0.5)),
    (("($1,200.50)", "$3", "$(5)", "$7"), (-1200.5, 3, -5, 7)),
    (("(1,200)", "3,000", "(5)", "70,500"), (-1200, 3000, -5, 70500)),
    (("12.5%", "3 %", "-1%", "100%"), (12.5, 3, -1, 100)),
    (("12,5 %", "3,25 %", "0,1 %", "100 %"), (12.5, 3.25, 0.1, 100)),
    (("1.5D+03", "-2.25D-01", "0.1D+00", "7.0D+00"), (1500, -0.225, 0.1, 7)),
    (("\u22125.5", "3", "\u22120.25", "7"), (-5.5, 3, -0.25, 7)),
    (("+1.5", "+2", "-3", "4"), (1.5, 2, -3, 4)),
]
NO_NUMBERS = [
    ("1.2.3", "1.2.4", "1.10.0", "2.0.0"),
    ("192.168.100.200", "192.168.100.101", "10.100.100.100", "192.168.200.100"),
    ("555 123 456", "555 987 654", "171 222 333", "160 444 555"),
    ("110 001", "400 001", "560 034", "700 019"),
    ("1,2", "3", "1,3", "2,3,4"),
    ("101,205,330", "101", "205,330", "330"),
    ("01,234", "02,345", "09,999", "03,111"),
    ("$5", "€7", "$8", "€3"),
    ("12D3", "14D2", "11D9", "10D7"),
    ("(12)", "(13)", "(14)", "(15)"),
    ("2020 01 02", "2021 03 04", "2021 05 06", "2022 07 08"),
    ("01.02.2020", "03.04.2021", "05.06.2021", "07.08.2022"),
    ("12:30", "11:15", "09:00", "23:59"),
    ("A1,200", "B1,300", "C1,400", "D2,000"),
    ("5%", "0.3", "7%", "0.1"),
]
TIMES = 5  # every cell recurs, so that a column of texts holds categories


def table(texts: tuple[str, ...], delimiter: str, times: int = TIMES) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["amount", "kind"])
    writer.writerows([text, "ab"[i % 2]] for i, text in enumerate(texts * times))
    return out.getvalue()


def told(profile: TableProfile) -> list[str]:
    return [each.text for each in profile.findings if each.column == "amount" and "read as numbers" in each.text]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("texts", "numbers"), NUMBERS, ids=[texts[0] for texts, _ in NUMBERS])
def test_numbers_are_read_however_they_are_dressed(
    file: Make, delimiter: str, texts: tuple[str, ...], numbers: tuple[float, ...]
) -> None:
    if delimiter != "," and all(text.strip("()").replace(",", "").isdigit() for text in texts) and "." not in texts[0]:
        pytest.skip("a comma that separates no cells is a decimal one where nothing else is known")
    source = file(table(texts, delimiter))
    profile = load.inspect(DataSpec(source, target="kind"))
    amount = profile.column("amount")
    assert (amount.kind, amount.invalid, amount.missing) == ("number", 0, 0)
    assert (amount.minimum, amount.maximum) == (min(numbers), max(numbers))
    assert amount.mean == pytest.approx(np.mean(numbers))
    cells = load.read_cells(source, ("amount",))["amount"]
    assert [float(cell or "") for cell in cells[:4]] == list(numbers)
    assert profile.preview[0][0] == texts[0]  # shown as it is written
    plain = texts[0].startswith("+") or profile.decimal_comma
    assert plain or told(profile)


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("texts", NO_NUMBERS, ids=[texts[0] for texts in NO_NUMBERS])
def test_texts_with_digits_stay_texts(file: Make, delimiter: str, texts: tuple[str, ...]) -> None:
    if delimiter == ";" and any("," in text and text.replace(",", "").isdigit() for text in texts):
        pytest.skip("a comma that separates no cells is a decimal one where nothing else is known")
    source = file(table(texts, delimiter))
    profile = load.inspect(DataSpec(source, target="kind"))
    assert profile.column("amount").kind in ("category", "date", "identifier")
    assert not told(profile)
    assert load.read_cells(source, ("amount",))["amount"][:4] == texts


@pytest.mark.parametrize(("texts", "numbers"), NUMBERS, ids=[texts[0] for texts, _ in NUMBERS])
def test_sql_and_python_agree(texts: tuple[str, ...], numbers: tuple[float, ...]) -> None:
    form = form_of(texts)
    if form is None:
        assert all(float(text) == number for text, number in zip(texts, numbers, strict=True))
        return
    others = ("", "x", "1,2,3", "$", "(", "--5", "1.234.5", " 5 ", "9" * 50, "'; DROP")
    query = f"SELECT {form.sql('c')} FROM (SELECT unnest(?) AS c)"
    found = [row[0].strip() for row in duckdb.connect().execute(query, [[*texts, *others]]).fetchall()]
    assert found == [form.plain(text) for text in (*texts, *others)]
    assert [float(text) for text in found[: len(numbers)]] == list(numbers)


def test_percent_is_read_as_written_and_said(inspect: Inspect) -> None:
    profile = inspect(table(("12.5%", "3%", "7%", "9%"), ","), target="kind")
    assert told(profile) == ["“amount” is read as numbers: “12.5%” is 12.5. Choose categories if these are codes."]


def test_dressed_numbers_can_be_read_as_categories(file: Make) -> None:
    spec = DataSpec(file(table(("$1,200", "$950", "$3", "$7"), ",")), target="kind", kinds={"amount": "category"})
    column = load.inspect(spec).column("amount")
    assert column.kind == "category"
    assert dict(column.categories) == {"1200": 5, "950": 5, "3": 5, "7": 5}


def test_one_cell_is_read_as_in_training(file: Make) -> None:
    spec = DataSpec(file(table(("110 001", "400 001", "12", "1 500"), ",")), target="kind")
    made = load.prepare(spec)
    assert "amount" in {feature.name for feature in made.preparation.features}
    for text, number in (("110 001", 110001.0), ("1,500", 1500.0), ("7", 7.0)):
        x, shown, _, notes = load.load_for_prediction(file(table((text,), ",", 1), "ask.csv"), made.preparation)
        feature = made.preparation.features[0]
        assert not notes
        assert float(x[0, 0]) == pytest.approx((number - feature.mean) / feature.scale, rel=1e-5)
        assert float(shown[0][0] or "") == number


def test_a_target_of_dressed_numbers_is_learned_as_numbers(file: Make) -> None:
    rows = "".join(f'{i},"${1000 + 7 * i:,}"\n' for i in range(60))
    source: DataSource = file("size,price\n" + rows)
    made = load.prepare(DataSpec(source, target="price"))
    assert made.task == "regression"
    part = load.load_with_target(source, made.preparation)
    target = made.preparation.target
    assert np.allclose(part.y[:, 0] * target.scale + target.mean, 1000 + 7 * np.arange(60), rtol=1e-5)


def test_a_row_of_amounts_is_no_header(inspect: Inspect) -> None:
    assert not inspect('"1,200",$5\n"2,300",$7\n"3,450",$9\n').header


def test_points_between_thousands_stand_beside_decimal_commas(inspect: Inspect) -> None:
    profile = inspect("price;size;kind\n" + "1.234;1,5;a\n12.500;2,25;b\n999;3,5;a\n" * 4, target="kind")
    assert profile.decimal_comma
    assert (profile.column("price").minimum, profile.column("price").maximum) == (999, 12500)


@pytest.mark.parametrize("text", ["9" * 200_000 + "x", "1,234" * 50_000, "$" * 200_000, "( " * 100_000])
def test_a_giant_cell_is_looked_at_once(text: str) -> None:
    assert form_of([text, "1,234.5"] * 20) is None
