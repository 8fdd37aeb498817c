// With which forms a visit may be made that no task asks for. It may stand in for a task only with a form of the same
// family (domain.md §1.7, §1.8), so the tasks of its checkpoint tell; where the phone holds none, any form that is
// published may be meant.

// [{ id, name }], the newest version of each form, by name; versions and tasks as the phone holds them.
export function formsFor(checkpointId, { tasks, versions, templates }) {
  const newest = newestOf(versions);
  const asked = wanted(tasks.filter((task) => task.checkpoint_id === checkpointId), versions);
  const offered = [...newest.keys()].filter((id) => asked.size === 0 || asked.has(id));
  const names = new Map(templates.map(({ id, name }) => [id, name]));
  return offered
    .map((id) => ({ id: newest.get(id).id, name: names.get(id) ?? newest.get(id).definition.title }))
    .sort((one, other) => one.name.localeCompare(other.name, "zh-CN"));
}

function newestOf(versions) {
  const newest = new Map();
  for (const version of versions) {
    if (version.number > (newest.get(version.template_id)?.number ?? 0)) newest.set(version.template_id, version);
  }
  return newest;
}

// The forms of which the tasks ask for any version that the phone holds.
function wanted(tasks, versions) {
  const used = new Set(tasks.map((task) => task.template_version_id));
  return new Set(versions.filter(({ id }) => used.has(id)).map((version) => version.template_id));
}
