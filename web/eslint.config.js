import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'node_modules', 'screenshots', 'test-results', 'src/api/schema.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  { files: ['scripts/**', 'e2e/**', '*.ts', '*.js'], languageOptions: { globals: globals.node } },
  {
    rules: {
      // The compiler already refuses unknown names, with types.
      'no-undef': 'off',
      // Addresses come from `href()`, the one typed place that builds them.
      'svelte/no-navigation-without-resolve': 'off',
      'max-lines': ['error', { max: 800 }],
    },
  },
);
