// Lets htmx swap in parts of pages that this server wrote, and nothing else: no script comes with them, and nothing is evaluated.
'use strict';
const refuse = function () { throw new Error('nothing is evaluated here'); };
const policy = { createHTML: (text) => text, createScript: () => '' };
htmx.registerExtension('colophon', {
  init: (api) => api.initSecurity(window.trustedTypes ? trustedTypes.createPolicy('htmx', policy) : policy, refuse, refuse),
});

// On a phone the menu begins folded.
const fold = document.querySelector('.fold');
if (fold) {
  const narrow = matchMedia('(max-width: 46rem)');
  const turn = () => { fold.open = !narrow.matches; };
  turn();
  narrow.addEventListener('change', turn);
}

// Follows work that takes long: the server sends how far it is, and where to go at its end.
const work = document.querySelector('[data-work]');
if (work) {
  const events = new EventSource(work.dataset.work);
  const bar = work.querySelector('progress');
  const told = work.querySelector('[data-told]');
  events.onmessage = (event) => {
    const now = JSON.parse(event.data);
    if (now.of) { bar.max = now.of; bar.value = now.done; }
    told.textContent = now.text;
    if (now.to) { events.close(); location.replace(now.to); }
  };
}
