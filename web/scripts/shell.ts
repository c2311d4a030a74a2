/** Writes `worker.js` beside the built desk, with the names of the files that it is to keep. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Plugin } from 'vite';

/** Of `public/`, and the page itself. */
const ALWAYS = ['/', '/favicon.svg', '/manifest.webmanifest'];

export function shell(): Plugin {
  return {
    name: 'shell',
    apply: 'build',
    generateBundle(_options, bundle) {
      const built = Object.keys(bundle).filter((name) => name.startsWith('assets/'));
      const files = [...ALWAYS, ...built.sort().map((name) => `/${name}`)];
      // Names of built files hold a digest of their content.
      const version = createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16);
      const constants = `const FILES = ${JSON.stringify(files)};\nconst VERSION = '${version}';\n`;
      const worker = readFileSync(new URL('./worker.js', import.meta.url), 'utf8');
      this.emitFile({ type: 'asset', fileName: 'worker.js', source: constants + worker });
    },
  };
}
