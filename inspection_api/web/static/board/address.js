// Where somebody is on the board stands in the address, so that every view can be kept, sent and gone back to.

// What the address says, as an object of texts; `organisation_ids` is an array.
export function here() {
  const query = new URLSearchParams(location.search);
  const said = Object.fromEntries(query);
  if (query.has("organisation_ids")) said.organisation_ids = query.getAll("organisation_ids");
  return said;
}

// The address of a view; what is null or undefined is left out.
export function to(view) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(view)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") query.append(name, one);
  }
  return `/board?${query}`;
}

export function go(view, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", to(view));
  window.dispatchEvent(new Event("popstate"));
}

// Follow links to the board without loading the page again; everything else (new tab, download) stays the browser's.
export function followLinks(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/board?']");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    window.dispatchEvent(new Event("popstate"));
    window.scrollTo(0, 0);
  });
}
