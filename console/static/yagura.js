// The console's own script: keyboard, palette, confirmation, theme, copying,
// passkeys. Every page works without it; nothing here is the only way to do a
// thing, except what a browser can do by script alone.

const root = document.documentElement;
root.classList.add("js");

const $ = (sel, from = document) => from.querySelector(sel);
const $$ = (sel, from = document) => [...from.querySelectorAll(sel)];
const typing = (el) => el?.closest?.("input:not([type=checkbox],[type=radio],[type=submit],[type=button]), textarea, select, [contenteditable]");
const speak = (words) => { const s = $("#spoken"); s.textContent = ""; setTimeout(() => { s.textContent = words; }, 50); };

// ---- menus that fold out: one at a time, closed by Esc or a click elsewhere

document.addEventListener("toggle", (e) => {
  if (e.target.matches?.("details.fold") && e.target.open) {
    for (const d of $$("details.fold[open]")) if (d !== e.target) d.open = false;
  }
}, true);
document.addEventListener("click", (e) => {
  for (const d of $$("details.fold[open]")) if (!d.contains(e.target)) d.open = false;
});

// ---- tabs that do not fit: the one that is shown is in sight

for (const a of $$(".tabs [aria-current]")) {
  const nav = a.closest(".tabs");
  if (a.offsetLeft + a.offsetWidth > nav.offsetLeft + nav.clientWidth) nav.scrollLeft = a.offsetLeft - nav.offsetLeft - 40;
}

// ---- forms: ask first, send once, filter as chosen

document.addEventListener("submit", (e) => {
  const form = e.target;
  const words = e.submitter?.dataset.confirm || form.dataset.confirm;
  if (words && !form.dataset.confirmed) {
    e.preventDefault();
    const dialog = $("#confirm");
    $("#confirm-words").textContent = words;
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "1";
      form.requestSubmit(e.submitter ?? undefined);
    };
    dialog.showModal();
    return;
  }
  delete form.dataset.confirmed;
  if (form.method === "post" && !form.matches("[data-themes]")) {
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  }
});
document.addEventListener("change", (e) => {
  if (e.target.matches("[data-submit]")) e.target.form.requestSubmit();
});
// A form that only passes through this page.
for (const form of $$("form[data-at-once]")) form.submit();
// Empty filters stay out of the address.
document.addEventListener("formdata", (e) => {
  if (!e.target.matches("form.filters")) return;
  for (const [name, value] of [...e.formData.entries()]) if (value === "") e.formData.delete(name);
});
document.addEventListener("click", (e) => {
  const jump = e.target.closest("[data-field]");
  if (jump) {
    e.preventDefault();
    $(`[name="${CSS.escape(jump.dataset.field)}"]:not([type=hidden])`)?.focus();
  }
});
for (const a of $$("#problem [data-field]")) {
  const field = $("#f-" + CSS.escape(a.dataset.field))?.closest(".field");
  const label = field && $("label, legend", field);
  if (label) a.prepend(label.firstChild.textContent.trim() + ": ");
}
$("#problem")?.focus();

// ---- theme, at once and without a new page

document.addEventListener("submit", (e) => {
  if (!e.target.matches("[data-themes]")) return;
  e.preventDefault();
  const theme = e.submitter.value;
  root.dataset.theme = theme;
  $("meta[name=color-scheme]").content = theme === "system" ? "light dark" : theme;
  for (const b of $$("button", e.target)) b.setAttribute("aria-pressed", String(b.value === theme));
  fetch(e.target.action, { method: "POST", body: new URLSearchParams({ theme, next: "/" }), redirect: "manual" });
});

// ---- copying

document.addEventListener("click", async (e) => {
  const b = e.target.closest("[data-copy]");
  if (!b) return;
  await navigator.clipboard.writeText(b.dataset.copy);
  speak($("#spoken").dataset.copied);
  b.classList.add("copied");
  setTimeout(() => b.classList.remove("copied"), 1200);
});

// ---- rows: j, k, Enter, x

let row = null;
const rows = () => $$("[data-rows] tbody tr, ol[data-rows] > li, ul[data-rows] > li");
function go(step) {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.min(Math.max(all.indexOf(row) + step, 0), all.length - 1)];
  row?.classList.remove("here");
  row = next;
  row.classList.add("here");
  const link = $("a[href]", row) ?? $("input, button", row);
  link?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
document.addEventListener("focusin", (e) => {
  const r = e.target.closest?.("[data-rows] tbody tr, [data-rows] > li");
  if (!r || r === row) return;
  row?.classList.remove("here");
  row = r;
  row.classList.add("here");
});

// ---- the place in a list: after an act on ticked rows the list comes again, and
// one goes on where one was

