// Keeps the shell of the desk, the built files that are the same for everybody, so that it starts
// without a server and says so. Answers of the API are never kept: they are for one person's eyes.
// FILES and VERSION are filled in when the desk is built.
const KEPT = `shell-${VERSION}`;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)));
});

// A new version waits until no page of the old one is open: those may still fetch its files.
self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    // Frames show mails from the API.
    if (pathname.startsWith('/api/')) return;
    event.respondWith(fetch(request).catch(() => caches.match('/')));
  } else if (pathname !== '/' && FILES.includes(pathname)) {
    event.respondWith(caches.match(request).then((found) => found ?? fetch(request)));
  }
});

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
}
