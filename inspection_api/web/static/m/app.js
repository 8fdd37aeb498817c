// What all views share: the officer, his device and what it holds, and the moves between views.

import { get } from "../shell/api.js";
import { dayOf } from "../shell/format.js";
import { Client } from "./device/client.js";
import { Store } from "./device/store.js";
import { storeName } from "./officer.js";
import { Position } from "./parts/position.js";
import { Recordings } from "./recordings.js";
import { distanceM } from "./rules/fence.js";
import { Runner } from "./runner.js";
import { Visits } from "./visits.js";

const PATIENCE_MS = 4000; // whatever a view asks, the phone has an answer of its own
const OPEN = ["pending", "in_progress"];

export class App {
  static async open(officer, send) {
    const client = new Client(await Store.open(storeName(officer)), send, { bankTag: officer.bank.tag });
    await client.recall();
    return new App(officer, client);
  }

  constructor(officer, client) {
    this.officer = officer;
    this.client = client;
    this.mirror = client.mirror;
    this.visits = new Visits(client);
    this.recordings = new Recordings(client.store);
    this.position = new Position();
    this.runner = new Runner(client);
  }

  // The time by the server's clock, as far as the last handshake told it, and its day.
  now() {
    return Date.now() - this.client.skewMs;
  }

  today() {
    return dayOf(this.now());
  }

  go(path) {
    location.hash = `#/${path}`;
  }

  // Tasks that are open, each with its checkpoint, customer, days left and distance, by due date and then distance.
  async openTasks() {
    const [tasks, checkpoints, customers] = await Promise.all(["task", "checkpoint", "customer"].map((name) => this.mirror.all(name)));
    const [points, firms] = [byId(checkpoints), byId(customers)];
    return tasks
      .filter((task) => OPEN.includes(task.state))
      .map((task) => ({ ...task, checkpoint: points.get(task.checkpoint_id), customer: firms.get(task.customer_id) }))
      .filter((task) => task.checkpoint !== undefined)
      .map((task) => ({ ...task, distance_m: this.distanceTo(task.checkpoint), is_overdue: task.due_on < this.today() }))
      .sort((one, other) => (one.due_on === other.due_on ? far(one) - far(other) : one.due_on < other.due_on ? -1 : 1));
  }

  // The open tasks of a checkpoint that have begun; first those whose window is still open today.
  async tasksOf(checkpointId) {
    const today = this.today();
    const begun = (await this.openTasks()).filter((task) => task.checkpoint_id === checkpointId && task.period_start <= today);
    return begun.sort((one, other) => Number(one.window_end_on < today) - Number(other.window_end_on < today));
  }

  // What a checkpoint is called where nothing else tells which it is: its enterprise's name, and its own.
  async nameOf(checkpoint) {
    const customer = checkpoint && (await this.mirror.find("customer", checkpoint.customer_id));
    return [...new Set([customer?.name, checkpoint?.name])].filter(Boolean).join(" · ") || null;
  }

  // The operations of a type that were captured here in the last days, the latest first.
  async captured(type) {
    return (await this.client.outbox.listed()).filter((op) => op.content.type === type);
  }

  // Metres from here, null where the place or the phone's position is unknown.
  distanceTo(checkpoint) {
    const fix = this.position.fix();
    const place = placeOf(checkpoint);
    return fix === null || place === null ? null : distanceM(fix, place);
  }

  // The form of a version that the phone holds.
  async form(versionId) {
    return (await this.mirror.find("template_version", versionId))?.definition ?? null;
  }

  ask(path, query) {
    return get(path, query, { here: true, patienceMs: PATIENCE_MS });
  }
}

export const placeOf = ({ location_lon: lon, location_lat: lat }) => (lon === null ? null : { lon: Number(lon), lat: Number(lat) });

const byId = (rows) => new Map(rows.map((row) => [row.id, row]));
const far = (task) => task.distance_m ?? Number.POSITIVE_INFINITY;
