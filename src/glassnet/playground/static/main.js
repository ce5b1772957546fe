// The playground's page: joins the set-up, the connection and the views.

import { byId, download, h, percent } from "./dom.js";
import { onTheme } from "./theme.js";
import { Connection } from "./connection.js";
import { Store, toFragment } from "./state.js";
import { History } from "./history.js";
import { TopBar } from "./topbar.js";
import { dataPanel, featuresPanel, lossGroup, pretty } from "./data_panel.js";
import { clearErrors, failAt } from "./panel.js";
import { dropZone } from "./upload.js";
import { settingsPanel } from "./settings_panel.js";
import { layerHeads } from "./layer_heads.js";
import { NetworkView } from "./network_view.js";
import { isPlane } from "./network_layout.js";
import { EdgeEditor } from "./edge_editor.js";
import { NeuronPopup } from "./neuron_popup.js";
import { SurfaceView } from "./surface_view.js";
import { CurvesView } from "./curves_view.js";
import { Tabs } from "./tabs.js";
import { ConfusionView } from "./confusion_view.js";
import { HistogramsView } from "./histograms_view.js";
import { RatiosView } from "./ratios_view.js";
import { MathematicsView } from "./mathematics_view.js";
import { Lessons } from "./lessons.js";
import { helpDialog, shortcuts } from "./keyboard.js";
import { exportPicture } from "./picture.js";
import { watchVisible } from "./visible.js";
import { toast } from "./toast.js";

const ASIDE = ["rewind", "neuron", "views", "weight", "mathematics", "export"]; // errors that concern no set-up

