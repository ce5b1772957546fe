// The playground's page: joins the set-up, the connection and the views.

import { byId, h, keepFocus, percent } from "./dom.js";
import { onTheme } from "./theme.js";
import { Connection } from "./connection.js";
import { Store } from "./state.js";
import { tuning } from "./tune.js";
import { pace } from "./pace.js";
import { History } from "./history.js";
import { TopBar } from "./topbar.js";
import { dataPanel, featuresPanel, lossGroup } from "./data_panel.js";
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
import { exportFile } from "./exports.js";
import { exportPicture } from "./picture.js";
import { getJson } from "./answers.js";
import { named } from "./axes.js";
import { watchVisible } from "./visible.js";
import { toast } from "./toast.js";

/** Where an error may come from that answers no set-up. */
const ASIDE = ["run", "pause", "step", "epoch", "rewind", "neuron", "views", "weight", "mathematics", "export"];

function start(catalogue, lessonList) {
  // `asked`: the set-ups and changes under way that the server has not answered yet, oldest first.
  // `ready` outlives a lost connection, for what is shown; `built`: this connection has a network.
  const model = { ready: null, built: false, frame: null, asked: [], history: new History(), second: new History(), field: null };
  const uploads = new Map();
  const send = (message) => {
    const sent = connection.send(message);
    if (!sent) toast("There is no connection to the server.", "error");
    return sent;
  };
  const ask = (message) => connection.send(message); // by itself, so without a complaint
  const order = (message) => send(message) && model.asked.push({ type: message.type, setup: store.setup });

  const connection = new Connection({
    open() {
      byId("banner").hidden = true;
      views.forget();
      model.asked = [];
      model.built = false;
      whole(store.setup);
    },
    message: (message) => onMessage[message.type]?.(message),
    frame: onFrame,
    lost(text, label) {
      bar.reset(false);
      byId("banner").replaceChildren(h("span", {}, text, " "), h("button", { type: "button", testid: "reconnect", onclick: () => connection.connect() }, label));
      byId("banner").hidden = false;
    },
  });

  const store = new Store(catalogue.defaults, lessonList, { change, whole, lesson: (number) => lessons.show(number), unreadable });

  /** A new network. */
  function whole(setup) {
    update();
    order({ type: "setup", setup });
  }

  /** A new network only where the present one cannot go on with the change. */
  function change(setup, field) {
    model.field = field;
    const building = !model.built || model.asked.some(({ type }) => type !== "tune");
    const running = model.asked.at(-1)?.setup ?? (model.ready && store.complete(model.ready.setup));
    const keys = building ? null : tuning(running, setup, catalogue);
    if (!keys || (!field && !Object.keys(keys).length)) {
      whole(setup);
      return;
    }
    update();
    if (Object.keys(keys).length) order({ type: "tune", ...keys });
    else clearErrors();
  }

  // Views -------------------------------------------------------------------
  const bar = new TopBar(byId("bar"), {
    send: (message) => (message.type === "reset" ? order : send)(message),
    share, picture, exportFile: (kind) => exportFile(kind, model.ready?.session),
    openLesson: (number) => store.openLesson(number), help: () => help.showModal(),
  });
  const lessons = new Lessons(byId("lesson"), store);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address holds the set-up
    document.querySelector("#controls summary").focus();
  });
  const help = helpDialog();
  const heads = layerHeads(catalogue, store);
  const editor = new EdgeEditor(document.body, send);
  const popup = new NeuronPopup(document.body, ask);
  const network = new NetworkView(byId("network"), {
    edge: (layer, row, column, near) => editor.open(layer, row, column, near),
    neuron: (layer, unit, near) => popup.show(isPlane(model.ready) ? layer : null, unit, near),
    formula: (name) => {
      const feature = isPlane(model.ready) && catalogue.features.find((entry) => entry.name === name);
      return feature ? named(feature.formula, model.ready) : name;
    },
    heads: heads.heads,
  });
  const surface = new SurfaceView(byId("surface"));
  const second = new SurfaceView(byId("second"), "compare:", surface);
  const curves = new CurvesView(byId("curves"));
  const askForDrawing = pace(draw);
  let views = null;
  let ratios;
  let mathematics;
  const tabs = new Tabs(byId("tabs"), [
    { name: "confusion", title: "Confusion matrix", make: (root) => new ConfusionView(root) },
    { name: "histograms", title: "Histograms", make: (root) => new HistogramsView(root) },
    { name: "ratios", title: "Ratios to the weights", make: (root) => (ratios = new RatiosView(root)) },
    { name: "mathematics", title: "Mathematics", make: (root) => (mathematics = new MathematicsView(root, ask)) },
  ], (view) => {
    if (model.frame) view.draw(model.frame);
    views?.();
  });
  views = watchVisible({ surfaces: () => (store.setup.compare ? ["surface", "compare"] : ["surface"]), network: ["neurons", "weights"], tabs: () => tabs.current.wants }, ask);

  // Panels ------------------------------------------------------------------
  const sameData = (a, b) => ["name", "upload", "target", "task"].every((key) => (a[key] ?? null) === (b[key] ?? null));
  /** The server's answer, if it is about the data that are chosen now. */
  const answerTo = (setup) => (model.ready && sameData(store.complete(model.ready.setup).data, setup.data) ? model.ready : null);
  const kindOf = (setup) => answerTo(setup)?.kind
    ?? catalogue.data.find((entry) => entry.name === setup.data.name)?.kind ?? "table-classes";
  const losses = () => {
    const values = lossGroup({ kind: kindOf(store.setup) }) === "values";
    const two = answerTo(store.setup)?.classes?.length === 2;
    return catalogue.losses.filter((loss) => (loss.for === "values") === values && (loss.for !== "binary" || two));
  };
  const panels = [
    dataPanel(byId("data"), catalogue, store, uploads, toast),
    featuresPanel(byId("features"), catalogue, store, (setup) => kindOf(setup).startsWith("plane"), () => answerTo(store.setup)),
    settingsPanel(byId("settings"), catalogue, store, losses),
  ];
  function update() {
    for (const panel of panels) panel.update(store.setup);
    keepFocus(() => byId("layers-bar").replaceChildren(heads.bar(store.setup)));
  }

  // From the server -----------------------------------------------------------
  function onReady(ready) {
    const compared = model.ready?.setup.compare;
    connection.settled();
    model.ready = ready;
    model.built = true;
    model.frame = null;
    model.history = new History();
    model.second = new History();
    clearErrors();
    model.said = null;
    model.asked.shift();
    if (!model.asked.length) store.adopt(ready.setup, true); // an answer to an older question must not undo a newer change
    update();
    bar.reset(true);
    showSurfaces(ready);
    network.show(ready);
    popup.show(null);
    editor.network(ready);
    for (const view of tabs.views) view.show(ready);
    showCurves();
    views();
    if (ready.setup.compare && !compared && model.field?.testid === "compare") {
      document.querySelector(".area-surface").scrollIntoView({ block: "nearest" });
    }
    say(`New network, ${ready.parameters} parameters, epoch 0.`);
  }

  /** The training goes on with other numbers; rewinding may bring back earlier ones. */
  function onTuned({ setup }) {
    if (!model.ready) return;
    model.ready.setup = setup;
    nameSurfaces(setup);
    if (model.asked[0]?.type === "tune") model.asked.shift();
    clearErrors();
    if (model.asked.length) return;
    store.adopt(setup);
    update();
    say("The training goes on with the new numbers.");
  }

  function nameSurfaces({ optimizer, compare }) {
    const title = ({ name, learning_rate: rate }) => `${name}${rate === undefined ? "" : `, rate ${rate}`}`;
    byId("second-box").hidden = !compare;
    byId("surface-name").textContent = compare ? `first: ${title(optimizer)}` : "";
    byId("second-name").textContent = compare ? `second: ${title(compare.optimizer)}` : "";
  }

  function showSurfaces(ready) {
    nameSurfaces(ready.setup);
    surface.show(ready);
    second.show(ready);
  }

  function showCurves() {
    const { setup } = model.ready;
    curves.show([{ name: setup.compare ? `first: ${setup.optimizer.name}` : setup.optimizer.name, history: model.history },
      ...(setup.compare ? [{ name: `second: ${setup.compare.optimizer.name}`, history: model.second }] : [])]);
  }

  function onError({ message, control }) {
    const place = control ?? "";
    if (!ASIDE.includes(place)) model.asked.shift();
    if (place === "mathematics") mathematics.fail(message);
    else if (place === "weight" && editor.dialog.open) editor.fail(message);
    else if (ASIDE.includes(place) || !failAt(place, message, model.field)) toast(message, "error");
  }

  const onMessage = {
    ready: onReady,
    tuned: onTuned,
    error: onError,
    note: ({ message }) => toast(message),
    stopped: ({ reason }) => { toast(`Stopped: ${reason}`); say(`Stopped: ${reason}`); },
    weight: (message) => editor.take(message),
    mathematics: (message) => mathematics.take(message),
  };

  function onFrame(frame) {
    const { header, arrays } = frame;
    if (header.type === "neuron") {
      popup.take(header, arrays.neuron);
      return;
    }
    model.frame = frame;
    askForDrawing();
    model.history.take(header.history);
    model.second.take(header.compare?.history);
    ratios.note(frame);
  }

  /** Draw the newest frame and ask for the next one, whatever happened to this one. */
  function draw() {
    try {
      if (model.frame && model.ready) drawViews(model.frame);
    } finally {
      ask({ type: "ack" });
    }
  }

  function drawViews(frame) {
    bar.draw(frame, model.history, Boolean(model.ready.classes));
    if (frame.arrays.surface) surface.draw(frame);
    if (frame.arrays["compare:surface"]) second.draw(frame);
    network.draw(frame);
    curves.draw(!frame.header.running);
    tabs.current.draw(frame);
    editor.refresh(frame.header.running);
    announce(frame.header);
  }

  function announce({ running, epoch }) {
    if (running === model.said) return;
    model.said = running;
    const accuracy = model.history.last("val_accuracy");
    say(running ? "Training runs." : `Paused at epoch ${epoch}${accuracy === undefined ? "" : `, test accuracy ${percent(accuracy)}`}.`);
  }

  function unreadable(names) {
    if (names.length) toast(`The address holds what is no set-up (${names.join(", ")}); the defaults stand in for it.`, "error");
  }

  function say(text) {
    byId("status").textContent = text;
  }

  // What the menus do -----------------------------------------------------------
  async function share() {
    const link = location.origin + location.pathname + store.fragment;
    try {
      await navigator.clipboard.writeText(link);
      toast("The link is copied. It opens this set-up in a playground on the same address.");
    } catch {
      toast(`The browser does not let the page copy. The link is in the address bar: ${link}`);
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
  unreadable(store.unreadable);
  update();
  connection.connect();
}

Promise.all([getJson("/api/catalogue"), getJson("/api/lessons")]).then(([catalogue, lessons]) => start(catalogue, lessons)).catch((error) => {
  byId("banner").textContent = error.message;
  byId("banner").hidden = false;
});
