// Lets the page that checks files work without a network. The server writes the list of what it needs before these lines.
'use strict';
const shelf = () => caches.open(keep.name);
const page = keep.page;
const tongues = ['zh', 'en'].map((lang) => page + '?lang=' + lang);
addEventListener('install', (event) => {
  const quiet = tongues.map((address) => new Request(address, { credentials: 'omit' })); // chooses no language for later
  event.waitUntil(shelf().then((cache) => cache.addAll([page, ...quiet, ...keep.files])).then(() => skipWaiting()));
});
addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== keep.name) await caches.delete(name);
    await clients.claim();
  })());
});
const fresh = async (request) => {
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await (await shelf()).put(page, answer.clone());
    return answer;
  } catch {
    const cache = await shelf();
    return (await cache.match(request.url)) || (await cache.match(page)) || Response.error();
  }
};
const kept = async (request) => (await (await shelf()).match(request)) || fetch(request);
addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate' && pathname === page) event.respondWith(fresh(request));
  else if (keep.files.includes(pathname)) event.respondWith(kept(request));
});