const place = "place:" + location.pathname;
document.addEventListener("submit", (e) => {
  if (e.defaultPrevented || !e.target.matches("form.bulk, form[data-place]")) return;
  const all = rows();
  const ticked = all.findIndex((r) => $("input[type=checkbox]:checked", r));
  const pressed = e.submitter ? all.findIndex((r) => r.contains(e.submitter)) : -1;
  sessionStorage.setItem(place, String(Math.max(pressed >= 0 ? pressed : ticked >= 0 ? ticked : all.indexOf(row), 0)));
});
if (sessionStorage.getItem(place) !== null) {
  const at = Number(sessionStorage.getItem(place));
  sessionStorage.removeItem(place);
  const all = rows();
  if (all.length) { row = all[Math.min(at, all.length - 1)]; go(0); }
}

// ---- keys

let awaiting = 0; // until when a letter after g is a jump
document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k") {
    if ($("#palette")) { e.preventDefault(); openPalette(""); }
    return;
  }
  if (e.key === "Escape") {
    const open = $("details.fold[open]");
    if (open) { open.open = false; $("summary", open).focus(); }
    return;
  }
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target) || $("dialog[open]")) return;
  if (awaiting > e.timeStamp) {
    awaiting = 0;
    const to = $(`[data-jump="${CSS.escape(e.key)}"]`);
    if (to) { e.preventDefault(); location.href = to.href; return; }
  }
  switch (e.key) {
    case "/": {
      const box = $("[data-page-search]") ?? $("[data-find]");
      if (box) { e.preventDefault(); box.focus(); box.select(); }
      return;
    }
    case "j": e.preventDefault(); go(row ? 1 : 0); return;
    case "k": e.preventDefault(); go(-1); return;
    case "g": awaiting = e.timeStamp + 1500; return;
    case "?": e.preventDefault(); $("#help")?.showModal(); return;
    case "x": {
      const tick = row && $("input[type=checkbox]", row);
      if (tick) { e.preventDefault(); tick.click(); }
      return;
    }
    case "Enter":
      if (row && (e.target === document.body || e.target === row)) { const a = $("a[href]", row); if (a) location.href = a.href; }
      return;
  }
  // Pages give keys of their own to links and buttons: data-key="a". The row
  // that is chosen comes first.
  const sel = `[data-key="${CSS.escape(e.key)}"]`;
  const own = (row && $(sel, row)) ?? $(sel);
  if (own) { e.preventDefault(); if (typing(own)) own.focus(); else own.click(); }
});
for (const b of $$("[data-help]")) b.addEventListener("click", () => $("#help").showModal());
for (const b of $$("[data-print]")) b.addEventListener("click", () => window.print());

// ---- palette: pages, commands and everything that search finds

const palette = $("#palette");
let chosen = 0, entries = [], asked = 0, timer = 0;

function openPalette(q) {
  if (palette.open) return;
  palette.showModal();
  const box = $("#palette-q");
  box.value = q;
  box.focus();
  fill();
}
const words = (s) => s.toLowerCase().normalize("NFKC").split(/\s+/).filter(Boolean);
const fits = (label, ws) => { const l = label.toLowerCase().normalize("NFKC"); return ws.every((w) => l.includes(w)); };

