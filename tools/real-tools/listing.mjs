// Listings in JSON, held against each other: numbers as they are written, dax devices by name, keys of devices that cannot be asked left out by name.

/** @typedef {unknown} Json */

/** Numbers beyond what a double holds stay as text. @param {string} text @returns {Json} */
export const parse = (text) => (text.trim() === "" ? [] : JSON.parse(text.replaceAll(/(:\s*)(-?\d{16,})(?=\s*[,}\]\n])/g, '$1"$2"')));

/**
 * Takes keys out wherever they stand. The tool adds each dax device in front of those it has, in the order in which the folder lists them: the kernel's by
 * a hash, another file system's by its own. So they are compared in order of name.
 * @param {Json} value @param {readonly string[]} keys @param {string[]} names @returns {Json}
 */
export function normalize(value, keys, names) {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalize(item, keys, names));
    return items.every((item) => item !== null && typeof item === "object" && "chardev" in item) ? items.toSorted((a, b) => (String(a.chardev) < String(b.chardev) ? -1 : 1)) : items;
  }
  if (value === null || typeof value !== "object") return value;
  const kept = [];
  for (const [key, inner] of Object.entries(value)) {
    if (keys.includes(key)) names.push(key);
    else kept.push([key, normalize(inner, keys, names)]);
  }
  return Object.fromEntries(kept);
}

/** Places where two listings differ. @param {Json} theirs @param {Json} ours @param {string} place @returns {string[]} */
export function differences(theirs, ours, place = "") {
  if (JSON.stringify(theirs) === JSON.stringify(ours)) return [];
  const isTree = (/** @type {Json} */ value) => value !== null && typeof value === "object";
  if (!isTree(theirs) || !isTree(ours) || Array.isArray(theirs) !== Array.isArray(ours)) return [`${place || "all"}: real ${JSON.stringify(theirs)}, ours ${JSON.stringify(ours)}`];
  const [a, b] = [Object(theirs), Object(ours)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const inner = names.flatMap((name) => differences(a[name], b[name], `${place}/${name}`));
  return inner.length > 0 ? inner : [`${place || "all"}: order of keys: real ${Object.keys(a).join(" ")}, ours ${Object.keys(b).join(" ")}`];
}
