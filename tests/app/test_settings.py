"""The table of settings: defaults, round trips, illegal values, a damaged file."""

import pytest

from app.settings import FILE_NAME, RECENT_FILES, TABLE, Settings, config_folder

EXAMPLES = {
    "theme": "dark",
    "window/geometry": b"\x00\x01geometry\xff",
    "window/left_width": 300,
    "window/right_width": 320,
    "window/bottom_height": 200,
    "window/left": False,
    "window/right": False,
    "window/bottom_design": True,
    "window/bottom_train": False,
    "plots/shown": ("rate", "loss"),
    "plots/smoothing": 0.1,
    "plots/in_epochs": False,
    "files/recent": ("/a/b.csv", "/c/d, e.chainrule"),
    "files/details": ('{"path": "/a/b.csv", "also": ["/a/c, d.csv"]}',),
    "files/folder": "/tmp/ü folder",
}


def test_every_setting_comes_back_as_it_was_stored(tmp_path):
    assert set(EXAMPLES) == {setting.key for setting in TABLE}
    first = Settings(tmp_path)
    for setting in TABLE:
        assert first.get(setting.key) == setting.default
        first.set(setting.key, EXAMPLES[setting.key])
    first.save()
    second = Settings(tmp_path)
    assert {key: second.get(key) for key in EXAMPLES} == EXAMPLES


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("theme", "sepia"),
        ("window/left", "perhaps"),
        ("window/left_width", "wide"),
        ("window/left_width", "9"),
        ("plots/smoothing", "much"),
        ("plots/smoothing", "7"),
        ("plots/in_epochs", "often"),
    ],
)
def test_an_illegal_stored_value_gives_the_default(tmp_path, key, raw):
    group, _, name = key.rpartition("/")
    (tmp_path / FILE_NAME).write_text(f"[{group or 'General'}]\n{name}={raw}\n")
    default = next(setting.default for setting in TABLE if setting.key == key)
    assert Settings(tmp_path).get(key) == default


@pytest.mark.parametrize("content", [b"\x00\x01\x02junk\xff\xfe", b"[General\ntheme=dark", "theme=ü".encode("utf-16")])
def test_a_damaged_file_is_set_aside_and_kept(tmp_path, content):
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    settings = Settings(tmp_path)
    assert settings.set_aside is not None
    assert settings.set_aside.read_bytes() == content
    assert settings.get("theme") == "system"
    settings.set("theme", "dark")
    settings.save()
    assert Settings(tmp_path).get("theme") == "dark"


def test_an_unknown_key_or_illegal_value_is_a_defect(tmp_path):
    settings = Settings(tmp_path)
    with pytest.raises(KeyError):
        settings.get("no/such")
    with pytest.raises(ValueError, match="sepia"):
        settings.set("theme", "sepia")


def test_recent_files_are_few_and_the_newest_is_first(tmp_path):
    settings = Settings(tmp_path)
    for i in range(RECENT_FILES + 3):
        settings.add_recent(f"/data/{i}.csv")
    settings.add_recent("/data/7.csv")
    recent = settings.get("files/recent")
    assert recent[0] == "/data/7.csv"
    assert len(recent) == RECENT_FILES == len(set(recent))
    settings.forget_recent("/data/7.csv")
    assert "/data/7.csv" not in settings.get("files/recent")


def test_one_recent_file_is_still_a_list(tmp_path):
    settings = Settings(tmp_path)
    settings.add_recent("/only.csv")
    settings.save()
    assert Settings(tmp_path).get("files/recent") == ("/only.csv",)


def test_the_folder_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CONFIG", str(tmp_path / "here"))
    assert config_folder() == tmp_path / "here"
