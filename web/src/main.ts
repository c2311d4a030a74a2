import { mount } from 'svelte';

import App from './app/App.svelte';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html must hold an element with the id "app"');

mount(App, { target });

// Without it, where the browser refuses, only the start without a server is missing.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register('/worker.js').catch(() => undefined);
}
