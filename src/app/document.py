"""The document: one project value, its undo history, and what has been learned about it.

Panels read it, call `apply` with a pure edit, and listen to its signals. They never call each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from core import validation
from core.data.schema import Prepared, TableProfile
from core.engine.messages import Weights
from core.errors import UserInputError
from core.losses import outputs_for, resolve
from core.model import TrainedModel
from core.spec import NetworkSpec, Project
from core.training.snapshot import History

UNDO_STEPS = 500


@dataclass(frozen=True)
class Trained:
    """Weights with all they belong to, which may be older than the present design and data."""

    weights: Weights
    network: NetworkSpec
    prepared: Prepared
    loss: str


class _Swap(QUndoCommand):
    """The one undo command: swaps project values; edits with the same merge key within a gesture become one."""

    def __init__(self, document: Document, before: Project, after: Project, text: str, merge_key: str) -> None:
        super().__init__(text)
        self._document, self.before, self.after, self._merge_key = document, before, after, merge_key

    def redo(self) -> None:
        self._document._swap(self.after)

    def undo(self) -> None:
        self._document._swap(self.before)

    def id(self) -> int:
        return hash(self._merge_key) % (2**31 - 1) if self._merge_key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        assert isinstance(other, _Swap)
        if other._merge_key != self._merge_key:
            return False
        self.after = other.after
        self.setObsolete(self.before == self.after)
        return True


class Document(QObject):
    """Signals carry no values: read the document. `network_changed` carries the ids of layers that changed.

    project_changed: after any edit.  data_changed: the DataSpec.  profile_changed: a table was read (or None).
    prepared_changed: arrays stand ready (or None).  training_changed: the TrainingConfig.  layout_changed: positions.
    selection_changed: the selected layers.  weights_changed: trained weights arrived or were dropped.
    history_changed: a saved or finished run's curves.  evaluation_changed.  file_changed: path, name or edited state.
    """

    project_changed = Signal()
    network_changed = Signal(object)
    data_changed = Signal()
    profile_changed = Signal()
    prepared_changed = Signal()
    training_changed = Signal()
    layout_changed = Signal()
    selection_changed = Signal()
    weights_changed = Signal()
    history_changed = Signal()
    evaluation_changed = Signal()
    file_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_STEPS)
        self.undo_stack.cleanChanged.connect(self.file_changed)
        self.path: Path | None = None
        self._project = Project()
        self._profile: TableProfile | None = None
        self._prepared: Prepared | None = None
        self._trained: Trained | None = None
        self._result_saved = True
        self._history = History()
        self._evaluation: Any = None
        self._selected: tuple[str, ...] = ()
        self._report: validation.Report | None = None

    @property
    def project(self) -> Project:
        return self._project

    @property
    def edited(self) -> bool:
        """Whether the file, if there is one, lacks something: an edit, or what a network has learned since."""
        return self.design_edited or not self._result_saved

    @property
    def design_edited(self) -> bool:
        return not self.undo_stack.isClean()

    def apply(self, edit: Callable[[Project], Project], text: str, *, merge_key: str = "") -> None:
        """Make the project `edit(project)` as one undoable step called `text`.

        Edits in a row with one non-empty `merge_key` (a spin box being turned) undo together. An edit that raises
        UserInputError or changes nothing leaves no trace; the error goes on to the caller.
        """
        after = edit(self._project)
        if after != self._project:
            self.undo_stack.push(_Swap(self, self._project, after, text, merge_key))

    def edit_network(self, edit: Callable[[NetworkSpec], NetworkSpec], text: str, *, merge_key: str = "") -> None:
        self.apply(lambda p: replace(p, network=edit(p.network)), text, merge_key=merge_key)

    def edit_training(self, text: str, **changes: Any) -> None:
        """Training settings changed; turning one control repeatedly is one undo step."""
        key = "training:" + ",".join(sorted(changes))
        self.apply(lambda p: replace(p, training=replace(p.training, **changes)), text, merge_key=key)

    def open(self, project: Project, path: Path | None) -> None:
        """Start afresh with another project; nothing of the old one stays."""
        self.path = path
        self.set_prepared(None)
        self.set_profile(None)
        self.set_result(None, History(), saved=True)
        self.select("")
        self.undo_stack.clear()
        self._swap(project)
        self.file_changed.emit()

    def mark_saved(self, path: Path) -> None:
        self.path = path
        self._result_saved = True
        self.undo_stack.setClean()
        self.file_changed.emit()

    def _swap(self, project: Project) -> None:
        old, self._project = self._project, project
        self._report = None
        self.select(*(id for id in self._selected if project.network.has(id)))
        if old.network != project.network:
            self.network_changed.emit(_changed_layers(old.network, project.network))
        if old.data != project.data:
            self.data_changed.emit()
        if old.training != project.training:
            self.training_changed.emit()
        if old.layout != project.layout:
            self.layout_changed.emit()
        if old.name != project.name:
            self.file_changed.emit()
        if old != project:
            self.project_changed.emit()

    # --- what is known besides the project; none of it is undone

    @property
    def report(self) -> validation.Report:
        """Findings, shapes and parameter counts of the present network against the present data."""
        if self._report is None:
            p = self._prepared
            self._report = validation.check(
                self._project.network,
                row_shape=p.row_shape if p else None,
                outputs=self._outputs(p) if p else None,
                target=p.target if p else "target",
                codes=p.preparation.embedded if p else None,
            )
        return self._report

    def _outputs(self, prepared: Prepared) -> int:
        """Units that the last layer needs; an unsuitable loss is refused when a run starts, not here."""
        try:
            loss = resolve(self._project.training.loss, prepared.task, len(prepared.classes))
        except UserInputError:
            return prepared.outputs
        return outputs_for(loss, len(prepared.classes))

    @property
    def selection(self) -> str:
        """Id of the selected layer, of several the one chosen last, "" for none."""
        return self._selected[-1] if self._selected else ""

    @property
    def selected(self) -> tuple[str, ...]:
        """Ids of all selected layers, in the order in which they were chosen."""
        return self._selected

    def select(self, *layer_ids: str) -> None:
        """Select exactly these layers; none, or the one id "", selects nothing."""
        chosen = tuple(dict.fromkeys(id for id in layer_ids if id))
        if chosen != self._selected:
            self._selected = chosen
            self.selection_changed.emit()

    @property
    def profile(self) -> TableProfile | None:
        return self._profile

    def set_profile(self, profile: TableProfile | None) -> None:
        self._profile = profile
        self.profile_changed.emit()

    @property
    def prepared(self) -> Prepared | None:
        return self._prepared

    def set_prepared(self, prepared: Prepared | None) -> None:
        self._prepared = prepared
        self._report = None
        self.prepared_changed.emit()

    @property
    def trained(self) -> Trained | None:
        """The newest trained weights with the network and data they belong to, or None."""
        return self._trained

    @property
    def weights(self) -> Weights | None:
        """Trained weights by layer id; they belong to `trained_network`, which may be older than the design."""
        return self._trained.weights if self._trained else None

    @property
    def trained_network(self) -> NetworkSpec | None:
        return self._trained.network if self._trained else None

    def model(self) -> TrainedModel | None:
        """What evaluation, prediction and export work on."""
        t = self._trained
        return TrainedModel(self._project.name, t.network, t.weights, t.prepared.preparation, t.loss) if t else None

    @property
    def history(self) -> History:
        return self._history

    @property
    def evaluation(self) -> Any:
        """core.evaluation.Evaluation of the present weights on the test rows, or None."""
        return self._evaluation

    def set_result(self, trained: Trained | None, history: History, *, saved: bool = False) -> None:
        """A run's outcome, or a reopened project's (`saved`); drops the evaluation of earlier weights."""
        nothing_lost = trained is None and (self._trained is None or self.path is None)
        self._result_saved = saved or nothing_lost
        self._trained, self._history = trained, history
        self._evaluation = None
        self.weights_changed.emit()
        self.history_changed.emit()
        self.evaluation_changed.emit()
        self.file_changed.emit()

    def set_evaluation(self, evaluation: Any) -> None:
        self._evaluation = evaluation
        self.evaluation_changed.emit()


def _changed_layers(old: NetworkSpec, new: NetworkSpec) -> frozenset[str]:
    before = {s.id: (s, old.sources(s.id)) for s in old.layers}
    after = {s.id: (s, new.sources(s.id)) for s in new.layers}
    return frozenset(id for id in before.keys() | after.keys() if before.get(id) != after.get(id))
