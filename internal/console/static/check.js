// The page on which everybody can check a file. The file is read by a worker of this browser. The register is asked when
// somebody presses the button for it, and gets the digest, the content number and the perceptual hash, not the file.
'use strict';
const box = document.querySelector('#check');
const one = (name) => box.querySelector('[data-' + name + ']');
const all = (name) => box.querySelectorAll('[data-' + name + ']');
const put = (name, text) => { for (const e of all(name)) e.textContent = text; };
const show = (name, on) => { for (const e of all(name)) e.hidden = !on; };
const reader = colophonChecker(box);
const english = document.documentElement.lang === 'en';
const grouped = (n) => n.toString().replace(/\B(?=(\d{3})+$)/g, ',');
const moment = (t) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'long', timeStyle: 'short' }).format(t);
let report = null;

const add = (to, tag, text, kind) => {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  if (kind) e.className = kind;
  return to.appendChild(e);
};

const tones = { seen: 'good', 'not-seen': '', 'could-not-tell': 'wait' };

const row = (look) => {
  const table = one('looks');
  const line = add(table, 'tr');
  add(line, 'th', look.name).scope = 'row';
  add(add(line, 'td'), 'span', look.told, 'state ' + tones[look.outcome]);
  const where = add(line, 'td', look.where);
  if (look.where && look.offset >= 0) add(where, 'span', table.dataset.offset.replace('{offset}', grouped(look.offset)), 'hint');
  const sure = add(line, 'td', look.sure);
  if (look.facts.length) {
    const facts = add(sure, 'dl');
    for (const f of look.facts) { add(facts, 'dt', f.name); add(facts, 'dd', f.value); }
  }
  for (const note of look.notes) add(sure, 'p', note, 'hint');
};

const preview = (file) => {
  const picture = one('preview');
  if (picture.src) URL.revokeObjectURL(picture.src);
  picture.hidden = true;
  picture.onload = () => { picture.hidden = false; };
  if (file.type.startsWith('image/') && file.size < 64 << 20) picture.src = URL.createObjectURL(file);
  else picture.removeAttribute('src');
};

const tell = (file) => {
  one('outcome').className = 'outcome mark is-' + report.answer;
  put('title', report.title);
  put('sure', report.sure);
  put('name', file.name);
  put('format', report.format ? report.format.toUpperCase() : one('format').dataset.unknown);
  put('size', one('size').dataset.bytes.replace('{count}', grouped(report.size)));
  put('digest', report.digest);
  put('number', report.number);
  put('when', moment(new Date()) + ' · ' + location.origin + location.pathname);
  show('sends-number', report.number !== '');
  put('hash', report.hash);
  show('sends-hash', Boolean(report.hash));
  show('refuted', false);
  one('report').href = '/desk/report' + (report.number ? '?' + new URLSearchParams({ number: report.number }) : '');
  show('register', report.digest !== '');
  show('ask', true);
  show('case', false);
  show('facts', false);
  one('notes').replaceChildren();
  for (const note of report.notes) add(one('notes'), 'li', note);
  one('looks').replaceChildren();
  report.looks.forEach(row);
  preview(file);
  show('outcome', true);
  one('title').focus();
};

const check = async (files) => {
  if (!files.length) return;
  const file = Array.from(files).find((f) => files.length === 1 || !f.name.endsWith('.aigc.json')) || files[0];
  const bar = one('progress');
  show('failed', false);
  show('outcome', false);
  show('going', true);
  bar.max = file.size || 1;
  bar.removeAttribute('value');
  performance.mark('check');
  try {
    report = await reader.read(files, (done) => { bar.value = done; });
    performance.measure('checked', 'check');
    tell(file);
  } catch {
    show('failed', true);
  }
  show('going', false);
};

// What was refuted comes first: certainly, or about a picture that this one only looks like.
const refuted = (list) => {
  const box = one('refuted');
  box.replaceChildren();
  for (const r of list) {
    const words = (pair) => pair[english ? 'en' : 'zh'];
    const card = add(box, 'div', '', 'notice problem');
    add(add(card, 'p'), 'strong', r.certain ? box.dataset.refutedSays : box.dataset.alikeSays);
    if (!r.certain) add(card, 'p', box.dataset.alikeLead, 'hint');
    add(add(card, 'blockquote', '', 'effect'), 'p', words(r.claim), 'prose');
    const verdict = box.getAttribute('data-verdict-' + r.verdict) || r.verdict;
    add(card, 'p', verdict.charAt(0).toUpperCase() + verdict.slice(1), 'verdict' + (r.verdict === 'unproven' ? ' could-not-tell' : ' failed'));
    add(card, 'p', words(r.reason), 'prose');
    add(add(card, 'p'), 'a', box.dataset.more).href = '/refutations/' + encodeURIComponent(r.id);
  }
  box.hidden = list.length === 0;
};

const lookUp = async () => {
  const asked = { sha256: report.digest };
  if (report.number) asked.number = report.number;
  if (report.hash) asked.hashes = [report.hash];
  let told = 'failed';
  let known = {};
  try {
    const reply = await fetch('/v1/public/look-up', { method: 'POST', headers: { 'Content-Type': 'application/json' }, credentials: 'omit', body: JSON.stringify(asked) });
    known = await reply.json();
    if (reply.ok) told = !known.known ? 'unknown' : known.same === false ? 'other' : known.same ? 'same' : 'known';
  } catch { /* no network: the page says that it failed */ }
  const cases = told !== 'failed' && known.known && known.state !== 'made' ? [told, known.state] : [told];
  for (const e of all('case')) e.hidden = !cases.includes(e.dataset.case);
  refuted(told !== 'failed' && known.refuted || []);
  show('facts', told !== 'failed' && known.known);
  show('ask', told === 'failed');
  for (const [name, value] of [['made', known.made && moment(new Date(known.made))], ['service', known.service], ['function', known.function]]) {
    const text = value && value.zh !== undefined ? value[english ? 'en' : 'zh'] : value;
    put(name, text || '');
    const dd = one(name);
    dd.hidden = dd.previousElementSibling.hidden = !text;
  }
};

if (box) {
  const drop = one('drop');
  const input = one('file');
  show('drop', true);
  for (const button of all('choose')) button.addEventListener('click', () => input.click());
  for (const kind of ['pointerenter', 'focusin']) drop.addEventListener(kind, () => reader.start(), { once: true });
  input.addEventListener('change', () => { const files = Array.from(input.files); input.value = ''; check(files); });
  addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over'); });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) drop.classList.remove('over'); });
  addEventListener('drop', (event) => { event.preventDefault(); drop.classList.remove('over'); check(Array.from(event.dataTransfer.files)); });
  one('look-up').addEventListener('click', lookUp);
  one('print').addEventListener('click', () => print());
  one('large').addEventListener('click', (event) => {
    event.currentTarget.setAttribute('aria-pressed', document.documentElement.classList.toggle('large'));
  });
}

const offline = document.querySelector('[data-offline]');
if (offline && navigator.serviceWorker && !navigator.connection?.saveData) {
  addEventListener('load', () => setTimeout(async () => {
    const address = offline.dataset.offline;
    const rules = { createScriptURL: (url) => url === address ? url : '' };
    const policy = window.trustedTypes ? trustedTypes.createPolicy('colophon-offline', rules) : rules;
    try {
      await navigator.serviceWorker.register(policy.createScriptURL(address), { scope: '/check' });
      await navigator.serviceWorker.ready;
      offline.hidden = false;
    } catch { /* the page works, with a network */ }
  }, 500));
}