const json = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: open the address that the terminal shows.`);
  return answer.json();
};

function start(catalogue, lessonList) {
  const model = { ready: null, frame: null, pending: false, waiting: 0, history: new History(), second: new History(), field: null };
  const uploads = new Map();
  const send = (message) => connection.send(message) || toast("There is no connection to the server.", "error");
  const order = (message) => send(message) && model.waiting++; // answered by "ready" or "error"
  const ask = (message) => connection.send(message); // by itself, so without a complaint

  const connection = new Connection({
    open() {
      byId("banner").hidden = true;
      views.forget();
      model.waiting = 0;
      order({ type: "setup", setup: store.setup });
    },
    message: (message) => onMessage[message.type]?.(message),
    frame: onFrame,
    lost(text) {
      bar.reset(false);
      byId("banner").replaceChildren(h("span", {}, text, " "), h("button", { type: "button", testid: "reconnect", onclick: () => connection.connect() }, "Try now"));
      byId("banner").hidden = false;
    },
  });

  const store = new Store((setup, field) => {
    model.field = field;
    update();
    order({ type: "setup", setup });
  });

  // Views -------------------------------------------------------------------
  const bar = new TopBar(byId("bar"), { send: (message) => (message.type === "reset" ? order : send)(message), share, picture, exportFile, openLesson: (i) => lessons.open(i), help: () => help.showModal() });
  const lessons = new Lessons(byId("lesson"), lessonList, ({ setup }) => store.open(setup));
  const help = helpDialog();
  const heads = layerHeads(catalogue, store);
  const editor = new EdgeEditor(document.body, send);
  const popup = new NeuronPopup(document.body, ask);
  const network = new NetworkView(byId("network"), {
    edge: (layer, row, column, near) => editor.open(layer, row, column, near),
    neuron: (layer, unit, near) => popup.show(isPlane(model.ready) ? layer : null, unit, near),
    formula: (name) => pretty(catalogue.features.find((feature) => feature.name === name)?.formula ?? name),
    heads: heads.heads,
  });
  const surface = new SurfaceView(byId("surface"));
  const second = new SurfaceView(byId("second"), "compare:");
  const curves = new CurvesView(byId("curves"));
  let views = null;
  let ratios;
  let mathematics;
  const tabs = new Tabs(byId("tabs"), [
    { name: "confusion", title: "Confusion matrix", make: (root) => new ConfusionView(root) },
    { name: "histograms", title: "Histograms", make: (root) => new HistogramsView(root) },
    { name: "ratios", title: "Update-to-weight ratio", make: (root) => (ratios = new RatiosView(root)) },
    { name: "mathematics", title: "Mathematics", make: (root) => (mathematics = new MathematicsView(root, ask)) },
  ], (view) => {
    if (model.frame) view.draw(model.frame);
    views?.();
  });
  views = watchVisible({ surfaces: () => (store.setup.compare ? ["surface", "compare"] : ["surface"]), network: ["neurons", "weights"], tabs: () => tabs.current.wants }, ask);

  // Panels ------------------------------------------------------------------
  const kindOf = (setup) => {
    if (model.ready?.kind && same(model.ready.setup?.data, setup.data)) return model.ready.kind;
    return catalogue.data.find((entry) => entry.name === setup.data.name)?.kind ?? "table-classes";
  };
  const same = (a, b) => a?.name === b?.name && a?.upload === b?.upload && a?.target === b?.target;
  const losses = () => {
    const values = lossGroup({ kind: kindOf(store.setup) }) === "values";
    const two = model.ready?.classes?.length === 2;
    return catalogue.losses.filter((loss) => (loss.for === "values") === values && (loss.for !== "binary" || two));
  };
  const panels = [
    dataPanel(byId("data"), catalogue, store, uploads, toast),
    featuresPanel(byId("features"), catalogue, store, (setup) => kindOf(setup).startsWith("plane"), () => model.ready?.network.features ?? []),
    settingsPanel(byId("settings"), catalogue, store, losses),
  ];
  function update() {
    for (const panel of panels) panel.update(store.setup);
    byId("layers-bar").replaceChildren(heads.bar(store.setup));
  }

  // From the server -----------------------------------------------------------
  function onReady(ready) {
    model.ready = ready;
    model.frame = null;
    model.history = new History();
    model.second = new History();
    clearErrors();
    model.said = null;
    model.waiting = Math.max(0, model.waiting - 1);
    if (!model.waiting) store.adopt(ready.setup); // an answer to an older question must not undo a newer change
    update();
    bar.reset(true);
    showSurfaces(ready);
    network.show(ready);
    editor.network(ready);
    for (const view of tabs.views) view.show(ready);
    showCurves();
    views();
    say(`New network, ${ready.parameters} parameters, epoch 0.`);
  }

  function showSurfaces(ready) {
    const { optimizer, compare } = ready.setup;
    byId("second-box").hidden = !compare;
    byId("surface-name").textContent = compare ? optimizer.name : "";
    byId("second-name").textContent = compare ? `second: ${compare.optimizer.name}` : "";
    surface.show(ready);
    second.show(ready);
  }

  function showCurves() {
    const { setup } = model.ready;
    curves.show([{ name: setup.optimizer.name, history: model.history },
      ...(setup.compare ? [{ name: `second: ${setup.compare.optimizer.name}`, history: model.second }] : [])]);
  }

  const onMessage = {
    ready: onReady,
    error: ({ message, control = "" }) => {
      if (!ASIDE.includes(control)) model.waiting = Math.max(0, model.waiting - 1);
      if (control === "mathematics") mathematics.fail(message);
      else if (control === "weight" && editor.dialog.open) editor.fail(message);
      else if (ASIDE.includes(control) || !failAt(control, message, model.field)) toast(message, "error");
    },
    note: ({ message }) => toast(message),
    stopped: ({ reason }) => { toast(`Stopped: ${reason}`); say(`Stopped: ${reason}`); },
    weight: (message) => editor.take(message),
    mathematics: (message) => mathematics.take(message),
  };

  function onFrame(frame) {
    const { header, arrays } = frame;
    if (header.type === "neuron") {
      const [[, array]] = Object.entries(arrays);
      popup.take(header, array);
      return;
    }
    model.history.take(header.history);
    model.second.take(header.compare?.history);
    model.frame = frame;
    ratios.note(frame);
    if (model.pending) return;
    model.pending = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    model.pending = false;
    const { frame } = model;
    if (frame && model.ready) {
      bar.draw(frame, model.history, Boolean(model.ready.classes));
      if (frame.arrays.surface) surface.draw(frame);
      if (frame.arrays["compare:surface"]) second.draw(frame);
      network.draw(frame);
      curves.draw();
      tabs.current.draw(frame);
      if (!frame.header.running) editor.refresh();
      announce(frame.header);
    }
    ask({ type: "ack" });
  }

  function announce({ running, epoch }) {
    if (running === model.said) return;
    model.said = running;
    const accuracy = model.history.last("val_accuracy");
    say(running ? "Training runs." : `Paused at epoch ${epoch}${accuracy === undefined ? "" : `, test accuracy ${percent(accuracy)}`}.`);
  }

  function say(text) {
    byId("status").textContent = text;
  }

  // What the menus do -----------------------------------------------------------
  async function share() {
    const link = location.origin + location.pathname + toFragment(store.setup);
    try {
      await navigator.clipboard.writeText(link);
      toast("The link is copied. It opens this set-up in a playground on the same address.");
    } catch {
      toast(`The browser does not let the page copy. The link is in the address bar: ${link}`);
    }
  }

  async function exportFile(kind) {
    try {
      const answer = await fetch(`/api/export?kind=${kind}&session=${encodeURIComponent(model.ready?.session ?? "")}`);
      if (!answer.ok) throw new Error(await answer.text());
      const named = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
      download(await answer.blob(), named ?? { script: "run.py", model: "model.safetensors", onnx: "model.onnx" }[kind]);
    } catch (error) {
      toast(`The export failed: ${error.message}`, "error");
    }
  }

  function picture() {
    const { header } = model.frame ?? { header: { epoch: 0, step: 0 } };
    const { setup } = store;
    return exportPicture({ network, surface, curves }, [
      `glassnet playground: ${setup.data.name}, epoch ${header.epoch}, step ${header.step}`,
      `${setup.optimizer.name}, learning rate ${setup.optimizer.learning_rate ?? "default"}, batch ${setup.batch_size}, seed ${setup.seed}`,
      `train accuracy ${percent(model.history.last("accuracy"))}, test accuracy ${percent(model.history.last("val_accuracy"))}`,
    ]).catch((error) => toast(`The picture failed: ${error.message}`, "error"));
  }

  // Start -----------------------------------------------------------------------
  byId("edit-weight").addEventListener("click", (event) => editor.open(null, 0, 0, event.currentTarget));
  bar.showLessons(lessonList);
  dropZone(document.body, store, uploads, toast);
  onTheme(() => {
    if (!model.ready) return;
    network.show(model.ready);
    showSurfaces(model.ready);
    if (model.frame) [surface, second, network, tabs.current].forEach((view) => view.draw(model.frame));
    curves.draw(true);
  });
  shortcuts({
    " ": () => bar.toggle(), s: () => bar.step.click(), e: () => bar.epoch.click(),
    r: () => bar.again.click(), "?": () => help.showModal(),
  });
  if (matchMedia("(max-width: 720px)").matches) byId("settings-box").open = false;
  const lesson = /^#lesson=(\d+)$/.exec(location.hash);
  store.startFrom(lesson ? lessonList[lesson[1] - 1]?.setup : null);
  if (store.unreadable) toast("The set-up in the address could not be read; the default one is shown.", "error");
  update();
  if (lesson) lessons.show(lesson[1] - 1);
  connection.connect();
}

Promise.all([json("/api/catalogue"), json("/api/lessons")]).then(([catalogue, lessons]) => {
  start(catalogue, Array.isArray(lessons) ? lessons : lessons.lessons);
}).catch((error) => {
  byId("banner").textContent = error.message;
  byId("banner").hidden = false;
});
