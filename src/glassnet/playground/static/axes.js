// The two coordinates by name: x and y of made data, the columns of an uploaded table.

/** The axes' titles, such as "width (standardised)". */
export const axesOf = (ready) => ready?.axes ?? ["x", "y"];

/** The same without what is said of their scale. */
export const shortAxes = (ready) => axesOf(ready).map((title) => title.replace(/ \(standardised\)$/, ""));

/** A feature's formula with the axes' names in it: "sin πx" as "sin π·width". */
export function named(formula, ready) {
  const names = shortAxes(ready);
  return formula.replace(/(π?)([xy])/g, (_, pi, axis) => {
    const name = names["xy".indexOf(axis)];
    return pi && name.length > 1 ? `${pi}·${name}` : pi + name;
  });
}
