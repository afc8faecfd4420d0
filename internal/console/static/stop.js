// The stop control: whoever holds the button long enough need not type the name. And an order's page: how far its nodes are.
'use strict';
const button = document.querySelector('[data-hold]');
if (button) {
  const long = 1400;
  let timer = 0;
  let sent = false;
  const stop = () => { clearTimeout(timer); button.classList.remove('holding'); };
  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || sent) return;
    button.classList.add('holding');
    timer = setTimeout(() => {
      button.form.elements.confirm.value = button.dataset.hold;
      stop();
      if (!button.form.reportValidity()) return;
      sent = true;
      button.form.requestSubmit();
    }, long);
  });
  for (const end of ['pointerup', 'pointerleave', 'pointercancel', 'blur']) button.addEventListener(end, stop);
  button.addEventListener('click', (event) => { if (sent) event.preventDefault(); });
  button.addEventListener('contextmenu', (event) => event.preventDefault());
}

const order = document.querySelector('[data-order]');
if (order && order.dataset.order) {
  const rows = document.querySelector('[data-nodes]');
  const state = order.querySelector('[data-state]');
  const none = rows.querySelector('[data-none]');
  const cell = (name, inner, text) => {
    const out = document.createElement(name);
    const into = inner ? out.appendChild(document.createElement(inner)) : out;
    if (inner !== 'code') into.className = 'number';
    into.textContent = text;
    return out;
  };
  document.querySelector('[data-live]').hidden = false;
  const events = new EventSource(order.dataset.order);
  events.onmessage = (event) => {
    const now = JSON.parse(event.data);
    state.textContent = now.said;
    state.className = 'state ' + now.tone;
    rows.replaceChildren(...now.nodes.map((n) => {
      const row = document.createElement('tr');
      const head = cell('th', 'code', n.node);
      head.scope = 'row';
      row.append(head, cell('td', 'strong', n.took), cell('td', '', n.effective), cell('td', '', n.last));
      return row;
    }));
    if (now.nodes.length === 0 && none) rows.append(none);
    if (!now.binds) events.close();
  };
  addEventListener('pagehide', () => events.close());
}
