/** English texts. Their shape is the contract: every other language must have the same keys with the same arguments. */
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

export const en = {
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
