/** Names of everything that a form may refer to. */
import { routing } from './calls';
import type {
  CentreItem,
  DispositionItem,
  HoursItem,
  PauseReasonItem,
  Priority,
  QueueItem,
  RoutingKind,
  RoutingPerson,
  SkillItem,
} from './types';

export class Names {
  constructor(
    readonly skills: string[],
    readonly queues: string[],
    readonly hours: string[],
    readonly pauses: string[],
    readonly codes: DispositionItem[],
    readonly priorities: Priority[],
    readonly people: RoutingPerson[],
  ) {}

  static async load(): Promise<Names> {
    const [skills, queues, hours, pauses, codes, centre, people] = await Promise.all([
      routing.list<SkillItem>('skills'),
      routing.list<QueueItem>('queues'),
      routing.list<HoursItem>('hours'),
      routing.list<PauseReasonItem>('pause-reasons'),
      routing.list<DispositionItem>('dispositions'),
      routing.centre(),
      routing.people(),
    ]);
    const named = (entries: { item: { name: string } }[]) => entries.map(({ item }) => item.name);
    const { order }: CentreItem = centre.item;
    return new Names(
      named(skills),
      named(queues),
      named(hours),
      named(pauses),
      codes.map(({ item }) => item),
      order.priorities,
      people,
    );
  }

  taken(kind: RoutingKind, name: string): boolean {
    const known: Partial<Record<RoutingKind, string[]>> = {
      skills: this.skills,
      queues: this.queues,
      hours: this.hours,
      'pause-reasons': this.pauses,
    };
    return known[kind]?.includes(name.trim()) ?? false;
  }

  person(login: string): string | undefined {
    return this.people.find((person) => person.login === login)?.name;
  }
}
