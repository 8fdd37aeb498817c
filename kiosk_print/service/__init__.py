"""Use cases of the kiosk_print slice."""

from __future__ import annotations

from kiosk_print.service.batches import on_paper_batch_due, request_paper_batch
from kiosk_print.service.deciding import decidable, deciders_of_requests, unlock_waits
from kiosk_print.service.prints import give_opinion, open_pdf, preview, print_paper
from kiosk_print.service.releasing import queue_label_sheets, queue_labels, queue_paper, release, release_by_scan
from kiosk_print.service.sheets import on_label_sheets_due, picture_plate, print_labels, request_label_sheets
from kiosk_print.service.state import Paper, view
from kiosk_print.service.stations import Face, enrol_station, face, open_document, report, sweep_print_jobs, take_next
from kiosk_print.service.sweeps import sweep
from kiosk_print.service.terms import EDIT as EDIT_TERMS
from kiosk_print.service.terms import READ as READ_TERMS
from kiosk_print.service.terms import Terms, print_terms, put_print_terms
from kiosk_print.service.unlocks import decide_unlock, request_unlock, request_unlocks, withdraw_unlock
from kiosk_print.service.verification import verify
from kiosk_print.service.void_circles import VOID, decidable_voids, deciders_of_voids
from kiosk_print.service.void_requests import decide_void, request_void, withdraw_void
from kiosk_print.service.voids import void_print
from kiosk_print.service.windows import on_inspections_accepted, on_inspections_amended, on_inspections_voided

__all__ = [
    "EDIT_TERMS",
    "READ_TERMS",
    "VOID",
    "Face",
    "Paper",
    "Terms",
    "decidable",
    "decidable_voids",
    "decide_unlock",
    "decide_void",
    "deciders_of_requests",
    "deciders_of_voids",
    "enrol_station",
    "face",
    "give_opinion",
    "on_inspections_accepted",
    "on_inspections_amended",
    "on_inspections_voided",
    "on_label_sheets_due",
    "on_paper_batch_due",
    "open_document",
    "open_pdf",
    "picture_plate",
    "preview",
    "print_labels",
    "print_paper",
    "print_terms",
    "put_print_terms",
    "queue_label_sheets",
    "queue_labels",
    "queue_paper",
    "release",
    "release_by_scan",
    "report",
    "request_label_sheets",
    "request_paper_batch",
    "request_unlock",
    "request_unlocks",
    "request_void",
    "sweep",
    "sweep_print_jobs",
    "take_next",
    "unlock_waits",
    "verify",
    "view",
    "void_print",
    "withdraw_unlock",
    "withdraw_void",
]
