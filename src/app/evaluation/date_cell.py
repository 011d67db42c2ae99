"""A field for a moment: typed as the data write it, slid to, or taken from a calendar."""

from __future__ import annotations

from PySide6.QtCore import QDate, QLocale, QPoint, Qt
from PySide6.QtGui import QTextCharFormat
from PySide6.QtWidgets import QCalendarWidget, QMenu, QToolButton, QWidget, QWidgetAction

from app import theme
from app.dates import shown
from app.evaluation.number_cell import Span, ValueCell
from app.widgets import icon_button
from core.data import dates
from core.data.preprocess import DateFeature
from core.data.schema import ColumnProfile

FIELD, CALENDAR = 132, (288, 232)
MINUTE, WHOLE_DAYS = 60.0, 10  # beyond so many days the slider moves by days
YEAR = 365.2425 * dates.DAY


class DateCell(ValueCell):
    def __init__(self, feature: DateFeature, column: ColumnProfile | None, parent: QWidget | None = None) -> None:
        self._feature = feature
        span = _span(feature, column)
        self._by_days = span[1] - span[0] > WHOLE_DAYS * dates.DAY and "day" not in feature.parts
        low, high = (shown(_rounded(end, MINUTE)) for end in span)
        tip = (
            f"From {low} to {high} in the data. Type a date such as 2024-05-17 18:30, or as the data write it; up and "
            f"down go a day further. Empty: missing; {shown(_rounded(feature.fill, MINUTE))} stands in."
        )
        super().__init__(feature.name, span, field=FIELD, tip=tip, parent=parent)
        self.calendar = icon_button("calendar", "Calendar. Choose a day.", on_click=self._open)
        self.row.setSpacing(4)
        self.row.addWidget(self.calendar)
        self.reset()

    def typical(self) -> float:
        return self._feature.fill

    def value(self) -> float | None:
        return dates.moment(self.line.text(), self._feature.forms)

    def cell(self) -> str | None:
        text = self.line.text().strip()
        return None if text and self.value() is None else text

    def written(self, value: float) -> str:
        minute = _rounded(value, MINUTE)
        return shown(minute // dates.DAY * dates.DAY if self._by_days else minute)

    def further(self, value: float, steps: int) -> float:
        return value + steps * dates.DAY

    def _open(self) -> None:
        menu, action, calendar = QMenu(self), QWidgetAction(self), _calendar()
        value = self.value()
        now = shown(self.typical() if value is None else value)
        calendar.setSelectedDate(QDate.fromString(now[:10], Qt.DateFormat.ISODate))
        calendar.clicked.connect(lambda day: self._take(day, menu))
        calendar.activated.connect(lambda day: self._take(day, menu))
        action.setDefaultWidget(calendar)
        menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        right = self.mapToGlobal(QPoint(self.width() - menu.sizeHint().width(), self.height() + 2))
        menu.popup(right)
        calendar.setFocus()

    def _take(self, day: QDate, menu: QMenu) -> None:
        """The day of the calendar, at the time of day that stood there."""
        value = self.value()
        time = 0.0 if value is None or self._by_days else value % dates.DAY
        at = dates.moment(day.toString(Qt.DateFormat.ISODate))
        menu.close()
        if at is not None:
            self.set_value(at + time)


def _calendar() -> QCalendarWidget:
    """In the words and colours of the window."""
    made = QCalendarWidget()
    made.setLocale(QLocale(QLocale.Language.English))
    made.setMinimumSize(*CALENDAR)
    made.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
    made.setHorizontalHeaderFormat(QCalendarWidget.HorizontalHeaderFormat.SingleLetterDayNames)
    made.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
    plain, head = QTextCharFormat(), QTextCharFormat()
    for day in (Qt.DayOfWeek.Saturday, Qt.DayOfWeek.Sunday):
        made.setWeekdayTextFormat(day, plain)  # red would say that something is wrong
    head.setFont(theme.font("caption"))
    head.setForeground(theme.current().muted)
    made.setHeaderTextFormat(head)
    for side, icon in (("prev", "chevron-left"), ("next", "chevron-right")):
        button = made.findChild(QToolButton, f"qt_calendar_{side}month")
        if isinstance(button, QToolButton):
            button.setIcon(theme.icon(icon))
    return made


def _rounded(seconds: float, unit: float) -> float:
    return round(seconds / unit) * unit


def _span(feature: DateFeature, column: ColumnProfile | None) -> Span:
    """From the first to the last moment in the data where they are known, else two years around the median."""
    low = feature.fill - YEAR if column is None or column.minimum is None else column.minimum
    high = feature.fill + YEAR if column is None or column.maximum is None else column.maximum
    return (low, high) if high > low else (low - YEAR, low + YEAR)
