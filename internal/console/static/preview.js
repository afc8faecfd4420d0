// Shows content on the page once somebody asks for it: fetched once, so that one look is one delivery, and blurred at first.
'use strict';
const plate = document.querySelector('[data-preview]');
const form = plate && plate.querySelector('[data-look]');

// lines is how much of a text is shown.
const lines = 200000;

const made = {
  picture: (address) => { const e = document.createElement('img'); e.alt = ''; e.src = address; return e; },
  film: (address) => { const e = document.createElement('video'); e.controls = true; e.muted = true; e.playsInline = true; e.src = address; return e; },
  sound: (address) => { const e = document.createElement('audio'); e.controls = true; e.src = address; return e; },
};

// point draws a box about where the notice stands. Its letters' height is known; how wide they are follows from their number.
const point = (frame, mark) => {
  const seen = frame.firstElementChild;
  if (!mark || !seen) return;
  const box = seen.getBoundingClientRect();
  const letter = Number(mark.dataset.share) * Math.min(box.width, box.height);
  const wide = [...mark.dataset.words].reduce((sum, c) => sum + (c.charCodeAt(0) > 0x2e7f ? 1.15 : 0.62), 0);
  mark.style.height = `${Math.min(letter * 2.4, box.height)}px`;
  mark.style.width = `${Math.min(letter * (wide + 1.6), box.width)}px`;
};

if (form && plate.dataset.kind) {
  const told = plate.querySelector('[data-told]');
  const shown = plate.querySelector('[data-shown]');
  const frame = plate.querySelector('[data-frame]');
  const veiling = plate.querySelector('[data-veiling]');
  const unveil = plate.querySelector('[data-unveil]');
  const mark = plate.querySelector('[data-mark]');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const bytes = await answer.blob();
      if (plate.dataset.kind === 'text') {
        const text = document.createElement('pre');
        text.textContent = (await bytes.text()).slice(0, lines);
        text.tabIndex = 0;
        frame.append(text);
      } else {
        frame.append(made[plate.dataset.kind](URL.createObjectURL(bytes)));
      }
      form.hidden = true;
      shown.hidden = veiling.hidden = false;
      frame.inert = true;
      unveil.focus();
    } catch {
      told.textContent = plate.dataset.failed;
      button.disabled = false;
    }
  });
  unveil.addEventListener('click', () => {
    const open = shown.classList.toggle('veiled') === false;
    unveil.setAttribute('aria-pressed', String(open));
    frame.inert = !open;
    const player = frame.querySelector('video, audio');
    if (player && !open) player.pause();
  });
  const pointer = plate.querySelector('[data-point]');
  if (pointer) {
    pointer.addEventListener('click', () => {
      mark.hidden = !mark.hidden;
      pointer.setAttribute('aria-pressed', String(!mark.hidden));
      point(frame, mark);
    });
    new ResizeObserver(() => point(frame, mark)).observe(shown);
  }
}
