/** Pages and what one must be allowed to see them. Each is fetched when first opened. */
import type { Component } from 'svelte';

import type { IconName } from '../ui/icons';
import type { PageName, PlainPage } from './router.svelte';
import type { Right } from './session.svelte';

export type PageComponent = Component<{ id: string | null }>;

interface PageEntry {
  /** Pages of one thing take its id from the address; the others take nothing. */
  load: () => Promise<{ default: PageComponent | Component<Record<string, never>> }>;
  /** Any one of these is enough. */
  rights: Right[];
}

const desk = () => import('../desk/Desk.svelte');
const routing = () => import('../admin/routing/RoutingPage.svelte');

/** The start page has no page of its own: the shell sends each role to its place. */
export const ENTRIES: Record<Exclude<PageName, 'home'>, PageEntry> = {
  desk: { load: desk, rights: ['work', 'supervise'] },
  contact: { load: desk, rights: ['work', 'supervise'] },
  wall: { load: () => import('../wall/Wall.svelte'), rights: ['supervise'] },
  live: { load: () => import('../room/Room.svelte'), rights: ['supervise'] },
  reports: { load: () => import('../report/Reports.svelte'), rights: ['view_reports'] },
  clients: { load: () => import('../crm/client/ClientList.svelte'), rights: ['view_clients'] },
  client: { load: () => import('../crm/client/ClientPage.svelte'), rights: ['view_clients'] },
  unreadable: { load: () => import('../admin/Unreadable.svelte'), rights: ['supervise'] },
  users: { load: () => import('../admin/Users.svelte'), rights: ['manage_users'] },
  audit: { load: () => import('../admin/Audit.svelte'), rights: ['view_audit'] },
  routing: { load: routing, rights: ['manage_routing'] },
  routingPart: { load: routing, rights: ['manage_routing'] },
  texts: { load: () => import('../admin/Texts.svelte'), rights: ['supervise'] },
  health: { load: () => import('../admin/Health.svelte'), rights: ['view_health'] },
  settings: { load: () => import('./Settings.svelte'), rights: [] },
  setup: { load: () => import('../setup/FirstSteps.svelte'), rights: ['manage_users'] },
  design: { load: () => import('../design/DesignPage.svelte'), rights: [] },
};

/** In the order in which they are listed. */
export const PAGE_ICONS: Record<PlainPage, IconName> = {
  desk: 'inbox',
  live: 'users',
  wall: 'system',
  reports: 'activity',
  clients: 'card',
  unreadable: 'warning',
  health: 'activity',
  routing: 'route',
  texts: 'texts',
  users: 'users',
  audit: 'history',
  settings: 'settings',
  setup: 'verified',
  design: 'view',
};

export function mayOpen(page: PageName, may: (right: Right) => boolean): boolean {
  if (page === 'home') return true;
  const { rights } = ENTRIES[page];
  return rights.length === 0 || rights.some(may);
}
