// One stop of the Tab key for a whole group; arrow keys move inside it.

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Handle a key in a group: focus the next item, and call `pick` with its index. */
export function roving(event, pick) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const items = [...event.currentTarget.querySelectorAll("[data-item]")];
  const at = items.indexOf(event.target.closest("[data-item]"));
  if (at < 0) return;
  let next = null;
  if (event.key in STEPS) next = (at + STEPS[event.key] + items.length) % items.length;
  else if (event.key === "Home") next = 0;
  else if (event.key === "End") next = items.length - 1;
  if (next === null) return;
  event.preventDefault();
  items[next].focus();
  pick(next);
}
