import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { shell } from './scripts/shell';

/** Where `npm run dev` finds the server; the built desk is served by the server itself. */
const server = process.env.ROZMOVA_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte(), shell()],
  build: {
    target: 'es2023',
    // The content policy allows files of our own origin only, so nothing may become a data: URI.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: server, ws: true, changeOrigin: false } },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/browser-for-tests.ts'],
  },
});
