// Says before a form is sent that its files are too large, and how far it is once sending takes longer than two seconds. The form
// itself is sent by the browser.
'use strict';
for (const form of document.querySelectorAll('form[data-upload]')) {
  const files = form.querySelector('input[type=file]');
  const large = form.querySelector('[data-large]');
  const going = form.querySelector('[data-going]');
  const size = () => [...files.files].reduce((sum, file) => sum + file.size, 0) / 1048576;
  files.addEventListener('change', () => { large.hidden = size() <= files.dataset.most; });
  form.addEventListener('submit', (event) => {
    if (size() > files.dataset.most) {
      event.preventDefault();
      large.hidden = false;
      files.focus();
    } else if (files.files.length) {
      going.querySelector('[data-bytes]').textContent = size().toFixed(1) + ' MB';
      setTimeout(() => { going.hidden = false; }, 2000);
    }
  });
}
