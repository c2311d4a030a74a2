/** Media whose contacts this version takes in; what cannot come is not shown. */
import type { Medium } from '../api/types';

const TAKEN_IN: ReadonlySet<Medium> = new Set<Medium>(['email']);

export function isTakenIn(medium: Medium): boolean {
  return TAKEN_IN.has(medium);
}
