// The set-up: what the page asks the server to build. It lives in the address, so that a link shares it:
//
//   #{...}             what differs from the defaults, as JSON
//   #lesson=3          a lesson as it is
//   #lesson=3&{...}    a lesson whose set-up was changed: its text stays, the JSON says the whole difference

const MERGED = ["data", "stop"]; // these are filled up key by key, the others are replaced whole

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const isText = (value) => typeof value === "string";
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isNamed = (value) => isObject(value) && isText(value.name);

/** The shapes that the page counts on. Whether a value is in its range is for the server to say. */
const SHAPES = {
  data: isNamed,
  features: (value) => Array.isArray(value) && value.every(isText),
  layers: (value) => Array.isArray(value) && value.every(isObject),
  loss: (value) => value === null || isText(value),
  optimizer: isNamed,
  schedule: isNamed,
  stop: isObject,
  compare: (value) => value === null || isNamed(value?.optimizer),
};
const isNumber = (value) => typeof value === "number";

/** Read a fragment: {lesson, partial}; partial is null where there is something that is no set-up. */
function readFragment(fragment) {
  const [, lesson, json] = /^#?(?:lesson=(\d+)(?:&|$))?(.*)$/.exec(fragment);
  return { lesson: lesson ? Number(lesson) : null, partial: json ? readJson(json) : undefined };
}

function readJson(text) {
  try {
    const read = JSON.parse(decodeURIComponent(text));
    return isObject(read) ? read : null;
  } catch {
    return null;
  }
}

export class Store {
  /** `defaults` as the catalogue has them; `on`: change(setup, field) where a training may go on,
   *  whole(setup) for a new network, lesson(number or null), unreadable(names). */
  constructor(defaults, lessons, on) {
    Object.assign(this, { defaults, lessons, on });
    this.newLayer = { ...defaults.layers[0], units: 8 };
    this.load();
    const follow = () => {
      if (location.hash !== this.address) this.#follow();
    };
    window.addEventListener("popstate", follow);
    window.addEventListener("hashchange", follow);
  }

  /** Take what the address says. `unreadable` names what is no set-up; defaults stand in for that. */
  load() {
    const { lesson, partial } = readFragment(location.hash);
    this.address = location.hash;
    this.lesson = this.lessons[lesson - 1] ? lesson : null;
    this.asItIs = this.lesson ? this.complete(this.lessons[lesson - 1].setup) : null;
    const read = partial === undefined ? (this.asItIs ?? {}) : { ...partial, ...(partial?.data && { data: this.#withName(partial.data) }) };
    this.unreadable = partial === null ? ["all of it"] : Object.keys(read).filter((key) => !this.#fits(key, read[key]));
    if (lesson && !this.lesson) this.unreadable.push(`lesson ${lesson}`);
    this.setup = this.complete(read);
  }

  /** A link says the data's name only where it is not the default. */
  #withName(data) {
    return isObject(data) ? { name: this.defaults.data.name, ...data } : data;
  }

  #fits(key, value) {
    return Object.hasOwn(this.defaults, key) && (SHAPES[key] ?? isNumber)(value);
  }

  /** On the back button, or a link within the page. */
  #follow() {
    const before = this.lesson;
    this.load();
    this.on.lesson(this.lesson);
    this.on.unreadable(this.unreadable);
    if (before === this.lesson) this.on.change(this.setup, null);
    else this.on.whole(this.setup);
  }

  /** Fill up a partial set-up with the defaults. */
  complete(partial) {
    const setup = structuredClone(this.defaults);
    for (const [key, value] of Object.entries(partial)) {
      if (!this.#fits(key, value)) continue;
      setup[key] = MERGED.includes(key) ? { ...setup[key], ...value } : structuredClone(value);
    }
    setup.layers = setup.layers.map((layer) => ({ ...this.newLayer, ...layer }));
    return setup;
  }

  /** What differs from the defaults. */
  get difference() {
    const kept = {};
    for (const [key, value] of Object.entries(this.setup)) {
      const usual = this.defaults[key];
      if (same(value, usual)) continue;
      kept[key] = MERGED.includes(key)
        ? Object.fromEntries(Object.entries(value).filter(([k, v]) => !same(v, usual[k])))
        : value;
    }
    return kept;
  }

  /** What stands behind the # of the address. */
  get fragment() {
    const json = encodeURIComponent(JSON.stringify(this.difference));
    if (this.lesson) return `#lesson=${this.lesson}${same(this.setup, this.asItIs) ? "" : `&${json}`}`;
    return Object.keys(this.difference).length ? `#${json}` : "";
  }

  #write(how) {
    const address = location.pathname + this.fragment;
    if (address !== location.pathname + location.hash) history[how](null, "", address);
    this.address = location.hash;
  }

  /** Change top-level keys by hand of the user: a new entry in the browser's history. */
  change(patch, field = null) {
    this.setup = this.complete({ ...this.setup, ...patch });
    this.#write("pushState");
    this.on.change(this.setup, field);
  }

  /** Begin lesson 1, 2, ... from its own set-up. */
  openLesson(number) {
    this.lesson = number;
    this.asItIs = this.setup = this.complete(this.lessons[number - 1].setup);
    this.#write("pushState");
    this.on.lesson(number);
    this.on.whole(this.setup);
  }

  closeLesson() {
    this.lesson = this.asItIs = null;
    this.#write("replaceState");
    this.on.lesson(null);
  }

  /** What the server made of it (a new seed, say): the same entry in the browser's history.
   *  `built`: of a new network, not of one that was tuned. */
  adopt(partial, built = false) {
    const adopted = this.complete(partial);
    const completed = built && same(this.setup, this.asItIs) && adopted.seed === this.setup.seed; // the lesson's own, filled up
    this.setup = adopted;
    if (completed) this.asItIs = adopted;
    this.#write("replaceState");
  }
}
