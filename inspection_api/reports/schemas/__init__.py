"""What the report endpoints take and give."""

from __future__ import annotations

from inspection_api.reports.schemas.questions import (
    ComparisonQuery,
    ConcludedQuery,
    CountedTasksQuery,
    CoveredQuery,
    DueTasksQuery,
    IndicatorsQuery,
    MovedQuery,
    RaisedQuery,
    RecordsQuery,
    RecordVisitsQuery,
    SeriesQuery,
    SeriesVisitsQuery,
    StandingQuery,
    WindowQuery,
    YearQuery,
)
from inspection_api.reports.schemas.rows import (
    CountedTaskSchema,
    CoveredCheckpointSchema,
    CoveredCustomerSchema,
    CustomerRowSchema,
    MovedCustomerSchema,
    TaskRowSchema,
    VisitRowSchema,
)
from inspection_api.reports.schemas.tables import (
    CatalogueSchema,
    TableSchema,
)

__all__ = [
    "CatalogueSchema",
    "ComparisonQuery",
    "ConcludedQuery",
    "CountedTaskSchema",
    "CountedTasksQuery",
    "CoveredCheckpointSchema",
    "CoveredCustomerSchema",
    "CoveredQuery",
    "CustomerRowSchema",
    "DueTasksQuery",
    "IndicatorsQuery",
    "MovedCustomerSchema",
    "MovedQuery",
    "RaisedQuery",
    "RecordVisitsQuery",
    "RecordsQuery",
    "SeriesQuery",
    "SeriesVisitsQuery",
    "StandingQuery",
    "TableSchema",
    "TaskRowSchema",
    "VisitRowSchema",
    "WindowQuery",
    "YearQuery",
]
