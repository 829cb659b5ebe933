// Listings in JSON, held against each other: numbers as they are written, dax devices by name, keys of devices that cannot be asked left out by name.

/** @typedef {unknown} Json */

/** Numbers beyond what a double holds stay as text. @param {string} text @returns {Json} */
export const parse = (text) => (text.trim() === "" ? [] : JSON.parse(text.replaceAll(/(:\s*)(-?\d{16,})(?=\s*[,}\]\n])/g, '$1"$2"')));

const nameOf = (/** @type {Json} */ item) => (item === null || typeof item !== "object" ? undefined : "chardev" in item ? String(item.chardev) : "dport" in item ? String(item.dport) : undefined);

/**
 * Takes keys out wherever they stand, and gathers their names. The tool lists dax devices and dports in the order of their folder, which is the kernel's only
 * where `isOrdered`; elsewhere they are put in order of name.
 * @param {Json} value @param {readonly string[]} keys @param {string[]} names @param {boolean} isOrdered @returns {Json}
 */
export function normalize(value, keys, names, isOrdered) {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalize(item, keys, names, isOrdered));
    return isOrdered || items.some((item) => nameOf(item) === undefined) ? items : items.toSorted((a, b) => (String(nameOf(a)) < String(nameOf(b)) ? -1 : 1));
  }
  if (value === null || typeof value !== "object") return value;
  const kept = [];
  for (const [key, inner] of Object.entries(value)) {
    if (keys.includes(key)) names.push(key);
    else kept.push([key, normalize(inner, keys, names, isOrdered)]);
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