function fill() {
  const q = $("#palette-q").value.trim();
  const ws = words(q);
  const known = [...$$("#palette-commands a"), ...$$("#side .side-section a"), ...$$(".avatar-fold a.menu-item")];
  const list = $("#palette-list");
  entries = known
    .map((a) => ({ href: a.href, icon: $("svg", a), title: ($(".side-label", a) ?? $("span:not(.badge)", a) ?? a).textContent.trim(), kind: list.dataset.page }))
    .filter((x) => fits(x.title, ws));
  if (q) entries.push({ href: "/search?q=" + encodeURIComponent(q), icon: $(".palette-head svg"), title: list.dataset.all + ": " + q, kind: "" });
  chosen = 0;
  show();
  clearTimeout(timer);
  if (q.length < 2 && !/[^\x00-\x7f]/.test(q)) return;
  const mine = ++asked;
  timer = setTimeout(async () => {
    try {
      const r = await fetch("/search?format=palette&q=" + encodeURIComponent(q), { headers: { Accept: "application/json" } });
      if (!r.ok || mine !== asked) return;
      const found = (await r.json()).results ?? [];
      entries.splice(Math.max(entries.length - 1, 0), 0, ...found.map((x) => ({ href: x.href, title: x.title, kind: x.kind ?? "" })));
      show();
    } catch { /* offline: the pages stay */ }
  }, 120);
}
function show() {
  const list = $("#palette-list");
  list.replaceChildren(...entries.slice(0, 60).map((x, i) => {
    const o = document.createElement("div");
    o.id = "palette-" + i;
    o.setAttribute("role", "option");
    o.setAttribute("aria-selected", String(i === chosen));
    if (x.icon) o.append(x.icon.cloneNode(true));
    const t = document.createElement("span");
    t.textContent = x.title;
    const k = document.createElement("span");
    k.className = "kind";
    k.textContent = x.kind;
    o.append(t, k);
    o.addEventListener("click", () => { location.href = x.href; });
    return o;
  }));
  if (!entries.length) {
    const p = document.createElement("p");
    p.className = "none";
    p.textContent = list.dataset.none;
    list.append(p);
  }
  const box = $("#palette-q");
  if (entries.length) box.setAttribute("aria-activedescendant", "palette-" + chosen); else box.removeAttribute("aria-activedescendant");
  $("#palette-" + chosen)?.scrollIntoView({ block: "nearest" });
}
if (palette) {
  $("#palette-q").addEventListener("input", fill);
  $("#palette-q").addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    const n = Math.min(entries.length, 60);
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      if (n) chosen = (chosen + (e.key === "ArrowDown" ? 1 : n - 1)) % n;
      show();
    } else if (e.key === "Enter" && entries[chosen]) {
      e.preventDefault();
      location.href = entries[chosen].href;
    }
  });
  palette.addEventListener("click", (e) => { if (e.target === palette) palette.close(); });
}

// ---- completion: what could stand where a query breaks off
//
// <input data-complete="/path" data-choices="label"> in a form. The address is
// asked with the form's other fields and before=, the text up to the cursor; it
// answers {choices: [{label, note, text}]}, text being what replaces it.

for (const box of $$("input[data-complete]")) {
  const list = document.createElement("div");
  list.id = box.id + "-choices";
  list.className = "choices-list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.choices);
  list.hidden = true;
  box.after(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) box.setAttribute(name, value);
  let choices = [], at = -1, asking = 0, wait = 0;

  const close = () => { list.hidden = true; at = -1; box.setAttribute("aria-expanded", "false"); box.removeAttribute("aria-activedescendant"); };
  const draw = () => {
    list.replaceChildren(...choices.map((x, i) => {
      const o = document.createElement("div");
      o.id = list.id + "-" + i;
      o.setAttribute("role", "option");
      o.setAttribute("aria-selected", String(i === at));
      const label = document.createElement("code"), note = document.createElement("span");
      label.textContent = x.label;
      note.textContent = x.note ?? "";
      o.append(label, note);
      o.addEventListener("mousedown", (e) => { e.preventDefault(); take(i); });
      return o;
    }));
    list.hidden = !choices.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
    if (at >= 0) box.setAttribute("aria-activedescendant", list.id + "-" + at); else box.removeAttribute("aria-activedescendant");
    $("[aria-selected=true]", list)?.scrollIntoView({ block: "nearest" });
  };
  const take = (i) => {
    const rest = box.value.slice(box.selectionStart);
    box.value = choices[i].text + rest.trimStart();
    box.setSelectionRange(choices[i].text.length, choices[i].text.length);
    close();
    look();
  };
  const look = () => {
    clearTimeout(wait);
    const mine = ++asking;
    wait = setTimeout(async () => {
      const ask = new URLSearchParams(new FormData(box.form));
      ask.delete(box.name);
      ask.set("before", box.value.slice(0, box.selectionStart));
      try {
        const r = await fetch(box.dataset.complete + "?" + ask, { headers: { Accept: "application/json" } });
        if (!r.ok || mine !== asking || document.activeElement !== box) return;
        choices = (await r.json()).choices ?? [];
        at = -1;
        draw();
      } catch { close(); }
    }, 150);
  };
  box.addEventListener("input", look);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    if ((e.key === "ArrowDown" || e.key === "ArrowUp") && !list.hidden) {
      e.preventDefault();
      at = (at + (e.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + choices.length) % choices.length;
      draw();
    } else if (e.key === "ArrowDown" || (e.key === " " && e.ctrlKey)) {
      e.preventDefault();
      look();
    } else if ((e.key === "Enter" || e.key === "Tab") && !list.hidden && at >= 0) {
      e.preventDefault();
      take(at);
    } else if (e.key === "Escape" && !list.hidden) {
      e.preventDefault();
      e.stopPropagation();
      ++asking;
      close();
    }
  });
}

// ---- parts that renew themselves: not while one works in them or looks away

