"use strict";
(() => {
  const at = id => document.getElementById(id);
  const data = JSON.parse(at("data").textContent);
  const mails = data.mails;
  const narrow = matchMedia("(max-width: 62rem)");
  const shown = { tab: "mail", scheme: "both", width: "both" };
  let open = -1;

  // What is of a mail becomes text or an attribute, never markup.
  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat().filter(child => child != null && child !== false));
    return element;
  };

  const kilobytes = bytes => (bytes < 1024 ? bytes + " B" : (bytes < 10240 ? (bytes / 1024).toFixed(1) : Math.round(bytes / 1024)) + " KB");
  const many = (count, one, more) => count + " " + (count === 1 ? one : more || one + "s");
  const count = (mail, severity) => mail.findings.filter(finding => finding.severity === severity).length;
  const weight = size => (size > data.error ? "error" : size > data.warning ? "warning" : "");
  const hue = text => [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);

  const tags = mail => {
    const tag = (text, kind) => make("span", { class: "tag " + (kind || ""), title: text }, text);
    const errors = count(mail, "error"), warnings = count(mail, "warning");
    return make("span", { class: "tags" },
      mail.before && tag("changed", "changed"),
      tag(mail.fixture), mail.locale && tag(mail.locale), mail.variant && tag(mail.variant),
      errors > 0 && tag(many(errors, "error"), "error"),
      warnings > 0 && tag(many(warnings, "warning"), "warning"));
  };

  // The inbox.
  const row = (mail, number) => {
    // An inbox shows the name, and the address where there is none.
    const sender = (mail.from || "").replace(/\s*<[^<>]*>\s*$/, "") || mail.from || mail.template;
    return make("button", { class: "row", type: "button", onclick: () => go(number) },
      make("span", { class: "face", style: "--hue:" + hue(sender), "aria-hidden": "true" }, (sender.trim()[0] || "?").toUpperCase()),
      make("span", {},
        make("span", { class: "line" },
          make("bdi", { class: "sender" }, sender),
          make("span", { class: "size tag " + weight(mail.size) }, kilobytes(mail.size))),
        make("bdi", { class: "subject" }, mail.subject || make("span", { class: "none" }, "No subject")),
        make("bdi", { class: "preheader" }, mail.preheader || make("span", { class: "none" }, "No preheader")),
        tags(mail)));
  };
  const rows = mails.map(row);
  const words = mails.map(mail =>
    [mail.template, mail.fixture, mail.locale, mail.variant, mail.subject, mail.preheader,
      ...mail.findings.map(finding => finding.code)].join(" ").toLowerCase());

  const matches = (mail, number) => {
    const state = at("state").value;
    const is = {
      "": () => true,
      error: () => count(mail, "error") > 0,
      warning: () => count(mail, "warning") > 0,
      large: () => mail.size > data.warning,
      changed: () => mail.before != null,
    };
    return (!at("template").value || mail.template === at("template").value)
      && (!at("locale").value || mail.locale === at("locale").value)
      && is[state]()
      && at("search").value.toLowerCase().split(/\s+/).every(word => words[number].includes(word));
  };

  // The numbers of the mails that pass the filter, as the list has them.
  let listed = [];
  const list = () => {
    const groups = new Map();
    mails.forEach((mail, number) => {
      if (!matches(mail, number)) return;
      const name = mail.before ? "Changed: " + mail.template : mail.template;
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(number);
    });
    listed = [...groups.values()].flat();
    at("list").replaceChildren(...[...groups].flatMap(([name, numbers]) => [
      make("h2", {}, make("bdi", {}, name), make("span", {}, numbers.length)),
      ...numbers.map(number => rows[number]),
    ]));
    if (listed.length === 0) at("list").append(make("p", { class: "empty" }, mails.length ? "No mail is like that." : "There are no mails."));
    at("count").textContent = listed.length === mails.length ? many(mails.length, "mail") : listed.length + " of " + many(mails.length, "mail");
  };

  // Frames.
  const fitters = new Map();
  const watcher = new ResizeObserver(entries => entries.forEach(entry => fitters.get(entry.target)?.()));
  const frame = (number, width, dark, caption) => {
    const screen = make("div", { class: "screen" });
    const view = make("iframe", { sandbox: "allow-same-origin", title: caption, width, height: 400, tabindex: "-1", scrolling: "no" });
    const fit = () => {
      const scale = Math.min(1, screen.clientWidth / width);
      const body = view.contentDocument && view.contentDocument.body;
      const height = body ? Math.max(body.scrollHeight, body.offsetHeight, 120) : 400;
      view.style.height = height + "px";
      view.style.transform = scale < 1 ? "scale(" + scale + ")" : "none";
      screen.style.height = Math.ceil(height * scale) + "px";
    };
    view.addEventListener("load", fit);
    const answer = yes => (yes ? "(min-width:0)" : "(max-width:0)");
    view.style.width = width + "px";
    view.style.colorScheme = dark ? "dark" : "light";
    view.srcdoc = JSON.parse(at("mail-" + number).textContent)
      .replaceAll("(-is-dark)", answer(dark))
      .replaceAll("(-is-light)", answer(!dark))
      .replace("color-scheme:-scheme", "color-scheme:" + (dark ? "dark" : "light"));
    screen.append(view);
    fitters.set(screen, fit);
    watcher.observe(screen);
    return make("figure", { class: "frame " + (width < 600 ? "phone" : "desktop") },
      make("figcaption", {}, caption), make("div", { class: "window" }, screen));
  };

  const chosen = (value, all) => (value === "both" ? all : [value]);
  const desks = mail => chosen(shown.scheme, ["light", "dark"]).flatMap(scheme => {
    const dark = scheme === "dark";
    const said = dark ? "dark" : "light";
    const widths = chosen(shown.width, ["1200", "360"]).map(Number);
    if (mail.before) {
      return widths.map(width => make("div", { class: "desk pair " + scheme },
        frame(mail.before.document, width, dark, "Before, " + width + " pixels, " + said),
        frame(mail.document, width, dark, "After, " + width + " pixels, " + said)));
    }
    return make("div", { class: "desk " + scheme + (widths.length > 1 ? " two" : "") },
      widths.map(width => frame(mail.document, width, dark, (width < 600 ? "Phone, " : "Desktop, ") + width + " pixels, " + said)));
  });

  // What stands between back-ticks is code.
  const coded = text => text.split("`").map((part, place) => (place % 2 ? make("code", {}, part) : part));
  const advice = text => (text.startsWith("https://")
    ? make("a", { href: text, target: "_blank", rel: "noreferrer" }, text.replace("https://www.", ""))
    : coded(text));

  // A mail.
  const findings = mail => mail.findings.length === 0
    ? make("p", { class: "fine" }, "Nothing was found.")
    : make("ul", { class: "findings" }, mail.findings.map(finding => make("li", {},
      make("span", { class: "tag " + finding.severity }, finding.severity),
      make("div", {},
        make("p", {}, coded(finding.message)),
        finding.help && make("p", { class: "help" }, advice(finding.help)),
        make("p", { class: "where" }, make("code", {}, finding.code), make("code", {}, finding.place))))));

  const changes = ({ before, size }) => {
    const told = before.changes;
    const one = (mark, texts) => texts.filter(text => text !== "").map(text => make(mark, {}, coded(text)));
    const item = (name, gone, added) => [make("dt", {}, name), make("dd", {}, one("del", gone), one("ins", added))];
    return make("dl", { class: "changes" },
      told.fields.flatMap(([name, old, now]) => item(name, [old], [now])),
      told.html && [make("dt", {}, "HTML"), make("dd", {}, before.size === size ? "changed, of the same size" : kilobytes(before.size) + " became " + kilobytes(size))],
      (told.gone.length > 0 || told.new.length > 0) && item("Text part", told.gone, told.new),
      told.solved.length > 0 && [make("dt", {}, "Solved"), make("dd", { class: "solved" }, one("ins", told.solved))],
      told.found.length > 0 && [make("dt", {}, "New findings"), make("dd", { class: "found" }, one("del", told.found))]);
  };

  const meter = size => {
    const whole = data.error * 1.2;
    const part = value => Math.min(100, (value / whole) * 100) + "%";
    return make("div", { class: "meter " + weight(size), role: "img", "aria-label": kilobytes(size) + " of " + kilobytes(data.error) },
      make("i", { style: "width:" + part(size) }),
      make("u", { style: "left:" + part(data.warning) }), make("u", { style: "left:" + part(data.error) }));
  };

  const about = mail => {
    const tabs = [["mail", "Mail"], ["findings", "Findings", mail.findings.length], ["text", "Text part", mail.text.trim() ? null : "none"]];
    const tab = ([name, label, figure]) => make("button", {
      type: "button", role: "tab", "aria-selected": String(shown.tab === name), onclick: () => set("tab", name),
    }, label, figure != null && make("small", {}, figure));
    const lever = (key, label, options) => make("div", { class: "switch", role: "group", "aria-label": label },
      options.map(([value, text]) => make("button", { type: "button", "aria-pressed": String(shown[key] === value), onclick: () => set(key, value) }, text)));
    const size = mail.size > data.error ? "Gmail cuts it off" : mail.size > data.warning ? "near the limit" : "of " + kilobytes(data.error);
    return make("header", { class: "about" },
      make("button", { class: "back", type: "button", onclick: () => { at("panes").classList.remove("open"); history.replaceState(null, "", "#"); } }, "← All mails"),
      make("h2", {}, make("bdi", {}, mail.subject || "No subject")),
      make("p", { class: "preheader" }, make("bdi", {}, mail.preheader || "No preheader")),
      make("span", { class: "tags" }, make("span", { class: "tag" }, mail.template), ...tags(mail).childNodes),
      make("dl", { class: "figures" },
        make("div", {}, make("dt", {}, "HTML"), make("dd", {}, kilobytes(mail.size) + " ", make("small", {}, size), meter(mail.size))),
        make("div", {}, make("dt", {}, "Subject"), make("dd", {}, many([...mail.subject].length, "character"))),
        make("div", {}, make("dt", {}, "Preheader"), make("dd", {}, many([...mail.preheader].length, "character"))),
        mail.chosen.map(([block, variant]) => make("div", {}, make("dt", {}, "Block " + block), make("dd", {}, variant)))),
      make("div", { class: "bar" },
        make("div", { class: "tabs", role: "tablist" }, tabs.map(tab)),
        shown.tab === "mail" && make("div", { class: "switches" },
          lever("width", "Width", [["360", "Phone"], ["1200", "Desktop"], ["both", "Both"]]),
          lever("scheme", "Colours", [["light", "Light"], ["dark", "Dark"], ["both", "Both"]]))));
  };

  const show = () => {
    watcher.disconnect();
    fitters.clear();
    const mail = mails[open];
    if (!mail) return at("mail").replaceChildren(make("p", { class: "empty" }, "Choose a mail."));
    const panels = {
      mail: () => [mail.before && changes(mail), ...desks(mail)],
      findings: () => [make("div", { class: "panel" }, findings(mail))],
      text: () => [make("div", { class: "panel" }, mail.text.trim() ? make("pre", {}, mail.text) : make("p", {}, "There is no text part."))],
    };
    at("mail").replaceChildren(about(mail), ...panels[shown.tab]().filter(Boolean));
  };
  const set = (key, value) => {
    shown[key] = value;
    show();
  };

  const go = number => {
    rows[open]?.removeAttribute("aria-current");
    open = number;
    rows[open]?.setAttribute("aria-current", "true");
    rows[open]?.scrollIntoView({ block: "nearest" });
    at("panes").classList.toggle("open", open >= 0);
    show();
    at("mail").scrollTop = 0;
    if (open >= 0 && location.hash !== "#" + (open + 1)) history.replaceState(null, "", "#" + (open + 1));
  };
  const step = by => {
    const place = listed.indexOf(open);
    const next = listed[place < 0 ? 0 : Math.min(listed.length - 1, Math.max(0, place + by))];
    if (next == null) return;
    go(next);
  };
  document.addEventListener("keydown", event => {
    if (event.target.matches("input, select") || event.metaKey || event.ctrlKey || event.altKey) return;
    const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (!by || (event.key.startsWith("Arrow") && !event.target.closest(".inbox"))) return;
    event.preventDefault();
    step(by);
  });

  // Begin.
  const options = (select, values) => {
    const each = [...new Set(values.filter(Boolean))];
    at(select).append(...each.map(value => make("option", { value }, value)));
    at(select).hidden = each.length < 2;
  };
  options("template", mails.map(mail => mail.template));
  options("locale", mails.map(mail => mail.locale));
  const sum = severity => mails.reduce((sum, mail) => sum + count(mail, severity), 0);
  const total = (figure, words, kind) => make("li", { class: kind || "" }, make("b", {}, figure), " " + words);
  at("totals").append(...[
    total(mails.length, mails.length === 1 ? "mail" : "mails"),
    total(new Set(mails.map(mail => mail.template)).size, "templates"),
    total(sum("error"), "errors", sum("error") ? "error" : ""),
    total(sum("warning"), "warnings", sum("warning") ? "warning" : ""),
    total(sum("note"), "notes"),
    data.version && make("li", {}, "Version ", make("code", { title: data.version }, data.version.slice(0, 12))),
  ].filter(Boolean));
  at("filter").addEventListener("input", list);
  at("filter").addEventListener("submit", event => event.preventDefault());
  list();
  const asked = () => Number(location.hash.slice(1)) - 1;
  addEventListener("hashchange", () => { if (mails[asked()] && asked() !== open) go(asked()); });
  go(mails[asked()] ? asked() : narrow.matches ? -1 : listed[0] ?? -1);
  at("panes").classList.toggle("open", open >= 0 && !(narrow.matches && !mails[asked()]));
})();
