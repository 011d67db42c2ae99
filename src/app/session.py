"""What a person can do, in one place: panels call it and listen; it owns the document, runs and processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.cross_validating import CrossValidating
from app.data_files import DataFiles, source_of
from app.data_watch import DataWatch
from app.document import Document, Trained
from app.engine_link import EngineLink
from app.jobs_link import JobsLink
from app.notice import Notice, refusal
from app.pages_link import PagesLink
from app.runs import Runs
from core import suggest
from core.data.augmentation import Augmentation
from core.data.drawing import DrawnInfo, Points, drawing, drawings, lacking
from core.data.generators import GeneratorInfo, generators
from core.data.samples import SampleInfo, samples
from core.data.schema import Prepared, TableProfile
from core.data.together import adopted
from core.engine.jobs import JobFailed
from core.engine.messages import TrainingTask
from core.errors import UserInputError
from core.evaluation.result import Evaluation, Predictions
from core.export.result import ExportResult
from core.export.run import FormatInfo, formats
from core.project import file as project_file
from core.project.file import SavedProject
from core.spec import DataSource, DataSpec, NetworkSpec, Project, TrainingConfig
from core.training.snapshot import RangeTest

DATA, FILE = "data", "file"  # keys of notices: the newest replaces the one before


class Session(QObject):
    """notice: a `Notice`. busy_changed: a `Busy` or None. stage_requested: the stage that now makes sense.

    running_network_changed: a run began or was dropped, or the design moved away from it. images_loading: a
    `core.data.schema.Loading`, while images are decoded. columns_requested: names of columns of which a person wants to
    see how they are prepared, () for all. first_look: the `TableProfile` of the first rows of a file that is read.
    """

    notice = Signal(object)
    busy_changed = Signal(object)
    stage_requested = Signal(str)
    running_network_changed = Signal()
    images_loading = Signal(object)
    first_look = Signal(object)
    columns_requested = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = Document(self)
        self.engine = EngineLink(self)
        self.jobs = JobsLink(self)
        self.pages = PagesLink(self)
        self.data_files = DataFiles(self)
        self.watch = DataWatch(self)
        self.runs = Runs(self.document, self.engine, self)
        self.cross_validation = CrossValidating(self)
        self._suggested: NetworkSpec | None = None
        self._suggested_training: TrainingConfig | None = None
        self._keep_data_key = ""
        self._data_edits = 0
        self._chosen = ""  # what undo calls the last choice about the data
        self._read: DataSpec | None = None  # as it was when it was read last
        self._known: tuple[DataSpec, TableProfile] | None = None  # what was looked at before it was taken
        self.runs.notice.connect(self.notice)
        self.runs.changed.connect(self.running_network_changed)
        self.runs.finished.connect(self.evaluate)
        self.jobs.busy_changed.connect(self.busy_changed)
        self.document.data_changed.connect(self._read_data)

    def start(self) -> None:
        """Start the processes; the window may be shown before they are up."""
        self.engine.start()
        self.jobs.start()

    def shutdown(self) -> None:
        """End the processes; a run is checkpointed first."""
        self.engine.shutdown()
        self.jobs.shutdown()
        self.pages.shutdown()

    # --- data

    def samples(self) -> tuple[SampleInfo, ...]:
        return samples()

    def generators(self) -> tuple[GeneratorInfo, ...]:
        return generators()

    def drawings(self) -> tuple[DrawnInfo, ...]:
        return drawings()

    def open_paths(self, paths: list[str]) -> None:
        """What was dropped or opened: a project, a data file or folder, several files that belong together."""
        if not paths:
            return
        projects = [path for path in paths if Path(path).suffix.lower() == project_file.SUFFIX]
        if projects and len(paths) > 1:
            what, remedy = "A project was dropped together with other files.", "Drop it alone."
            error = UserInputError(what, remedy=remedy)
            self.notice.emit(refusal(error, key=DATA))
        elif projects:
            self.open_project(paths[0])
        else:
            self.use_source(source_of(paths))

    def use_source(self, source: DataSource) -> None:
        """Take other data. A file is read before anything changes, so that a bad one changes nothing."""

        def adopt(profile: TableProfile) -> None:
            found = replace(source, sha256=profile.sha256) if source.kind == "file" else source
            name = profile.name.rsplit(".", 1)[0] if source.kind == "file" else profile.name
            spec = adopted(DataSpec(found), profile.together)
            self._known = (spec, profile) if spec == DataSpec(found) else None
            self._use(spec, profile.name, name)

        def look(profile: TableProfile) -> None:
            self.stage_requested.emit("Data")
            self.first_look.emit(profile)

        if source.kind == "drawn":  # there is nothing to read yet
            info = drawing(source.name)
            self._use(DataSpec(source, target=info.target, task=info.task), info.label, info.label)
            return
        self._submit(
            "inspect", (DataSpec(source), True), f"Reading {source.name}", adopt, key="data", about=DATA, partial=look,
            source=source,
        )  # fmt: skip

    def _use(self, data: DataSpec, title: str, name: str) -> None:
        """Make these the project's data, as one step; a project that has no file yet takes the name."""
        old, fresh_name = self.document.project.data, self.document.project.name if self.document.path else name
        self._data_edits += 1
        self._keep_data_key = f"data:{self._data_edits}"
        self._suggested_training = None  # other data, other settings; more rows of the same keep those set by hand
        new = replace(data, seed=old.seed if old else data.seed)
        self.document.apply(
            lambda p: replace(p, data=new, name=fresh_name), f"Use {title}", merge_key=self._keep_data_key
        )
        self.stage_requested.emit("Data")

    def change_data(self, text: str, **changes: Any) -> None:
        """An undoable change of `DataSpec` fields; the data are prepared anew by themselves."""
        if self.document.project.data is None:
            return
        self._chosen = text
        merge = "split" if changes.keys() <= {"validation", "test"} else ""
        if not merge:
            self._data_edits += 1
        self._keep_data_key = f"data:{merge or self._data_edits}"

        def edit(project: Project) -> Project:
            assert project.data is not None
            return replace(project, data=replace(project.data, **changes))

        self.document.apply(edit, text, merge_key=self._keep_data_key)

    def draw(self, text: str, points: Points) -> None:
        """Other points of a drawing, as one undo step called `text`."""
        data = self.document.project.data
        if data is None or data.source.kind != "drawn":
            return
        self._data_edits += 1
        self._keep_data_key = f"data:{self._data_edits}"
        new = replace(data, source=replace(data.source, points=points))
        self.document.apply(lambda p: replace(p, data=new), text, merge_key=self._keep_data_key)

    def change_source(self, **changes: Any) -> None:
        """Rows, noise, seed or choices of a generator; turning one repeatedly is one undo step."""
        data = self.document.project.data
        if data is None:
            return
        self._keep_data_key = "source:" + ",".join(sorted(changes))
        source = replace(data.source, **changes)
        self.document.apply(
            lambda p: replace(p, data=replace(p.data, source=source) if p.data else None),
            "Change the generated data", merge_key=self._keep_data_key,
        )  # fmt: skip

    def _read_data(self) -> None:
        """The data specification changed, by a person or by undo: profile it and prepare its arrays."""
        data, read = self.document.project.data, self._read
        if self.document.prepared is not None and _differ_in_variation_only(data, read):
            return
        self._read = data
        self.document.set_prepared(None)
        self.running_network_changed.emit()
        if data is None or (data.source.kind == "drawn" and lacking(data.source.name, data.source.points)):
            self.jobs.forget("data")
            self.document.set_profile(None)
            return
        key = self._keep_data_key
        label = f"Preparing {data.source.name}"

        def show(profile: TableProfile) -> None:
            self.document.set_profile(profile)
            blocked = [f for f in profile.findings if f.severity == "error"]
            if not blocked:
                self._submit(
                    "prepare", (data,), label, lambda p: self._adopt(p, key), key="data", about=DATA,
                    partial=self.images_loading.emit,
                )  # fmt: skip

        known, self._known = self._known, None
        if known is not None and data == replace(known[0], seed=data.seed):
            show(known[1])
            return
        self._submit("inspect", (data,), label, show, key="data", about=DATA, source=data.source)

    def _adopt(self, prepared: Prepared, key: str) -> None:
        """Arrays stand ready: fit the network to them, or lay out a sensible one where none was made by hand."""
        self.document.set_prepared(prepared)
        trained = self.document.trained
        if trained is not None and not trained.prepared.folder and trained.prepared.preparation == prepared.preparation:
            # A reopened project knows of its data all but the arrays.
            kept = replace(trained, prepared=prepared)
            self.document.set_result(kept, self.document.history, saved=not self.document.edited)
            self.evaluate()
        project = self.document.project
        untouched = not project.network.layers or project.network == self._suggested
        try:
            if untouched:
                known = self._suggested_training
                by_hand = known is not None and (known != project.training or self.engine.active)
                training = project.training if by_hand else suggest.training_for(prepared, project.training)
                network = suggest.network_for(prepared, training)
            else:
                training = project.training
                network = suggest.fitted(project.network, prepared, training)
        except UserInputError as err:
            self.notice.emit(refusal(err, key=DATA))
            return
        if untouched:
            self._suggested = network
            self._suggested_training = known if by_hand else training
        layout = {} if untouched else project.layout
        self.document.apply(
            lambda p: replace(p, network=network, training=training, layout=layout), "Use other data", merge_key=key
        )
        self._keep_data_key = ""
        for warning in prepared.warnings:
            self.notice.emit(Notice("info", warning, key=f"data:{warning}"))
        self.running_network_changed.emit()

    # --- training

    @property
    def can_train(self) -> bool:
        return not self.runs.why_not

    @property
    def why_not(self) -> str:
        return self.runs.why_not

    @property
    def running_network(self) -> NetworkSpec | None:
        """The design that the present or last run uses."""
        return self.runs.task.network if self.runs.task else None

    @property
    def running_config(self) -> TrainingConfig | None:
        return self.runs.task.config if self.runs.task else None

    @property
    def design_is_newer(self) -> bool:
        return self.runs.design_is_newer

    @property
    def data_are_newer(self) -> bool:
        return self.runs.data_are_newer

    def train(self) -> None:
        self.runs.train()
        self.stage_requested.emit("Train")

    def train_anew(self) -> None:
        """Give up a run that stands, and begin one with the present design and data."""
        self.runs.reset()
        self.train()

    def pause(self) -> None:
        self.engine.pause()

    def toggle_train(self) -> None:
        if self.engine.state == "running":
            self.pause()
        elif self.can_train:
            self.train()

    def step(self) -> None:
        """One batch, then pause."""
        self.runs.train(steps=1)

    def step_epoch(self) -> None:
        self.runs.step_epoch()

    def stop(self) -> None:
        self.engine.stop()

    def find_learning_rate(self, done: Callable[[RangeTest], None]) -> None:
        """`done` with a range test of the present design and settings, or with why there can be none."""
        project, prepared = self.document.project, self.document.prepared
        lost = "The run was interrupted: resume or discard it first." if self.engine.state == "lost" else ""
        if lost or self.why_not or prepared is None:
            done(RangeTest.nothing(lost or self.why_not))
            return
        varied = project.data.augmentation if project.data is not None else Augmentation()
        task = TrainingTask(project.network, project.training, prepared, augmentation=varied)
        self.engine.find_learning_rate(task, done)

    def cancel_learning_rate(self) -> None:
        """End a range test that goes on; its `done` is told so."""
        self.engine.cancel_learning_rate()

    def set_pace(self, steps_per_second: float | None) -> None:
        """Hold training back to so many steps a second, for eyes to follow; None: as fast as it goes."""
        self.engine.set_pace(steps_per_second)

    def reset(self) -> None:
        self.runs.reset()

    def resume_after_loss(self) -> None:
        self.runs.resume_after_loss()

    # --- results

    def evaluate(self) -> None:
        """Measure the trained network on the test rows, in the jobs process."""
        trained, model = self.document.trained, self.document.model()
        if trained is None or model is None or not trained.prepared.rows.get("test"):
            return

        def show(evaluation: Evaluation) -> None:
            if self.document.trained is trained:
                self.document.set_evaluation(evaluation)

        self._submit("evaluate", (model, trained.prepared), "Evaluating", show, key="evaluate", about="evaluate")

    def predict(self, source: DataSource, done: Callable[[Predictions], None]) -> None:
        model = self.document.model()
        if model is not None:
            self._submit("predict", (model, source), f"Predicting {source.name}", done, key="predict", about="predict")

    def predict_row(self, cells: dict[str, str], done: Callable[[Predictions], None]) -> None:
        """The answer for one row typed in by hand: column name → text."""
        model = self.document.model()
        if model is not None:
            self._submit("predict_cells", (model, cells), "Predicting", done, key="predict_row", about="predict")

    def save_predictions(self, predictions: Predictions, path: str, done: Callable[[str], None]) -> None:
        self._submit("save_predictions", (path, predictions), "Saving", done, about="predict")

    def export_formats(self) -> tuple[FormatInfo, ...]:
        return formats()

    def export(self, format: str, path: str, done: Callable[[ExportResult], None]) -> None:
        """Write the trained model and compare the file's answers with ours on held-out rows."""
        trained, model, data = self.document.trained, self.document.model(), self.document.project.data
        if trained is not None and model is not None:
            args = (format, model, path, trained.prepared, data)
            self._submit("export", args, f"Exporting {Path(path).name}", done, key="export", about="export")

    def _submit(
        self, job: str, args: tuple[Any, ...], label: str, done: Callable[[Any], None], *, key: str = "", about: str,
        partial: Callable[[Any], None] | None = None, source: DataSource | None = None,
    ) -> None:  # fmt: skip
        def failed(failed: JobFailed) -> None:
            notice = self.data_files.told(failed, source, key=about)
            stack = self.document.undo_stack
            if about == DATA and self._chosen and stack.undoText() == self._chosen:
                notice = replace(notice, actions=(*notice.actions, ("Undo it", stack.undo)))
            self.notice.emit(notice)

        more = {} if partial is None else {"partial": partial}
        self.jobs.submit(job, args, label=label, done=done, failed=failed, key=key, **more)

    # --- the project file

    def new_project(self) -> None:
        self._open(SavedProject(Project()), None)

    def open_project(self, path: str) -> None:
        """Read in the jobs process: a project file may come from anywhere."""
        self._submit(
            "open_project", (path,), f"Opening {Path(path).name}", lambda s: self._open(s, Path(path)), about=FILE
        )

    def _open(self, saved: SavedProject, path: Path | None) -> None:
        self.engine.abandon()
        self.runs.task = None
        self.cross_validation.forget()
        self._suggested = self._suggested_training = None
        self._keep_data_key = ""
        document = self.document
        document.open(saved.project, path if not saved.read_only else None)
        if saved.read_only:
            self.notice.emit(Notice("warning", "Opened for reading", saved.read_only, key=FILE))
        if saved.weights is not None and saved.trained_network is not None and saved.prepared is not None:
            trained = Trained(saved.weights, saved.trained_network, saved.prepared, saved.loss)
            document.set_result(trained, saved.history, saved=True)
        self.running_network_changed.emit()
        if saved.project.data is not None:
            self.stage_requested.emit("Train" if saved.weights is not None else "Design")

    def save(self) -> bool:
        """False where it was not saved: there is no path yet, or the disk refused."""
        return self.document.path is not None and self.save_as(str(self.document.path))

    def save_as(self, path: str) -> bool:
        """Save with the newest weights there are, those of a run that goes on included."""
        self.runs.keep_present()
        document, trained = self.document, self.document.trained
        target = Path(path) if Path(path).suffix == project_file.SUFFIX else Path(path + project_file.SUFFIX)
        project = document.project if document.path else replace(document.project, name=target.stem)
        saved = SavedProject(
            project,
            weights=trained.weights if trained else None,
            trained_network=trained.network if trained else None,
            loss=trained.loss if trained else "",
            history=document.history,
            prepared=trained.prepared if trained else None,
        )
        try:
            project_file.save(target, saved)
        except UserInputError as err:
            self.notice.emit(refusal(err, key=FILE))
            return False
        if project.name != document.project.name:
            document.apply(lambda p: replace(p, name=project.name), "Name the project")
        document.mark_saved(target)
        return True


def _differ_in_variation_only(new: DataSpec | None, old: DataSpec | None) -> bool:
    """How rows are varied in training is no matter of reading them."""
    return new is not None and old is not None and replace(new, augmentation=old.augmentation) == old
