// The picture export: surface, network and curves on one canvas, as PNG.

import { css, ink } from "./colours.js";
import { download } from "./dom.js";
import { isDark } from "./theme.js";

const SCALE = 2;

/** `views`: {network, surface, curves}; `lines`: text for the head. */
export async function exportPicture(views, lines) {
  const { width: nw, height: nh } = views.network.plan;
  const side = views.surface.stage.clientWidth;
  const tall = views.surface.stage.clientHeight;
  const head = 24 + 18 * lines.length;
  const curves = await curvesImage(views.curves, side, 300);
  const width = nw + side + 60;
  const height = head + Math.max(nh, tall + 320) + 20;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: width * SCALE, height: height * SCALE });
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = isDark() ? "#16191d" : "#ffffff";
  context.fillRect(0, 0, width, height);
  context.fillStyle = css(ink());
  lines.forEach((line, i) => {
    context.font = `${i ? "" : "bold "}13px system-ui, sans-serif`;
    context.fillText(line, 20, 26 + 18 * i);
  });
  context.drawImage(views.network.canvas, 20, head, nw, nh);
  labels(context, views.network, 20, head);
  context.drawImage(views.surface.canvas, nw + 40 + views.surface.canvas.offsetLeft, head, views.surface.side, views.surface.side);
  context.drawImage(views.surface.points, nw + 40, head, views.surface.points.clientWidth, views.surface.points.clientHeight);
  if (curves) context.drawImage(curves, nw + 40, head + tall + 12, side, 300);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  download(blob, "glassnet.png");
}

/** The names beside nodes and above columns are elements of the page: write them once more. */
function labels(context, network, left, top) {
  context.textBaseline = "middle";
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  for (const [i, column] of network.plan.columns.entries()) {
    const name = i === 0 ? "Features" : `${column.name} (${column.layer.activation ?? "linear"})`;
    context.fillText(name, left + column.x, top + 40);
    context.fillText(String(column.total), left + column.x, top + 56);
  }
  for (const label of network.nodes.querySelectorAll(".node-label")) {
    const [x, y] = [left + parseFloat(label.style.left), top + parseFloat(label.style.top)];
    const kind = ["left", "right"].find((side) => label.classList.contains(side));
    context.textAlign = { left: "right", right: "left" }[kind] ?? "center";
    context.fillText(label.textContent, x, y);
  }
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
}

async function curvesImage(curves, width, height) {
  if (!window.Plotly) return null;
  const image = new Image();
  image.src = await curves.picture(width, height);
  await image.decode();
  return image;
}
