/** What a thing of the routing comes to, in a line. Pure. */
import type { Language } from '../../api/types';
import type { Texts } from '../../i18n/index.svelte';
import { showDuration } from './duration';
import type {
  AgentItem,
  DispositionItem,
  HoursItem,
  PauseReasonItem,
  QueueItem,
  RoutingKind,
  SkillValue,
} from './types';

type Words = Texts['setup'];

export function summary(
  kind: RoutingKind,
  item: unknown,
  words: Words,
  language: Language,
): string {
  const parts = PARTS[kind]?.(item as never, words, language) ?? [];
  return parts.filter((part) => part !== '').join(' · ');
}

const levels = (skills: SkillValue[] = []) =>
  skills.map(({ skill, level }) => `${skill} ${level}`).join(', ');

const PARTS: Partial<
  Record<RoutingKind, (item: never, words: Words, language: Language) => string[]>
> = {
  queues: (item: QueueItem, words, language) => [
    words.queue.rules[item.rule],
    item.hours ?? words.queue.alwaysOpen,
    levels(item.needs),
    item.target_ms.email === undefined
      ? ''
      : `${item.target_percent} % ≤ ${showDuration(item.target_ms.email, language)}`,
  ],
  agents: (item: AgentItem, words) => [
    item.queues
      .map(({ queue, ring }) => (ring === 1 ? queue : `${queue} (${words.agent.ring} ${ring})`))
      .join(', '),
    levels(item.skills),
  ],
  hours: (item: HoursItem, words) => [
    item.time_zone,
    words.calendar.summary(
      new Set(item.weekly.map(({ weekday }) => weekday)).size,
      item.exceptions?.length ?? 0,
    ),
  ],
  'pause-reasons': (item: PauseReasonItem, words, language) => [
    item.limit_ms === undefined ? '' : `≤ ${showDuration(item.limit_ms, language)}`,
    item.counts_as_work ? words.pause.work : words.pause.absence,
  ],
  dispositions: (item: DispositionItem, words) => [
    item.code,
    item.parent === undefined ? '' : `${words.code.parent}: ${item.parent}`,
    item.required_note ? words.code.requiredNote : '',
  ],
};
