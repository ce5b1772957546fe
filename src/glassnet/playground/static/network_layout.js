// Where everything in the drawing of the network stands, in CSS pixels.

export const SHOWN = 16; // units drawn per layer
const HEAD = 96; // room above for the layers' controls
const NEURON = 34;
const PITCH = 42;
const COLUMN = 96; // least distance of two columns
const LEFT = { plane: 62, table: 124 }; // from the left side to the middle of the first column
const RIGHT = 72; // from the middle of the last column to the right side

/** Columns of nodes: the features, then the layers with weights. `ready` is the server's answer. */
export function layout(ready, width) {
  const names = ready.network.features;
  const dense = weightLayers(ready);
  const columns = [
    { name: "features", labels: names, total: names.length },
    ...dense.map((layer) => ({ name: layer.name, layer, total: layer.units })),
  ];
  const left = isPlane(ready) ? LEFT.plane : LEFT.table;
  const across = Math.max(width, left + RIGHT + COLUMN * (columns.length - 1));
  const most = Math.max(...columns.map((column) => Math.min(column.total, SHOWN)));
  const height = HEAD + Math.max(most, 4) * PITCH + 26;
  columns.forEach((column, i) => {
    const shown = Math.min(column.total, SHOWN);
    column.x = left + (i * (across - left - RIGHT)) / (columns.length - 1);
    column.hidden = column.total - shown;
    const top = HEAD + ((Math.max(most, 4) - shown) * PITCH) / 2;
    column.nodes = Array.from({ length: shown }, (_, j) => ({ x: column.x, y: top + PITCH * (j + 0.5) }));
  });
  return { columns, width: across, height, size: NEURON };
}

/** The layers that have weights to draw, in order (not batch normalisation, dropout, ...). */
export const weightLayers = (ready) => {
  const dense = ready.network.layers.filter((layer) => layer.name.startsWith("dense"));
  return dense.length ? dense : ready.network.layers.filter((layer) => layer.n_parameters > 0);
};

/** Whether the data lie in the plane, so that responses over it can be drawn. */
export const isPlane = (ready) => ready.kind.startsWith("plane");

/** The curve from node a to node b. */
export function curve(a, b, size) {
  const [x0, x1] = [a.x + size / 2, b.x - size / 2];
  const middle = (x0 + x1) / 2;
  return { x0, y0: a.y, x1, y1: b.y, middle };
}

export const curvePath = (c) => `M${c.x0},${c.y0}C${c.middle},${c.y0} ${c.middle},${c.y1} ${c.x1},${c.y1}`;
