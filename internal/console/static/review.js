// Keys of the review queue, and the clock of the item that somebody has. Everything works without it.
'use strict';
(() => {
  const where = 'colophon-review-keys';
  const box = document.querySelector('[data-keys] input');
  const typing = (e) => e instanceof Element && (e.matches('textarea, select, [contenteditable]') || e.matches('input:not([type=radio]):not([type=checkbox])'));
  let on = true;
  try { on = localStorage.getItem(where) !== 'off'; } catch { /* nothing is kept here */ }
  if (box) {
    box.checked = on;
    box.closest('[data-keys]').hidden = false;
    box.addEventListener('change', () => {
      on = box.checked;
      try { localStorage.setItem(where, on ? 'on' : 'off'); } catch { /* it holds for this page */ }
    });
  }
  document.addEventListener('keydown', (event) => {
    if (!on || event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing(event.target)) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.click();
  });

  for (const veil of document.querySelectorAll('[data-veil]')) {
    const media = veil.querySelector('video, audio');
    veil.querySelector('.unveil')?.addEventListener('change', (event) => { if (media) media.muted = !event.target.checked; });
  }

  const two = (n) => String(n).padStart(2, '0');
  let told = '';
  const tick = () => {
    for (const time of document.querySelectorAll('time[data-until]')) {
      const left = Math.round((Date.parse(time.dateTime) - Date.now()) / 1000);
      time.textContent = left > 0 ? `${two(Math.floor(left / 60))}:${two(left % 60)}` : (time.dataset.over || time.textContent);
      const state = left <= 0 ? 'over' : left < 120 ? 'soon' : '';
      time.closest('.clock')?.classList.toggle('soon', state !== '');
      const status = document.querySelector('[data-clock]');
      if (status && state !== told) { status.textContent = state ? time.dataset[state] : ''; told = state; }
    }
  };
  if (document.querySelector('time[data-until]')) { tick(); setInterval(tick, 1000); }
})();
