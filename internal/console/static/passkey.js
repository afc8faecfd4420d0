// Asks the browser for a passkey, puts its answer into the form and sends that. The server writes binary values as
// base64url; the browser wants buffers.
'use strict';

const toBuffer = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0)).buffer;

const toText = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(''))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

const withBuffers = (options) => {
  const known = (list) => (list || []).map((c) => ({ ...c, id: toBuffer(c.id) }));
  const out = { ...options, challenge: toBuffer(options.challenge) };
  if (options.user) out.user = { ...options.user, id: toBuffer(options.user.id) };
  if (options.excludeCredentials) out.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) out.allowCredentials = known(options.allowCredentials);
  return out;
};

const withText = (credential) => {
  const response = {};
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id, rawId: toText(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment, clientExtensionResults: credential.getClientExtensionResults(),
  };
};

const ask = async (form) => {
  const alert = form.querySelector('[role=alert]');
  alert.hidden = true;
  let problem = form.dataset.failed;
  try {
    const reply = await fetch(form.dataset.begin, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    const options = await reply.json();
    if (options.to) return location.assign(options.to);
    if (options.problem) problem = options.problem;
    const publicKey = withBuffers(options.publicKey);
    const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
    form.elements.response.value = JSON.stringify(withText(credential));
    form.submit();
  } catch {
    alert.textContent = problem;
    alert.hidden = false;
  }
};

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      ask(form);
    });
  }
}
