// Moves what stands behind the # of the address into the form, and out of the address and the history.
'use strict';
const token = document.querySelector('input[data-fragment]');
if (token && location.hash.length > 1) {
  token.value = location.hash.slice(1);
  token.readOnly = true;
  history.replaceState(null, '', location.pathname + location.search);
  (document.querySelector('input:not([type=hidden]):not([readonly])') || token.form.querySelector('button')).focus();
}
