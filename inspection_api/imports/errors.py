"""The problems of tables: the file as a whole, and what is wrong in its rows."""

from __future__ import annotations

from inspection_api.core.errors import Conflict, Invalid, TooLarge, Unsupported


class TableTooLarge(TooLarge):
    """The file, what it unpacks to, or its number of rows is beyond the limit; members say which."""

    code = "table_too_large"
    title = "文件超过导入限制"


class TableUnreadable(Invalid):
    """It is no XLSX or CSV that can be read."""

    code = "table_unreadable"
    title = "文件无法读取，请使用模板并另存为 XLSX 或 CSV"


class TableUnknown(Unsupported):
    """The content type is neither XLSX nor CSV; ``supported`` lists them."""

    code = "table_unknown"
    title = "只支持 XLSX 与 CSV 文件"


class RowsInvalid(Invalid):
    """Rows are wrong, so nothing was imported; ``rows`` says sheet, row, column, code and message of each fault.

    ``faults`` is how many there are; ``rows`` shows the first of them.
    """

    code = "rows_invalid"
    title = "表格中有错误，未导入任何数据"


class ImportRunning(Conflict):
    """Somebody else's import is at work in this bank."""

    code = "import_running"
    title = "另一导入正在进行，请稍后再试"


class ExportTooLarge(TooLarge):
    """There is more in scope than an import takes; the organisations below hold less, a CSV holds one table."""

    code = "export_too_large"
    title = "数据量超过单个文件上限，请按下级机构分别导出"


class NothingToExport(Conflict):
    """There is nothing in scope to give out."""

    code = "nothing_to_export"
    title = "该范围内没有可导出的数据"
