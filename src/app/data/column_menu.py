"""What can be done with one column: a menu, the same at the table's head and in the list at the left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app import theme
from app.data import facts, preparing

if TYPE_CHECKING:
    from app.session import Session
    from core.data.schema import ColumnProfile, TableProfile


def column_menu(session: Session, name: str, parent: QWidget) -> QMenu | None:
    """None while there is no table, or the column is gone."""
    profile, spec = session.document.profile, session.document.project.data
    if profile is None or spec is None or profile.images is not None:
        return None  # of images nothing is left out; their labels are chosen on the data page
    column = next((c for c in profile.columns if c.name == name), None)
    if column is None:
        return None
    menu = QMenu(parent)
    menu.setToolTipsVisible(True)
    is_target = name in profile.predicted
    title = menu.addAction(facts.shown(name).replace("&", "&&"))
    title.setEnabled(False)
    menu.addSeparator()
    prepare = menu.addAction(theme.icon("columns"), "How it is prepared…")
    prepare.setToolTip("Kind, missing cells, scaling, encoding, and what the network then gets.")
    prepare.triggered.connect(lambda: _ask(session, name))
    predict = _entry(menu, session, "Predict this column", facts.make_target(spec, name))
    predict.setIcon(theme.icon("target"))
    predict.setToolTip("Makes it the target: what the network learns to answer.")
    predict.setEnabled(not is_target or len(profile.predicted) > 1)
    if name in spec.excluded:
        use = _entry(menu, session, "Use as a feature", facts.include(spec, name))
        use.setIcon(theme.icon("eye"))
    else:
        leave = _entry(menu, session, "Leave out", facts.exclude(spec, name))
        leave.setIcon(theme.icon("eye-off"))
        leave.setEnabled(not is_target)
        leave.setToolTip("The target cannot be left out." if is_target else "The network never sees it.")
    menu.addSeparator()
    _kinds(menu, session, profile, column)
    if column.kind == "number" and not is_target and column.minimum is not None and column.minimum >= 0:
        menu.addSeparator()
        used = name in spec.logs
        log = _entry(menu, session, "Use its logarithm", facts.log(spec, name, use=not used))
        log.setCheckable(True)
        log.setChecked(used)
        log.setToolTip("log(1 + x): for numbers that span powers of ten.")
    return menu


def _ask(session: Session, name: str) -> None:
    session.stage_requested.emit("Data")
    session.columns_requested.emit((name,))


def _entry(menu: QMenu, session: Session, label: str, edit: facts.ColumnEdit) -> QAction:
    action = menu.addAction(label)
    action.triggered.connect(lambda: session.change_data(edit.label, **edit.changes))
    return action


def _kinds(menu: QMenu, session: Session, profile: TableProfile, column: ColumnProfile) -> None:
    spec, name = session.document.project.data, column.name
    assert spec is not None
    chosen = spec.kinds.get(name, "")
    group = QActionGroup(menu)
    for kind, label, tip in (
        ("", "Read as found", "What the values look like decides."),
        ("number", "Read as number", facts.KIND_HELP["number"]),
        ("category", "Read as category", facts.KIND_HELP["category"]),
        ("date", "Read as date", facts.KIND_HELP["date"]),
        ("text", "Read as text", "Counts its words: each in one of a number of inputs."),
    ):
        action = _entry(menu, session, label, facts.read_as(spec, name, kind=kind))
        action.setCheckable(True)
        action.setChecked(kind == chosen)
        why_not = preparing.cannot_read(profile, spec, column, kind)
        action.setEnabled(not why_not)
        action.setToolTip(why_not or tip)
        group.addAction(action)