document.addEventListener("htmx:beforeRequest", (e) => {
  const el = e.detail.elt;
  if (el.hasAttribute("hx-trigger") && /every/.test(el.getAttribute("hx-trigger"))) {
    if (document.hidden || el.contains(document.activeElement) || $("dialog[open]")) e.preventDefault();
  }
});

// ---- passkeys (WebAuthn Level 3)
//
// <div data-passkey="create|get" data-begin="/…" data-finish="/…" data-next="/…">
// with a button, inputs where wanted, and <p class="error" role="alert" hidden>.
// data-begin answers {ceremony, options}, options as WebAuthn names them with
// binary values in base64url, or {href} where another page comes first; data-finish gets {ceremony, name, answer, …inputs}.

const toBytes = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function options(o) {
  const p = { ...(o.publicKey ?? o) };
  p.challenge = toBytes(p.challenge);
  if (p.user) p.user = { ...p.user, id: toBytes(p.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (p[list]) p[list] = p[list].map((c) => ({ ...c, id: toBytes(c.id) }));
  }
  return p;
}
function answer(c) {
  const r = c.response, out = { clientDataJSON: toText(r.clientDataJSON) };
  if (r.attestationObject) {
    out.attestationObject = toText(r.attestationObject);
    out.transports = r.getTransports?.() ?? [];
  } else {
    out.authenticatorData = toText(r.authenticatorData);
    out.signature = toText(r.signature);
    if (r.userHandle) out.userHandle = toText(r.userHandle);
  }
  return { id: c.id, rawId: toText(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment ?? undefined, response: out, clientExtensionResults: c.getClientExtensionResults() };
}
async function post(url, body) {
  const r = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });
  const data = await r.json().catch(() => ({}));
  if (!r.ok) throw new Error(data.problem || data.errors?.[0]?.detail || data.detail || data.title || r.statusText);
  return data;
}
const entriesOf = (form) => Object.fromEntries($$("input[name]", form).map((i) => [i.name, i.value.trim()]));
function trouble(form, err) {
  const out = $("[role=alert]", form);
  out.textContent = err.name === "NotAllowedError" || err.name === "NotSupportedError" ? $("#spoken").dataset[err.name === "NotAllowedError" ? "cancelled" : "unsupported"] : err.message;
  out.hidden = false;
}
async function finish(form, begun, credential) {
  const entries = entriesOf(form);
  const name = entries.name ?? $("input[name$=name]", form)?.value.trim() ?? "";
  const done = await post(form.dataset.finish, { ceremony: begun.ceremony, name, answer: answer(credential) });
  location.href = done.href ?? (form.dataset.next || "/");
}
async function ceremony(form) {
  const buttons = $$("button", form);
  offered?.abort(); // one question to the authenticator at a time
  $("[role=alert]", form).hidden = true;
  for (const b of buttons) b.disabled = true;
  try {
    if (!window.PublicKeyCredential) throw new DOMException("WebAuthn", "NotSupportedError");
    const begun = await post(form.dataset.begin, entriesOf(form));
    if (begun.href) { location.href = begun.href; return; } // first something else
    const publicKey = options(begun.options ?? begun);
    const credential = form.dataset.passkey === "create" ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey });
    await finish(form, begun, credential);
  } catch (err) {
    trouble(form, err);
    for (const b of buttons) b.disabled = false;
    offer();
  }
}
// A field with autocomplete="… webauthn" is offered the passkeys of this device
// (WebAuthn §5.1.4, conditional mediation). A challenge lives for five minutes,
// so it is asked anew before. Browsers that can't are left with the button.
let offered;
async function offer() {
  const form = $("[data-passkey=get]");
  if (!form || !$("input[autocomplete~=webauthn]", form) || !(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
  const mine = (offered = new AbortController());
  const renew = setTimeout(() => { mine.abort(); offer(); }, 4 * 60 * 1000);
  let credential;
  try {
    const begun = await post(form.dataset.begin, {});
    if (mine.signal.aborted) return;
    credential = await navigator.credentials.get({ publicKey: options(begun.options), mediation: "conditional", signal: mine.signal });
    await finish(form, begun, credential);
  } catch (err) {
    if (credential) { trouble(form, err); offer(); } // else nobody asked for it
  } finally { clearTimeout(renew); }
}
offer().catch(() => {});
document.addEventListener("click", (e) => {
  const form = e.target.closest("button")?.closest("[data-passkey]");
  if (form) { e.preventDefault(); ceremony(form); }
});
document.addEventListener("keydown", (e) => {
  const form = e.key === "Enter" && !e.isComposing && e.target.matches?.("input") && e.target.closest("[data-passkey]");
  if (form) { e.preventDefault(); ceremony(form); }
});

// ---- on paper the whole address stands

for (const el of $$("[data-address]")) el.textContent = location.href;
