"""A branch hall to print in: officers with their phones, stations on the wall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from inspection_api.core.events import Event
from kiosk_print import service

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.kiosk_print.conftest import Desk

API = "/api/v1"


@dataclass
class Hall:
    """A branch hall: an officer with his phone, and stations on the wall."""

    client: FlaskClient
    desk: Desk

    @property
    def world(self) -> World:
        return self.desk.world

    def station(self, organisation: str = "sub_branch") -> Station:
        station_id, headers = self.world.machine(organisation, "print_station")
        return Station(self.client, station_id, headers)

    def printed(self, user: str = "officer", organisation: str = "sub_branch") -> str:
        """Return a fresh print's id."""
        return str(self.desk.print(self.client, self.desk.accept(organisation, user), user).json["id"])

    def post(self, path: str, user: str, key: str | None = None, **body: Any) -> Any:
        headers = {**self.world.headers(user), "Idempotency-Key": key or str(uuid4())}
        return self.client.post(f"{API}{path}", json=body, headers=headers)

    def queue(self, print_id: str | None = None, user: str = "officer", key: str | None = None) -> Any:
        return self.post("/print-jobs", user, key, print_id=print_id or self.printed())

    def release(self, job_id: str, station: Station, code: str | None = None, user: str = "officer") -> Any:
        given = {"station_id": str(station.id), "code": code or station.face()["code"]}
        return self.post(f"/print-jobs/{job_id}/release", user, **given)

    def released(self, station: Station, user: str = "officer") -> str:
        """Return the id of a job that waits at the station."""
        job_id = str(self.queue(self.printed(user), user).json["id"])
        assert self.release(job_id, station, user=user).json["state"] == "released"
        return job_id

    def job(self, job_id: str, user: str = "officer") -> Any:
        return self.client.get(f"{API}/print-jobs/{job_id}", headers=self.world.headers(user)).json

    def events(self, kind: str) -> list[dict[str, Any]]:
        with self.world.transaction() as ctx:
            return list(ctx.session.scalars(select(Event.data).where(Event.kind == kind).order_by(Event.number)))

    def sweep(self) -> bool:
        with self.world.transaction() as ctx:
            return service.sweep_print_jobs(ctx)


@dataclass
class Station:
    """A print station: it knows its token and nothing else."""

    client: FlaskClient
    id: UUID
    headers: dict[str, str]

    def face(self) -> Any:
        return self.client.get(f"{API}/station", headers=self.headers).json

    def take(self) -> Any:
        answer = self.client.post(f"{API}/station/jobs/next", headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json["job"]

    def fetch(self, job_id: str) -> Any:
        return self.client.get(f"{API}/station/jobs/{job_id}/pdf", headers=self.headers)

    def report(self, job_id: str, attempt: int = 1, outcome: str = "printed") -> Any:
        body = {"attempt": attempt, "outcome": outcome}
        return self.client.post(f"{API}/station/jobs/{job_id}/report", json=body, headers=self.headers)
