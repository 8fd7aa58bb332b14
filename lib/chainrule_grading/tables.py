"""Tables that other programs wrote, and tables that other programs will open: CSV with any delimiter and encoding."""
import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property

from chainrule_grading.course import UserError

LARGEST = 50_000_000                              # bytes; 2,000 learners take about half a million
A_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?%?", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A header and rows of its length, and how the file was written."""
    header: list
    rows: list
    delimiter: str = ","

    def column(self, *names):
        """The number of the first column that is called so, however it is spelt; None if there is none."""
        return next((self._known[plain(name)] for name in names if plain(name) in self._known), None)

    @cached_property
    def _known(self):
        return {plain(name): k for k, name in reversed(list(enumerate(self.header)))}

    def cell(self, row, *names):
        """What a row has in the column that is called so; "" if there is none."""
        place = self.column(*names)
        return plainly(row[place]) if place is not None else ""


def plain(text):
    """A heading without case, blanks and signs: "E-mail address" and "email_address" are one."""
    return re.sub(r"[\W_]+", "", text.casefold())


def read(path):
    """The table in a CSV file; UserError says what is wrong with it."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as failed:
        raise UserError(f"{path} cannot be read ({failed.strerror}); give the path of a CSV file.") from None
    if raw is None:
        raise UserError(f"{path} has more than {LARGEST // 1_000_000} MB; a CSV of a class is much smaller.")
    if raw[:2] == b"PK":
        raise UserError(f"{path} is an Excel or zip file; save it as CSV (UTF-8) and give that.")
    text = _decode(raw)
    if "\0" in text:
        raise UserError(f"{path} is not a table of text; save it as CSV (UTF-8) and give that.")
    first = text.lstrip("\n\r").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as wrong:
        raise UserError(f"{path} is not a CSV that can be read ({wrong}); save it as CSV (UTF-8) again.") from None
    if not rows:
        raise UserError(f"{path} is empty; it needs a line with the names of the columns.")
    header = [name.strip() for name in rows[0]]
    return Table(header, [(row + [""] * len(header))[:len(header)] for row in rows[1:]], delimiter)


def _decode(raw):
    """Text as Canvas, Moodle and spreadsheets write it."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def written(table):
    """The table as CSV, for a spreadsheet or an upload. What a spreadsheet would take for a formula is disarmed."""
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=table.delimiter)
    out.writerow(table.header)
    out.writerows([safe(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def safe(cell):
    """The cell, with ' before what a spreadsheet would carry out (OWASP, "CSV Injection"). Numbers stay numbers.

    A lone - is Moodle's sign for "no grade" and no formula.
    """
    words = cell.strip()
    formula = words[:1] in set("=+-@＝＋－＠") and words != "-" and not A_NUMBER.fullmatch(words)
    return "'" + cell if words and (formula or cell[0] in "\t\r") else cell


def plainly(cell):
    """What a cell says, without the sign that `safe` puts before a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and safe(cell[1:]) == cell else cell
