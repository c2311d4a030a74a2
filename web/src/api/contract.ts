/** Where the desk and the server's own description of its API must agree; a difference does not compile.
 *
 *  `schema.ts` is generated from `docs/openapi.json`. The shapes in `types.ts` are narrower (a state is
 *  one of several words) and take `null` where the generated ones say "may be absent". */
import type { components, paths } from './schema';
import type * as ours from './types';

type Schemas = components['schemas'];

/** The same shape with every word a string and nothing missing. */
type Loose<T> = T extends string
  ? string
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends readonly (infer Item)[]
        ? Loose<Item>[]
        : T extends object
          ? { [Key in keyof T]-?: Loose<NonNullable<T[Key]>> }
          : T;

/** Every field that we read is there and of our type. */
type Agrees<Ours, Theirs> = keyof Ours extends keyof Theirs
  ? Loose<Pick<Theirs, keyof Ours & keyof Theirs>> extends Loose<Ours>
    ? true
    : false
  : false;

type Expect<T extends true> = T;

export type Contract = [
  Expect<Agrees<ours.Agent, Schemas['Agent']>>,
  Expect<Agrees<ours.AuditEntry, Schemas['AuditView']>>,
  Expect<Agrees<ours.Client, Schemas['ClientView']>>,
  Expect<Agrees<ours.ClientLine, Schemas['ClientLine']>>,
  Expect<Agrees<ours.Delivery, Schemas['Delivery']>>,
  Expect<Agrees<ours.Disposition, Schemas['Disposition']>>,
  Expect<Agrees<ours.Draft, Schemas['DraftView']>>,
  Expect<Agrees<ours.FirstSettings, Schemas['FirstSettings']>>,
  Expect<Agrees<ours.Health, Schemas['HealthView']>>,
  Expect<Agrees<ours.Interaction, Schemas['Interaction']>>,
  Expect<Agrees<ours.InteractionDetail, Schemas['InteractionDetails']>>,
  Expect<Agrees<ours.IntervalLine, Schemas['IntervalLine']>>,
  Expect<Agrees<ours.IntervalReport, Schemas['IntervalReport']>>,
  Expect<Agrees<ours.MailboxCheck, Schemas['MailboxCheck']>>,
  Expect<Agrees<ours.Message, Schemas['Message']>>,
  Expect<Agrees<ours.Offer, Schemas['Offer']>>,
  Expect<Agrees<ours.QueueNow, Schemas['QueueNow']>>,
  Expect<Agrees<ours.Reading, Schemas['Reading']>>,
  Expect<Agrees<ours.Reception, Schemas['Reception']>>,
  Expect<Agrees<ours.Reconciliation, Schemas['Reconciliation']>>,
  Expect<Agrees<ours.Sender, Schemas['Sender']>>,
  Expect<Agrees<ours.Session, Schemas['Session']>>,
  Expect<Agrees<ours.TimelineEntry, Schemas['TimelineEntry']>>,
  Expect<Agrees<ours.TraceEntry, Schemas['TraceEntry']>>,
  Expect<Agrees<ours.Unreadable, Schemas['Unreadable']>>,
  Expect<Agrees<ours.Upload, Schemas['Upload']>>,
  Expect<Agrees<ours.User, Schemas['User']>>,
  Expect<Agrees<ours.Wallboard, Schemas['Wallboard']>>,
  Expect<Agrees<ours.Text, Schemas['Text']>>,
  Expect<Agrees<ours.UsableText, Schemas['UsableText']>>,
];

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** `/interactions/{id}/draft` as a path with any id in it. */
type Filled<Path extends string> = Path extends `${infer Head}{${string}}${infer Tail}`
  ? `${Head}${string}${Filled<Tail>}`
  : Path;

/** Paths below `/api/v1` that understand a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends undefined
    ? never
    : P extends `/api/v1${infer Rest}`
      ? Filled<Rest>
      : never;
}[keyof paths];
