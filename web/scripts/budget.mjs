// Fails the build when the first load grows past its budget: 200 kB of compressed JavaScript.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 200 * 1024;
const dist = new URL('../dist/', import.meta.url).pathname;
const html = readFileSync(join(dist, 'index.html'), 'utf8');

// Inline code would be refused by the content policy of the server, so it must not be built.
if (/<script(?![^>]*\bsrc=)[^>]*>/.test(html) || /<style|\sstyle=/.test(html)) {
  throw new Error('index.html holds an inline script or style, which the content policy refuses');
}

const first = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((m) => m[1]);
const compressed = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
const firstBytes = first.reduce((sum, file) => sum + compressed(file), 0);
const allBytes = readdirSync(join(dist, 'assets'))
  .filter((file) => file.endsWith('.js'))
  .reduce((sum, file) => sum + compressed(join('assets', file)), 0);

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} kB`;
console.log(
  `first load ${kilobytes(firstBytes)}, all pages ${kilobytes(allBytes)} (gzip, JavaScript)`,
);
if (firstBytes > BUDGET_BYTES) {
  throw new Error(`first load is over its budget of ${kilobytes(BUDGET_BYTES)}`);
}
