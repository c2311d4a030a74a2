/** Ukrainian texts. The type makes a missing or superfluous key a compile error. */
import type { Texts } from '../index.svelte';
import { administration } from './administration';
import { app } from './app';
import { clients } from './clients';
import { conversation } from './conversation';
import { design } from './design';
import { desk } from './desk';
import { firstSteps } from './first';
import { reports } from './reports';
import { routing } from './routing';
import { shared } from './shared';
import { supervision } from './supervision';

export const uk: Texts = {
  ...shared,
  ...app,
  ...desk,
  ...conversation,
  ...clients,
  ...supervision,
  ...reports,
  ...administration,
  design,
  firstSteps,
  setup: routing,
};
